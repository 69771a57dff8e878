"""Who is led to a gateway, and to which one."""

import pytest

from manager.downloads.redirects import follows_redirects, preferred
from protocol.redirects import REDIRECT_HEADER


@pytest.mark.parametrize(
    ("headers", "follows"),
    [
        ({REDIRECT_HEADER: "1"}, True),
        ({REDIRECT_HEADER: "0"}, False),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "empty"}, True),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False),
        ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "video"}, False),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, False),
        ({}, False),
    ],
)
def test_who_follows(headers, follows):
    """Who says so, and a browser that opens or downloads; not what a page shows, nor who says nothing."""
    assert follows_redirects(headers) is follows


def test_keys_stay_with_their_gateway():
    """Whatever happens to others; those of a lost one are spread over all that are left."""
    urls = dict.fromkeys(("http://a", "http://b", "http://c"), True)
    keys = [str(number) for number in range(300)]
    before = {key: preferred(urls, key) for key in keys}
    assert all(50 < list(before.values()).count(url) < 150 for url in urls)
    after = {key: preferred({**urls, "http://b": False}, key) for key in keys}
    kept = [key for key in keys if before[key] != "http://b"]
    assert all(after[key] == before[key] for key in kept)
    assert {after[key] for key in keys if key not in kept} == {"http://a", "http://c"}


def test_without_a_gateway_there_is_none():
    """Be it that none is known, or that none is ready."""
    assert preferred({}, "key") is None
    assert preferred({"http://a": False}, "key") is None
