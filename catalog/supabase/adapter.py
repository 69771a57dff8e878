"""The whole catalog on Supabase."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from catalog.joined import JoinedCatalog
from catalog.supabase.accounts import SupabaseAccounts
from catalog.supabase.audit import SupabaseAudit
from catalog.supabase.changes import SupabaseChangeLog
from catalog.supabase.client import ATTEMPT_S, CALL_RETRY, Functions
from catalog.supabase.copies import SupabaseCopies
from catalog.supabase.factors import SupabaseFactors
from catalog.supabase.files import SupabaseFiles
from catalog.supabase.folder_links import SupabaseFolderLinks
from catalog.supabase.folders import SupabaseFolders, SupabasePositions, SupabaseWalks
from catalog.supabase.identities import SupabaseIdentities
from catalog.supabase.invitations import SupabaseInvitations
from catalog.supabase.kept_uploads import SupabaseKeptUploads
from catalog.supabase.lease_fence import SupabaseLeaseFence
from catalog.supabase.links import SupabaseLinks
from catalog.supabase.logins import SupabaseAppPasswords, SupabaseSessions
from catalog.supabase.objects import (
    SupabaseMasterKeys,
    SupabaseMessages,
    SupabaseObjects,
    SupabaseWebhooks,
)
from catalog.supabase.overview import SupabaseOverview
from catalog.supabase.quotas import SupabaseQuotas
from catalog.supabase.schema import applied_migrations, require_schema
from catalog.supabase.search import SupabaseSearch
from catalog.supabase.service_credentials import SupabaseServiceCredentials
from catalog.supabase.services import (
    SupabaseJobs,
    SupabaseKeys,
    SupabaseReferences,
    SupabaseTickets,
    SupabaseViews,
)
from catalog.supabase.signing_keys import SupabaseSigningKeys
from catalog.supabase.spaces import SupabaseGroups, SupabaseSpaces
from catalog.supabase.stars import SupabaseStars
from catalog.supabase.transfer import SupabaseTransfer
from catalog.supabase.trash import SupabaseTrash, SupabaseVersions
from common.retry import RetryPolicy

_NO_OBJECT = UUID(int=0)


class SupabaseCatalog(JoinedCatalog):
    """`catalog.port.Catalog` on a Supabase project. Made by `SupabaseCatalog.open`."""

    def __init__(self, functions: Functions, clock: Callable[[], float]) -> None:
        """On functions of this release's schema; `clock` in seconds since the Unix epoch."""
        super().__init__(
            accounts=SupabaseAccounts(functions, clock),
            sessions=SupabaseSessions(functions, clock),
            app_passwords=SupabaseAppPasswords(functions, clock),
            folders=SupabaseFolders(functions, clock),
            positions=SupabasePositions(functions, clock),
            walks=SupabaseWalks(functions, clock),
            overview=SupabaseOverview(functions, clock),
            search=SupabaseSearch(functions, clock),
            files=SupabaseFiles(functions, clock),
            copies=SupabaseCopies(functions, clock),
            trash=SupabaseTrash(functions, clock),
            versions=SupabaseVersions(functions, clock),
            objects=SupabaseObjects(functions, clock),
            messages=SupabaseMessages(functions, clock),
            webhooks=SupabaseWebhooks(functions, clock),
            kept_uploads=SupabaseKeptUploads(functions, clock),
            links=SupabaseLinks(functions, clock),
            folder_links=SupabaseFolderLinks(functions, clock),
            invitations=SupabaseInvitations(functions, clock),
            tickets=SupabaseTickets(functions, clock),
            references=SupabaseReferences(functions, clock),
            keys=SupabaseKeys(functions, clock),
            master_keys=SupabaseMasterKeys(functions, clock),
            signing_keys=SupabaseSigningKeys(functions, clock),
            service_credentials=SupabaseServiceCredentials(functions, clock),
            factors=SupabaseFactors(functions, clock),
            identities=SupabaseIdentities(functions, clock),
            audit=SupabaseAudit(functions, clock),
            quotas=SupabaseQuotas(functions, clock),
            groups=SupabaseGroups(functions, clock),
            spaces=SupabaseSpaces(functions, clock),
            stars=SupabaseStars(functions, clock),
            views=SupabaseViews(functions, clock),
            jobs=SupabaseJobs(functions, clock),
            transfer=SupabaseTransfer(functions, clock),
        )
        self._functions = functions
        self.change_log = SupabaseChangeLog(functions, clock)
        self.lease_fence = SupabaseLeaseFence(functions, clock)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        key: str,
        *,
        clock: Callable[[], float] = time.time,
        retry: RetryPolicy = CALL_RETRY,
        attempt_s: float = ATTEMPT_S,
    ) -> AsyncIterator["SupabaseCatalog"]:
        """Connects to the project and checks its schema.

        Args:
            url: Address of the project, as `https://….supabase.co`.
            key: Key of the service role.
            clock: Seconds since the Unix epoch.
            retry: How calls are repeated before they fail.
            attempt_s: Seconds that one attempt may take.

        Raises:
            CatalogUnavailable: The project cannot be reached now.
            CatalogRefused: The address or the key is wrong.
            SchemaMismatch: Migrations are missing, or newer than this release.
        """
        async with Functions.connected(url, key, retry=retry, attempt_s=attempt_s) as functions:
            catalog = cls(functions, clock)
            await catalog.check_reads()
            yield catalog

    async def check_reads(self) -> None:
        """Raises `CatalogUnavailable` unless reads work now, also `SchemaMismatch`."""
        require_schema(await applied_migrations(self._functions))

    async def check_writes(self) -> None:
        """Raises `CatalogUnavailable` while the database is read-only, as with a full disk."""
        # A database that takes no writes refuses this although it finds nothing to delete.
        await self.release(_NO_OBJECT, service="health", key="probe")
