"""An event loop whose clock jumps to the next timer: what is only waited for takes no time.

Everything that asks the loop for the time, `asyncio.sleep`, `asyncio.timeout` and `call_later` among it, runs
unchanged on it. It serves programs that wait for timers and for one another, not for sockets.
"""

import asyncio
import selectors
from typing import Any


class NothingLeftToWaitFor(RuntimeError):
    """All tasks wait for one another, and no timer would wake any."""


class _Jump(selectors.DefaultSelector):
    """A selector that does not wait: it lets the time pass instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise NothingLeftToWaitFor
            self.now += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, which begins at 0 seconds."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds by the virtual clock."""
        return self._jump.now
