"""The logins of connected clients, which a new password revokes, or the loss of the key that signed them."""

from catalog.records import User
from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientSession
from manager.connections.connection import PeerConnection

POLICY_VIOLATION = 1008


class LoginRevocation:
    """Disconnects clients whose token is not valid any more."""

    def __init__(self, hub: Hub, tasks: BackgroundTasks) -> None:
        self._hub = hub
        self._tasks = tasks
        self._oldest_epochs: dict[int, int] = {}

    def revoke(self, user_id: int, *, before_epoch: int) -> None:
        """Closes the user's connections with tokens of an older epoch, also those being opened."""
        self._oldest_epochs[user_id] = max(before_epoch, self._oldest_epochs.get(user_id, 0))
        for client in self._hub:
            if client.user.id == user_id and self.is_revoked(client.user):
                self._disconnect(client)

    def revoke_all(self) -> None:
        """Closes all connections: clients with a token that is still valid connect again."""
        for client in self._hub:
            self._disconnect(client)

    def is_revoked(self, user: User) -> bool:
        """Whether the password was changed after the user was authenticated."""
        return user.token_epoch < self._oldest_epochs.get(user.id, 0)

    def _disconnect(self, client: ClientSession) -> None:
        # Thousands of received frames may still wait for their handlers.
        client.is_connected = False
        self._tasks.spawn(close_revoked_login(client.connection), "disconnect a user")


async def close_revoked_login(connection: PeerConnection) -> None:
    """Closes a connection whose login was revoked, with the reason."""
    await connection.close(POLICY_VIOLATION, "this login has ended: log in again")
