"""How long to wait before the next try, and when to give up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from common.wording import counted
from storage.discord.answers import TransientFault
from storage.errors import DiscordUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Capped exponential back-off with full jitter.

    Attributes:
        give_up_after_s: Seconds after which no further try is begun.
        first_pause_s: Longest pause after the first failure; it doubles with each one.
        longest_pause_s: Where the doubling ends.
    """

    give_up_after_s: float
    first_pause_s: float = 0.5
    longest_pause_s: float = 20.0

    def pause_s(self, failures: int, jitter: float) -> float:
        """Seconds to wait after so many failures; `jitter` is a random number from 0 to 1."""
        doublings = min(failures - 1, 30)
        return float(min(self.longest_pause_s, self.first_pause_s * 2**doublings) * jitter)


class Attempts:
    """The tries of one operation.

    Args:
        policy: How to wait and when to give up.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
        rng: A random number from 0 to 1.
    """

    __slots__ = ("_clock", "_failures", "_policy", "_rng", "_sleep", "deadline")

    def __init__(
        self,
        policy: RetryPolicy,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        rng: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._failures = 0
        self.deadline = clock() + policy.give_up_after_s

    async def pause(self, fault: TransientFault) -> None:
        """Waits before the next try.

        Raises:
            DiscordUnavailable: The next try would begin after the deadline.
        """
        self._failures += 1
        pause_s = self._policy.pause_s(self._failures, self._rng())
        pause_s = max(pause_s, fault.retry_after_s)
        if self._clock() + pause_s > self.deadline:
            raise DiscordUnavailable(
                f"gave up after {counted(self._failures, 'attempt')}: {fault.reason}"
            )
        await self._sleep(pause_s)
