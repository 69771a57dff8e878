"""A gateway that knows several managers: it goes on at the next one when one is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.app import create_app
from tests.manager.cloud import Cloud, PatientServer, running_cloud, running_gateway_of
from tests.manager.sockets.stage import SERVICE_PASSWORD, cheap_passwords

PARAMETERS = {"path": "/docs", "name": "a.txt"}


@dataclass
class Door:
    """The way to a manager, which can be lost with all connections that are open."""

    host: str
    port: int
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _is_lost: bool = False

    @property
    def url(self) -> str:
        """Where the manager is reached."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def open(self) -> None:
        """Takes connections from now on."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)

    async def lose(self) -> None:
        """Ends all connections, and takes none any more."""
        assert self._server is not None
        self._is_lost = True
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self.host, self.port)
        self._writers += (writer, back)
        if self._is_lost:
            await self.lose()
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@dataclass
class Managers:
    """Two managers with one catalog, the doors to them, and a gateway that goes through the doors."""

    cloud: Cloud
    doors: list[Door]
    reader: TestClient[web.Request, web.Application]
    headers: dict[str, str]

    async def get(self):
        """Downloads the file from the gateway."""
        return await self.reader.get("/download", params=PARAMETERS, headers=self.headers)


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return bytes(number % 251 for number in range(3500))


@asynccontextmanager
async def door_to(manager: TestClient[web.Request, web.Application]) -> AsyncIterator[Door]:
    """A way to a manager."""
    door = Door(manager.host, manager.port or 0)
    await door.open()
    try:
        yield door
    finally:
        await door.lose()


@pytest.fixture
async def managers(tmp_path, content):
    """Two managers with a file of Alice's, and their gateway."""
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(running_cloud(tmp_path))
        headers = {"Authorization": f"Bearer {await cloud.token()}"}
        await cloud.store("/docs/a.txt", content)
        second = create_app(cloud.settings, passwords=cheap_passwords())
        other = await stack.enter_async_context(TestClient(PatientServer(second)))
        doors = [
            await stack.enter_async_context(door_to(client)) for client in (cloud.client, other)
        ]
        urls = ",".join(door.url for door in doors)
        reader = await stack.enter_async_context(running_gateway_of(urls, SERVICE_PASSWORD, {}))
        yield Managers(cloud, doors, reader, headers)


async def test_a_download_goes_on_at_the_next_manager(managers, content):
    """What the lost one was just asked, the next one answers, with what the lost one has signed."""
    held = Fault(kind=FaultKind.SLOW, route=Operation.MESSAGE, skip=1)
    managers.cloud.emulator.faults.add(held)
    response = await managers.get()
    await held.reached.wait()
    await managers.doors[0].lose()
    assert await response.read() == content
    held.release()


async def test_a_form_reaches_the_next_manager(managers):
    """As long as nothing of it was sent to the one that is lost."""
    await managers.doors[0].lose()
    form = {"path": "/docs", "name": "a.txt"}
    response = await managers.reader.post("/bulk-download", data=form, headers=managers.headers)
    assert (response.status, response.content_type) == (200, "application/zip")
    await response.read()


async def test_a_gateway_is_ready_with_one_manager_left(managers, content):
    """Without any it is not, and says so to who asks for something."""
    await managers.doors[0].lose()
    assert (await managers.reader.get("/ready")).status == 204
    assert await (await managers.get()).read() == content
    await managers.doors[1].lose()
    assert (await managers.get()).status == 503
