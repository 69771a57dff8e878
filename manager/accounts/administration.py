"""What administrators do with the accounts of others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from catalog.account_port import NO_PASSWORD, AccountPage
from catalog.errors import LastAdministrator, UserHasFiles, UserMissing
from catalog.port import Catalog
from catalog.records import User
from manager.accounts.accounts import Accounts
from manager.accounts.logins import Logins
from manager.broadcast.changes import ChangeFeed
from manager.errors import (
    InvalidRequest,
    NoSuchUser,
    NotAdministrator,
    OnlyAdministrator,
    OwnAccount,
)
from protocol.values import PAGE_SIZE

FILES_AT_ONCE = 500
"""Given or deleted in one transaction: other writers wait some 20 ms for it."""

WORK_S = 2.0
"""How long one request removes a user before it tells how far it has come."""

log = structlog.get_logger(__name__)


class UserAdministration:
    """Every call names who makes it, and is refused unless that user is administrator now."""

    def __init__(
        self,
        catalog: Catalog,
        accounts: Accounts,
        logins: Logins,
        changes: ChangeFeed,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._accounts = accounts
        self._logins = logins
        self._changes = changes
        self._monotonic = monotonic

    async def list_accounts(self, administrator: User, *, query: str, page: int) -> AccountPage:
        """Users whose name contains `query`, `PAGE_SIZE` a page. Raises `NotAdministrator`."""
        await self._require_administrator(administrator)
        return await self._catalog.list_accounts(
            query=query, offset=page * PAGE_SIZE, limit=PAGE_SIZE
        )

    async def set_password(self, administrator: User, user_id: int, password: str) -> None:
        """Gives another user a new password, and ends the user's logins.

        Raises `NotAdministrator`, `OwnAccount`, `NoSuchUser`, `Overloaded`.
        """
        await self._require_administrator(administrator)
        if user_id == administrator.id:
            raise OwnAccount("change your own password with the present one")
        password_hash = await self._accounts.hashed(password)
        # Many may have been hashed before this one, which takes seconds.
        await self._require_administrator(administrator)
        with _told_to_people():
            user = await self._catalog.set_password(user_id, password_hash)
        self._logins.end(user.id, before_epoch=user.token_epoch)
        log.info("password-reset", user=user.id, by=administrator.id)

    async def set_role(self, administrator: User, user_id: int, *, is_admin: bool) -> None:
        """Makes a user an administrator, or not any more.

        Raises `NotAdministrator`, `NoSuchUser`, `OnlyAdministrator`.
        """
        await self._require_administrator(administrator)
        with _told_to_people():
            user = await self._catalog.set_role(user_id, is_admin=is_admin)
        log.info("role-set", user=user.id, is_admin=is_admin, by=administrator.id)

    async def remove(self, administrator: User, user_id: int, heir_id: int | None) -> int:
        """Removes another user for a while; how many of the user's files remain. At 0 it is done.

        The user is logged out and locked out at once; then files go to the heir or, without one,
        are deleted. Every step is durable, and the next call goes on behind it.
        Raises `NotAdministrator`, `OwnAccount`, `NoSuchUser`, `OnlyAdministrator`, `InvalidRequest`.
        """
        await self._require_administrator(administrator)
        await self._check_removal(administrator, user_id, heir_id)
        with _told_to_people():
            user = await self._catalog.lock_user(user_id)
            self._logins.end(user.id, before_epoch=user.token_epoch)
            remaining = await self._release_files(administrator, user_id, heir_id)
        if remaining == 0:
            log.info("user-removed", user=user.id, heir=heir_id, by=administrator.id)
        return remaining

    async def _require_administrator(self, user: User) -> None:
        """What a connection knows of its user may be out of date. Raises `NotAdministrator`."""
        now = await self._catalog.user_by_id(user.id)
        if now is None or not now.is_admin or now.token_epoch != user.token_epoch:
            raise NotAdministrator

    async def _check_removal(self, administrator: User, user_id: int, heir_id: int | None) -> None:
        if user_id == administrator.id:
            raise OwnAccount("another administrator has to remove you")
        if heir_id == user_id:
            raise InvalidRequest("heir_id: choose another user than the one to remove")
        if heir_id is None:
            return
        heir = await self._catalog.user_by_id(heir_id)
        if heir is None:
            raise InvalidRequest("heir_id: there is no such user")
        if heir.password_hash == NO_PASSWORD:
            raise InvalidRequest("heir_id: the removal of that user has begun")

    async def _release_files(self, administrator: User, user_id: int, heir_id: int | None) -> int:
        deadline = self._monotonic() + WORK_S
        while True:
            released = await self._catalog.release_files(
                user_id, heir_id=heir_id, limit=FILES_AT_ONCE
            )
            for placed in released.files:
                self._changes.file_changed("delete" if heir_id is None else "modify", placed)
            await self._changes.all_told()
            if released.remaining == 0 and await self._is_removed(user_id):
                return 0
            if self._monotonic() >= deadline:
                # An upload that was finished at the last moment is a file that remains.
                return max(1, released.remaining)
            await self._require_administrator(administrator)

    async def _is_removed(self, user_id: int) -> bool:
        try:
            await self._catalog.remove_user(user_id)
        except UserHasFiles:
            return False
        return True


@contextmanager
def _told_to_people() -> Iterator[None]:
    try:
        yield
    except UserMissing as error:
        raise NoSuchUser from error
    except LastAdministrator as error:
        raise OnlyAdministrator from error
