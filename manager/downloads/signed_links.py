"""Links that download a file without an account.

A payload names a file and its content, and is signed by the manager::

    file id(8) ‖ object id(16) ‖ HMAC-SHA256 of both, first 16 bytes

in base64url without padding: 54 characters. It holds for as long as the file has this content; new
content is a new object, so the link dies with the old one, while renaming and moving leave it alive.
The secret is derived from the oldest master key, so that rotation, which puts new keys first, leaves
links alive too.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from uuid import UUID

from catalog.port import FileStore
from catalog.records import File
from common.key_derivation import Purpose, is_tag, tag
from manager.errors import InvalidLink, NoSuchFile
from storage.keys import KeyRing

_SUBJECT = struct.Struct(">Q16s")
_PAYLOAD_LENGTH = 54


@dataclass(frozen=True, slots=True)
class SignedLink:
    """What a payload says: this file, while it has this content."""

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
        """What a payload of ours says. Raises `InvalidLink`, without asking the catalog."""
        signed = _decoded(payload)
        subject, found = signed[: _SUBJECT.size], signed[_SUBJECT.size :]
        if not is_tag(found, self._secret, subject):
            raise InvalidLink
        file_id, object_id = _SUBJECT.unpack(subject)
        return SignedLink(file_id, UUID(bytes=object_id))

    async def find(self, payload: str, files: FileStore) -> File:
        """The file that a payload stands for.

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
