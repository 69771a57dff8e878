"""How fast a transfer is said to be, and how long its rest is said to take."""

import pytest

from cli.pace import Pace


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """One that stands still."""
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """That of a transfer which has not begun."""
    return Pace(clock)


def test_nothing_is_said_at_the_start(pace: Pace, clock: Clock) -> None:
    """Neither while the server is waited for, nor after the first bytes."""
    pace.report(0)
    clock.now += 600
    pace.report(64)
    clock.now += 1
    pace.report(128)
    assert pace.bytes_per_s() is None
    assert pace.left_s(10**9) is None


def test_waiting_does_not_count(pace: Pace, clock: Clock) -> None:
    """The pace is that since the first byte, however long that took to come."""
    pace.report(0)
    clock.now += 600
    for step in range(1, 12):
        pace.report(step * 1000)
        clock.now += 1
    assert pace.bytes_per_s() == pytest.approx(1000, rel=0.1)
    assert pace.left_s(31_000) == pytest.approx(20, rel=0.1)


def test_the_last_seconds_count(pace: Pace, clock: Clock) -> None:
    """A transfer that becomes slower says so soon, and one that stands still promises nothing."""
    for step in range(1, 100):
        pace.report(step * 1_000_000)
        clock.now += 1
    for step in range(1, 21):
        pace.report(99_000_000 + step * 1000)
        clock.now += 1
    assert pace.bytes_per_s() == pytest.approx(1000, rel=0.1)
    clock.now += 20
    assert pace.bytes_per_s() == 0
    assert pace.left_s(10**9) is None


def test_what_is_sent_again_takes_its_time(pace: Pace, clock: Clock) -> None:
    """Bytes that have to be sent twice are bytes that went through, and are left once more."""
    for transferred in (1000, 2000, 3000, 1000, 2000, 3000):
        pace.report(transferred)
        clock.now += 1
    assert pace.bytes_per_s() == pytest.approx(4000 / 6)
    assert pace.left_s(5000) == pytest.approx(2000 / (4000 / 6))
    assert pace.left_s(None) is None
    assert pace.left_s(1000) == 0
