"""Links to content that has no name: uploads of tickets, and views.

A link is signed for one subject, and holds for a time: its `q` is::

    expiry in epoch seconds(8) ‖ HMAC-SHA256 of subject and expiry, first 16 bytes

in base64url without padding. The expiry is rounded, so that a link asked for again is the same and
can be cached.
"""

import base64
import binascii
import struct
from collections.abc import Callable
from uuid import UUID

from common.key_derivation import Purpose, is_tag, tag
from manager.errors import InvalidLink
from manager.files.changes import THUMBNAIL
from storage.keys import KeyRing

LIFE_S = 24 * 3600
"""A link holds for this long at least, and for less than twice as long."""
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
