"""Which of the files that wait for a turn share the next message. No I/O.

Discord limits messages, so a message should be full. When a file gets its turn, it takes others along that
are like it:

* A large file takes large ones along that would have to wait for the limits: not those for which there is
  room behind it, but those behind them. They are saved sooner so; as many as the message takes.
* A small file takes small ones along, also those that have just got turns of their own: one message of
  many small files is saved as soon as several would be, and the turns that are not used are left to those
  that come next.

A file that comes alone never waits for company. Files that come at the same time, or after a message of
several, are spaced while the channels' budgets are scarce (`RateLimiter.pace`), the less the nearer they
are to filling a message: each would go at once, alone, and when that has spent the budgets, everything
would wait for most of a minute. So with ten channels a file waits for some tenths of a second, and the
budgets last.

Small files never go with large ones: they would be saved only after these, which may take minutes on a
slow line. They share an attachment, one behind the other: they would use up the number of attachments soon.
"""

from dataclasses import dataclass, field

from protocol.u2s import MAX_CHUNKS_IN_MESSAGE
from storage.discord.sizes import MessageLimits, takes

SMALL_FILE_BYTES = 128 * 1024
"""A file is small up to this size."""
SMALL_MESSAGE_BYTES = 1024 * 1024
"""Small files share a message up to this size: to send it takes about as long as the request by itself."""


def is_small(size: int) -> bool:
    """Whether a file of so many bytes is small."""
    return size <= SMALL_FILE_BYTES


@dataclass(slots=True)
class WaitingFiles:
    """How many files wait, and how many bytes they have: of small ones, or of large ones."""

    count: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """One more waits."""
        self.count += 1
        self.bytes += size

    def remove(self, size: int) -> None:
        """One less waits."""
        self.count -= 1
        self.bytes -= size

    def fullness(self, limits: MessageLimits, size: int) -> float:
        """How full a message of them is, from 0 to 1: full once one more of that size would not fit."""
        if is_small(size):
            most_files, most_bytes = MAX_CHUNKS_IN_MESSAGE, SMALL_MESSAGE_BYTES
        else:
            most_files, most_bytes = limits.attachments, limits.request_bytes
        if self.count >= most_files or self.bytes + size > most_bytes:
            return 1.0
        return max(self.count / most_files, self.bytes / most_bytes)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies in a message: the attachment, from 0, and the first byte in it."""

    attachment: int
    offset: int


@dataclass(slots=True)
class MessageComposer:
    """A message in the making. The first file goes into it in any case, by itself if it is too large.

    Attributes:
        limits: What the message takes.
        places: Where the files lie that were put in, in their order.
        sizes: The sizes of the attachments, in bytes.
    """

    limits: MessageLimits
    places: list[Place] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    _chunks: int = 0
    _is_small: bool = False

    @property
    def is_full(self) -> bool:
        """Whether no further file fits, however small it is among its like."""
        least = 1 if self._is_small else SMALL_FILE_BYTES + 1
        return self._chunks >= MAX_CHUNKS_IN_MESSAGE or self._place_of(least) is None

    def begin(self, size: int, chunks: int) -> None:
        """Puts the first file in: its size in bytes, and how many chunks are in it."""
        self._is_small = is_small(size)
        self._put(Place(0, 0), size, chunks)

    def take_along(self, size: int, chunks: int, *, has_turn: bool) -> bool:
        """Puts one more file in, if it may and fits. Returns whether it is in.

        `has_turn`: whether it could go by itself right now.
        """
        if not self._is_like(size, has_turn) or self._chunks + chunks > MAX_CHUNKS_IN_MESSAGE:
            return False
        place = self._place_of(size)
        if place is None:
            return False
        self._put(place, size, chunks)
        return True

    def _is_like(self, size: int, has_turn: bool) -> bool:
        """Whether a file of that size may go with the first one."""
        if not self._is_small:
            return not is_small(size) and not has_turn
        return is_small(size) and sum(self.sizes) + size <= SMALL_MESSAGE_BYTES

    def _put(self, place: Place, size: int, chunks: int) -> None:
        self.places.append(place)
        self.sizes = self._sizes_with(place, size)
        self._chunks += chunks

    def _place_of(self, size: int) -> Place | None:
        """The first place in which the message with the file is still within the limits."""
        joined = (Place(number, offset) for number, offset in enumerate(self.sizes))
        for place in (*joined, Place(len(self.sizes), 0)):
            if takes(self.limits, self._sizes_with(place, size)):
                return place
        return None

    def _sizes_with(self, place: Place, size: int) -> list[int]:
        sizes = [*self.sizes, 0][: max(len(self.sizes), place.attachment + 1)]
        sizes[place.attachment] += size
        return sizes
