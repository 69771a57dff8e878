"""How long a call is repeated before it is given up."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Capped exponential back-off with full jitter, within a limit of time.

    A restart of PostgREST takes about a second; whoever asks the manager gives up after ten. A call
    is repeated once in any case: an attempt that hung may have done its work, and only another one
    tells. Two that hang take eight seconds; no other attempts take longer.
    """

    attempts: int = 7
    """How often a call is tried at most."""
    attempt_s: float = 4.0
    """Seconds that one attempt may take."""
    total_s: float = 4.0
    """Seconds after which no attempt begins, but the second."""
    first_pause_s: float = 0.1
    """Longest pause after the first attempt; it doubles with every further one."""
    longest_pause_s: float = 2.0
    """Longest pause there is."""
    now: Callable[[], float] = time.monotonic
    """Tells the time in seconds."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = field(default=random.random)
    """Part of the longest pause that is really waited, from 0 to 1."""

    def pauses(self) -> Iterator[float]:
        """Seconds to wait after each attempt but the last."""
        for number in range(self.attempts - 1):
            longest = min(self.longest_pause_s, self.first_pause_s * 2**number)
            yield longest * self.jitter()
