"""Whether the manager can work, for load balancers and containers that ask often and without a login.

Reading the catalog costs next to nothing, so that it is tried when somebody asks, once for all who ask
at the same time. Writing takes the lock of the database and waits for the disk, which strangers must
not be able to ask for: the manager tries it at intervals of its own, and tells how it went.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from catalog.errors import CatalogError, CatalogUnavailable
from catalog.port import Catalog

log = structlog.get_logger(__name__)

PROBE_INTERVAL_S = 15.0
"""Between the end of one write probe and the next."""
OVERDUE_S = 30.0
"""A catalog that takes longer than this for a write probe does not take writes."""
READ_TIMEOUT_S = 4.0
"""Those who ask give up after five seconds, and shall hear why."""


class CatalogHealth:
    """Probes the catalog.

    Args:
        catalog: What is probed.
        monotonic: Seconds that never jump.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._monotonic = monotonic
        self._sleep = sleep
        self._write_problem: str | None = None
        self._probing_since: float | None = None
        self._read: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises `CatalogError` unless reads work now and the last write probe went well."""
        since = self._probing_since
        if since is not None and self._monotonic() - since > OVERDUE_S:
            raise CatalogUnavailable("a write does not come to an end")
        if self._write_problem is not None:
            raise CatalogUnavailable(self._write_problem)
        if self._read is None or self._read.done():
            self._read = asyncio.create_task(self._catalog.check_reads(), name="read probe")
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                await asyncio.shield(self._read)
        except TimeoutError:
            raise CatalogUnavailable("a read does not come to an end") from None

    async def run(self) -> None:
        """Probes writes until cancelled."""
        while True:
            self._probing_since = self._monotonic()
            self._note(await self._problem_of_writes())
            self._probing_since = None
            await self._sleep(PROBE_INTERVAL_S)

    async def _problem_of_writes(self) -> str | None:
        try:
            await self._catalog.check_writes()
        except CatalogError as error:
            return f"{error} ({error.code})"
        return None

    def _note(self, problem: str | None) -> None:
        """Keeps the outcome; the log has one line when it changes, not one for each probe."""
        if problem is not None and self._write_problem is None:
            log.error("the catalog takes no writes", problem=problem)
        if problem is None and self._write_problem is not None:
            log.info("the catalog takes writes again")
        self._write_problem = problem
