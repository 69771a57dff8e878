"""Numbered names."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.naming import MAX_NAME_LENGTH, candidate_batches, numbered_name

NAME = st.text(st.characters(blacklist_categories=["C"]), min_size=1, max_size=127)


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("a.txt", 1, "a (1).txt"),
        ("a.tar.gz", 1, "a.tar (1).gz"),
        ("a (1).txt", 1, "a (1) (1).txt"),
        ("README", 12, "README (12)"),
        (".profile", 1, ".profile (1)"),
        ("..a", 1, "..a (1)"),
        ("Mr. Smith", 2, "Mr. Smith (2)"),
        ("x" * 127, 1, "x" * 123 + " (1)"),
        ("x" * 123 + ".txt", 10, "x" * 118 + " (10).txt"),
        ("a." + "e" * 125, 1, "a." + "e" * 121 + " (1)"),
    ],
)
def test_where_the_number_goes(name, number, expected):
    """The number stands before the last extension, and the stem makes room for it."""
    assert numbered_name(name, number) == expected


def test_folders_have_no_extension():
    """A folder's number stands at the end."""
    assert numbered_name("v1.2", 1, keep_extension=False) == "v1.2 (1)"


@given(name=NAME, number=st.integers(1, 10**6), keep_extension=st.booleans())
def test_never_too_long(name, number, keep_extension):
    """A numbered name is never longer than a name may be, and always shows its number."""
    numbered = numbered_name(name, number, keep_extension=keep_extension)
    assert 1 <= len(numbered) <= MAX_NAME_LENGTH
    assert f" ({number})" in numbered


def test_candidates_come_in_order_and_batches_grow():
    """Candidates are the name and its numbers without a gap; few batches cover many."""
    batches = list(islice(candidate_batches("a.txt"), 12))
    names = [name for batch in batches for name in batch]
    assert names[:3] == ["a.txt", "a (1).txt", "a (2).txt"]
    assert names[1:] == [numbered_name("a.txt", number) for number in range(1, len(names))]
    assert len(names) > 8_000
