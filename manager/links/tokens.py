"""What the address of a link holds: 32 random bytes in base64url, which open its file.

The catalog has their SHA-256, by which a link is found, and the bytes themselves encrypted with a master key
(`manager.signing.sealing`): the owner can see the address again, and a copy of the database opens nothing. A
link needs no signing key, and outlives them all: it ends by its own expiry, or when it is revoked.
"""

import secrets
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from common.base64url import to_base64url
from common.key_derivation import Purpose
from common.secret_texts import SECRET_BYTES, hash_of_secret
from manager.signing.sealing import seal, unseal
from storage.keys import KeyRing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """The token of a new link.

    Attributes:
        hash: its SHA-256.
        sealed: the token, encrypted.
    """

    text: str = field(repr=False)
    hash: bytes
    sealed: bytes


class SealedLink(Protocol):
    """A link, to a file or a folder."""

    @property
    def id(self) -> UUID:
        """Names it."""

    @property
    def sealed_token(self) -> bytes:
        """What its address holds, encrypted."""


class LinkTokens:
    """Makes the tokens of links, and reads them again."""

    def __init__(self, keyring: KeyRing) -> None:
        """Encrypts with the newest master key."""
        self._keyring = keyring

    def make(self, link_id: UUID) -> NewToken:
        """A random token for the link of this id."""
        token = secrets.token_bytes(SECRET_BYTES)
        text = to_base64url(token)
        sealed = seal(self._keyring.primary, Purpose.LINK_TOKENS, token, link_id.bytes)
        return NewToken(text=text, hash=hash_of_secret(text), sealed=sealed)

    def text_of(self, link: SealedLink) -> str | None:
        """The token of a link; None if the master key that encrypted it is missing."""
        token = unseal(self._keyring, Purpose.LINK_TOKENS, link.sealed_token, link.id.bytes)
        return None if token is None else to_base64url(token)
