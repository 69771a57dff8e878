"""The logins of connected clients: a connection ends with the session or app password that opened it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Protocol
from uuid import UUID

import structlog

from catalog.account_port import AccountStore
from catalog.errors import CatalogError
from catalog.login_port import AppPasswordStore, SessionStore
from catalog.records import User
from common.tasks import BackgroundTasks, first_of
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientSession
from manager.connections.connection import POLICY_VIOLATION, PeerConnection
from manager.error_texts import log_level
from manager.scopes import Login, scope_of

CHECK_INTERVAL_S = 10.0
"""Seconds between two looks at what other managers of the catalog have ended."""
MAX_ENDED = 10_000
"""How many ended sessions are remembered, whose connections may just be opened."""

log = structlog.get_logger(__name__)


class LoginStore(AccountStore, SessionStore, AppPasswordStore, Protocol):
    """What the logins of connected clients are compared with."""


class LoginRevocation:
    """Disconnects clients whose login is not valid any more."""

    def __init__(
        self,
        hub: Hub,
        tasks: BackgroundTasks,
        catalog: LoginStore,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            hub: The connected clients.
            tasks: Runs the closing handshakes.
            catalog: Has what was ended elsewhere.
            sleep: Waits for seconds.
        """
        self._hub = hub
        self._tasks = tasks
        self._catalog = catalog
        self._sleep = sleep
        self._oldest_epochs: dict[int, int] = {}
        self._ended: OrderedDict[UUID, None] = OrderedDict()
        self._woken = asyncio.Event()
        self._tell_others: Callable[[], None] = lambda: None

    def look_soon(self) -> None:
        """Another manager has ended something: looks at the catalog now."""
        self._woken.set()

    def tell_others_by(self, tell: Callable[[], None]) -> None:
        """Calls this whenever something was ended here, for other managers."""
        self._tell_others = tell

    def revoke(self, user_id: int, *, before_epoch: int) -> None:
        """Closes the user's connections with logins of an older epoch, also those being opened.

        Clients with an app password, which outlives a change of password, connect again.
        """
        self._oldest_epochs[user_id] = max(before_epoch, self._oldest_epochs.get(user_id, 0))
        for client in self._hub:
            if client.user.id == user_id and self.is_revoked(client.login):
                self._disconnect(client)
        self._tell_others()

    def revoke_all(self) -> None:
        """Closes all connections: clients with a token that is still valid connect again."""
        for client in self._hub:
            self._disconnect(client)

    def end(self, ids: Iterable[UUID]) -> None:
        """Closes the connections of these sessions and app passwords, also those being opened."""
        ended = set(ids)
        if ended:
            self._end(ended)
            self._tell_others()

    def _end(self, ended: set[UUID]) -> None:
        self._ended.update(dict.fromkeys(ended))
        while len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
        for client in self._hub:
            if not ended.isdisjoint(_ids_of(client.login)):
                self._disconnect(client)

    def carry(self, session_id: UUID, user: User) -> None:
        """The user has changed the password in this session, whose connections stay."""
        for client in self._hub:
            if client.login.session_id == session_id and client.user.id == user.id:
                client.login = replace(client.login, user=user)

    def is_revoked(self, login: Login) -> bool:
        """Whether the password was changed, or the session ended, after this was authenticated."""
        is_outdated = login.user.token_epoch < self._oldest_epochs.get(login.user.id, 0)
        return is_outdated or any(each in self._ended for each in _ids_of(login))

    async def run(self) -> None:
        """Follows the catalog, until cancelled."""
        while True:
            await first_of(self._sleep(CHECK_INTERVAL_S), self._woken.wait())
            self._woken.clear()
            try:
                await self.check()
            except CatalogError as error:
                log.log(log_level(error), "logins-not-checked", code=error.code)

    async def check(self) -> None:
        """Disconnects whose login has ended in the catalog, by its time or elsewhere.

        Also notes where the folders are now that app passwords are confined to. Raises `CatalogError`.
        """
        await self._check_sessions()
        await self._check_app_passwords()
        await self._check_users()

    async def _check_sessions(self) -> None:
        ids = {client.login.session_id for client in self._hub} - {None}
        known = {each for each in ids if each is not None}
        if known:
            self._end(known - await self._catalog.live_sessions(known))

    async def _check_app_passwords(self) -> None:
        known = {
            client.login.app_password_id
            for client in self._hub
            if client.login.app_password_id is not None
        }
        if not known:
            return
        live = {each.id: each for each in await self._catalog.live_app_passwords(known)}
        self._end(known - live.keys())
        for client in self._hub:
            found = live.get(client.login.app_password_id or UUID(int=0))
            if found is not None:
                client.login = replace(client.login, scope=scope_of(found))

    async def _check_users(self) -> None:
        """Those of tokens of earlier releases, which have no session."""
        for client in self._hub:
            if not _ids_of(client.login):
                user = await self._catalog.user_by_id(client.user.id)
                if user is None or user.token_epoch != client.user.token_epoch:
                    self._disconnect(client)

    def _disconnect(self, client: ClientSession) -> None:
        # Thousands of received frames may still wait for their handlers.
        client.is_connected = False
        self._tasks.spawn(close_revoked_login(client.connection), "disconnect a user")


def _ids_of(login: Login) -> frozenset[UUID]:
    return frozenset(each for each in (login.session_id, login.app_password_id) if each is not None)


async def close_revoked_login(connection: PeerConnection) -> None:
    """Closes a connection whose login was revoked, with the reason."""
    await connection.close(POLICY_VIOLATION, "this login has ended: log in again")
