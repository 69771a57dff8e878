"""Handles packets about other users: searching for them, and what administrators do with accounts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from catalog.account_port import NO_PASSWORD, Account
from catalog.errors import LastAdministrator, QuotaExceeded, UserHasFiles, UserMissing
from catalog.port import Catalog
from catalog.records import AuditOutcome, User
from manager.accounts.app_passwords import AppPasswords
from manager.accounts.credentials import Passwords
from manager.accounts.logins import LoginRevocation
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import (
    InvalidRequest,
    NoSuchUser,
    NotAdministrator,
    OnlyAdministrator,
    OwnAccount,
)
from manager.files.changes import ChangeFeed
from manager.files.conversion import timestamp
from protocol import c2s, generic, s2c
from protocol.values import PAGE_SIZE

MAX_RESULTS = 100
"""Users that a search returns at most."""

FILES_AT_ONCE = 500
"""Files transferred or deleted per transaction, for which other writers wait some 20 ms."""

WORK_S = 2.0
"""Seconds for which one request removes a user before it returns how many files remain."""


class UserAdministration:
    """The handlers of packets about other users.

    All but `search_users` raise `NotAdministrator` unless the client's user is an administrator in the
    catalog now.
    """

    def __init__(
        self,
        catalog: Catalog,
        passwords: Passwords,
        app_passwords: AppPasswords,
        logins: LoginRevocation,
        changes: ChangeFeed,
        audit: AuditLog,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._passwords = passwords
        self._app_passwords = app_passwords
        self._logins = logins
        self._changes = changes
        self._audit = audit
        self._monotonic = monotonic

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.UserSearchRequest: self.search_users,
            c2s.UserListRequest: self.list_users,
            c2s.UserPasswordSet: self.set_password,
            c2s.UserRoleSet: self.set_role,
            c2s.UserRemove: self.remove_user,
        }

    async def search_users(self, _: ClientRequest, packet: c2s.UserSearchRequest) -> s2c.UserSearch:
        """Users whose name contains the query, those that start with it first."""
        users = await self._catalog.search_users(packet.query, limit=MAX_RESULTS)
        results = tuple(s2c.UserHandle(id=user.id, name=user.name) for user in users)
        return s2c.UserSearch(success=True, results=results)

    async def list_users(self, request: ClientRequest, packet: c2s.UserListRequest) -> s2c.UserList:
        """A page of the users whose name contains the query, with the number and size of their files."""
        await self._require_administrator(request.client.user)
        found = await self._catalog.list_accounts(
            query=packet.query or "", offset=packet.page * PAGE_SIZE, limit=PAGE_SIZE
        )
        return s2c.UserList(
            page=packet.page,
            page_size=PAGE_SIZE,
            total=found.total,
            users=tuple(_account(account) for account in found.accounts),
        )

    async def set_password(
        self, request: ClientRequest, packet: c2s.UserPasswordSet
    ) -> generic.Boolean:
        """Replaces another user's password and ends that user's logins, app passwords included.

        Whoever has taken over an account may have made some.

        Raises `OwnAccount`, `NoSuchUser`, `Overloaded`.
        """
        administrator = request.client.user
        await self._require_administrator(administrator)
        if packet.user_id == administrator.id:
            raise OwnAccount("change your own password with the present one")
        password_hash = await self._passwords.hash(packet.password)
        # Other hashes may have been queued before this one, which takes seconds.
        await self._require_administrator(administrator)
        # First, so that none is left over if this breaks off.
        await self._app_passwords.revoke_all_of(packet.user_id)
        with _translated_account_errors():
            user = await self._catalog.set_password(packet.user_id, password_hash)
        self._logins.revoke(user.id, before_epoch=user.token_epoch)
        self._record(AuditAction.PASSWORD_RESET, request, user)
        return generic.Boolean(success=True)

    async def set_role(self, request: ClientRequest, packet: c2s.UserRoleSet) -> generic.Boolean:
        """Grants or withdraws the role of administrator.

        Raises `NoSuchUser`, `OnlyAdministrator`.
        """
        administrator, is_admin = request.client.user, packet.is_admin
        await self._require_administrator(administrator)
        with _translated_account_errors():
            user = await self._catalog.set_role(packet.user_id, is_admin=is_admin)
        self._record(AuditAction.ROLE_CHANGED, request, user, is_admin=is_admin)
        return generic.Boolean(success=True)

    async def remove_user(self, request: ClientRequest, packet: c2s.UserRemove) -> s2c.UserRemoval:
        """Removes another user for up to `WORK_S` seconds, and returns how many files remain.

        The first step locks the user and revokes the logins; then files go to the heir or, when
        `heir_id` is None, are deleted. Every step is durable, and the next packet continues after it.
        At 0 the user is removed.

        Raises `OwnAccount`, `NoSuchUser`, `OnlyAdministrator`, `InvalidRequest`.
        """
        administrator, user_id, heir_id = request.client.user, packet.user_id, packet.heir_id
        await self._require_administrator(administrator)
        heir = await self._check_removal(administrator, user_id, heir_id)
        with _translated_account_errors():
            user = await self._catalog.lock_user(user_id)
            self._logins.revoke(user.id, before_epoch=user.token_epoch)
            heir_name = None if heir is None else heir.name
            self._record(AuditAction.USER_LOCKED, request, user, heir=heir_name)
            remaining = await self._release_files(administrator, user_id, heir_id)
        if remaining == 0:
            self._record(AuditAction.USER_REMOVED, request, user, heir=heir_name)
        return s2c.UserRemoval(user_id=user_id, remaining_files=remaining)

    async def _require_administrator(self, user: User) -> None:
        """Reads the catalog: the user record of a connection may be stale."""
        now = await self._catalog.user_by_id(user.id)
        if now is None or not now.is_admin or now.token_epoch != user.token_epoch:
            raise NotAdministrator

    def _record(
        self, action: AuditAction, request: ClientRequest, user: User, **details: object
    ) -> None:
        client = request.client
        self._audit.record(
            action,
            actor=client.user,
            address=client.address,
            subject=user.name,
            outcome=AuditOutcome.SUCCESS,
            **details,
        )

    async def _check_removal(
        self, administrator: User, user_id: int, heir_id: int | None
    ) -> User | None:
        if user_id == administrator.id:
            raise OwnAccount("another administrator has to remove you")
        if heir_id == user_id:
            raise InvalidRequest("heir_id: choose another user than the one to remove")
        if heir_id is None:
            return None
        heir = await self._catalog.user_by_id(heir_id)
        if heir is None:
            raise InvalidRequest("heir_id: there is no such user")
        if heir.password_hash == NO_PASSWORD:
            raise InvalidRequest("heir_id: the removal of that user has begun")
        return heir

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
            await self._changes.drained()
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
    except QuotaExceeded as error:
        raise InvalidRequest(
            f"heir_id: this user has no room for all of the files ({error})"
        ) from error


def _account(account: Account) -> s2c.Account:
    user = account.user
    return s2c.Account(
        id=user.id,
        name=user.name,
        is_admin=user.is_admin,
        created_at=timestamp(user.created_at),
        file_count=account.file_count,
        total_size=account.total_size,
    )
