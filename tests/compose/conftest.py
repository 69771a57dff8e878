"""One deployment for all tests of this package: it takes minutes to build and to start."""

import hashlib
import os
import signal
from collections.abc import AsyncIterator, Generator, Iterator

import pytest

from tests.compose import images
from tests.compose.base_stage import DeployedStage, deployed_stage
from tests.compose.deployment import Deployment, running
from tests.compose.engine import NAME, Engine, find_engine, is_isolated
from tests.compose.quiet_link import QuietLink, quiet_link_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure comes with what the containers have logged: they are gone when somebody reads of it."""
    report = yield
    if report.failed:
        for deployment in item.funcargs.values():
            if isinstance(deployment, Deployment):
                report.sections.append(("Logs of the containers", deployment.latest_logs()))
    return report


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine, with all images, and nothing of earlier runs."""
    # Docker's containers would stay: with this they are removed as at any end of the tests.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    engine = find_engine()
    if engine.is_podman:
        assert is_isolated() or os.geteuid() != 0, (
            "podman would change the machine: `make test-compose`"
        )
        images.build(engine)
    engine.remove(NAME)
    return engine


@pytest.fixture(scope="session")
def deployment(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All of docker-compose.yml, healthy."""
    with running(engine, tmp_path_factory.mktemp("compose")) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def ada(deployment: Deployment) -> str:
    """A token of the administrator, who has logged in with the command line as well."""
    return deployment.administrator()


@pytest.fixture
async def stage(deployment: Deployment, ada: str) -> AsyncIterator[DeployedStage]:
    """Where frontends of the base protocol come from."""
    async with deployed_stage(deployment, ada) as stage:
        yield stage


@pytest.fixture
def content() -> bytes:
    """Bytes of a file: one chunk of usual length, or four of 100 bytes."""
    return hashlib.shake_256(b"content").digest(350)


@pytest.fixture(scope="session")
def quiet_link(deployment: Deployment, ada: str) -> Iterator[QuietLink]:
    """A connection that is opened with the first test which asks for it, and does nothing."""
    with quiet_link_of(deployment, ada) as link:
        yield link
