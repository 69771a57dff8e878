"""Conditional requests, after RFC 9110 section 13."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from manager.downloads.conditions import Outcome, Validators, evaluate, range_applies

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
        ({}, Outcome.PROCEED),
        ({"If-None-Match": '"abc"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": 'W/"abc"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": '"x", "abc"'}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": "*"}, Outcome.NOT_MODIFIED),
        ({"If-None-Match": '"x"'}, Outcome.PROCEED),
        ({"If-None-Match": '"x"', "If-Modified-Since": AFTER}, Outcome.PROCEED),
        ({"If-Modified-Since": SAME}, Outcome.NOT_MODIFIED),
        ({"If-Modified-Since": BEFORE}, Outcome.PROCEED),
        ({"If-Modified-Since": "yesterday"}, Outcome.PROCEED),
        ({"If-Match": '"abc"'}, Outcome.PROCEED),
        ({"If-Match": "*"}, Outcome.PROCEED),
        ({"If-Match": 'W/"abc"'}, Outcome.FAILED),
        ({"If-Match": '"x"'}, Outcome.FAILED),
        ({"If-Unmodified-Since": SAME}, Outcome.PROCEED),
        ({"If-Unmodified-Since": BEFORE}, Outcome.FAILED),
        ({"If-Match": '"abc"', "If-Unmodified-Since": BEFORE}, Outcome.PROCEED),
    ],
)
def test_outcome(headers, outcome):
    """Every condition comes to what the RFC says, tags before dates."""
    assert evaluate(headers, CURRENT) is outcome


@pytest.mark.parametrize(
    ("name", "outcome"), [("If-None-Match", Outcome.NOT_MODIFIED), ("If-Match", Outcome.PROCEED)]
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
