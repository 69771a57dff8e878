"""Secrets that programs send as texts, such as API keys: made at random, and known to the catalog by a hash.

They are too long to be guessed, so their hashes need neither salt nor a slow function, and find them.
"""

import hashlib
import re
import secrets
from typing import Final

SECRET_BYTES: Final = 32
HOLDER_NAME_RULE: Final = "must be 1 to 64 of a-z, 0-9, dot, dash and underscore"
_HOLDER_NAME: Final = re.compile(r"[a-z0-9._-]{1,64}")


def is_holder_name(text: str) -> bool:
    """Whether a program that holds a secret may be called so (`HOLDER_NAME_RULE`)."""
    return _HOLDER_NAME.fullmatch(text) is not None


def new_secret_text(prefix: str = "") -> str:
    """A random text of `SECRET_BYTES` bytes in base64url without padding, behind what says what it is."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def hash_of_secret(text: str) -> bytes:
    """SHA-256 of a text that was made here, or of any other that is sent in its place."""
    # What JSON, a query or a header decodes to may hold lone surrogates.
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
