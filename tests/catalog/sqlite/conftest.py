"""A SQLite catalog, and its database for what only SQLite promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.database import Database
from catalog.sqlite.schema import upgrade


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "catalog.sqlite"


@pytest.fixture
async def database(path: Path, clock) -> AsyncIterator[Database]:
    """An open database that does not wait for other processes."""
    async with Database.open(path, busy_timeout_s=0.0) as database:
        await upgrade(database, clock)
        yield database


@pytest.fixture
def catalog(database: Database, clock) -> SqliteCatalog:
    """A catalog on that database."""
    return SqliteCatalog(database, clock)
