"""Real programs end while a bundle is on its way, and nothing that was acknowledged is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from client_sdk import Client, ClientSettings, FolderResult, Outcome
from client_sdk.batches import GROUP_FILES
from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from tests.chaos.cluster import free_port
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.system.server import COMMAND, Server, manager, program

FILES = {f"{number % 3}/file {number}": os.urandom(100) for number in range(2 * GROUP_FILES + 9)}
BUNDLES = 3
PATIENCE_S = 60.0


@dataclass
class Scene:
    """A Discord that takes a bundle and then lets posts wait, and programs around it."""

    folder: Path
    emulator: Emulator
    slow: Fault
    port: int

    @property
    def source(self) -> Path:
        """The folder that is uploaded."""
        return self.folder / "source"

    def manager(self) -> AbstractAsyncContextManager[Server]:
        """The manager; the next one has the same address and catalog."""
        return manager(
            self.emulator,
            MANAGER_PORT=str(self.port),
            DATABASE_PATH=str(self.folder / "catalog.sqlite3"),
            CHUNK_SIZE="100000",
        )

    def service(self) -> AbstractAsyncContextManager[Server]:
        """An upload service with one slot; all of them share the folder of their reports."""
        port = str(free_port())
        return program(
            "upload-service",
            MANAGER_ADDRESS=f"http://127.0.0.1:{self.port}",
            SERVICE_PASSWORD=SERVICE_PASSWORD,
            OWN_ADDRESS=f"http://127.0.0.1:{port}/",
            PORT=port,
            SLOTS="1",
            REPORTS_FOLDER=str(self.folder / "reports"),
        )

    @asynccontextmanager
    async def uploading(self, server: Server) -> AsyncIterator[None]:
        """Alice uploads the folder; a bundle is stored, and the next one waits for Discord."""
        token = await server.register()
        async with Client(server.url, token, settings=ClientSettings(parallel_uploads=1)) as cloud:
            upload = asyncio.create_task(cloud.upload_folder(self.source, "/in"))
            async with asyncio.timeout(PATIENCE_S):
                await self.slow.reached.wait()
                yield
                result = await upload
            await self.require_all(cloud, result)

    async def require_all(self, cloud: Client, result: FolderResult) -> None:
        """Each file is there once, under its name, and can be read."""
        assert result.failures == ()
        assert {file.outcome for file in result.files} == {Outcome.STORED}
        assert await self.remote_files(cloud) == FILES

    async def remote_files(self, cloud: Client) -> dict[str, bytes]:
        """All files below `/in`, with their contents."""
        copy = self.folder / "copy"
        assert (await cloud.download_folder("/in", copy)).failures == ()
        files = [path for path in copy.rglob("*") if path.is_file()]
        return {str(path.relative_to(copy)): path.read_bytes() for path in files}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """An emulator, and nothing else yet."""
    for name, content in FILES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    async with running_emulator(tmp_path / "discord", limits="off", channels=2) as emulator:
        slow = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE, times=None, skip=1)
        emulator.faults.add(slow)
        yield Scene(tmp_path, emulator, slow, free_port())
        slow.release()


async def test_small_files_share_a_message(scene: Scene):
    """As many messages as bundles, whatever folders the files are in."""
    scene.slow.release()
    async with scene.manager() as server, scene.service():
        token = await server.register()
        async with Client(server.url, token) as cloud:
            await scene.require_all(cloud, await cloud.upload_folder(scene.source, "/in"))
    assert scene.emulator.requests.count(Operation.EXECUTE, 200) == BUNDLES


async def test_a_killed_service_is_replaced(scene: Scene):
    """Another one takes the bundle that was on its way."""
    async with (
        scene.manager() as server,
        scene.service() as first,
        AsyncExitStack() as later,
        scene.uploading(server),
    ):
        await later.enter_async_context(scene.service())
        await first.kill()
        scene.slow.release()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_restarted_manager_has_what_was_entered(scene: Scene, how: signal.Signals):
    """The client comes back by itself; no file is there twice."""
    async with (
        AsyncExitStack() as later,
        scene.manager() as server,
        scene.service(),
        scene.uploading(server),
    ):
        server.process.send_signal(how)
        await server.process.wait()
        scene.slow.release()
        await later.enter_async_context(scene.manager())


async def test_a_killed_client_has_stored_what_it_was_told(scene: Scene):
    """The same command again stores the rest, and skips what is there."""
    async with scene.manager() as server, scene.service():
        token = await server.register()
        put = [*COMMAND, "put", str(scene.source / "0"), str(scene.source / "1"), "/in/"]
        put += ["--jobs", "1", "--on-conflict", "skip"]
        environment = {**os.environ, "DISCORD_CLOUD_URL": server.url, "DISCORD_CLOUD_TOKEN": token}
        first = await asyncio.create_subprocess_exec(*put, env=environment)
        async with asyncio.timeout(PATIENCE_S):
            await scene.slow.reached.wait()
        first.kill()
        await first.wait()
        scene.slow.release()
        again = await asyncio.create_subprocess_exec(*put, env=environment)
        assert await again.wait() == 0
        async with Client(server.url, token) as cloud:
            expected = {name: FILES[name] for name in FILES if not name.startswith("2")}
            assert await scene.remote_files(cloud) == expected
