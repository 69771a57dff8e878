"""One clock for all managers: the database's, as well as it can be told from here."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from catalog.change_port import ChangeLog
from catalog.errors import CatalogError
from manager.error_texts import log_level

ADJUST_S: Final = 60.0
"""Seconds between two comparisons."""
SLOW_S: Final = 1.0
"""An answer that takes longer than this many seconds does not say when it was given."""

log = structlog.get_logger(__name__)


class SharedClock:
    """Seconds since the Unix epoch by the database's clock.

    Managers write times into the catalog, and compare them with those of other managers: when a reference
    expires, or since when content is garbage.

    Args:
        clock: This machine's seconds since the Unix epoch.
        monotonic: Seconds that never jump.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._ahead_s = 0.0

    def __call__(self) -> float:
        """The time now."""
        return self._clock() + self._ahead_s

    async def adjust(self, database: ChangeLog) -> None:
        """Compares this machine's clock with the database's. Raises `CatalogUnavailable`."""
        asked_at = self._monotonic()
        there = await database.database_time()
        took_s = self._monotonic() - asked_at
        if took_s < SLOW_S:
            self._ahead_s = there + took_s / 2 - self._clock()

    async def run(self, database: ChangeLog) -> None:
        """Compares them now and then, until cancelled."""
        while True:
            await self._sleep(ADJUST_S)
            try:
                await self.adjust(database)
            except CatalogError as error:
                log.log(log_level(error), "clock-not-compared", code=error.code)
