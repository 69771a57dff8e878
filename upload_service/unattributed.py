"""Bodies that begin with the file: to which upload they belong is known only when they are over.

Anybody who reaches this service can send one, without knowing of any upload. So they are few at
once, and none may hold its place for long with a byte now and then: what comes too slowly is ended.
At the rate that is asked for, the largest chunk arrives in the time that an upload waits for one.
"""

import asyncio
from typing import Final

from storage.envelope import ENVELOPE_HEADER
from upload_service.buffers import Lease
from upload_service.errors import BodyTooLarge, TooSlow
from upload_service.stall import StallGuard

MIN_BYTES_PER_S: Final = 32 * 1024
"""How much must come on average, from the first moment on."""
_PATIENCE: Final = 1 / 6
"""How far a body may fall behind, as a part of the time in which it may stand still. Whoever waits
for its place gives up after that time, so the places change hands several times before."""


class Pace:
    """Ends the reception of a body that falls too far behind; runs until `stop`.

    One timer looks in when what has come so far would be too little, so that pieces cost nothing.

    Args:
        guard: of the reception; must be entered already.
    """

    def __init__(self, guard: StallGuard) -> None:
        self._loop = asyncio.get_running_loop()
        self._guard = guard
        self._due_at = self._loop.time() + guard.stall_s * _PATIENCE
        self._timer = self._loop.call_at(self._due_at, self._look)

    def came(self, count: int) -> None:
        """Bytes arrived: the next ones have more time."""
        self._due_at += count / MIN_BYTES_PER_S

    def stop(self) -> None:
        """All is there."""
        self._timer.cancel()

    def _look(self) -> None:
        if self._loop.time() < self._due_at:
            self._timer = self._loop.call_at(self._due_at, self._look)
        else:
            self._guard.interrupt(TooSlow(MIN_BYTES_PER_S))


class Collecting:
    """Takes all that comes from the file on, exactly where its ciphertext will stand.

    Args:
        lease: where it goes.
        pace: is told of all that comes.
    """

    def __init__(self, lease: Lease, pace: Pace) -> None:
        self.lease = lease
        self._pace = pace
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        start = ENVELOPE_HEADER + self._size
        if start + len(piece) > len(self.lease.buffer):
            raise BodyTooLarge("the body is larger than any chunk")
        self.lease.buffer[start : start + len(piece)] = piece
        self._size += len(piece)
        self._pace.came(len(piece))

    def collected(self) -> memoryview:
        """All bytes, once the body is over."""
        self._pace.stop()
        return self.lease.buffer[ENVELOPE_HEADER : ENVELOPE_HEADER + self._size]

    def discard(self) -> None:
        """Give everything back."""
        self._pace.stop()
        self.lease.release()
