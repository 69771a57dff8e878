"""What `/health` is answered with, and what it costs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from catalog.errors import CatalogUnavailable
from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from common.tasks import cancel_and_wait
from manager.status import OVERDUE_S, PROBE_INTERVAL_S, CatalogHealth
from tests.manager.sockets.flaky import FlakyCatalog


class Probing:
    """A health check on a catalog whose calls fail when told to; `go` lets it probe once more.

    Attributes:
        pauses_s: the pauses between write probes, in seconds.
    """

    def __init__(self, real: Catalog) -> None:
        self.pauses_s: list[float] = []
        self.catalog = FlakyCatalog(real)
        self.now = time.monotonic()
        self._probes: asyncio.Queue[None] = asyncio.Queue()
        self._asleep: asyncio.Queue[None] = asyncio.Queue()
        self.health = CatalogHealth(
            cast("Catalog", self.catalog), monotonic=lambda: self.now, sleep=self._sleep
        )

    async def probed(self) -> None:
        """Returns when the probe that is under way, or comes next, has ended."""
        await self._asleep.get()

    async def go(self) -> None:
        """Lets the time of the next probe come, and returns when it has ended."""
        self._probes.put_nowait(None)
        await self.probed()

    async def _sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self._asleep.put_nowait(None)
        await self._probes.get()


@asynccontextmanager
async def probing(folder: Path) -> AsyncIterator[Probing]:
    """Probes a catalog in a folder."""
    async with SqliteCatalog.open(folder / "catalog.sqlite3") as real:
        made = Probing(real)
        probes = asyncio.create_task(made.health.run())
        yield made
        await cancel_and_wait(probes)


async def test_writes_are_probed_by_the_manager_itself(tmp_path):
    """Whoever asks is told how the last probe went, until the next one goes otherwise."""
    async with probing(tmp_path) as made:
        await made.probed()
        made.catalog.before["check_writes"] = 1
        await made.health.check()
        await made.go()
        for _ in range(2):
            with pytest.raises(CatalogUnavailable):
                await made.health.check()
        await made.go()
        await made.health.check()
        assert made.catalog.failed["check_writes"] == 1


async def test_a_catalog_that_takes_writes_again_is_noticed_soon(tmp_path):
    """Containers and load balancers do not give a manager up that has been well again for seconds."""
    async with probing(tmp_path) as made:
        await made.probed()
        made.catalog.before["check_writes"] = 2
        for _ in range(3):
            await made.go()
        assert made.pauses_s == [PROBE_INTERVAL_S, 1.0, 1.0, PROBE_INTERVAL_S]


async def test_reads_are_tried_at_once(tmp_path):
    """A catalog that is gone is no catalog that works, however the last probe went."""
    async with probing(tmp_path) as made:
        await made.probed()
        made.catalog.before["check_reads"] = 1
        with pytest.raises(CatalogUnavailable):
            await made.health.check()
        await made.health.check()


async def test_many_who_ask_cost_one_read(tmp_path):
    """Strangers cannot make the catalog work as much as they like."""
    async with probing(tmp_path) as made:
        answer = made.catalog.held["check_reads"] = asyncio.Event()
        asking = [asyncio.create_task(made.health.check()) for _ in range(100)]
        await made.catalog.is_holding("check_reads")
        assert made.catalog.waiting("check_reads") == 1
        answer.set()
        await asyncio.gather(*asking)


async def test_a_write_that_does_not_end_is_none(tmp_path):
    """A probe that hangs is not taken for the one before it, which went well."""
    async with probing(tmp_path) as made:
        await made.probed()
        answer = made.catalog.held["check_writes"] = asyncio.Event()
        probe = asyncio.create_task(made.go())
        await made.catalog.is_holding("check_writes")
        made.now += OVERDUE_S
        await made.health.check()
        made.now += 1
        with pytest.raises(CatalogUnavailable):
            await made.health.check()
        answer.set()
        await probe
        await made.health.check()


async def test_who_asks_too_impatiently_spoils_nothing(tmp_path):
    """A connection that goes away does not end the read for the others."""
    async with probing(tmp_path) as made:
        answer = made.catalog.held["check_reads"] = asyncio.Event()
        first, second = (asyncio.create_task(made.health.check()) for _ in range(2))
        await made.catalog.is_holding("check_reads")
        first.cancel()
        answer.set()
        await second
