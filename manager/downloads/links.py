"""Signed links: to files without an account, and to content that has no name.

A link to a file names the file and its content::

    file id(8) ‖ object id(16) ‖ HMAC-SHA256 of both, first 16 bytes

in base64url without padding: 54 characters. It is valid for as long as the file has this content; new
content is a new object, so it invalidates the link, while renaming and moving do not.

A link to content (uploads of tickets, and views) is signed for one subject, and expires::

    expiry in epoch seconds(8) ‖ HMAC-SHA256 of subject and expiry, first 16 bytes

in base64url without padding. The expiry is rounded, so that a link asked for again is the same and
can be cached.

Both secrets are derived from the oldest master key, so that rotation, which puts new keys first, keeps
links valid.
"""

import base64
import binascii
import struct
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from catalog.port import FileStore
from catalog.records import File
from common.key_derivation import Purpose, is_tag, tag
from manager.errors import InvalidLink, NoSuchFile
from manager.files.changes import THUMBNAIL
from storage.keys import KeyRing

_SUBJECT = struct.Struct(">Q16s")
_PAYLOAD_LENGTH = 54


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The content of a payload: a file, while it has this content."""

    file_id: int
    object_id: UUID


class SignedLinks:
    """Makes and checks payloads."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def of(cls, keyring: KeyRing) -> "SignedLinks":
        """Signs with a secret that belongs to the oldest of the master keys."""
        return cls(keyring.signing_key(Purpose.SIGNED_DOWNLOADS))

    def sign(self, file: File) -> str:
        """The payload for a file as it is now. Whether the user may read it is checked before."""
        subject = _SUBJECT.pack(file.id, file.object_id.bytes)
        return base64.urlsafe_b64encode(subject + tag(self._secret, subject)).rstrip(b"=").decode()

    def verify(self, payload: str) -> SignedLink:
        """The content of a payload that this manager signed, without the catalog. Raises `InvalidLink`."""
        signed = _decoded(payload)
        subject, found = signed[: _SUBJECT.size], signed[_SUBJECT.size :]
        if not is_tag(found, self._secret, subject):
            raise InvalidLink
        file_id, object_id = _SUBJECT.unpack(subject)
        return SignedLink(file_id, UUID(bytes=object_id))

    async def find(self, payload: str, files: FileStore) -> File:
        """The file that a payload names.

        Raises:
            InvalidLink: it is forged or cut off.
            NoSuchFile: the file is gone, or has other content by now.
        """
        link = self.verify(payload)
        file = await files.file_by_id(link.file_id)
        if file is None or file.object_id != link.object_id:
            raise NoSuchFile
        return file


def _decoded(payload: str) -> bytes:
    # One spelling per link: other lengths, alphabets and paddings are refused.
    if len(payload) != _PAYLOAD_LENGTH or not payload.isascii():
        raise InvalidLink
    try:
        signed = base64.b64decode(payload + "==", altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise InvalidLink from error
    if base64.urlsafe_b64encode(signed).rstrip(b"=").decode() != payload:
        raise InvalidLink
    return signed


LIFE_S = 24 * 3600
"""A link is valid for this long at least, and for less than twice as long."""
_EXPIRY = struct.Struct(">Q")


class ContentLinks:
    """Makes and checks links."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    @classmethod
    def of(cls, keyring: KeyRing, clock: Callable[[], float]) -> "ContentLinks":
        """Signs with a secret that belongs to the oldest of the master keys."""
        return cls(keyring.signing_key(Purpose.CONTENT_LINKS), clock)

    def file(self, object_id: UUID) -> str:
        """Path and query of the content of an object."""
        return f"/files/{object_id}?q={self._signed(_of_file(object_id))}"

    def view(self, object_id: UUID, name: str) -> str:
        """Path and query of a view of an object."""
        return f"/views/{object_id}/{name}?q={self._signed(_of_view(object_id, name))}"

    def thumbnail(self, object_id: UUID) -> str:
        """Path and query of the thumbnail of an object."""
        return self.view(object_id, THUMBNAIL)

    def check_file(self, object_id: UUID, payload: str) -> None:
        """Returns if the payload is for that object. Raises `InvalidLink`."""
        self._check(_of_file(object_id), payload)

    def check_view(self, object_id: UUID, name: str, payload: str) -> None:
        """Returns if the payload is for that view. Raises `InvalidLink`."""
        self._check(_of_view(object_id, name), payload)

    def _signed(self, subject: str) -> str:
        expires_at = (int(self._clock()) // LIFE_S + 2) * LIFE_S
        expiry = _EXPIRY.pack(expires_at)
        return (
            base64.urlsafe_b64encode(expiry + tag(self._secret, expiry + subject.encode()))
            .rstrip(b"=")
            .decode()
        )

    def _check(self, subject: str, payload: str) -> None:
        try:
            signed = base64.b64decode(payload + "=" * (-len(payload) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidLink from error
        expiry, found = signed[: _EXPIRY.size], signed[_EXPIRY.size :]
        if len(expiry) != _EXPIRY.size or not is_tag(
            found, self._secret, expiry + subject.encode()
        ):
            raise InvalidLink
        (expires_at,) = _EXPIRY.unpack(expiry)
        if expires_at <= self._clock():
            raise InvalidLink


def _of_file(object_id: UUID) -> str:
    return f"file/{object_id}"


def _of_view(object_id: UUID, name: str) -> str:
    return f"view/{object_id}/{name}"
