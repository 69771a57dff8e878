"""Times as text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import InvalidValue
from protocol.timestamps import (
    EARLIEST_S,
    LATEST_S,
    format_timestamp,
    is_modification_time,
    parse_modification_time,
    parse_timestamp,
)


@given(st.integers(round(EARLIEST_S * 1000), round(LATEST_S * 1000) - 1))
def test_every_millisecond_goes_to_text_and_back(milliseconds):
    """As the same number, so that times can be compared after a round trip."""
    seconds = milliseconds / 1000
    assert parse_modification_time(format_timestamp(seconds)) == seconds


def test_a_time_without_a_zone_is_in_utc():
    """With one it is where that says."""
    assert parse_timestamp("1970-01-01T00:00:01") == 1.0
    assert parse_timestamp("1970-01-01T01:00:01+01:00") == 1.0


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "date and time"),
        ("2026-02-30T00:00:00Z", "date and time"),
        ("0001-01-01T00:00:00+14:00", "1601 to 9998"),
        ("1600-12-31T23:59:59Z", "1601 to 9998"),
        ("9999-01-01T00:00:00Z", "1601 to 9998"),
    ],
)
def test_what_is_no_modification_time_is_refused(text, rule):
    """With what it must be."""
    with pytest.raises(InvalidValue, match=rule):
        parse_modification_time(text)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, LATEST_S, EARLIEST_S - 0.001])
def test_no_number_beyond_is_one(seconds):
    """NaN is neither earlier nor later than anything."""
    assert not is_modification_time(seconds)
    assert is_modification_time(EARLIEST_S)
