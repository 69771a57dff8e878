"""Users."""

import sqlite3

from catalog.errors import AlreadyClaimed, UserExists, UserMissing
from catalog.records import User
from catalog.sqlite.database import Session
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.queries import accounts as sql
from catalog.sqlite.rows import user_of


async def require_user(session: Session, user_id: int) -> User:
    """The user. Raises `UserMissing`."""
    row = await session.row(sql.USER_BY_ID, user_id=user_id)
    if row is None:
        raise UserMissing(f"there is no user {user_id}")
    return user_of(row)


class SqliteAccounts(SqlitePart):
    """`AccountStore` on SQLite."""

    async def create_first_user(self, name: str, password_hash: str) -> User:
        """Creates the administrator. Raises `AlreadyClaimed` when any user exists."""
        async with self._database.writing() as session:
            row = await session.row(
                sql.INSERT_FIRST_USER, name=name, password_hash=password_hash, now=self._clock()
            )
            row = row or await _made_before(session, name, password_hash, is_admin=True)
        if row is None:
            raise AlreadyClaimed("the first user exists already")
        return user_of(row)

    async def create_user(self, name: str, password_hash: str, *, is_admin: bool = False) -> User:
        """Creates a user. Raises `UserExists`."""
        async with self._database.writing() as session:
            row = await session.row(
                sql.INSERT_USER,
                name=name,
                is_admin=is_admin,
                password_hash=password_hash,
                now=self._clock(),
            )
            row = row or await _made_before(session, name, password_hash, is_admin=is_admin)
        if row is None:
            raise UserExists(f"the user name {name!r} is taken")
        return user_of(row)

    async def user_by_name(self, name: str) -> User | None:
        """The user of that name, in whatever case, or None."""
        async with self._database.reading() as session:
            row = await session.row(sql.USER_BY_NAME, name=name)
        return user_of(row) if row else None

    async def user_by_id(self, user_id: int) -> User | None:
        """The user with that id, or None."""
        async with self._database.reading() as session:
            row = await session.row(sql.USER_BY_ID, user_id=user_id)
        return user_of(row) if row else None

    async def set_password(self, user_id: int, password_hash: str) -> User:
        """Also raises the token epoch by one. Raises `UserMissing`."""
        async with self._database.writing() as session:
            await session.run(sql.CHANGE_HASH, user_id=user_id, password_hash=password_hash)
            return await require_user(session, user_id)

    async def search_users(self, query: str, *, limit: int) -> list[User]:
        """Users whose name contains `query`, those that start with it first, then by name."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.SEARCH_USERS, query=query, limit=limit)
        return [user_of(row) for row in rows]


async def _made_before(
    session: Session, name: str, password_hash: str, *, is_admin: bool
) -> sqlite3.Row | None:
    """The user, if this very call made it before: hashes are salted, so the same one tells that."""
    row = await session.row(sql.USER_BY_NAME, name=name)
    if row is None or row["password_hash"] != password_hash or row["is_admin"] != is_admin:
        return None
    return row
