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
