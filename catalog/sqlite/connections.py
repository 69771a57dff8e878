"""Connections to one SQLite file, and the threads in which they are used.

A hop to another thread and back costs more than a statement whose pages are in memory. So what is handed
to a thread is a whole transaction, as a plain function of a `Session`.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, TypeVar

from catalog.errors import (
    CatalogFaulty,
    CatalogFull,
    CatalogReadOnly,
    CatalogUnavailable,
    InvalidRecord,
    SearchTooLong,
)
from catalog.folding import folded, short_grams
from catalog.sort_keys import natural_sort_key
from common.tasks import settled

BUSY_TIMEOUT_S: Final = 5.0
"""How long a statement waits for another connection's transaction before it fails."""
WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
CACHE_KIB: Final = 16 * 1024
"""Memory in which the writer keeps pages, at most; it is not given back."""
LONG_CACHE_KIB: Final = 64 * 1024
"""The same during a long transaction: those that deleting a big folder touches."""
_STEPS_BETWEEN_LOOKS: Final = 10_000
"""Steps of SQLite's machine between two looks at the clock: less than a millisecond."""
_STATEMENTS_KEPT: Final = 512
"""More than there are: none is compiled twice."""

_WRITER_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    # NORMAL would lose acknowledged commits when the power fails.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # A long read lets the log grow; without a limit the file would keep that size.
    f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}",
    # With SQLite's 2 MiB a big transaction reads and writes the same pages again and again.
    f"PRAGMA cache_size = -{CACHE_KIB}",
)

_T = TypeVar("_T")


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turns what the driver raises into errors of the catalog.

    Raises:
        InvalidRecord: The values break a constraint, which is a defect of the caller.
        CatalogFaulty: The file, or the disk that it is on, fails until an operator acts.
        CatalogUnavailable: Everything else, such as a locked database.
    """
    try:
        yield
    except (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError) as error:
        raise InvalidRecord(f"the database refuses these values: {error}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise SearchTooLong from error
        raise _failure(error) from error


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
    """Runs statements on one connection. For one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open. Some failures end it, such as that of a full disk."""
        return self._connection.in_transaction

    def rows(self, sql: str, **parameters: object) -> list[sqlite3.Row]:
        """All rows of the answer."""
        with _translated_errors():
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, **parameters: object) -> sqlite3.Row | None:
        """The first row of the answer, None when there is none."""
        rows = self.rows(sql, **parameters)
        return rows[0] if rows else None

    def run(self, sql: str, **parameters: object) -> None:
        """Runs a statement whose answer does not matter."""
        self.rows(sql, **parameters)

    def run_many(self, sql: str, parameters: Iterable[Mapping[str, object]]) -> None:
        """Runs a statement once for each set of parameters."""
        with _translated_errors():
            self._connection.executemany(sql, parameters)

    def batches(self, sql: str, *, size: int) -> Iterator[list[sqlite3.Row]]:
        """All rows of the answer, so many at a time, without holding all of them."""
        with _translated_errors():
            cursor = self._connection.execute(sql)
            while rows := cursor.fetchmany(size):
                yield rows

    def roll_back(self) -> None:
        """Ends the transaction; without one (after a commit, or when BEGIN failed) does nothing."""
        with _translated_errors():
            self._connection.rollback()

    @contextmanager
    def limited_to(self, seconds: float) -> Iterator[None]:
        """Ends statements that run when so much time has passed. They raise `SearchTooLong`."""
        ends_at = time.monotonic() + seconds
        self._connection.set_progress_handler(
            lambda: time.monotonic() > ends_at, _STEPS_BETWEEN_LOOKS
        )
        try:
            yield
        finally:
            self._connection.set_progress_handler(None, 0)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


@contextmanager
def long_cache(session: Session) -> Iterator[None]:
    """Let a writer keep more pages for the length of a transaction."""
    session.run(f"PRAGMA cache_size = -{LONG_CACHE_KIB}")
    try:
        yield
    finally:
        session.run(f"PRAGMA cache_size = -{CACHE_KIB}")


def add_functions(connection: sqlite3.Connection) -> None:
    """Adds the functions that triggers and statements call, without which nothing can be written."""
    connection.create_function("folded_text", 1, folded, deterministic=True)
    connection.create_function("short_grams", 1, short_grams, deterministic=True)
    connection.create_function("natural_sort_key", 1, natural_sort_key, deterministic=True)


class Connections:
    """Some connections to one file, and as many threads. Made by `Connections.open`."""

    def __init__(self, sessions: list[Session], threads: ThreadPoolExecutor) -> None:
        """`threads`: no more than there are sessions."""
        self._idle = sessions
        self._threads = threads

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        *,
        number: int = 1,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        read_only: bool = False,
    ) -> AsyncIterator["Connections"]:
        """Opens connections; on leaving, what was submitted ends before they are closed.

        Raises:
            CatalogUnavailable: The file cannot be opened, or is no SQLite database.
        """
        opened = cls([], ThreadPoolExecutor(number, thread_name_prefix="sqlite"))
        try:
            for _ in range(number):
                await settled(
                    asyncio.to_thread(
                        opened._connect, path, busy_timeout_s=busy_timeout_s, read_only=read_only
                    )
                )
            yield opened
        finally:
            await settled(asyncio.to_thread(opened._close))

    def submit(self, work: Callable[[Session], _T]) -> asyncio.Future[_T]:
        """Runs a function in the next thread that is free, on a connection that no other one uses.

        Cancelling the future keeps the function from being begun, but does not end it.

        Raises:
            CatalogUnavailable: The connections are closed.
        """
        try:
            return asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)
        except RuntimeError as error:
            raise CatalogUnavailable("the database is closed") from error

    def _run(self, work: Callable[[Session], _T]) -> _T:
        # There are no more threads than connections, so one is idle.
        session = self._idle.pop()
        try:
            return work(session)
        finally:
            self._idle.append(session)

    def _connect(self, path: Path, *, busy_timeout_s: float, read_only: bool) -> None:
        with _translated_errors():
            connection = sqlite3.connect(
                path,
                isolation_level=None,
                timeout=busy_timeout_s,
                # Each of its threads uses it, one after the other.
                check_same_thread=False,
                cached_statements=_STATEMENTS_KEPT,
            )
            session = Session(connection)
            self._idle.append(session)
            connection.row_factory = sqlite3.Row
            add_functions(connection)
            for setting in ("PRAGMA query_only = ON",) if read_only else _WRITER_SETTINGS:
                session.run(setting)

    def _close(self) -> None:
        self._threads.shutdown()
        for session in self._idle:
            session.close()
