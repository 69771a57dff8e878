"""Keys by which names are listed."""

import re
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.sort_keys import MAX_KEY_LENGTH, natural_sort_key, prefix_pattern
from tests.catalog.natural_names import NAMES, natural, plain


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_2", "img_10", "IMG_11", "img_100"],
        ["app.ts", "README.md"],
        ["a", "a 1", "a-1", "a1", "a1.5", "a1.10", "aa"],
        ["1", "02", "3", "010", "11"],
        ["Äpfel", "Azur", "Strasse 1", "Straße 2", "zebra", "Ωmega"],
        ["x" + "9" * 20, "x1" + "0" * 20],
    ],
)
def test_names_in_the_order_of_people(names):
    """Numbers go by magnitude, and letters without regard to case and accents."""
    assert sorted(names, key=natural_sort_key) == names


@given(names=st.lists(NAMES, max_size=6))
def test_keys_sort_as_a_naive_natural_sort(names):
    """Comparing keys as bytes is comparing names part by part."""
    by_key = sorted(names, key=lambda name: natural_sort_key(name).encode())
    assert by_key == sorted(names, key=natural)


def _is_like(name: str, prefix: str) -> bool:
    with closing(sqlite3.connect(":memory:")) as database:
        arguments = (natural_sort_key(name), prefix_pattern(prefix))
        return bool(database.execute("SELECT ? LIKE ? ESCAPE '\\'", arguments).fetchone()[0])


@given(prefix=NAMES, rest=NAMES)
def test_a_pattern_finds_all_that_begins_so(prefix, rest):
    """A name is found by each beginning of it, without regard to case and accents."""
    assert _is_like(prefix + rest, plain(prefix))


@given(name=NAMES, prefix=NAMES)
def test_a_pattern_finds_little_else(name, prefix):
    """Only names that differ in leading zeros of numbers."""
    zeros = re.compile("0+(?=[0-9])|(?<![0-9])0+")
    begins = zeros.sub("", plain(name)).startswith(zeros.sub("", plain(prefix)))
    assert begins or not _is_like(name, prefix)


def test_a_pattern_of_a_beginning_that_is_longer_than_keys():
    """It finds the names whose keys are cut."""
    name = "\ufdfa" * 20 + "7x"
    assert _is_like(name, name[:-1])


def test_keys_are_bounded():
    """Even of a letter that stands for many."""
    assert len(natural_sort_key("\ufdfa" * 127)) == MAX_KEY_LENGTH
