"""Signed links: to files without an account, and to content that has no name.

A link to a file names the file and its content::

    file id(8) ‖ object id(16) ‖ signature of both(20)

in base64url without padding: 59 characters. It is valid for as long as the file has this content; new
content is a new object, so it invalidates the link, while renaming and moving do not.

A link to content (uploads of tickets, and views) is signed for one subject, and expires::

    expiry in epoch seconds(8) ‖ signature of subject and expiry(20)

in base64url without padding. The expiry is rounded, so that a link asked for again is the same and
can be cached.

Signatures name their key (`manager.signing.signatures`). Those of earlier releases do not, and have 16 bytes.
A link to a file ends when its key does, too.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from uuid import UUID

from catalog.port import FileStore
from catalog.records import File
from manager.errors import InvalidLink, NoSuchFile
from manager.files.changes import THUMBNAIL
from manager.signing.signatures import Signer

_SUBJECT = struct.Struct(">Q16s")
_PAYLOAD_LENGTHS = frozenset({54, 59})


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The content of a payload: a file, while it has this content."""

    file_id: int
    object_id: UUID


class SignedLinks:
    """Makes and checks payloads."""

    def __init__(self, signer: Signer) -> None:
        """Signs with a signer for `Purpose.SIGNED_DOWNLOADS`."""
        self._signer = signer

    def sign(self, file: File) -> str:
        """The payload for a file as it is now. Whether the user may read it is checked before."""
        subject = _SUBJECT.pack(file.id, file.object_id.bytes)
        return _encoded(subject + self._signer.sign(subject))

    def verify(self, payload: str) -> SignedLink:
        """The content of a payload that this manager signed, without the catalog. Raises `InvalidLink`."""
        signed = _decoded(payload)
        subject, signature = signed[: _SUBJECT.size], signed[_SUBJECT.size :]
        if not self._signer.verify(subject, signature):
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
    if len(payload) not in _PAYLOAD_LENGTHS or not payload.isascii():
        raise InvalidLink
    padding = "=" * (-len(payload) % 4)
    try:
        signed = base64.b64decode(payload + padding, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise InvalidLink from error
    if _encoded(signed) != payload:
        raise InvalidLink
    return signed


def _encoded(signed: bytes) -> str:
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


LIFE_S = 24 * 3600
"""A link is valid for this long at least, and for twice as long at most."""
_EXPIRY = struct.Struct(">Q")


class ContentLinks:
    """Makes and checks links."""

    def __init__(self, signer: Signer) -> None:
        """Signs with a signer for `Purpose.CONTENT_LINKS`."""
        self._signer = signer

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
        expires_at = (int(self._signer.now()) // LIFE_S + 2) * LIFE_S
        expiry = _EXPIRY.pack(expires_at)
        return _encoded(expiry + self._signer.sign(expiry + subject.encode()))

    def _check(self, subject: str, payload: str) -> None:
        try:
            signed = base64.b64decode(payload + "=" * (-len(payload) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidLink from error
        expiry, signature = signed[: _EXPIRY.size], signed[_EXPIRY.size :]
        if not self._signer.verify(expiry + subject.encode(), signature):
            raise InvalidLink
        (expires_at,) = _EXPIRY.unpack(expiry)
        if expires_at <= self._signer.now():
            raise InvalidLink


def _of_file(object_id: UUID) -> str:
    return f"file/{object_id}"


def _of_view(object_id: UUID, name: str) -> str:
    return f"view/{object_id}/{name}"
