"""Ends the reception of a body that stands still, and lets an ending upload interrupt it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from upload_service.errors import ChunkError, Stalled


class StallGuard:
    """Limits how long the block inside may go without `progress`.

    One timer looks in now and then, so that `progress`, which is called for every piece of a body,
    is next to free.

    Args:
        stall_s: seconds without progress after which the block ends with `Stalled`.
    """

    def __init__(self, stall_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.stall_s = stall_s
        self._timeout = asyncio.timeout(None)
        self._progress_at = self._loop.time()
        self._waiting = 0
        self._error: ChunkError | None = None
        self._timer: asyncio.TimerHandle | None = None

    def progress(self) -> None:
        """Bytes arrived: the time starts anew."""
        self._progress_at = self._loop.time()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The block inside waits for something else than the client; that time does not count."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self.progress()

    def interrupt(self, error: ChunkError) -> None:
        """End the guarded block with an error, wherever it waits."""
        if self._error is None:
            self._error = error
            self._timeout.reschedule(self._loop.time())

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._arm()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            if self._error is None:
                raise
            raise self._error from None

    def _arm(self) -> None:
        self._timer = self._loop.call_at(self._progress_at + self.stall_s, self._look)

    def _look(self) -> None:
        if self._waiting:
            self.progress()
        if self._loop.time() < self._progress_at + self.stall_s:
            self._arm()
        else:
            self.interrupt(Stalled(f"no byte came for {self.stall_s:g} s"))
