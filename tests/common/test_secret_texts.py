"""Secrets that programs send as texts."""

import hashlib

from common.base64url import from_base64url
from common.secret_texts import SECRET_BYTES, hash_of_secret, new_secret_text


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
