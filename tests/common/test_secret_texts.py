"""Secrets that programs send as texts."""

import hashlib

import pytest

from common.base64url import from_base64url
from common.secret_texts import SECRET_BYTES, hash_of_secret, is_holder_name, new_secret_text


def test_a_secret_is_random_behind_its_prefix() -> None:
    """No two are alike, and all of it can stand in a URL."""
    one, other = new_secret_text("dca_"), new_secret_text("dca_")
    assert one != other
    assert one.startswith("dca_")
    assert len(from_base64url(one.removeprefix("dca_"))) == SECRET_BYTES


def test_any_text_has_a_hash() -> None:
    """Also one that no encoding has, as a stranger may send it."""
    assert hash_of_secret("abc") == hashlib.sha256(b"abc").digest()
    assert len({hash_of_secret(text) for text in ("\ud800", "\udcff", "?")}) == 3


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a", True), ("up-2_b.c", True), ("x" * 64, True), ("x" * 65, False), ("", False)]
    + [(name, False) for name in ("A", "a b", "a\n", "\u00e4")],
)
def test_a_holder_has_a_name_that_fits_everywhere(name: str, is_one: bool) -> None:
    """In a URL, a command and a log line, without quotes."""
    assert is_holder_name(name) is is_one
