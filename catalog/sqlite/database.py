"""Connections to one SQLite file: a single writer, a few readers, and transactions.

SQLite lets one connection write at a time. All writes of this process therefore share one
connection behind a lock, which spares them from running into one another's busy timeout;
`BEGIN IMMEDIATE` takes the database's own write lock at once, so that another process cannot slip
in between a transaction's reads and its writes. In WAL mode readers on connections of their own see
the last committed state and never wait for the writer.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import aiosqlite

from catalog.errors import (
    CatalogFaulty,
    CatalogFull,
    CatalogReadOnly,
    CatalogUnavailable,
    InvalidRecord,
)
from common.faults import FaultLog
from common.tasks import settled

READERS = 2
OLDEST_SQLITE = (3, 38)
"""The first with strict tables, RETURNING, UPDATE FROM and JSON, all at once."""

BUSY_TIMEOUT_S = 5.0
"""How long a statement waits for another process's transaction before it fails."""
WAL_LIMIT_BYTES = 64 * 1024 * 1024
CACHE_KIB = 64 * 1024
"""Memory in which the writer keeps pages, at most: those that deleting a big folder touches."""

_WRITER_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # NORMAL would lose acknowledged commits when the power fails.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # A long read lets the log grow; without a limit the file would keep that size.
    f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}",
    # With SQLite's 2 MiB a big transaction reads and writes the same pages again and again.
    f"PRAGMA cache_size = -{CACHE_KIB}",
)

# At debug level the driver logs every statement with its parameters, password hashes included.
logging.getLogger("aiosqlite").setLevel(logging.INFO)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the driver raises into errors of the catalog.

    Raises:
        InvalidRecord: The values break a constraint, which is a defect of the caller.
        CatalogFaulty: The file, or the disk that it is on, fails until an operator acts.
        CatalogUnavailable: Everything else: locked or closed.
    """
    try:
        yield
    except (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError) as error:
        raise InvalidRecord(f"the database refuses these values: {error}") from error
    except sqlite3.Error as error:
        raise _failure(error) from error
    except ValueError as error:
        # All that aiosqlite says when its connection is closed.
        raise CatalogUnavailable(f"the database is closed: {error}") from error


def _failure(error: sqlite3.Error) -> CatalogUnavailable:
    # The low byte of an extended code is the code: https://www.sqlite.org/rescode.html
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return CatalogFull("the disk of the database is full: make room on it")
        case sqlite3.SQLITE_READONLY:
            return CatalogReadOnly(
                "the database cannot be written: check the rights of the file and its folder, and "
                "whether the disk is read-only"
            )
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CORRUPT:
            return CatalogFaulty(
                f"the file of the database fails ({error}): check the disk, and whether it is full; if "
                "the file is damaged, bring it back from a backup"
            )
    return CatalogUnavailable(f"the database cannot be used: {error}")


class Session:
    """Runs statements, each in one hop to the connection's thread."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def rows(self, sql: str, **parameters: object) -> list[sqlite3.Row]:
        """All rows of the answer."""
        with translated_errors():
            return list(await self._connection.execute_fetchall(sql, parameters))

    async def row(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        """The first row of the answer, None when there is none."""
        rows = await self.rows(sql, **parameters)
        return rows[0] if rows else None

    async def run(self, sql: str, **parameters: object) -> None:
        """Runs a statement whose answer does not matter."""
        await self.rows(sql, **parameters)

    async def run_many(self, sql: str, parameters: Iterable[Mapping[str, object]]) -> None:
        """Runs a statement once for each set of parameters."""
        with translated_errors():
            cursor = await self._connection.executemany(sql, parameters)
            await cursor.close()

    async def roll_back(self) -> None:
        """Ends the transaction; without one (after a commit, or when BEGIN failed) does nothing."""
        with translated_errors():
            await self._connection.rollback()

    async def batches(self, sql: str, *, size: int) -> AsyncGenerator[list[sqlite3.Row], None]:
        """All rows of the answer, so many at a time, without holding all of them."""
        with translated_errors():
            cursor = await self._connection.execute(sql)
        try:
            while True:
                with translated_errors():
                    rows = list(await cursor.fetchmany(size))
                if not rows:
                    return
                yield rows
        finally:
            await cursor.close()


class Database:
    """The open database. Made by `Database.open`."""

    def __init__(
        self, writer: aiosqlite.Connection, readers: tuple[aiosqlite.Connection, ...]
    ) -> None:
        self._writer = writer
        self._faults = FaultLog("database-fault")
        self._write_lock = asyncio.Lock()
        self._idle_readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._idle_readers.put_nowait(reader)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S
    ) -> AsyncIterator["Database"]:
        """Opens the file, making it when missing (readable by its owner only).

        On leaving, a transaction that is still running ends first.

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
            writer = await stack.enter_async_context(connected(path, busy_timeout_s=busy_timeout_s))
            readers = [
                await stack.enter_async_context(
                    connected(path, busy_timeout_s=busy_timeout_s, read_only=True)
                )
                for _ in range(READERS)
            ]
            database = cls(writer, tuple(readers))
            try:
                yield database
            finally:
                await settled(database._writer_idle())

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        """One write transaction: committed on leaving, rolled back when anything was raised.

        A caller that is cancelled leaves no transaction open; once the commit has begun, the
        cancellation waits for its outcome.
        """
        async with self._write_lock:
            session = Session(self._writer)
            try:
                with self._faults.noting(CatalogFaulty):
                    await settled(session.run("BEGIN IMMEDIATE"))
                    yield session
                    await settled(session.run("COMMIT"))
            except BaseException:
                await settled(session.roll_back())
                raise
            self._faults.works()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A reader, for one statement; several may see different states."""
        reader = await self._idle_readers.get()
        try:
            with self._faults.noting(CatalogFaulty):
                yield Session(reader)
        finally:
            self._idle_readers.put_nowait(reader)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Session]:
        """A reader that sees one snapshot. The write-ahead log grows for as long as it is open."""
        async with self.reading() as session:
            try:
                # Else a caller cancelled here would leave a reader behind that stands still for ever.
                await settled(session.run("BEGIN"))
                yield session
            finally:
                await settled(session.roll_back())

    async def _writer_idle(self) -> None:
        async with self._write_lock:
            pass


@asynccontextmanager
async def connected(
    path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, read_only: bool = False
) -> AsyncIterator[aiosqlite.Connection]:
    """A configured connection; closed on leaving, after what is queued on it.

    Raises:
        CatalogUnavailable: The file cannot be opened, or is no SQLite database.
    """
    connection = aiosqlite.connect(path, isolation_level=None, timeout=busy_timeout_s)
    try:
        with translated_errors():
            await settled(_configure(connection, read_only=read_only))
        yield connection
    finally:
        await settled(connection.close())


async def _configure(connection: aiosqlite.Connection, *, read_only: bool) -> None:
    await connection
    connection.row_factory = sqlite3.Row
    for setting in ("PRAGMA query_only = ON",) if read_only else _WRITER_SETTINGS:
        await connection.execute_fetchall(setting)


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
        self._database = database
        self._clock = clock
