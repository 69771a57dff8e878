"""The logins of connected clients, which end when the password is another one."""

from catalog.records import User
from manager.broadcast.hub import Hub
from manager.connections.connection import PeerConnection
from manager.tasks import BackgroundTasks

POLICY_VIOLATION = 1008


class Logins:
    """Who may stay connected."""

    def __init__(self, hub: Hub, tasks: BackgroundTasks) -> None:
        self._hub = hub
        self._tasks = tasks
        self._oldest_epochs: dict[int, int] = {}

    def end(self, user_id: int, *, before_epoch: int) -> None:
        """Ends the user's connections with tokens of an older epoch, even those just being made."""
        self._oldest_epochs[user_id] = max(before_epoch, self._oldest_epochs.get(user_id, 0))
        for client in self._hub:
            if client.user.id == user_id and self.is_over(client.user):
                # Thousands of frames may have come in that have not been begun.
                client.is_connected = False
                self._tasks.spawn(say_login_is_over(client.connection), "disconnect a user")

    def is_over(self, user: User) -> bool:
        """Whether the password was changed after the user was authenticated."""
        return user.token_epoch < self._oldest_epochs.get(user.id, 0)


async def say_login_is_over(connection: PeerConnection) -> None:
    """Closes a connection whose login has ended."""
    await connection.close(POLICY_VIOLATION, "the password was changed: log in again")
