"""Signed links to content that has no name: uploads of tickets, and views. They expire.

A link is signed for one subject::

    expiry in epoch seconds(8) ‖ signature of subject and expiry(20)

in base64url without padding. The expiry is rounded, so that a link asked for again is the same and
can be cached. Signatures name their key (`manager.signing.signatures`). Those of earlier releases do not, and
have 16 bytes.
"""

import struct
from uuid import UUID

from common.base64url import from_base64url, to_base64url
from manager.errors import InvalidLink
from manager.files.changes import THUMBNAIL
from manager.signing.signatures import Signer

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
        return to_base64url(expiry + self._signer.sign(expiry + subject.encode()))

    def _check(self, subject: str, payload: str) -> None:
        try:
            signed = from_base64url(payload)
        except ValueError as error:
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
