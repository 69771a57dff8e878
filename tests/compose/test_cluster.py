"""Several managers, which meet at NATS, behind one address: the profile `cluster`."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.compose import images
from tests.compose.deployment import Deployment, authorized, running
from tests.compose.engine import Engine
from tests.compose.steady_uploads import PATIENCE_S, steady_uploads

pytestmark = pytest.mark.compose_long

MANAGERS = ("manager", "manager-2", "manager-3")


@dataclass(frozen=True)
class Cluster:
    """A deployment with three managers, and its administrator's token."""

    deployment: Deployment
    token: str

    async def has_managers(self, number: int) -> None:
        """Returns when so many managers know of one another."""
        async with asyncio.timeout(PATIENCE_S):
            while len(await self.members()) != number:
                pass

    async def members(self) -> list[str]:
        """The managers that whichever one answers knows of."""
        url = f"{self.deployment.url}/status"
        options = ("--retry", "10", *authorized(self.token))
        status = json.loads(await asyncio.to_thread(self.deployment.curl, *options, url))
        return list(status["cluster"]["managers"])


def settings_of(deployment: Deployment) -> dict[str, str]:
    """As .env.example has them."""
    password = deployment.settings["NATS_PASSWORD"]
    return {
        "CLUSTER_URL": f"nats://manager:{password}@nats:4222",
        "COMPOSE_PROFILES": "database,cluster,tls",
        "MANAGERS": str(len(MANAGERS)),
    }


@pytest.fixture(scope="module")
def cluster(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three managers, three upload services, NATS, and all else."""
    if engine.is_podman:
        images.build_nats(engine)
    folder = tmp_path_factory.mktemp("compose")
    with running(engine, folder, more_settings=settings_of) as deployment:
        yield Cluster(deployment, deployment.administrator())


async def test_managers_meet(cluster: Cluster):
    """Each knows of the others."""
    await cluster.has_managers(len(MANAGERS))


async def test_uploads_go_on_whichever_manager_is_killed(cluster: Cluster):
    """Each is killed while files go up, which go on without it: no upload fails, none is damaged."""
    deployment = cluster.deployment
    async with deployment.cloud(cluster.token) as cloud:
        async with steady_uploads(cloud, "/clustered") as uploads:
            for name in MANAGERS:
                container = deployment.container(name)
                await asyncio.to_thread(deployment.kill, container)
                await uploads.go_on()
                await asyncio.to_thread(deployment.engine.run, "start", container.id)
                await cluster.has_managers(len(MANAGERS))
        assert await uploads.is_whole()
