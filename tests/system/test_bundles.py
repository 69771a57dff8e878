"""Real programs end while a bundle is on its way, and nothing that was acknowledged is lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from client_sdk import Client, ClientSettings, FolderResult, Outcome
from client_sdk.batches import GROUP_FILES
from tests.system.scene import Scene
from tests.system.server import COMMAND, Server

FILES = {f"{number % 3}/file {number}": os.urandom(100) for number in range(2 * GROUP_FILES + 9)}
BUNDLES = 3
PATIENCE_S = 60.0


class BundleScene(Scene):
    """Takes one bundle."""

    MANAGER: ClassVar[dict[str, str]] = {"CHUNK_SIZE": "100000"}

    @property
    def source(self) -> Path:
        """The folder that is uploaded."""
        return self.folder / "source"

    @asynccontextmanager
    async def uploading(self, server: Server) -> AsyncIterator[None]:
        """Alice uploads the folder; a bundle is stored, and the next one waits for Discord."""
        token = await server.register()
        async with Client(server.url, token, settings=ClientSettings(parallel_uploads=1)) as cloud:
            upload = asyncio.create_task(cloud.upload_folder(self.source, "/in"))
            async with asyncio.timeout(PATIENCE_S):
                await self.waiting.reached.wait()
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
async def scene(tmp_path: Path) -> AsyncIterator[BundleScene]:
    """An emulator, and nothing else yet."""
    for name, content in FILES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    async with BundleScene.set_up(tmp_path, posts=1) as scene:
        yield scene


async def test_small_files_share_a_message(scene: BundleScene):
    """As many messages as bundles, whatever folders the files are in."""
    scene.waiting.release()
    async with scene.manager() as server, scene.service():
        token = await server.register()
        async with Client(server.url, token) as cloud:
            await scene.require_all(cloud, await cloud.upload_folder(scene.source, "/in"))
    assert scene.posts == BUNDLES


async def test_a_killed_service_is_replaced(scene: BundleScene):
    """Another one takes the bundle that was on its way."""
    async with (
        scene.manager() as server,
        scene.service() as first,
        AsyncExitStack() as later,
        scene.uploading(server),
    ):
        await later.enter_async_context(scene.service())
        await first.kill()
        scene.waiting.release()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_restarted_manager_has_what_was_entered(scene: BundleScene, how: signal.Signals):
    """The client comes back by itself; no file is there twice."""
    async with (
        AsyncExitStack() as later,
        scene.manager() as server,
        scene.service(),
        scene.uploading(server),
    ):
        server.process.send_signal(how)
        await server.process.wait()
        scene.waiting.release()
        await later.enter_async_context(scene.manager())


async def test_a_killed_client_has_stored_what_it_was_told(scene: BundleScene):
    """The same command again stores the rest, and skips what is there."""
    async with scene.manager() as server, scene.service():
        token = await server.register()
        put = [*COMMAND, "put", str(scene.source / "0"), str(scene.source / "1"), "/in/"]
        put += ["--jobs", "1", "--on-conflict", "skip"]
        environment = {**os.environ, "DISCORD_CLOUD_URL": server.url, "DISCORD_CLOUD_TOKEN": token}
        first = await asyncio.create_subprocess_exec(*put, env=environment)
        async with asyncio.timeout(PATIENCE_S):
            await scene.waiting.reached.wait()
        first.kill()
        await first.wait()
        scene.waiting.release()
        again = await asyncio.create_subprocess_exec(*put, env=environment)
        assert await again.wait() == 0
        async with Client(server.url, token) as cloud:
            expected = {name: FILES[name] for name in FILES if not name.startswith("2")}
            assert await scene.remote_files(cloud) == expected
