"""What a peer says about itself in the query of its WebSocket request."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from yarl import URL

from manager.errors import InvalidRequest
from protocol.extensions import parse_extensions
from protocol.values import is_uuid

MAX_ADDRESS_LENGTH = 2048


class PeerType(StrEnum):
    """What a peer is."""

    CLIENT = "client"
    UPLOAD = "upload"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The parameters of a connection. `key` is a user token or the service password."""

    type: PeerType
    key: str
    extensions: frozenset[str]
    query: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Handshake(type={self.type.value})"

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Handshake":
        """Takes them from a query. Raises `InvalidRequest`."""
        try:
            peer_type = PeerType(query.get("type", ""))
        except ValueError:
            choices = ", ".join(peer_type.value for peer_type in PeerType)
            raise InvalidRequest(f"type: must be one of {choices}") from None
        return cls(
            type=peer_type,
            key=query.get("key", ""),
            extensions=parse_extensions(query.get("extensions", "")),
            query=query,
        )

    def upload_address(self) -> str:
        """The URL that clients send chunks to. Raises `InvalidRequest`."""
        text = self.query.get("address", "")
        try:
            url = URL(text)
        except ValueError:
            url = URL()
        if url.scheme not in {"http", "https"} or not url.host or len(text) > MAX_ADDRESS_LENGTH:
            raise InvalidRequest("address: must be the http or https URL that clients can reach")
        return text

    def process(self) -> str:
        """The process that a slot belongs to. Raises `InvalidRequest`."""
        process = self.query.get("process", "")
        if not is_uuid(process):
            raise InvalidRequest("process: must be the uuid of the upload service's process")
        return process
