"""Links that earlier releases have signed. None is made any more; they end with the key that signed them.

Such a link names the file and its content::

    file id(8) ‖ object id(16) ‖ signature of both(20; up to 0.2.0: 16)

in base64url without padding: 59 (54) characters. It has no row, so that it has neither an owner whose rights
could be checked, nor an end of its own, except that of the content.
"""

import struct
from dataclasses import dataclass
from uuid import UUID

from catalog.port import FileStore
from catalog.records import File
from common.base64url import from_base64url, to_base64url
from manager.errors import InvalidLink, NoSuchFile
from manager.signing.signatures import Signer

_SUBJECT = struct.Struct(">Q16s")
PAYLOAD_LENGTHS = frozenset({54, 59})
"""Characters of such a payload; the token of a link that has a row has another length."""


@dataclass(frozen=True, slots=True)
class EarlierLinkTarget:
    """What a payload names: a file, while it has this content."""

    file_id: int
    object_id: UUID


class EarlierLinks:
    """Checks payloads that were signed for `Purpose.SIGNED_DOWNLOADS`."""

    def __init__(self, signer: Signer, *, are_accepted: bool) -> None:
        """Takes what it uses.

        Args:
            signer: Verifies, as long as a key's time lasts.
            are_accepted: False refuses all payloads.
        """
        self._signer = signer
        self._are_accepted = are_accepted

    def verify(self, payload: str) -> EarlierLinkTarget:
        """What a payload that was signed names, without the catalog. Raises `InvalidLink`."""
        signed = _decoded(payload)
        subject, signature = signed[: _SUBJECT.size], signed[_SUBJECT.size :]
        if not self._are_accepted or not self._signer.verify(subject, signature):
            raise InvalidLink
        file_id, object_id = _SUBJECT.unpack(subject)
        return EarlierLinkTarget(file_id, UUID(bytes=object_id))

    async def find(self, payload: str, files: FileStore) -> File:
        """The file that a payload names.

        Raises:
            InvalidLink: It is forged, cut off, or its time is over.
            NoSuchFile: The file is gone, or has other content by now.
        """
        signed = self.verify(payload)
        file = await files.file_by_id(signed.file_id)
        if file is None or file.object_id != signed.object_id:
            raise NoSuchFile
        return file


def _decoded(payload: str) -> bytes:
    # One spelling per link: other lengths, alphabets and paddings are refused.
    if len(payload) not in PAYLOAD_LENGTHS or not payload.isascii():
        raise InvalidLink
    try:
        signed = from_base64url(payload)
    except ValueError as error:
        raise InvalidLink from error
    if to_base64url(signed) != payload:
        raise InvalidLink
    return signed
