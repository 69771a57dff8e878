"""Manager and upload service stop while a chunk is on its way to Discord: in any order nothing is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from cli.servers.http_serving import listen, serving, url_of
from client_sdk.client import Client
from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from manager.app import create_app
from manager.app_keys import CATALOG
from tests.manager.sockets.stage import PASSWORD, cheap_passwords, settings_for
from tests.manager.sockets.watching import WatchedCounters, messages_left
from tests.system.whole import (
    CHUNK_SIZE,
    content_of,
    pieces_of,
    send_chunk,
    upload_service_at,
    visiting_user,
)

LATER_S = 3600.0
"""By then no hold of the first manager lives any more."""
CONTENT = content_of(3 * CHUNK_SIZE)


class Program:
    """Something that runs in a task of its own until it is stopped."""

    def __init__(self, running: AbstractAsyncContextManager[str]) -> None:
        self._running = running
        self._stop = asyncio.Event()
        self._url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())

    async def url(self) -> str:
        """Where it is reached, once it runs."""
        return await self._url

    async def stop(self) -> None:
        """Stops it."""
        self._stop.set()
        await self._task

    async def _run(self) -> None:
        async with self._running as url:
            self._url.set_result(url)
            await self._stop.wait()


@asynccontextmanager
async def a_manager(
    emulator: Emulator, folder: Path, clock: Callable[[], float]
) -> AsyncIterator[str]:
    """A manager, with alice."""
    settings = settings_for(emulator, folder, chunk_size=CHUNK_SIZE)
    app = create_app(settings, passwords=cheap_passwords(), clock=clock)
    listening = listen("127.0.0.1", 0)
    async with serving(app, listening):
        catalog = app[CATALOG]
        if await catalog.user_by_name("alice") is None:
            await catalog.create_user("alice", await cheap_passwords().hash(PASSWORD))
        yield url_of(listening)


@asynccontextmanager
async def a_service(manager_url: str, folder: Path) -> AsyncIterator[str]:
    """An upload service on a port of its own."""
    listening = listen("127.0.0.1", 0)
    service = upload_service_at(manager_url, folder, 1, own_address=url_of(listening))
    async with serving(service.intake, listening), service.run():
        yield url_of(listening)


async def stop_both(order: str, manager: Program, service: Program, fault: Fault) -> None:
    """Stops both while Discord holds a post, which it answers as late as the order allows."""
    if order == "manager first":
        await manager.stop()
        fault.release()
        await service.stop()
        return
    asyncio.get_running_loop().call_soon(fault.release)
    if order == "service first":
        await service.stop()
        await manager.stop()
    else:
        await asyncio.gather(service.stop(), manager.stop())


@pytest.mark.parametrize("order", ["service first", "manager first", "together"])
async def test_no_chunk_in_flight_is_lost(tmp_path: Path, order: str) -> None:
    """The next start finds out about every message, and the reaper deletes it."""
    async with running_emulator(tmp_path / "discord", limits="off") as emulator:
        emulator.requests = WatchedCounters()
        manager = Program(a_manager(emulator, tmp_path, time.time))
        url = await manager.url()
        service = Program(a_service(url, tmp_path))
        async with Client(url) as cloud:
            token = await cloud.login("alice", PASSWORD)
        async with visiting_user(url, token) as user:
            if not await user.peer.book(1):
                await user.booking_changed(1)
            response = await user.request("a.bin", len(CONTENT))
            await user.send(response, 0, CONTENT)
            fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
            emulator.faults.add(fault)
            piece = pieces_of(CONTENT, CHUNK_SIZE)[1]
            sending = asyncio.create_task(send_chunk(user.http, response, 1, piece))
            await fault.reached.wait()
            await stop_both(order, manager, service, fault)
            await asyncio.gather(sending, return_exceptions=True)
        manager = Program(a_manager(emulator, tmp_path, lambda: time.time() + LATER_S))
        service = Program(a_service(await manager.url(), tmp_path))
        await messages_left(emulator, 0)
        await service.stop()
        await manager.stop()
