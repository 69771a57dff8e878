"""How slowly somebody may read, in seconds that the tests make up."""

from hypothesis import given
from hypothesis import strategies as st

from manager.downloads.reader_pace import ReaderPace


def _pace(lowest_bytes_per_s: float = 100.0) -> ReaderPace:
    return ReaderPace(patience_s=10.0, lowest_bytes_per_s=lowest_bytes_per_s)


def test_who_takes_nothing_is_waited_for_as_long_as_the_patience_lasts():
    """A pause may be as long as the patience, and no longer."""
    pace = _pace()
    assert pace.left_s == 10.0
    pace.took(0, 10.0)
    assert pace.left_s == 0


def test_who_is_too_slow_uses_up_the_patience():
    """At half the lowest pace it lasts twice as long as for who takes nothing."""
    pace = _pace()
    seconds = 0
    while pace.left_s > 0:
        pace.took(50, 1.0)
        seconds += 1
    assert seconds == 20


def test_who_was_fast_has_no_more_patience_than_others():
    """What is taken quickly is no credit for a long pause later."""
    pace = _pace()
    pace.took(1_000_000, 0.1)
    assert pace.left_s == 10.0


def test_without_a_lowest_pace_only_pauses_count():
    """However slow somebody is, each piece has the whole patience."""
    pace = _pace(lowest_bytes_per_s=0)
    for _ in range(100):
        pace.took(1, 9.0)
        assert pace.left_s == 10.0


@given(st.lists(st.floats(min_value=0.01, max_value=9.9), max_size=100))
def test_who_keeps_the_lowest_pace_is_never_given_up(pauses):
    """Whatever the pauses between, up to the patience."""
    pace = _pace()
    for pause_s in pauses:
        assert pace.left_s > pause_s
        pace.took(int(pause_s * 100) + 1, pause_s)
