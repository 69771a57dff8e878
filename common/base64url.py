"""Bytes as texts for URLs, cookies and headers: base64url without padding (RFC 4648, section 5)."""

import base64


def to_base64url(data: bytes) -> str:
    """The bytes as a text."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of a text. Raises `ValueError` for what is no base64url."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
