"""The whole catalog on SQLite."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from catalog.sqlite.accounts import SqliteAccounts
from catalog.sqlite.commits import SqliteCommits
from catalog.sqlite.database import Database
from catalog.sqlite.files import SqliteFiles
from catalog.sqlite.folders import SqliteFolders
from catalog.sqlite.jobs import SqliteJobs
from catalog.sqlite.master_keys import SqliteMasterKeys
from catalog.sqlite.messages import SqliteMessages, SqliteWebhooks
from catalog.sqlite.objects import SqliteObjects
from catalog.sqlite.ownership import SqliteOwnership
from catalog.sqlite.positions import SqlitePositions
from catalog.sqlite.references import SqliteKeys, SqliteReferences
from catalog.sqlite.schema import pending_migrations, upgrade
from catalog.sqlite.tickets import SqliteTickets
from catalog.sqlite.transfer import SqliteTransfer
from catalog.sqlite.views import SqliteViews
from catalog.sqlite.walks import SqliteWalks


class SqliteCatalog(
    SqliteAccounts,
    SqliteFolders,
    SqlitePositions,
    SqliteWalks,
    SqliteFiles,
    SqliteOwnership,
    SqliteCommits,
    SqliteObjects,
    SqliteMessages,
    SqliteWebhooks,
    SqliteTickets,
    SqliteReferences,
    SqliteKeys,
    SqliteMasterKeys,
    SqliteViews,
    SqliteJobs,
    SqliteTransfer,
):
    """`catalog.port.Catalog` on one SQLite file. Made by `SqliteCatalog.open`."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path | str, *, clock: Callable[[], float] = time.time
    ) -> AsyncIterator["SqliteCatalog"]:
        """Opens the database, making or upgrading it as needed.

        Args:
            path: The file; its folder must exist.
            clock: Tells the time in seconds since the Unix epoch.

        Raises:
            SchemaMismatch: A newer release, or another program, made the database.
            CatalogUnavailable: The file cannot be opened or written.
        """
        path = Path(path)
        # Looked at before anything is written: a database of somebody else's must stay as it is.
        await pending_migrations(path)
        async with Database.open(path) as database:
            await upgrade(database, clock)
            yield cls(database, clock)

    async def check_reads(self) -> None:
        """Raises `CatalogUnavailable` unless reads work now."""
        async with self._database.reading() as session:
            await session.run("SELECT id FROM folders LIMIT 1")

    async def check_writes(self) -> None:
        """Raises `CatalogUnavailable` unless a commit reaches the disk now."""
        async with self._database.writing() as session:
            # Rewriting the unused version number is the smallest commit that reaches the disk.
            await session.run("PRAGMA user_version = 0")
