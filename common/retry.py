"""When to try again, how long to wait before, and when to give up: the one policy of all programs.

Each delay is drawn uniformly from zero to a ceiling that doubles with every try, so that many peers
which lost the same server do not come back at the same moment
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).

A server that is restarted is back within seconds, and a try at a closed port costs next to nothing. So
a peer that has lost one tries at short intervals first, for about as long as a restart takes; delays
that double from the beginning would let most peers wait for seconds that the server has been back.

A caller catches only what may pass, so that every lasting error ends the operation at once::

    attempts = policy.attempts()
    while True:
        try:
            return await call()
        except Passing as error:
            if not await attempts.wait(at_least_s=error.retry_after_s):
                raise
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

Sleep = Callable[[float], Awaitable[object]]
"""Waits for seconds; tests pass a virtual one."""
Jitter = Callable[[], float]
"""The part of a ceiling that is waited, from 0 to 1."""

QUICK_TRIES: Final = 20
"""With the usual first delay, about five seconds."""
RECONNECT_CAP_S: Final = 3.0
"""Longest delay between tries to reach a manager: however long it was away, an upload goes on within five
seconds of its return."""
_MAX_DOUBLINGS: Final = 64
"""2.0**1024 would overflow after a very long outage."""

_random_part: Final[Jitter] = random.SystemRandom().random


class Backoff:
    """Delays between the tries of an operation that is never given up: capped, with full jitter.

    Args:
        first_s: Ceiling of the first delay, in seconds.
        quick_tries: Further delays with this ceiling, before it begins to double.
        cap_s: No ceiling is higher than this, in seconds.
        jitter: Draws the part of the ceiling.
        sleep: Waits.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.5,
        quick_tries: int = 0,
        cap_s: float = 30.0,
        jitter: Jitter = _random_part,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._first_s = first_s
        self._quick_tries = quick_tries
        self._cap_s = cap_s
        self._jitter = jitter
        self._sleep = sleep
        self._tries = 0

    @property
    def tries(self) -> int:
        """Delays drawn since the start or the last `reset`."""
        return self._tries

    def next_delay(self) -> float:
        """Draws the next delay, in seconds, and counts the try."""
        doublings = min(max(0, self._tries - self._quick_tries), _MAX_DOUBLINGS)
        ceiling_s = min(self._cap_s, self._first_s * 2.0**doublings)
        self._tries += 1
        return ceiling_s * self._jitter()

    def reset(self) -> None:
        """Starts again with short delays, after a success."""
        self._tries = 0

    async def wait(self, at_least_s: float = 0.0) -> None:
        """Sleeps for the next delay, after the seconds that the server has requested."""
        await self._sleep(at_least_s + self.next_delay())


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How an operation is tried again, and when it is given up.

    Attributes:
        first_s: Ceiling of the first delay, in seconds; it doubles with every try.
        cap_s: No ceiling is higher than this, in seconds.
        max_tries: Tries at most; None for any number.
        give_up_after_s: Seconds after the beginning after which no try begins.
        sure_tries: Tries that are made even after that.
        monotonic: Seconds that never jump.
        sleep: Waits for seconds of that clock.
        jitter: Draws the part of a ceiling.
    """

    first_s: float = 0.5
    cap_s: float = 20.0
    max_tries: int | None = None
    give_up_after_s: float = math.inf
    sure_tries: int = 1
    monotonic: Callable[[], float] = time.monotonic
    sleep: Sleep = asyncio.sleep
    jitter: Jitter = _random_part

    def backoff(self) -> Backoff:
        """The same delays for an operation that is never given up."""
        return Backoff(first_s=self.first_s, cap_s=self.cap_s, jitter=self.jitter, sleep=self.sleep)

    def attempts(self) -> "Attempts":
        """The tries of one operation, which begins now."""
        return Attempts(self)


class Attempts:
    """The tries of one operation under a policy. Made by `RetryPolicy.attempts`.

    Attributes:
        deadline: Seconds of the policy's clock after which no try begins.
    """

    __slots__ = ("_backoff", "_began_at", "_policy", "deadline")

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._backoff = policy.backoff()
        self.reset()

    @property
    def failures(self) -> int:
        """Tries that have failed."""
        return self._backoff.tries

    def reset(self) -> None:
        """Starts again with all tries and all of the time, after some progress."""
        self._backoff.reset()
        self._began_at = self._policy.monotonic()
        self.deadline = self._began_at + self._policy.give_up_after_s

    async def wait(self, *, at_least_s: float = 0.0, within_s: float = math.inf) -> bool:
        """Waits for the next try; False, at once, when there is none.

        Args:
            at_least_s: Seconds that the server has requested; the jitter comes on top.
            within_s: Seconds after the beginning after which this fault gives no further try,
                unless the policy gives up earlier.
        """
        delay_s = self._delay(at_least_s, within_s)
        if delay_s is None:
            return False
        await self._policy.sleep(delay_s)
        return True

    def _delay(self, at_least_s: float, within_s: float) -> float | None:
        delay_s = at_least_s + self._backoff.next_delay()
        policy = self._policy
        if policy.max_tries is not None and self.failures >= policy.max_tries:
            return None
        if self.failures < policy.sure_tries:
            return delay_s
        ends_at = min(self.deadline, self._began_at + within_s)
        left_s = ends_at - policy.monotonic()
        if left_s <= 0 or left_s < at_least_s:
            return None
        # The last try is made at the deadline, so that all of the time is used.
        return min(delay_s, left_s)
