"""Capped exponential back-off with full jitter.

Each delay is drawn uniformly from zero to a ceiling that doubles with every try, so that many peers
which lost the same server do not come back at the same moment
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[object]]


class Backoff:
    """Delays between the tries of one operation.

    Args:
        first_s: Ceiling of the first delay, in seconds.
        cap_s: No delay is longer than this, in seconds.
        rng: Source of the jitter.
        sleep: Waits for a number of seconds; tests hand in a virtual one.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.5,
        cap_s: float = 30.0,
        rng: random.Random | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._first_s = first_s
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
        ceiling_s = min(self._cap_s, self._first_s * 2.0 ** min(self._tries, 64))
        self._tries += 1
        return self._rng.uniform(0.0, ceiling_s)

    def reset(self) -> None:
        """Begin anew with short delays, after a success."""
        self._tries = 0

    async def wait(self) -> None:
        """Sleep for the next delay."""
        await self._sleep(self.next_delay())
