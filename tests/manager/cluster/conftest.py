"""The servers that managers meet at."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from local_supabase.nats_server import NatsServer, running_nats
from local_supabase.stack import LocalSupabase
from tests.manager.cluster.managers import Managers, running_managers


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A server for one test, which may end it."""
    with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def managers(
    tmp_path: Path, supabase: LocalSupabase, cluster_url: str
) -> AsyncIterator[Managers]:
    """Two managers on one catalog, without users."""
    supabase.empty()
    async with running_managers(tmp_path, supabase, cluster_url) as running:
        yield running
