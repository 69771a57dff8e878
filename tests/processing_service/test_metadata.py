"""Sanitizing metadata."""

import json
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from processing_service.metadata import MAX_ENTRIES, MAX_TEXT, sanitize_metadata

NASTY = st.sampled_from(["\0", "\ud800", "\x1f", "\u2028", " "])
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.fractions()
    | NASTY,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text() | NASTY, ANYTHING))
def test_whatever_is_found_becomes_json(found):
    """The result is JSON that every reader takes, and sanitizing it again changes nothing."""
    sanitized = sanitize_metadata(found)
    text = json.dumps(sanitized, allow_nan=False, ensure_ascii=False)
    assert json.loads(text.encode()) == sanitized
    assert "\0" not in text
    assert sanitize_metadata(sanitized) == sanitized


def test_keeps_what_is_worth_keeping():
    """Numbers, words, truth values, times and what holds them."""
    when = datetime(2024, 5, 6, tzinfo=UTC)
    found = {"a": 1, "b": Fraction(1, 4), "c": "word", "d": False, "e": when, "f": {"g": (1, 2)}}
    expected = {"a": 1, "b": 0.25, "c": "word", "d": False, "f": {"g": [1, 2]}}
    assert sanitize_metadata(found) == expected | {"e": "2024-05-06T00:00:00+00:00"}


def test_leaves_out_what_says_nothing():
    """What is empty, endless, or no number."""
    assert (
        sanitize_metadata({"a": None, "b": "", "c": {"d": None}, "e": float("nan"), "f": 10**400})
        == {}
    )


def test_cuts_what_is_long():
    """Long texts, many entries, deep nests and endless lists are cut."""
    deep: dict[str, object] = {"end": 1}
    for _ in range(100):
        deep = {"in": deep}
    found = {"text": "x" * 10_000, "list": range(10**9), "deep": deep}
    found |= {"many": {str(index): 1 for index in range(1000)}}
    sanitized = sanitize_metadata(found)
    assert len(sanitized["text"]) == MAX_TEXT
    assert len(sanitized["list"]) == len(sanitized["many"]) == MAX_ENTRIES
    assert len(json.dumps(sanitized)) < 5000


def test_leaves_out_the_largest_when_all_is_too_much():
    """However much a hostile file says, the other values stay."""
    flood = {str(index): ["\N{GRINNING FACE}" * 500] * 64 for index in range(64)}
    assert sanitize_metadata({"width": 3, "tags": flood, "title": "A title"}) == {
        "width": 3,
        "title": "A title",
    }
