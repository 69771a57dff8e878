"""Backpressure on one peer: how many of its frames are handled at once, and which wait.

A frame that cannot be handled yet waits here and not in the peer's socket, because behind it may be a
pong, or a reply that the manager waits for. Only when very much waits the socket is not read any more.

A handler that waits for a third party does no work meanwhile, so another frame is handled. The number of
such handlers is bounded too, without a queue: further ones are refused.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator

from manager.errors import Overloaded

MAX_ACTIVE = 64
"""Frames of one peer that are handled at the same time."""
MAX_EXTERNAL_WAITS = 256
"""Frames of one peer that wait for third parties; the pictures of two pages of a folder are 200."""
MAX_WAITING_BYTES = 256 * 1024
"""Frames of one peer that wait to be handled; some more when the last one is a large one."""
RETRY_AFTER_S = 10


class Workload:
    """The frames of one peer that are handled, and those that wait."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], None], int]] = deque()
        self._waiting_bytes = 0
        self._active = 0
        self._external_waits = 0
        self._has_moved = asyncio.Event()

    async def take(self, begin: Callable[[], None], size_bytes: int) -> None:
        """Calls `begin` as soon as a frame more may be handled; returns when the next may be read.

        Each task that `begin` starts calls `done` at its end.
        """
        self._waiting.append((begin, size_bytes))
        self._waiting_bytes += size_bytes
        self._fill()
        while self._waiting_bytes > MAX_WAITING_BYTES:
            await self._moved()

    async def all_begun(self) -> None:
        """Returns once no frame waits."""
        while self._waiting:
            await self._moved()

    def forget(self) -> None:
        """Drops the frames that wait: the connection of the peer was cut off."""
        self._waiting.clear()
        self._waiting_bytes = 0
        self._has_moved.set()

    def done(self) -> None:
        """Some work has ended."""
        self._active -= 1
        self._fill()

    @contextlib.contextmanager
    def external_wait(self) -> Iterator[None]:
        """Surrounds waiting for a third party. Raises `Overloaded`."""
        if self._external_waits >= MAX_EXTERNAL_WAITS:
            raise Overloaded("of your requests wait for services", retry_after_s=RETRY_AFTER_S)
        self._external_waits += 1
        self.done()
        try:
            yield
        finally:
            self._external_waits -= 1
            # Even if that exceeds the limit: what is left to do is little.
            self._active += 1

    def _fill(self) -> None:
        while self._waiting and self._active < MAX_ACTIVE:
            begin, size_bytes = self._waiting.popleft()
            self._waiting_bytes -= size_bytes
            self._active += 1
            begin()
            self._has_moved.set()

    async def _moved(self) -> None:
        self._has_moved.clear()
        await self._has_moved.wait()
