"""Ids grow and hold the time of their creation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_emulator.messages import (
    Snowflakes,
    attachment_id,
    created_at,
    is_snowflake,
    message_of_attachment,
)
from discord_emulator.testing import VirtualClock


@given(st.lists(st.floats(-1e6, 1e6), max_size=50), st.integers(0, 2**62))
def test_ids_grow_whatever_the_clock_does(jumps, newest):
    """No id repeats or falls behind, though the clock stands still or goes back."""
    clock = VirtualClock()
    snowflakes = Snowflakes(clock, newest)
    ids = [snowflakes.next()]
    for jump in jumps:
        clock.advance(jump)
        ids.append(snowflakes.next())
    assert ids == sorted(set(ids))


def test_ids_tell_their_time():
    """An id holds when it was made, to the millisecond."""
    clock = VirtualClock(1_800_000_000.125)
    assert created_at(Snowflakes(clock).next()) == 1_800_000_000.125


@given(st.integers(0, 9))
def test_an_attachment_tells_its_message(index):
    """From an attachment's id follows its message's."""
    message = Snowflakes(VirtualClock()).next()
    assert message_of_attachment(attachment_id(message, index)) == message


@pytest.mark.parametrize(
    ("text", "valid"),
    [("0", True), ("9" * 19, True), ("9" * 20, False), ("-1", False), ("", False), ("٣", False)],
)
def test_what_can_be_an_id(text, valid):
    """Ids in URLs are ASCII digits, at most 19."""
    assert is_snowflake(text) is valid
