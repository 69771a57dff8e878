"""What one peer has asked for and is at work: how much of it at once, and what has to wait.

What has no place yet waits here and not in the peer's socket, because behind it may be a pong, or an
answer that somebody waits for. Only of a peer that has very much waiting nothing more is read.

What waits for a third party does no work meanwhile, so it leaves its place to others. Who may wait like
that is bounded, too, but there is nothing to queue up for: further ones are refused.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator

from manager.errors import Overloaded

MAX_AT_WORK = 64
"""Frames of one peer that are worked on at the same time."""
MAX_ELSEWHERE = 256
"""Frames of one peer that wait for third parties; the pictures of two pages of a folder are 200."""
MAX_WAITING_BYTES = 256 * 1024
"""Frames of one peer that wait for a place; some more when the last one is a large one."""
RETRY_AFTER_S = 10


class Workload:
    """The places of one peer."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._waiting_bytes = 0
        self._at_work = 0
        self._elsewhere = 0
        self._has_moved = asyncio.Event()

    async def take(self, begin: Callable[[], None], size_bytes: int) -> None:
        """Has work begun as soon as it has a place; returns when more may be taken.

        Whatever `begin` starts calls `done` at its end.
        """
        self._waiting.append((begin, size_bytes))
        self._waiting_bytes += size_bytes
        self._fill()
        while self._waiting_bytes > MAX_WAITING_BYTES:
            await self._moved()

    async def all_begun(self) -> None:
        """Returns once nothing waits for a place."""
        while self._waiting:
            await self._moved()

    def forget(self) -> None:
        """Drops what waits for a place: the peer that asked for it is cut off."""
        self._waiting.clear()
        self._waiting_bytes = 0
        self._has_moved.set()

    def done(self) -> None:
        """Some work has ended."""
        self._at_work -= 1
        self._fill()

    @contextlib.contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Around what some work waits for, when others do it. Raises `Overloaded`."""
        if self._elsewhere >= MAX_ELSEWHERE:
            raise Overloaded("of your requests wait for services", retry_after_s=RETRY_AFTER_S)
        self._elsewhere += 1
        self.done()
        try:
            yield
        finally:
            self._elsewhere -= 1
            # Even if there is no place now: what is left to do is little.
            self._at_work += 1

    def _fill(self) -> None:
        while self._waiting and self._at_work < MAX_AT_WORK:
            begin, size_bytes = self._waiting.popleft()
            self._waiting_bytes -= size_bytes
            self._at_work += 1
            begin()
            self._has_moved.set()

    async def _moved(self) -> None:
        self._has_moved.clear()
        await self._has_moved.wait()
