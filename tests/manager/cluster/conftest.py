"""The servers that managers meet at."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from local_supabase.nats_server import NatsServer, running_nats
from local_supabase.stack import LocalSupabase
from tests.manager.cluster.managers import Managers, running_managers


@pytest.fixture(scope="session")
def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A server for all tests that do not end it."""
    with running_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def cluster_url(shared_nats: NatsServer) -> str:
    """An address at which only the managers of this test meet."""
    return shared_nats.url(uuid4().hex)


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
