"""When an operation is tried again, and when it is given up."""

import random
from typing import Any

from common.retry import Backoff, RetryPolicy


async def test_delays_double_up_to_a_cap_and_have_full_jitter() -> None:
    """Each delay lies between zero and a ceiling that doubles; the sleep gets exactly it."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    backoff = Backoff(first_s=1, cap_s=8, jitter=random.Random(1).random, sleep=sleep)
    for _ in range(2000):
        await backoff.wait()
    ceilings = [1, 2, 4, *[8] * 1997]
    assert all(0 <= delay <= ceiling for delay, ceiling in zip(slept, ceilings, strict=True))
    assert min(slept[3:]) < 0.5
    assert max(slept) > 7.5


def test_reset_begins_with_short_delays_again() -> None:
    """After a success the next failure is the first again."""
    backoff = Backoff(first_s=1, cap_s=1000)
    for _ in range(10):
        backoff.next_delay()
    assert backoff.tries == 10
    backoff.reset()
    assert backoff.tries == 0
    assert backoff.next_delay() <= 1


def test_the_first_delays_after_a_loss_stay_short() -> None:
    """A restart is over within seconds; only what lasts longer is asked ever more rarely."""
    backoff = Backoff(first_s=0.5, cap_s=4, quick_tries=3, jitter=lambda: 1.0)
    assert [backoff.next_delay() for _ in range(8)] == [0.5, 0.5, 0.5, 0.5, 1, 2, 4, 4]
    backoff.reset()
    assert backoff.next_delay() == 0.5


async def test_what_the_other_end_asks_for_comes_on_top() -> None:
    """Never sooner than it says, and not all at the same moment."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    backoff = Backoff(first_s=1, cap_s=1, sleep=sleep)
    for _ in range(100):
        await backoff.wait(5)
    assert all(5 <= seconds <= 6 for seconds in slept)
    assert len(set(slept)) > 50


class Time:
    """A clock that only sleeping moves; what was slept is noted."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept_s: list[float] = []

    def __call__(self) -> float:
        """Seconds since the beginning."""
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        self.slept_s.append(seconds)
        self.now_s += seconds


def policy(time: Time, **chosen: Any) -> RetryPolicy:
    """A policy in virtual time that waits as long as it may."""
    return RetryPolicy(
        **{
            "first_s": 1.0,
            "cap_s": 4.0,
            "monotonic": time,
            "sleep": time.sleep,
            "jitter": lambda: 1.0,
            **chosen,
        }
    )


async def test_an_operation_is_tried_until_its_time_is_up() -> None:
    """The last try is made at the deadline, and none after it."""
    time = Time()
    attempts = policy(time, give_up_after_s=10.0).attempts()
    while await attempts.wait():
        pass
    assert time.slept_s == [1.0, 2.0, 4.0, 3.0]
    assert (attempts.failures, attempts.deadline) == (5, 10.0)


async def test_a_budget_of_tries_ends_an_operation() -> None:
    """However much time is left."""
    time = Time()
    attempts = policy(time, max_tries=3).attempts()
    assert [await attempts.wait() for _ in range(3)] == [True, True, False]
    assert len(time.slept_s) == 2


async def test_the_other_end_is_not_asked_sooner_than_it_says() -> None:
    """The jitter comes on top; what lies beyond the deadline is not waited for."""
    time = Time()
    attempts = policy(time, give_up_after_s=20.0).attempts()
    assert await attempts.wait(at_least_s=7.5)
    assert not await attempts.wait(at_least_s=12.0)
    assert time.slept_s == [8.5]


async def test_a_fault_may_leave_less_time_than_others() -> None:
    """What hardly mends itself is given up earlier than what does."""
    time = Time()
    attempts = policy(time, give_up_after_s=100.0).attempts()
    assert await attempts.wait(within_s=2.0)
    time.now_s = 2.0
    assert not await attempts.wait(within_s=2.0)
    assert await attempts.wait()


async def test_sure_tries_are_made_after_the_deadline_too() -> None:
    """An attempt that took all the time may have done its work, and only another one tells."""
    time = Time()
    attempts = policy(time, give_up_after_s=3.0, sure_tries=2).attempts()
    time.now_s = 50.0
    assert await attempts.wait()
    assert not await attempts.wait()
    assert time.slept_s == [1.0]


async def test_an_operation_that_is_never_given_up_has_the_same_delays() -> None:
    """A policy also makes delays without end."""
    time = Time()
    backoff = policy(time, max_tries=1).backoff()
    for _ in range(4):
        await backoff.wait()
    assert time.slept_s == [1.0, 2.0, 4.0, 4.0]


async def test_progress_gives_all_tries_and_all_of_the_time_again() -> None:
    """What goes on in small steps is not given up for having taken many."""
    time = Time()
    attempts = policy(time, max_tries=2, give_up_after_s=2.0).attempts()
    assert await attempts.wait()
    attempts.reset()
    assert (attempts.failures, attempts.deadline) == (0, 3.0)
    assert [await attempts.wait() for _ in range(2)] == [True, False]
    assert time.slept_s == [1.0, 1.0]
