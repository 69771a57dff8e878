"""The connected clients, as the manager sees them."""

from dataclasses import dataclass

from catalog.records import User
from manager.connections.connection import PeerConnection, Reply
from manager.scopes import Login
from protocol.extensions import MODIFICATION_TIMES


@dataclass(slots=True, eq=False)
class ClientSession:
    """One connection of a client, from its handshake to its end.

    Attributes:
        id: uuid of the connection; a user may have several.
        login: who logged in, and what the login is confined to.
        connection: its WebSocket.
        base_url: URL of the manager that the client uses, without a slash at its end.
        address: where it comes from, as `ClientAddresses` identifies clients.
        extensions: what the connection was granted beyond the base protocol.
        is_connected: false from the moment at which the connection, or its login, ended.
    """

    id: str
    login: Login
    connection: PeerConnection
    base_url: str
    address: str
    extensions: frozenset[str] = frozenset()
    is_connected: bool = True

    @property
    def user(self) -> User:
        """Who logged in."""
        return self.login.user

    @property
    def receives_times(self) -> bool:
        """Whether modification times of files are sent to it."""
        return MODIFICATION_TIMES in self.extensions


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """One packet of a client is handled: `reply` answers it before its handler returns, or later."""

    client: ClientSession
    reply: Reply
