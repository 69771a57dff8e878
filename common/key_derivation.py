"""Every key and secret that is derived from another one, and from what: HKDF-SHA256 (RFC 5869).

A derived key cannot be used for any other purpose, and does not reveal what it was derived from. What
is sealed or signed with one outlives releases, so a label never changes; a new purpose gets a new one.
"""

import hashlib
import hmac
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DERIVED_SIZE: Final = 32
"""Bytes of a derived key."""
KEY_ID_SIZE: Final = 4
TAG_SIZE: Final = 16
"""Bytes of a tag: 128 bits, which cannot be guessed."""

_KEY_ID_LABEL: Final = b"discord-cloud key id"


class Purpose(Enum):
    """What a key is derived for; the value is HKDF's `info`."""

    CHUNK = b"discord-cloud chunk"
    """Seals the chunks of one object; the salt is the object's id."""
    USER_TOKENS = b"discord-cloud user tokens"
    """Signs the tokens of users."""
    RENEWALS = b"discord-cloud token renewals"
    """Signs what renews the tokens of a login session."""
    LOGIN_CHALLENGES = b"discord-cloud login challenges"
    """Signs what a client is given for the next step of a login."""
    SIGNED_DOWNLOADS = b"discord-cloud signed downloads"
    """Signs links to files."""
    CONTENT_LINKS = b"discord-cloud content links"
    """Signs links to content that has no name."""
    UPLOAD_TICKETS = b"discord-cloud upload tickets"
    """Signs tickets."""
    SIGNING_KEYS = b"discord-cloud signing keys"
    """Encrypts the keys from which the secrets that sign are derived."""
    TOTP_SECRETS = b"discord-cloud TOTP secrets"
    """Encrypts the secrets of authenticator apps."""
    LINK_TOKENS = b"discord-cloud link tokens"
    """Encrypts what the addresses of links hold."""
    LINK_PASSWORDS = b"discord-cloud link passwords"
    """Signs that a client has sent the password of a link."""
    DOWNLOAD_TOKENS = b"discord-cloud download tokens"
    """Signs what gateways ask for more of some content with."""
    REDIRECT_TOKENS = b"discord-cloud redirect tokens"
    """Signs what a client is led to a gateway with."""
    CONTENT_ACCESS = b"discord-cloud content access"
    """Signs that the page of a user may fetch content."""


def derive_key(secret: bytes, purpose: Purpose, *, salt: bytes | None = None) -> bytes:
    """The 32-byte key for one purpose, and for one object if that is the salt.

    Args:
        secret: A master key, or a signing key.
        purpose: What the key is for.
        salt: Distinguishes keys of one purpose; None where there is only one.
    """
    hkdf = HKDF(algorithm=SHA256(), length=DERIVED_SIZE, salt=salt, info=purpose.value)
    return hkdf.derive(secret)


def key_id(secret: bytes) -> bytes:
    """Four bytes that name a master key and reveal nothing of it."""
    return hashlib.sha256(_KEY_ID_LABEL + secret).digest()[:KEY_ID_SIZE]


def tag(key: bytes, message: bytes) -> bytes:
    """The first 16 bytes of HMAC-SHA256 (RFC 2104), as signed links carry it."""
    return hmac.digest(key, message, "sha256")[:TAG_SIZE]


def is_tag(given: bytes, key: bytes, message: bytes) -> bool:
    """Whether that is the tag of the message; takes the same time wherever they differ."""
    return hmac.compare_digest(given, tag(key, message))
