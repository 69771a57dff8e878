"""The catalogs that the suite runs over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog.port import Catalog
from tests.catalog.backends import Backend, SqliteBackend, SupabaseBackend


@pytest.fixture(params=["sqlite", "supabase"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, clock) -> Backend:
    """An empty database of each kind."""
    if request.param == "supabase":
        return SupabaseBackend(request.getfixturevalue("supabase"), clock)
    return SqliteBackend(tmp_path, clock)


@pytest.fixture
async def catalog(backend: Backend) -> AsyncIterator[Catalog]:
    """The catalog under test, open and empty."""
    async with backend.open() as catalog:
        yield catalog
