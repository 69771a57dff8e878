"""How fast bytes go through, and how long the rest will take."""

import time
from collections import deque
from collections.abc import Callable

PERIOD_S = 15.0
"""What went through in the last so many seconds counts."""
SETTLING_S = 2.0
"""Nothing is said before: the first bytes fill buffers, and the first chunk may have waited."""
_STEP_S = 0.25
"""Reports that come sooner after one another are one."""


class Pace:
    """The pace of one transfer, or of several together.

    Args:
        clock: Tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reached = 0
        self._moved = 0
        self._steps: deque[tuple[float, int]] = deque()

    def report(self, transferred: int) -> None:
        """So many bytes are through; fewer than before if something is sent again."""
        self._moved += max(0, transferred - self._reached)
        self._reached = transferred
        now = self._clock()
        if self._moved and not (self._steps and now - self._steps[-1][0] < _STEP_S):
            self._steps.append((now, self._moved))

    def bytes_per_s(self) -> float | None:
        """The pace; None while nothing can be said."""
        now = self._clock()
        while len(self._steps) > 1 and self._steps[1][0] <= now - PERIOD_S:
            self._steps.popleft()
        if not self._steps or now - self._steps[0][0] < SETTLING_S:
            return None
        since, moved = self._steps[0]
        return (self._moved - moved) / (now - since)

    def left_s(self, total: int | None) -> float | None:
        """Seconds until so many bytes are through; None while nothing can be said."""
        per_s = self.bytes_per_s()
        if total is None or not per_s:
            return None
        return max(0, total - self._reached) / per_s
