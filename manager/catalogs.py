"""Which catalog the manager works on, and how it waits for one that is not there yet."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import structlog

from catalog.errors import CatalogFaulty, CatalogUnavailable
from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from common.retry import Backoff
from manager.settings import ManagerSettings

_log = structlog.get_logger(__name__)

LONGEST_DELAY_S = 5
"""Between two attempts to reach a catalog: clients wait for it."""


def catalog_of(
    settings: ManagerSettings, clock: Callable[[], float]
) -> AbstractAsyncContextManager[Catalog]:
    """The catalog that the settings name, to be opened.

    Raises (on opening):
        CatalogUnavailable: The SQLite file cannot be used. Supabase is waited for instead.
        CatalogFaulty: Supabase does not let us in, or the file fails.
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
    """Opens a catalog that may be down, as often as it takes.

    Args:
        connect: Makes one attempt.
        backoff: Delays between attempts; None for the usual ones.

    Raises:
        CatalogFaulty: It is there, but waiting is no help.
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
                _log.warning("waiting-for-catalog", problem=str(error), attempts=delays.tries + 1)
            await delays.wait()
        if delays.tries:
            _log.info("catalog-available")
        yield catalog
