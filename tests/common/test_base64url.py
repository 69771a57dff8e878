"""Bytes as texts for URLs, cookies and headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.base64url import from_base64url, to_base64url


@given(st.binary())
def test_bytes_come_back(data: bytes) -> None:
    """Without padding, and with no character that a URL or a cookie would quote."""
    text = to_base64url(data)
    assert from_base64url(text) == data
    assert text.replace("-", "").replace("_", "").isalnum() or not data


@pytest.mark.parametrize("text", ["a", "ab c", "ab!d", "\u00e4bcd", "\ud800abc"])
def test_other_texts_are_refused(text: str) -> None:
    """Whatever a stranger sends is one error."""
    with pytest.raises(ValueError):  # noqa: PT011 - its words are those of the library
        from_base64url(text)
