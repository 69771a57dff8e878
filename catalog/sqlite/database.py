"""One SQLite file: a single writer, a few readers, and transactions.

SQLite lets one connection write at a time. All writes of this process therefore share one connection, on
which they wait their turn rather than run into one another's busy timeout; `BEGIN IMMEDIATE` takes the
database's own write lock at once, so that another process cannot slip in between a transaction's reads and
its writes. In WAL mode readers on connections of their own see the last committed state and never wait for
the writer.

A transaction is a plain function of a `Session`, which runs as a whole in the connection's thread: a
method of a part of the adapter that is marked by one of the decorators here.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from catalog.errors import CatalogFaulty, CatalogUnavailable
from catalog.sqlite.connections import BUSY_TIMEOUT_S, Connections, Session
from catalog.sqlite.group_commit import GroupCommit
from common.faults import FaultLog
from common.tasks import settled

READERS: Final = 2
SEARCH_S: Final = 2.0
"""How long a search may take."""
OLDEST_SQLITE: Final = (3, 38)
"""The first with strict tables, RETURNING, UPDATE FROM and JSON, all at once."""

_T = TypeVar("_T")
_P = ParamSpec("_P")
_Part = TypeVar("_Part", bound="SqlitePart")


class Database:
    """The open database. Made by `Database.open`."""

    def __init__(
        self,
        path: Path,
        busy_timeout_s: float,
        writer: Connections,
        readers: Connections,
        searcher: Connections,
    ) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._commits = GroupCommit(writer)
        self._readers = readers
        self._searcher = searcher
        self._faults = FaultLog("database-fault")

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> AsyncIterator["Database"]:
        """Opens the file, making it when missing (readable by its owner only).

        On leaving, the writes that were begun end first.

        Args:
            path: The file; its folder must exist.
            busy_timeout_s: How long a statement waits for a transaction of another process.

        Raises:
            CatalogUnavailable: The file cannot be opened, or is no SQLite database, or Python's
                SQLite is too old.
        """
        _require_recent_sqlite()
        await _create_private(path)
        async with AsyncExitStack() as stack:
            writer = await stack.enter_async_context(
                Connections.open(path, busy_timeout_s=busy_timeout_s)
            )
            readers = await stack.enter_async_context(
                Connections.open(
                    path, number=READERS, busy_timeout_s=busy_timeout_s, read_only=True
                )
            )
            searcher = await stack.enter_async_context(
                Connections.open(path, busy_timeout_s=busy_timeout_s, read_only=True)
            )
            database = cls(path, busy_timeout_s, writer, readers, searcher)
            try:
                yield database
            finally:
                await settled(database._commits.idle())

    async def write(self, work: Callable[[Session], _T], *, is_long: bool = False) -> _T:
        """Runs a write transaction: durable when this returns, rolled back if `work` raises.

        `is_long`: it may take longer than other writes are to wait for their commit.
        """
        with self._faults.noting(CatalogFaulty):
            result = await self._commits.run(work, is_long=is_long)
        self._faults.works()
        return result

    async def read(self, work: Callable[[Session], _T]) -> _T:
        """Runs one statement on a reader; several might see different states."""
        with self._faults.noting(CatalogFaulty):
            return await self._readers.submit(work)

    async def snapshot(self, work: Callable[[Session], _T]) -> _T:
        """Runs statements on a reader that see one state of the database."""
        return await self.read(partial(_in_snapshot, work))

    async def search(self, work: Callable[[Session], _T]) -> _T:
        """Runs a snapshot that may take long on a connection of its own, one after the other.

        Raises `SearchTooLong` for one that takes longer than `SEARCH_S`.
        """
        with self._faults.noting(CatalogFaulty):
            return await self._searcher.submit(partial(_in_limited_snapshot, work))

    def connection(self, *, read_only: bool) -> AbstractAsyncContextManager[Connections]:
        """A connection of its own, for a transaction that waits for something else in between.

        While it writes, other writes fail once they have waited for the busy timeout.
        """
        return Connections.open(
            self._path, busy_timeout_s=self._busy_timeout_s, read_only=read_only
        )


def _in_snapshot(work: Callable[[Session], _T], session: Session) -> _T:
    session.run("BEGIN")
    try:
        return work(session)
    finally:
        session.roll_back()


def _in_limited_snapshot(work: Callable[[Session], _T], session: Session) -> _T:
    with session.limited_to(SEARCH_S):
        return _in_snapshot(work, session)


def _require_recent_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise CatalogUnavailable(
            f"this Python comes with SQLite {sqlite3.sqlite_version}, but {oldest} is needed: "
            "install a newer Python, or a newer SQLite library"
        )


async def _create_private(path: Path) -> None:
    """Makes the file before SQLite does, with rights by which others could read the password hashes."""
    try:
        await asyncio.to_thread(path.touch, mode=0o600, exist_ok=True)
    except OSError as error:
        raise CatalogUnavailable(f"cannot open the database {path}: {error.strerror}") from error


class SqlitePart:
    """Base of the parts: the database, and the clock (seconds since the epoch)."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self.database = database
        self._clock = clock


_Transaction = Callable[Concatenate[_Part, Session, _P], _T]
"""A method that is called in the thread of a connection."""
_Call = Callable[Concatenate[_Part, _P], Coroutine[Any, Any, _T]]
"""The method as callers see it: without the session, and to be awaited."""


def write(method: _Transaction[_Part, _P, _T]) -> _Call[_Part, _P, _T]:
    """Makes a method a write transaction; see `Database.write`."""
    return _run_by(Database.write, method)


def long_write(method: _Transaction[_Part, _P, _T]) -> _Call[_Part, _P, _T]:
    """Makes a method a write transaction that no other one waits for; see `Database.write`."""
    return _run_by(partial(Database.write, is_long=True), method)


def read(method: _Transaction[_Part, _P, _T]) -> _Call[_Part, _P, _T]:
    """Makes a method one statement that reads; see `Database.read`."""
    return _run_by(Database.read, method)


def snapshot(method: _Transaction[_Part, _P, _T]) -> _Call[_Part, _P, _T]:
    """Makes a method several statements that read one state; see `Database.snapshot`."""
    return _run_by(Database.snapshot, method)


def search(method: _Transaction[_Part, _P, _T]) -> _Call[_Part, _P, _T]:
    """Makes a method a search of one state; see `Database.search`."""
    return _run_by(Database.search, method)


def _run_by(
    run: Callable[[Database, Callable[[Session], _T]], Coroutine[Any, Any, _T]],
    method: _Transaction[_Part, _P, _T],
) -> _Call[_Part, _P, _T]:
    @wraps(method)
    async def call(part: _Part, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await run(part.database, lambda session: method(part, session, *args, **kwargs))

    return call
