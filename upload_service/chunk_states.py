"""One upload as this service sees it: what is stored, in flight, missing, and how long it may wait.

`ChunkStates` decides and remembers; it does no I/O and knows no clock. Callers pass `now` (seconds on
any monotonic clock) and do what the answers say. A chunk moves like this:

    MISSING ── claim() ──▶ IN_FLIGHT ── stored() ──▶ STORED
       ▲                       │
       └────── dropped() ──────┘

The inactivity deadline runs only while nothing happens for the upload: everything that receives,
compares or forwards a chunk stands between `enter()` and `leave()`, and the last `leave()` starts
the full time anew. A body whose upload is not known yet doubles the time, once, however many of them
there are: it may be the chunk that the upload waits for, or another client's.
"""

from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum
from typing import Final

from protocol.chunks import chunk_count, chunk_length, content_hash
from protocol.generic import ChunkRange
from upload_service.errors import NoSuchChunk, OtherBytesStored, StoredBefore, UploadEnded


class Offer(Enum):
    """What is to be done with a chunk that a client offers."""

    RECEIVE = "receive"
    """It is missing: `claim` it, then receive and store it."""
    WAIT = "wait"
    """It is in flight already: wait for the outcome, then offer again."""
    COMPARE = "compare"
    """It is stored already: take the digest of what comes, and ask `compare`."""


class UploadPhase(Enum):
    """The life of an upload on this service."""

    RUNNING = "running"
    """Chunks are taken."""
    COMPLETE = "complete"
    """Every chunk that was due is stored. Repeated ones are still compared: a reply may have been lost."""
    ENDED = "ended"
    """Aborted, timed out, or cut off from the manager. Nothing is taken any more."""


class ChunkStates:
    """The chunks of one upload.

    Args:
        size: bytes of the whole file, at least 1.
        chunk_size: bytes of every chunk but the last, at least 1.
        now: seconds; the inactivity time starts here.
        inactivity_timeout_s: seconds that the upload may stand without any chunk.
        missing: the chunks that are due here, in order; the others were stored before the upload was
            resumed. None for a new upload, of which all are due.

    Raises:
        ValueError: if a size is not positive, or `missing` are no chunks of the upload in order.
    """

    def __init__(
        self,
        *,
        size: int,
        chunk_size: int,
        now: float,
        inactivity_timeout_s: float,
        missing: Sequence[ChunkRange] | None = None,
    ) -> None:
        if size < 1 or chunk_size < 1:
            raise ValueError("the size of a file and of its chunks is at least one byte")
        self.size: Final = size
        self.chunk_size: Final = chunk_size
        self.count: Final = chunk_count(size, chunk_size)
        # Ranges, not indices: a file of a few bytes sent may be announced with billions of chunks.
        whole = (ChunkRange(first=0, last=self.count - 1),)
        self._due = whole if missing is None else _checked(missing, self.count)
        self._due_count = sum(span.last - span.first + 1 for span in self._due)
        self.state = UploadPhase.RUNNING
        self.end_reason = ""
        self._timeout_s = inactivity_timeout_s
        self._active_at = now
        self._busy = 0
        self._is_prolonged = False
        self._in_flight: set[int] = set()
        self._digests: dict[int, bytes] = {}

    @property
    def stored_count(self) -> int:
        """How many chunks are stored."""
        return len(self._digests)

    def length(self, index: int) -> int:
        """The exact number of bytes of a chunk.

        Raises:
            NoSuchChunk: if the upload has no such index.
        """
        if not 0 <= index < self.count:
            raise NoSuchChunk(index, self.count)
        return chunk_length(self.size, self.chunk_size, index)

    def offer(self, index: int) -> Offer:
        """Decide what is to be done with a chunk that a client wants to send. Changes nothing.

        Raises:
            NoSuchChunk: if the upload has no such index.
            StoredBefore: if the chunk was stored before the upload was resumed.
            UploadEnded: if nothing is taken any more.
        """
        self.length(index)
        self.require_alive()
        if not self._is_due(index):
            raise StoredBefore(index)
        if index in self._digests:
            return Offer.COMPARE
        if index in self._in_flight:
            return Offer.WAIT
        return Offer.RECEIVE

    def _is_due(self, index: int) -> bool:
        position = bisect_right(self._due, index, key=_first_of) - 1
        return position >= 0 and index <= self._due[position].last

    def claim(self, index: int) -> None:
        """Put a missing chunk in flight; the caller must end that with `stored` or `dropped`.

        Raises:
            ValueError: if the chunk is not one to receive.
        """
        if self.offer(index) is not Offer.RECEIVE:
            raise ValueError(f"chunk {index} is not missing")
        self._in_flight.add(index)

    def stored(self, index: int, digest: bytes) -> None:
        """Note that a chunk in flight is stored; the last one that is due completes the upload.

        An upload that has ended meanwhile stays so.
        """
        self._in_flight.remove(index)
        self._digests[index] = digest
        if self.state is UploadPhase.RUNNING and len(self._digests) == self._due_count:
            self.state = UploadPhase.COMPLETE

    def dropped(self, index: int) -> None:
        """Note that a chunk in flight did not make it: it is missing again."""
        self._in_flight.remove(index)

    def compare(self, index: int, digest: bytes) -> None:
        """Check a repeated chunk against the stored one.

        Raises:
            OtherBytesStored: if it has other bytes.
        """
        if self._digests[index] != digest:
            raise OtherBytesStored(index)

    def enter(self) -> None:
        """Stop the inactivity time: a chunk begins to be received or forwarded."""
        self._busy += 1

    @property
    def is_busy(self) -> bool:
        """Whether a chunk is being received, compared or forwarded."""
        return self._busy > 0

    def leave(self, now: float) -> None:
        """Undo one `enter`; the last one starts the inactivity time anew."""
        self._busy -= 1
        self._active_at = now

    def prolong(self) -> None:
        """Double the inactivity time until `shorten`: what is received now may be for this upload."""
        self._is_prolonged = True

    def shorten(self) -> None:
        """Undo `prolong`; the time may be over at once."""
        self._is_prolonged = False

    @property
    def deadline(self) -> float | None:
        """When the upload has waited too long, or None while the time does not run."""
        if self._busy or self.state is not UploadPhase.RUNNING:
            return None
        return self._active_at + self._timeout_s * (2 if self._is_prolonged else 1)

    def end(self, reason: str) -> None:
        """Take nothing any more. A complete or ended upload stays what it is."""
        if self.state is UploadPhase.RUNNING:
            self.state = UploadPhase.ENDED
            self.end_reason = reason

    def require_alive(self) -> None:
        """Check that the upload has not ended.

        Raises:
            UploadEnded: if it has; the text says why.
        """
        if self.state is UploadPhase.ENDED:
            raise UploadEnded(self.end_reason)

    def content_hash(self) -> str:
        """The hash of the whole file, as the wire protocol defines it.

        Raises:
            ValueError: if the upload is not complete, or part of it was stored before.
        """
        if self.state is not UploadPhase.COMPLETE or self._due_count < self.count:
            raise ValueError("only an upload that was stored here as a whole has a hash")
        return content_hash(self._digests[index] for index in range(self.count))


def _first_of(span: ChunkRange) -> int:
    return span.first


def _checked(missing: Sequence[ChunkRange], count: int) -> tuple[ChunkRange, ...]:
    """The ranges, which must be chunks of the upload in order. Raises ValueError."""
    following = 0
    for span in missing:
        if not following <= span.first <= span.last < count:
            raise ValueError("the missing chunks must be some of the upload, in order")
        following = span.last + 1
    if not following:
        raise ValueError("an upload without missing chunks needs no service")
    return tuple(missing)
