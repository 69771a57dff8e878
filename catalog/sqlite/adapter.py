"""The whole catalog on SQLite."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from catalog.joined import JoinedCatalog
from catalog.sqlite.accounts import SqliteAccounts
from catalog.sqlite.audit import SqliteAudit
from catalog.sqlite.copies import SqliteCopies
from catalog.sqlite.database import Database
from catalog.sqlite.factors import SqliteFactors
from catalog.sqlite.files import SqliteFiles
from catalog.sqlite.folder_links import SqliteFolderLinks
from catalog.sqlite.folders import SqliteFolders, SqlitePositions, SqliteWalks
from catalog.sqlite.identities import SqliteIdentities
from catalog.sqlite.invitations import SqliteInvitations
from catalog.sqlite.kept_uploads import SqliteKeptUploads
from catalog.sqlite.links import SqliteLinks
from catalog.sqlite.logins import SqliteAppPasswords, SqliteSessions
from catalog.sqlite.objects import SqliteMasterKeys, SqliteMessages, SqliteObjects, SqliteWebhooks
from catalog.sqlite.overview import SqliteOverview
from catalog.sqlite.quotas import SqliteQuotas
from catalog.sqlite.schema import pending_migrations, upgrade
from catalog.sqlite.search import SqliteSearch
from catalog.sqlite.service_credentials import SqliteServiceCredentials
from catalog.sqlite.services import (
    SqliteJobs,
    SqliteKeys,
    SqliteReferences,
    SqliteTickets,
    SqliteViews,
)
from catalog.sqlite.signing_keys import SqliteSigningKeys
from catalog.sqlite.spaces import SqliteGroups, SqliteSpaces
from catalog.sqlite.stars import SqliteStars
from catalog.sqlite.transfer import SqliteTransfer
from catalog.sqlite.trash import SqliteTrash
from catalog.sqlite.versions import SqliteVersions


class SqliteCatalog(JoinedCatalog):
    """`catalog.port.Catalog` on one SQLite file. Made by `SqliteCatalog.open`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """On an open database of this release's schema; `clock` in seconds since the Unix epoch."""
        super().__init__(
            accounts=SqliteAccounts(database, clock),
            sessions=SqliteSessions(database, clock),
            app_passwords=SqliteAppPasswords(database, clock),
            folders=SqliteFolders(database, clock),
            positions=SqlitePositions(database, clock),
            walks=SqliteWalks(database, clock),
            overview=SqliteOverview(database, clock),
            search=SqliteSearch(database, clock),
            files=SqliteFiles(database, clock),
            copies=SqliteCopies(database, clock),
            trash=SqliteTrash(database, clock),
            versions=SqliteVersions(database, clock),
            objects=SqliteObjects(database, clock),
            messages=SqliteMessages(database, clock),
            webhooks=SqliteWebhooks(database, clock),
            kept_uploads=SqliteKeptUploads(database, clock),
            links=SqliteLinks(database, clock),
            folder_links=SqliteFolderLinks(database, clock),
            invitations=SqliteInvitations(database, clock),
            tickets=SqliteTickets(database, clock),
            references=SqliteReferences(database, clock),
            keys=SqliteKeys(database, clock),
            master_keys=SqliteMasterKeys(database, clock),
            signing_keys=SqliteSigningKeys(database, clock),
            service_credentials=SqliteServiceCredentials(database, clock),
            factors=SqliteFactors(database, clock),
            identities=SqliteIdentities(database, clock),
            audit=SqliteAudit(database, clock),
            quotas=SqliteQuotas(database, clock),
            groups=SqliteGroups(database, clock),
            spaces=SqliteSpaces(database, clock),
            stars=SqliteStars(database, clock),
            views=SqliteViews(database, clock),
            jobs=SqliteJobs(database, clock),
            transfer=SqliteTransfer(database, clock),
        )
        self._database = database

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path | str, *, clock: Callable[[], float] = time.time
    ) -> AsyncIterator["SqliteCatalog"]:
        """Opens the database, making or upgrading it as needed.

        Args:
            path: The file; its folder must exist.
            clock: Seconds since the Unix epoch.

        Raises:
            SchemaMismatch: A newer release, or another program, made the database.
            CatalogUnavailable: The file cannot be opened or written.
        """
        path = Path(path)
        # Looked at before anything is written: the database of another program must stay as it is.
        await pending_migrations(path)
        async with Database.open(path) as database:
            await upgrade(database, clock)
            yield cls(database, clock)

    async def check_reads(self) -> None:
        """Raises `CatalogUnavailable` unless reads work now."""
        await self._database.read(lambda session: session.run("SELECT id FROM folders LIMIT 1"))

    async def check_writes(self) -> None:
        """Raises `CatalogUnavailable` unless a commit is durable now."""
        # Rewriting the unused version number is the smallest commit that is written to the disk.
        await self._database.write(lambda session: session.run("PRAGMA user_version = 0"))
