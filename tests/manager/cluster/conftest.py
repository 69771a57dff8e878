"""The servers that managers meet at."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.manager.cluster.nats_server import NatsServer, running_nats


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
