"""Gateways as real processes: one is killed, one is stopped, and readers get everything."""

import asyncio

import pytest
from aiohttp import ClientError, ClientSession

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from tests.manager.cloud import Cloud, running_cloud
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.system.server import program

PARAMETERS = {"path": "/docs", "name": "a.txt"}


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return bytes(number % 251 for number in range(3500))


@pytest.fixture
async def cloud(tmp_path, content):
    """A manager with a file of Alice's."""
    async with running_cloud(tmp_path) as running:
        await running.token()
        await running.store("/docs/a.txt", content)
        yield running


def gateway(cloud: Cloud):
    """Another gateway of the manager."""
    return program(
        "gateway",
        MANAGER_ADDRESS=str(cloud.client.make_url("/")),
        SERVICE_CREDENTIAL=SERVICE_PASSWORD,
        PORT="0",
        DRAIN_GRACE_S="60",
    )


def slow_chunk(cloud: Cloud, *, after: int) -> Fault:
    """The CDN keeps the chunk back that is asked for after so many others."""
    fault = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=after)
    cloud.emulator.faults.add(fault)
    return fault


@pytest.mark.timeout(300)  # two programs start, on a machine that may be busy
async def test_readers_get_everything_whatever_gateways_do(cloud, content):
    """A killed one cuts a download visibly, which goes on elsewhere; a stopped one ends what it has begun."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    async with gateway(cloud) as first, gateway(cloud) as second, ClientSession() as session:
        waiting = slow_chunk(cloud, after=1)
        response = await session.get(f"{first.url}/download", params=PARAMETERS, headers=headers)
        received = await response.content.readexactly(1000)
        await waiting.reached.wait()
        await first.kill()
        with pytest.raises(ClientError):
            await response.content.read()
        waiting.release()
        conditions = {"Range": "bytes=1000-", "If-Range": response.headers["ETag"]}
        waiting = slow_chunk(cloud, after=1)
        response = await session.get(
            f"{second.url}/download", params=PARAMETERS, headers=headers | conditions
        )
        assert response.status == 206
        await waiting.reached.wait()
        stopping = asyncio.create_task(second.stop())
        async with asyncio.timeout(60):
            while (await session.get(f"{second.url}/ready")).status != 503:
                pass
        waiting.release()
        assert received + await response.read() == content
        assert await stopping == 0
