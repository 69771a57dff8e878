"""Conditional requests, asked as clients and caches do, and `Content-Disposition`."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from manager.downloads.representation import (
    Precondition,
    Validators,
    attachment,
    evaluate,
    range_applies,
)

CURRENT = Validators("abc", 1_700_000_000.75)
SAME = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"
AFTER = "Tue, 14 Nov 2023 22:13:21 GMT"


def test_header_values():
    """Entity tag and date are written as HTTP wants them."""
    assert CURRENT.etag == '"abc"'
    assert CURRENT.last_modified == SAME


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, Precondition.PROCEED),
        ({"If-None-Match": '"abc"'}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": 'W/"abc"'}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": '"x", "abc"'}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": "*"}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": '"x"'}, Precondition.PROCEED),
        ({"If-None-Match": '"x"', "If-Modified-Since": AFTER}, Precondition.PROCEED),
        ({"If-Modified-Since": SAME}, Precondition.NOT_MODIFIED),
        ({"If-Modified-Since": BEFORE}, Precondition.PROCEED),
        ({"If-Modified-Since": "yesterday"}, Precondition.PROCEED),
        ({"If-Match": '"abc"'}, Precondition.PROCEED),
        ({"If-Match": "*"}, Precondition.PROCEED),
        ({"If-Match": 'W/"abc"'}, Precondition.FAILED),
        ({"If-Match": '"x"'}, Precondition.FAILED),
        ({"If-Unmodified-Since": SAME}, Precondition.PROCEED),
        ({"If-Unmodified-Since": BEFORE}, Precondition.FAILED),
        ({"If-Match": '"abc"', "If-Unmodified-Since": BEFORE}, Precondition.PROCEED),
    ],
)
def test_outcome(headers, outcome):
    """Every condition comes to what the RFC says, tags before dates."""
    assert evaluate(headers, CURRENT) is outcome


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("If-None-Match", Precondition.NOT_MODIFIED), ("If-Match", Precondition.PROCEED)],
)
def test_lists_may_be_spread_over_several_lines(name, outcome):
    """Lines of the same header are one list, as section 5.3 says."""
    lines = CIMultiDictProxy(CIMultiDict([(name, '"x"'), (name.lower(), '"y", "abc"')]))
    assert evaluate(lines, CURRENT) is outcome


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        (None, True),
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        (SAME, True),
        (BEFORE, False),
        (AFTER, False),
        ("nonsense", False),
    ],
)
def test_if_range(condition, applies):
    """A range counts only for exactly the version that the client has part of."""
    headers = {} if condition is None else {"If-Range": condition}
    assert range_applies(headers, CURRENT) is applies


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("plain.txt", "plain.txt"),
        ("two words.txt", "two words.txt"),
        ('a"b\\c%41.txt', "a_b_c_41.txt"),
        ("Ärger €.txt", "_rger _.txt"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie: a=b"),
    ],
)
def test_fallback(name, fallback):
    """Old clients get an ASCII name that cannot break out of its quotes."""
    assert f'filename="{fallback}";' in attachment(name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_exact_name_survives(name):
    """Modern clients get exactly the name, and the header is printable ASCII."""
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert unquote(header.partition("filename*=UTF-8''")[2]) == name
