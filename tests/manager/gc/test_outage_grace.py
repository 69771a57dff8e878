"""After an outage the other managers have time to renew what they use."""

import pytest

from catalog.errors import CatalogUnavailable
from manager.gc.outage_grace import OutageGrace, no_grace


class _World:
    def __init__(self) -> None:
        self.slept_s = 0.0
        self.away_at: float | None = None

    async def sleep(self, seconds: float) -> None:
        """Takes no time."""
        self.slept_s += seconds

    async def probe(self) -> None:
        """Fails once."""
        if self.away_at is not None and self.slept_s >= self.away_at:
            self.away_at = None
            raise CatalogUnavailable


async def test_all_of_the_time_passes_once():
    """Later there is none, until it begins again."""
    world = _World()
    grace = OutageGrace(60, world.probe, sleep=world.sleep)
    grace.begin()
    await grace.over()
    await grace.over()
    assert world.slept_s == pytest.approx(60)
    grace.begin()
    await grace.over()
    assert world.slept_s == pytest.approx(120)


async def test_an_outage_meanwhile_begins_it_anew():
    """Other managers could not renew then."""
    world = _World()
    grace = OutageGrace(60, world.probe, sleep=world.sleep)
    grace.begin()
    world.away_at = 30
    with pytest.raises(CatalogUnavailable):
        await grace.over()
    await grace.over()
    assert world.slept_s == pytest.approx(90)


async def test_a_manager_alone_waits_for_nobody():
    """It renews its own references before it collects."""
    grace = no_grace()
    grace.begin()
    await grace.over()
