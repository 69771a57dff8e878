"""Users."""

import sqlite3
from dataclasses import replace

from catalog.account_port import NO_PASSWORD, AccountPage
from catalog.errors import (
    AlreadyClaimed,
    LastAdministrator,
    PasswordChanged,
    UserExists,
    UserHasFiles,
    UserMissing,
)
from catalog.records import NO_QUOTA, StorageQuota, User
from catalog.rows import account_of, user_of
from catalog.service_port import USER_PREFIX
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.statements import sql


def require_user(session: Session, user_id: int) -> User:
    """The user. Raises `UserMissing`."""
    row = session.row(sql.user_by_id, user_id=user_id)
    if row is None:
        raise UserMissing(f"there is no user {user_id}")
    return user_of(row)


class SqliteAccounts(SqlitePart):
    """`AccountStore` on SQLite."""

    async def setup_code(self, proposed: str) -> str | None:
        """The code that was proposed first; None once there is a user."""
        is_settled, code = await self._known_setup_code()
        return code if is_settled else await self._propose_setup_code(proposed)

    @snapshot
    def _known_setup_code(self, session: Session) -> tuple[bool, str | None]:
        """Whether it is known, and what it is."""
        row = session.row(sql.setup_code)
        if row is not None:
            return True, row["code"]
        return session.row(sql.any_user) is not None, None

    @write
    def _propose_setup_code(self, session: Session, proposed: str) -> str | None:
        session.run(sql.propose_setup_code, code=proposed)
        row = session.row(sql.setup_code)
        return row["code"] if row else None

    @write
    def create_first_user(self, session: Session, name: str, password_hash: str) -> User:
        """Creates the administrator. Raises `AlreadyClaimed` when any user exists."""
        row = session.row(
            sql.insert_first_user, name=name, password_hash=password_hash, now=self._clock()
        )
        row = row or made_before(session, name, password_hash, is_admin=True)
        if row is None:
            raise AlreadyClaimed("the first user exists already")
        return user_of(row)

    @write
    def create_user(
        self,
        session: Session,
        name: str,
        password_hash: str,
        *,
        is_admin: bool = False,
        quota: StorageQuota = NO_QUOTA,
    ) -> User:
        """Creates a user. Raises `UserExists`."""
        user = insert_user(
            session, name, password_hash, is_admin=is_admin, quota=quota, now=self._clock()
        )
        if user is not None:
            return user
        row = made_before(session, name, password_hash, is_admin=is_admin)
        if row is None:
            raise UserExists(f"the user name {name!r} is taken")
        return user_of(row)

    @read
    def user_by_name(self, session: Session, name: str) -> User | None:
        """The user of that name, regardless of case, or None."""
        row = session.row(sql.user_by_name, name=name)
        return user_of(row) if row else None

    @read
    def user_by_id(self, session: Session, user_id: int) -> User | None:
        """The user with that id, or None."""
        row = session.row(sql.user_by_id, user_id=user_id)
        return user_of(row) if row else None

    @write
    def set_password(
        self, session: Session, user_id: int, password_hash: str, *, epoch: int | None = None
    ) -> User:
        """Also raises the token epoch by one. Raises `UserMissing`, `PasswordChanged`."""
        session.run(sql.change_hash, user_id=user_id, password_hash=password_hash, epoch=epoch)
        user = require_user(session, user_id)
        if user.password_hash != password_hash:
            raise PasswordChanged(f"the user {user_id} has another password by now")
        return user

    @write
    def replace_password_hash(
        self, session: Session, user_id: int, *, previous: str, renewed: str
    ) -> None:
        """Another hash of the same password, unless the user has another hash by now."""
        session.run(sql.replace_hash, user_id=user_id, previous=previous, renewed=renewed)

    @write
    def lock_user(self, session: Session, user_id: int) -> User:
        """Takes role and password. Raises `UserMissing`, `LastAdministrator`."""
        _set_role(session, user_id, is_admin=False)
        session.run(sql.change_hash, user_id=user_id, password_hash=NO_PASSWORD, epoch=None)
        return require_user(session, user_id)

    @read
    def search_users(self, session: Session, query: str, *, limit: int) -> list[User]:
        """Users whose name contains `query`, those that start with it first, then by name."""
        rows = session.rows(sql.search_users, query=query, limit=limit)
        return [user_of(row) for row in rows]

    @snapshot
    def list_accounts(
        self, session: Session, *, query: str = "", offset: int, limit: int
    ) -> AccountPage:
        """Users whose name contains `query`, by name, each with what it owns."""
        count = session.row(sql.count_users, query=query)
        rows = session.rows(sql.list_accounts, query=query, offset=offset, limit=limit)
        accounts = tuple(account_of(row) for row in rows)
        return AccountPage(accounts=accounts, total=count["total"] if count else 0)

    @write
    def set_role(self, session: Session, user_id: int, *, is_admin: bool) -> User:
        """Another role. Raises `UserMissing`, `LastAdministrator`."""
        return _set_role(session, user_id, is_admin=is_admin)

    @write
    def remove_user(self, session: Session, user_id: int) -> None:
        """Deletes a user. Raises `UserHasFiles`, `LastAdministrator`."""
        row = session.row(sql.user_by_id, user_id=user_id)
        if row is None:
            return
        user = user_of(row)
        if user.is_admin:
            _require_other_administrator(session, user)
        if session.row(sql.files_of_owner, owner_id=user_id, limit=1):
            raise UserHasFiles(f"the user {user_id} still owns files")
        session.run(sql.delete_open_tickets, holder=f"{USER_PREFIX}{user_id}")
        session.run(sql.delete_user, user_id=user_id)


def _set_role(session: Session, user_id: int, *, is_admin: bool) -> User:
    user = require_user(session, user_id)
    if user.is_admin and not is_admin:
        _require_other_administrator(session, user)
    session.run(sql.set_role, user_id=user_id, is_admin=is_admin)
    return replace(user, is_admin=is_admin)


def _require_other_administrator(session: Session, user: User) -> None:
    other = session.row(sql.other_administrator, user_id=user.id, no_password=NO_PASSWORD)
    if other is None:
        raise LastAdministrator(f"the user {user.id} is the only administrator")


def insert_user(
    session: Session,
    name: str,
    password_hash: str,
    *,
    is_admin: bool,
    quota: StorageQuota,
    now: float,
) -> User | None:
    """Makes a user; None when the name is taken."""
    row = session.row(
        sql.insert_user,
        name=name,
        is_admin=is_admin,
        password_hash=password_hash,
        quota_bytes=quota.bytes,
        quota_files=quota.files,
        now=now,
    )
    return user_of(row) if row else None


def made_before(
    session: Session, name: str, password_hash: str, *, is_admin: bool
) -> sqlite3.Row | None:
    """The user, if this very call made it before: hashes are salted, so that an equal one proves it."""
    row = session.row(sql.user_by_name, name=name)
    if row is None or row["password_hash"] != password_hash or row["is_admin"] != is_admin:
        return None
    return row
