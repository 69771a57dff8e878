"""Waiting for a catalog that is down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from catalog.errors import CatalogRefused, CatalogUnavailable, SchemaMismatch
from catalog.port import Catalog
from common.retry import Backoff
from manager.catalogs import once_available


class Outage:
    """A catalog that raises these errors, one per attempt, then opens."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.catalog = cast("Catalog", object())
        self.closed = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Catalog]:
        """One attempt."""
        if self.errors:
            raise self.errors.pop(0)
        yield self.catalog
        self.closed += 1


class Waits:
    """Delays that pass at once, and are counted."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, seconds: float) -> None:
        """Waits."""
        self.count += 1


async def test_it_waits_until_the_catalog_is_there(capsys):
    """However often the catalog is unavailable, it is asked again, which the log shows."""
    outage, waits = Outage(*[CatalogUnavailable("connection refused")] * 3), Waits()
    async with once_available(outage.open, backoff=Backoff(sleep=waits)) as catalog:
        assert catalog is outage.catalog
    assert waits.count == 3
    assert outage.closed == 1
    assert capsys.readouterr().out.count("connection refused") == 3


@pytest.mark.parametrize("error", [CatalogRefused("wrong key"), SchemaMismatch("too old")])
async def test_it_does_not_wait_where_that_is_no_help(error):
    """A wrong key, or a database of another release, ends the start."""
    waits = Waits()
    with pytest.raises(type(error)):
        async with once_available(Outage(error).open, backoff=Backoff(sleep=waits)):
            pass
    assert waits.count == 0


async def test_errors_of_the_work_are_not_waited_out():
    """An outage later on is the business of whoever calls the catalog."""
    outage = Outage()

    async def work() -> None:
        async with once_available(outage.open, backoff=Backoff(sleep=Waits())):
            raise CatalogUnavailable("later")

    with pytest.raises(CatalogUnavailable, match="later"):
        await work()
