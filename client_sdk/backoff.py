"""Capped exponential back-off with full jitter.

Each delay is drawn uniformly from zero to a ceiling that doubles with every try, so that many peers
which lost the same server do not come back at the same moment
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

A server that is restarted is back within seconds, and a try at a closed port costs next to nothing. So
whoever has lost one tries at short intervals first, for about as long as a restart takes; delays that
double from the beginning would let most peers wait for seconds that the server has been back.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[object]]

QUICK_TRIES = 20
"""With the usual first delay, about five seconds."""


class Backoff:
    """Delays between the tries of one operation.

    Args:
        first_s: Ceiling of the first delay, in seconds.
        quick_tries: Further delays with this ceiling, before it begins to double.
        cap_s: No delay is longer than this, in seconds.
        rng: Source of the jitter.
        sleep: Waits for a number of seconds; tests hand in a virtual one.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.5,
        quick_tries: int = 0,
        cap_s: float = 30.0,
        rng: random.Random | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._first_s = first_s
        self._quick_tries = quick_tries
        self._cap_s = cap_s
        self._rng = rng or random.SystemRandom()
        self._sleep = sleep
        self._tries = 0

    @property
    def tries(self) -> int:
        """Delays drawn since the start or the last `reset`."""
        return self._tries

    def next_delay(self) -> float:
        """Draw the next delay, in seconds, and count the try."""
        # The exponent is bounded: 2.0**1024 would overflow after a very long outage.
        doublings = min(max(0, self._tries - self._quick_tries), 64)
        ceiling_s = min(self._cap_s, self._first_s * 2.0**doublings)
        self._tries += 1
        return self._rng.uniform(0.0, ceiling_s)

    def reset(self) -> None:
        """Begin anew with short delays, after a success."""
        self._tries = 0

    async def wait(self, at_least_s: float = 0.0) -> None:
        """Sleep for the next delay, after so many seconds that the other end has asked for."""
        await self._sleep(at_least_s + self.next_delay())
