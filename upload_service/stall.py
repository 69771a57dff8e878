"""Ends the reception of a body that stands still or crawls; an ending upload may interrupt it, too."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from upload_service.errors import ChunkError, Stalled, TooSlow

MIN_BYTES_PER_S: Final = 32 * 1024
"""How much must come on average of a body that holds what other clients may be waiting for. At this
rate the largest chunk arrives in the time that an upload waits for one."""


class StallGuard:
    """Limits how long the block inside may go without `progress`.

    Only bytes of a file are progress: what stands before and behind it must come within that time as
    a whole. One timer checks now and then, so that `progress`, which is called for every piece of
    a file, is next to free.

    Args:
        stall_s: seconds without progress after which the block ends with `Stalled`.
    """

    def __init__(self, stall_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.stall_s = stall_s
        self._timeout = asyncio.timeout(None)
        self._progress_at = self._loop.time()
        self._waiting = 0
        self._waited_s = 0.0
        self._paused_at = 0.0
        self._error: ChunkError | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_paused(self) -> bool:
        """Whether the service waits for something else than the client."""
        return self._waiting > 0

    @property
    def paused_s(self) -> float:
        """Seconds of all pauses that are over."""
        return self._waited_s

    def progress(self) -> None:
        """Bytes of the file arrived: the time starts anew."""
        self._progress_at = self._loop.time()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The block inside waits for something else than the client; that time does not count."""
        if not self._waiting:
            self._paused_at = self._loop.time()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited_s += self._loop.time() - self._paused_at
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
        self._timer = self._loop.call_at(self._progress_at + self.stall_s, self._check)

    def _check(self) -> None:
        if self._waiting:
            self.progress()
        if self._loop.time() < self._progress_at + self.stall_s:
            self._arm()
        else:
            self.interrupt(Stalled(f"no byte of the file came for {self.stall_s:g} s"))


class MinimumRate:
    """Ends the reception of a body that falls too far behind the lowest rate; runs until `stop`.

    One timer checks when what has come so far would be too little, so that pieces cost nothing.

    Args:
        guard: of the reception; must be entered already. Its pauses do not count.
        patience_s: how far the body may fall behind.
        reason: what the client is answered then.
    """

    def __init__(self, guard: StallGuard, *, patience_s: float, reason: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._guard = guard
        self._patience_s = patience_s
        self._reason = reason
        self._due_at = self._loop.time() + patience_s - guard.paused_s
        self._timer = self._loop.call_later(patience_s, self._check)

    def received(self, count: int) -> None:
        """Bytes arrived: the next ones have more time."""
        self._due_at += count / MIN_BYTES_PER_S

    def stop(self) -> None:
        """All is there."""
        self._timer.cancel()

    def _check(self) -> None:
        due_at = self._due_at + self._guard.paused_s
        if self._guard.is_paused:
            self._timer = self._loop.call_later(self._patience_s, self._check)
        elif self._loop.time() < due_at:
            self._timer = self._loop.call_at(due_at, self._check)
        else:
            self._guard.interrupt(TooSlow(self._reason))
