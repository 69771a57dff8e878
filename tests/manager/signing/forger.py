"""What whoever has the master keys could sign in earlier releases, and where it is tried."""

import base64
import struct
from dataclasses import dataclass
from uuid import UUID

import aiohttp
import jwt

from catalog.records import File
from common.key_derivation import Purpose, derive_key, tag
from storage.keys import KeyRing

FOR_EVER = 2**40


@dataclass(frozen=True)
class Forger:
    """Signs as release 0.2.0 did, with the secrets derived from the oldest master key."""

    keyring: KeyRing

    def secret(self, purpose: Purpose) -> bytes:
        """The secret for one purpose."""
        return derive_key(list(self.keyring)[-1].secret, purpose)

    def token(self, user_id: int, epoch: int = 0) -> str:
        """A token of a user, for ever."""
        claims = {"sub": str(user_id), "epoch": epoch, "iat": 1, "exp": FOR_EVER}
        return jwt.encode(claims, self.secret(Purpose.USER_TOKENS), algorithm="HS256")

    def ticket(self, upload_id: UUID) -> str:
        """A ticket for 5 bytes, for ever."""
        claims = {"sub": str(upload_id), "type": "image/png", "size": 5, "exp": FOR_EVER}
        return jwt.encode(claims, self.secret(Purpose.UPLOAD_TICKETS), algorithm="HS256")

    def link(self, file: File) -> str:
        """The payload of a link to a file."""
        subject = struct.pack(">Q16s", file.id, file.object_id.bytes)
        return encoded(subject + tag(self.secret(Purpose.SIGNED_DOWNLOADS), subject))

    def content_link(self, object_id: UUID) -> str:
        """The signature of a link to content, for ever."""
        expiry = struct.pack(">Q", FOR_EVER)
        message = expiry + f"file/{object_id}".encode()
        return encoded(expiry + tag(self.secret(Purpose.CONTENT_LINKS), message))


def encoded(signed: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


async def status_of(url: str, path: str, *, token: str | None = None, **query: str) -> int:
    """The HTTP status of a GET."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{url}{path}", params=query, headers=headers) as response,
    ):
        return response.status
