"""Opens the catalog that is configured, once it is available, and checks the master keys that it needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import structlog

from catalog.change_port import ChangeLog
from catalog.content_port import MasterKeyStore
from catalog.errors import CatalogError, CatalogFaulty, CatalogUnavailable
from catalog.lease_fence_port import LeaseFence
from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from common.retry import Backoff
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.error_texts import log_level
from manager.settings import ManagerSettings
from storage.keys import KeyRing

log = structlog.get_logger(__name__)

LONGEST_DELAY_S = 5
"""Seconds between two attempts to open a catalog, at most: clients wait for it."""


def catalog_of(
    settings: ManagerSettings, clock: Callable[[], float]
) -> AbstractAsyncContextManager[Catalog]:
    """The catalog that the settings name, to be opened.

    Raises (on opening):
        CatalogUnavailable: The SQLite file cannot be used. For Supabase the manager waits instead.
        CatalogFaulty: Supabase refuses the key, or the file fails.
        SchemaMismatch: The database is of another release.
    """
    url, key = settings.supabase_url, settings.supabase_key
    if url is None or key is None:
        return SqliteCatalog.open(settings.database_path, clock=clock)
    # Half a second and 30 MiB to import, and of no use on SQLite.
    from catalog.supabase.adapter import SupabaseCatalog  # noqa: PLC0415

    return once_available(lambda: SupabaseCatalog.open(url, key.get_secret_value(), clock=clock))


@asynccontextmanager
async def once_available(
    connect: Callable[[], AbstractAsyncContextManager[Catalog]], *, backoff: Backoff | None = None
) -> AsyncIterator[Catalog]:
    """Opens a catalog that may be down, with as many attempts as it takes.

    Args:
        connect: Makes one attempt.
        backoff: Delays between attempts; None for the usual ones.

    Raises:
        CatalogFaulty: It fails until its operator acts.
        SchemaMismatch: The database is of another release.
    """
    delays = backoff or Backoff(first_s=1, cap_s=LONGEST_DELAY_S)
    async with AsyncExitStack() as stack:
        while True:
            try:
                catalog = await stack.enter_async_context(connect())
                break
            except CatalogFaulty:
                raise
            except CatalogUnavailable as error:
                log.warning("waiting-for-catalog", reason=str(error), attempts=delays.tries + 1)
            await delays.wait()
        if delays.tries:
            log.info("catalog-available")
        yield catalog


class NoSharedCatalog(Exception):
    """The catalog is one manager's alone, while there are several."""


def shared_parts_of(catalog: Catalog) -> tuple[ChangeLog, LeaseFence]:
    """What all managers of the catalog share: their changes, and the fence of their leases.

    Raises `NoSharedCatalog`.
    """
    # As in `catalog_of`.
    from catalog.supabase.adapter import SupabaseCatalog  # noqa: PLC0415

    if not isinstance(catalog, SupabaseCatalog):
        raise NoSharedCatalog(
            "several managers cannot share an SQLite file: set SUPABASE_URL and SUPABASE_KEY"
        )
    return catalog.change_log, catalog.lease_fence


REMEDY = (
    "append the key to MESSAGE_ENCRYPTION_KEY, or to the file encryption-key in the folder of "
    "discord-cloud up: without it these files cannot be read"
)


async def check_master_keys(catalog: MasterKeyStore, keyring: KeyRing, audit: AuditLog) -> None:
    """Records which key encrypts now, and logs each key that is missing.

    The manager runs on: files of other keys can be read.
    """
    try:
        if await catalog.note_master_key(keyring.primary.key_id):
            subject = keyring.primary.key_id.hex()
            audit.record(AuditAction.MASTER_KEY_CHANGED, actor=None, address=None, subject=subject)
        missing = await catalog.content_of_missing_keys([key.key_id for key in keyring])
    except CatalogError as error:
        log.log(log_level(error), "master-keys-not-checked", code=error.code, reason=str(error))
        return
    for key_id, objects in missing.items():
        log.error("master-key-missing", key_id=key_id.hex(), files=objects, remedy=REMEDY)
