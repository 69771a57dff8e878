"""The connected clients, as the manager sees them."""

from dataclasses import dataclass, field
from typing import Protocol

from catalog.records import User
from manager.connections.connection import PeerConnection, Reply
from manager.uploads.overwrites import Action, OverwriteQueue


class ClientUpload(Protocol):
    """An upload that has not ended, as its client acts on it."""

    def abort(self) -> None:
        """The client wants no more of it. Raises `IllegalTransition` when it is too late."""

    def decided(self, action: Action) -> None:
        """The client, or its standing answer, says what to do about the taken name."""

    def ask(self) -> None:
        """Asks the client, perhaps once more, what to do about the taken name."""

    def client_left(self) -> None:
        """The client is gone."""


@dataclass(slots=True, eq=False)
class ClientSession:
    """One connection of a client, from its handshake to its end.

    Attributes:
        id: uuid of the connection; a user may have several.
        user: whoever logged in.
        connection: the way to the client.
        base_url: URL of the manager as the client reaches it, without a slash at its end.
        extensions: what the connection was granted beyond the base protocol.
        is_connected: false from the moment at which the connection, or its login, ended.
        overwrites: what the client was asked about taken names.
        uploads: its uploads that have not ended, by upload id.
    """

    id: str
    user: User
    connection: PeerConnection
    base_url: str
    extensions: frozenset[str] = frozenset()
    is_connected: bool = True
    overwrites: OverwriteQueue = field(default_factory=OverwriteQueue)
    uploads: dict[str, ClientUpload] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """One packet of a client is handled: `reply` answers it before its handler returns, or later."""

    client: ClientSession
    reply: Reply
