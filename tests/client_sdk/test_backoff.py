"""Delays between tries."""

import random

from client_sdk.backoff import Backoff


async def test_delays_double_up_to_a_cap_and_have_full_jitter() -> None:
    """Each delay lies between zero and a ceiling that doubles; the sleep gets exactly it."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    backoff = Backoff(first_s=1, cap_s=8, rng=random.Random(1), sleep=sleep)
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

    class Longest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return max(a, b)

    backoff = Backoff(first_s=0.5, cap_s=4, quick_tries=3, rng=Longest())
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
