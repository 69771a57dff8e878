"""How fast the transfers of a client are together.

A token bucket as a virtual clock ("virtual scheduling" of the generic cell rate algorithm, ITU-T I.371,
annex A): all that it keeps is the time at which the bytes of before are paid for. Who takes more waits
until then, in the order of the calls, so that transfers share the rate; idle time is not made up for.
"""

from collections.abc import AsyncIterator, Callable

from client_sdk.errors import InvalidInput
from client_sdk.sources import PIECE_SIZE, Bytes
from common.retry import Sleep

_PIECES_PER_S = 4
"""A slow rate comes in smaller pieces: neither side takes a pause between two for the end."""
_SMALLEST_PIECE = 1024


class RateLimit:
    """Bytes per second of all transfers together, in both directions.

    Args:
        bytes_per_s: The rate; None for no limit.
        clock: Seconds, which only ever grow.
        sleep: Waits for seconds.

    Raises:
        InvalidInput: The rate is not one byte per second or more.
    """

    def __init__(
        self, bytes_per_s: int | None, *, clock: Callable[[], float], sleep: Sleep
    ) -> None:
        if bytes_per_s is not None and bytes_per_s < 1:
            raise InvalidInput("the rate must be 1 byte per second or more; None for no limit")
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._sleep = sleep
        self._paid_at = clock()

    def piece_size(self, most: int) -> int:
        """How many bytes to transfer at once, `most` at most."""
        if self._bytes_per_s is None:
            return most
        return min(most, max(_SMALLEST_PIECE, self._bytes_per_s // _PIECES_PER_S))

    async def take(self, count: int) -> None:
        """Wait until so many bytes may be transferred; or, after they were, until more may be."""
        if self._bytes_per_s is None:
            return
        now = self._clock()
        begins_at = max(now, self._paid_at)
        self._paid_at = begins_at + count / self._bytes_per_s
        if begins_at > now:
            await self._sleep(begins_at - now)

    async def paced(self, content: Bytes) -> AsyncIterator[Bytes]:
        """Yield content in pieces, each as soon as it may be transferred."""
        view = memoryview(content)
        size = self.piece_size(PIECE_SIZE)
        for start in range(0, len(view), size):
            piece = view[start : start + size]
            await self.take(len(piece))
            yield piece
