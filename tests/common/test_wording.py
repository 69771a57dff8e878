"""Numbers as people read them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wording import counted, human_part, human_size


@pytest.mark.parametrize(
    ("number", "more", "text"),
    [(0, "", "0 files"), (1, "", "1 file"), (2, "", "2 files"), (1, " or more", "1 or more files")],
)
def test_one_is_no_plural(number: int, more: str, text: str) -> None:
    """A noun has the number that it is counted with."""
    assert counted(number, "file", more) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (10 * 1024**2, "10 MiB"),
        (1024**3 - 1, "1.0 GiB"),
        (5 * 1024**4, "5.0 TiB"),
    ],
)
def test_sizes_are_short(size: int, text: str) -> None:
    """Two digits and a binary unit."""
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("size", "total", "text"),
    [
        (0, 0, "0/0 B"),
        (5, None, "5 B"),
        (5, 1023, "5/1023 B"),
        (1536, 10 * 1024**2, "0.0/10.0 MiB"),
        (15 * 1024**2, 10 * 1024**2, "15.0/10.0 MiB"),
    ],
)
def test_a_part_has_the_unit_of_its_whole(size: int, total: int | None, text: str) -> None:
    """So that both can be compared; more than the whole, or a whole that is unknown, is no harm."""
    assert human_part(size, total) == text


@given(st.integers(min_value=0, max_value=2**70 - 2**60))
def test_every_size_has_at_most_four_digits(size: int) -> None:
    """Whatever the size, it fits its column."""
    assert re.fullmatch(r"(\d{1,4}|\d\.\d) ([KMGTPE]i)?B", human_size(size))
