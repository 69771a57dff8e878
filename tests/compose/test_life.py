"""The life of a deployment: connections stay, and containers die, come and go while users upload."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from client_sdk import Client
from tests.compose.deployment import REPLICAS, Deployment, authorized
from tests.compose.quiet_link import QuietLink
from tests.compose.steady_uploads import PATIENCE_S, steady_uploads

pytestmark = pytest.mark.compose

QUIET_S = 150.0
"""Seven pings of the manager, and more than the minute after which proxies end what is silent by default."""
BEHIND = ("upload-service", "postgrest", "database", "processing-service")
ON_THE_WAY = ("manager", "gateway", "tls")
"""What the connections of clients go through."""


@pytest.fixture
async def cloud(deployment: Deployment, ada: str) -> AsyncIterator[Client]:
    """The administrator's client."""
    async with deployment.cloud(ada) as cloud:
        yield cloud


async def test_uploads_go_on_whatever_is_killed_behind_the_manager(
    deployment: Deployment, cloud: Client
):
    """Each container is killed and started again while files go up: no upload fails, none is damaged."""
    await kill_each(deployment, cloud, *BEHIND)


async def test_a_quiet_connection_stays_up_for_minutes(quiet_link: QuietLink):
    """The manager's pings keep a WebSocket alive that says nothing, at Caddy and at the gateway.

    It also outlives all that was killed until now.
    """
    await asyncio.to_thread(quiet_link.wait_until, QUIET_S)
    assert await asyncio.to_thread(quiet_link.answers)


async def test_uploads_go_on_whatever_is_killed_on_the_way(deployment: Deployment, cloud: Client):
    """The same for what breaks all connections."""
    await kill_each(deployment, cloud, *ON_THE_WAY)


async def test_replicas_come_and_go_under_uploads(deployment: Deployment, ada: str, cloud: Client):
    """Two more upload services, then only one, then as many as before: no chunk is lost."""
    async with steady_uploads(cloud, "/scaled") as uploads:
        for replicas in (REPLICAS + 2, 1, REPLICAS):
            await asyncio.to_thread(deployment.scale, replicas)
            await in_service(deployment, ada, replicas)
            await uploads.go_on()
    assert await uploads.is_whole()


async def test_a_stop_of_everything_loses_nothing(deployment: Deployment, cloud: Client):
    """All of our programs at once, in no order, as podman-compose does: uploads go on after the start."""
    async with steady_uploads(cloud, "/stopped") as uploads:
        services = ("manager", "upload-service", "gateway", "database", "postgrest")
        stopped = deployment.containers(*services)
        await asyncio.gather(*(asyncio.to_thread(deployment.stop, each) for each in stopped))
        for container in stopped:
            await asyncio.to_thread(deployment.engine.run, "start", container.id)
        await uploads.go_on()
    assert await uploads.is_whole()


async def kill_each(deployment: Deployment, cloud: Client, *services: str) -> None:
    """Kills a container of each service, and starts it again, while files go up."""
    folder = f"/killed {services[0]}"
    async with steady_uploads(cloud, folder) as uploads:
        for service in services:
            container = deployment.containers(service)[0]
            await asyncio.to_thread(deployment.kill, container)
            await asyncio.to_thread(deployment.engine.run, "start", container.id)
            await uploads.go_on()
    assert await uploads.is_whole()
    await asyncio.to_thread(deployment.wait_healthy)


async def in_service(deployment: Deployment, token: str, replicas: int) -> None:
    """Returns when the manager has so many upload services."""
    async with asyncio.timeout(PATIENCE_S):
        while len(await asyncio.to_thread(addresses, deployment, token)) != replicas:
            pass


def addresses(deployment: Deployment, token: str) -> set[str]:
    """Where the manager's upload services are; it may have no catalog for a moment."""
    url = f"{deployment.url}/status"
    status = json.loads(deployment.curl("--retry", "10", *authorized(token), url))
    return {each["address"] for each in status["services"]}
