"""What administrators do with the accounts of other users."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from catalog.account_port import NO_PASSWORD, AccountPage
from catalog.errors import LastAdministrator, UserHasFiles, UserMissing
from catalog.port import Catalog
from catalog.records import User
from manager.accounts.credentials import Passwords
from manager.accounts.logins import LoginRevocation
from manager.errors import (
    InvalidRequest,
    NoSuchUser,
    NotAdministrator,
    OnlyAdministrator,
    OwnAccount,
)
from manager.files.changes import ChangeFeed
from protocol.values import PAGE_SIZE

FILES_AT_ONCE = 500
"""Files transferred or deleted per transaction, for which other writers wait some 20 ms."""

WORK_S = 2.0
"""Seconds for which one request removes a user before it returns how many files remain."""

log = structlog.get_logger(__name__)


class UserAdministration:
    """Manages the accounts of other users.

    Every method takes the calling user and raises `NotAdministrator` unless the catalog says now that
    this user is an administrator.
    """

    def __init__(
        self,
        catalog: Catalog,
        passwords: Passwords,
        logins: LoginRevocation,
        changes: ChangeFeed,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._passwords = passwords
        self._logins = logins
        self._changes = changes
        self._monotonic = monotonic

    async def list_accounts(self, administrator: User, *, query: str, page: int) -> AccountPage:
        """Users whose name contains `query`, in pages of `PAGE_SIZE` from page 0.

        Raises `NotAdministrator`.
        """
        await self._require_administrator(administrator)
        return await self._catalog.list_accounts(
            query=query, offset=page * PAGE_SIZE, limit=PAGE_SIZE
        )

    async def set_password(self, administrator: User, user_id: int, password: str) -> None:
        """Replaces another user's password and revokes that user's logins.

        Raises `NotAdministrator`, `OwnAccount`, `NoSuchUser`, `Overloaded`.
        """
        await self._require_administrator(administrator)
        if user_id == administrator.id:
            raise OwnAccount("change your own password with the present one")
        password_hash = await self._passwords.hash(password)
        # Other hashes may have been queued before this one, which takes seconds.
        await self._require_administrator(administrator)
        with _translated_account_errors():
            user = await self._catalog.set_password(user_id, password_hash)
        self._logins.revoke(user.id, before_epoch=user.token_epoch)
        log.info("password-reset", user=user.id, by=administrator.id)

    async def set_role(self, administrator: User, user_id: int, *, is_admin: bool) -> None:
        """Grants or withdraws the role of administrator.

        Raises `NotAdministrator`, `NoSuchUser`, `OnlyAdministrator`.
        """
        await self._require_administrator(administrator)
        with _translated_account_errors():
            user = await self._catalog.set_role(user_id, is_admin=is_admin)
        log.info("role-set", user=user.id, is_admin=is_admin, by=administrator.id)

    async def remove(self, administrator: User, user_id: int, heir_id: int | None) -> int:
        """Removes another user for up to `WORK_S` seconds, and returns how many files remain.

        The first step locks the user and revokes the logins; then files go to the heir or, when
        `heir_id` is None, are deleted. Every step is durable, and the next call continues after it.
        At 0 the user is removed.

        Raises `NotAdministrator`, `OwnAccount`, `NoSuchUser`, `OnlyAdministrator`, `InvalidRequest`.
        """
        await self._require_administrator(administrator)
        await self._check_removal(administrator, user_id, heir_id)
        with _translated_account_errors():
            user = await self._catalog.lock_user(user_id)
            self._logins.revoke(user.id, before_epoch=user.token_epoch)
            remaining = await self._release_files(administrator, user_id, heir_id)
        if remaining == 0:
            log.info("user-removed", user=user.id, heir=heir_id, by=administrator.id)
        return remaining

    async def _require_administrator(self, user: User) -> None:
        """Reads the catalog: the user record of a connection may be stale."""
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
            with self._changes.expecting():
                released = await self._catalog.release_files(
                    user_id, heir_id=heir_id, limit=FILES_AT_ONCE
                )
                self._changes.files_changed(
                    "delete" if heir_id is None else "modify", released.files, released.sequence
                )
            await self._changes.all_told()
            if released.remaining == 0 and await self._is_removed(user_id):
                return 0
            if self._monotonic() >= deadline:
                # An upload that was committed meanwhile is one more file, so that 0 would be wrong.
                return max(1, released.remaining)
            await self._require_administrator(administrator)

    async def _is_removed(self, user_id: int) -> bool:
        try:
            await self._catalog.remove_user(user_id)
        except UserHasFiles:
            return False
        return True


@contextmanager
def _translated_account_errors() -> Iterator[None]:
    try:
        yield
    except UserMissing as error:
        raise NoSuchUser from error
    except LastAdministrator as error:
        raise OnlyAdministrator from error
