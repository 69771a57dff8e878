"""Real processes end in mid-upload, and the client library goes on by itself with what is missing."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from client_sdk import (
    Client,
    ClientSettings,
    Conflict,
    ConflictAnswer,
    OnConflict,
    Progress,
    ProgressCallback,
    Stage,
)
from common.retry import QUICK_TRIES
from tests.system.scene import Scene
from tests.system.server import Server
from tests.system.whole import CHUNK_SIZE, content_of

CHUNKS = 40
HALF = CHUNKS // 2
CONTENT = content_of(CHUNKS * CHUNK_SIZE - 17)
IN_FLIGHT = 2
PATIENCE_S = 60.0
GOES_ON_WITHIN_S = 5.0
TRIES_UNTIL_LONGEST_DELAY = QUICK_TRIES + 3


class FileScene(Scene):
    """Takes half of a file."""

    SERVICE: ClassVar[dict[str, str]] = {"CHUNKS_IN_FLIGHT": str(IN_FLIGHT)}

    @asynccontextmanager
    async def uploading(
        self, server: Server, progress: ProgressCallback | None = None, **chosen: Any
    ) -> AsyncIterator[None]:
        """Alice uploads the file; one half of it is stored, and the next chunks wait for Discord."""
        source = self.folder / "film.bin"
        source.write_bytes(CONTENT)
        token = await server.register()
        settings = ClientSettings(parallel_uploads=1, chunks_in_flight=IN_FLIGHT, **chosen)
        async with Client(server.url, token, settings=settings) as cloud:
            upload = asyncio.create_task(cloud.upload(source, "/film.bin", progress=progress))
            async with asyncio.timeout(PATIENCE_S):
                await self.waiting.reached.wait()
                yield
                result = await upload
            assert await cloud.read("/film.bin") == CONTENT
            assert [kept async for kept in cloud.uploads()] == []
        assert result.sent_bytes <= len(CONTENT) + IN_FLIGHT * CHUNK_SIZE


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[FileScene]:
    """An emulator, and nothing else yet."""
    async with FileScene.set_up(tmp_path, posts=HALF) as scene:
        yield scene


async def test_a_killed_service_is_replaced(scene: FileScene):
    """Another one goes on; at most the chunks that were on their way are sent again."""
    async with (
        scene.manager() as server,
        scene.service() as first,
        AsyncExitStack() as later,
        scene.uploading(server),
    ):
        await later.enter_async_context(scene.service())
        await first.kill()
        scene.waiting.release()
    assert scene.posts <= CHUNKS + IN_FLIGHT


async def test_a_stopped_service_hands_over(scene: FileScene):
    """What it had on its way is stored, and nothing is stored twice."""
    async with (
        scene.manager() as server,
        scene.service() as first,
        AsyncExitStack() as later,
        scene.uploading(server),
    ):
        await later.enter_async_context(scene.service())
        stopping = asyncio.create_task(first.stop())
        scene.waiting.release()
        assert await stopping == 0
    assert scene.posts == CHUNKS


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_restarted_manager_finds_the_upload(scene: FileScene, how: signal.Signals):
    """The client comes back by itself; what was stored is not sent again."""
    async with (
        AsyncExitStack() as later,
        scene.manager() as server,
        scene.service(),
        scene.uploading(server),
    ):
        server.process.send_signal(how)
        await server.process.wait()
        scene.waiting.release()
        again = await later.enter_async_context(scene.manager())
        assert again.url == server.url
    assert scene.posts <= CHUNKS + IN_FLIGHT


async def test_a_manager_that_was_away_for_long_is_noticed_at_once(scene: FileScene):
    """The upload goes on within five seconds of its return, although all had waited long for it."""
    tries, gave_up_hurrying, went_on = itertools.count(1), asyncio.Event(), asyncio.Event()

    def watch(progress: Progress) -> None:
        if gave_up_hurrying.is_set() and progress.stage is Stage.TRANSFERRING:
            went_on.set()

    async def pause(seconds: float) -> None:
        if next(tries) > TRIES_UNTIL_LONGEST_DELAY:
            gave_up_hurrying.set()
        await asyncio.sleep(seconds)

    async with (
        AsyncExitStack() as later,
        scene.manager() as server,
        scene.service(),
        scene.uploading(server, watch, sleep=pause),
    ):
        await server.kill()
        scene.waiting.release()
        async with asyncio.timeout(PATIENCE_S):
            await gave_up_hurrying.wait()
        await later.enter_async_context(scene.manager())
        async with asyncio.timeout(GOES_ON_WITHIN_S):
            await went_on.wait()


async def test_a_question_is_asked_again_by_the_next_manager(scene: FileScene):
    """Whoever was asked by the one that was killed is asked once more, and that answer counts."""
    scene.waiting.release()
    asked: asyncio.Queue[asyncio.Future[ConflictAnswer]] = asyncio.Queue()

    async def ask(conflict: Conflict) -> ConflictAnswer:
        assert conflict.path == "/film.bin"
        answer: asyncio.Future[ConflictAnswer] = asyncio.get_running_loop().create_future()
        asked.put_nowait(answer)
        return await answer

    async with AsyncExitStack() as later, scene.manager() as server, scene.service():
        token = await server.register()
        async with Client(server.url, token) as cloud:
            await cloud.upload(b"old", "/film.bin")
            upload = asyncio.create_task(cloud.upload(CONTENT, "/film.bin", on_conflict=ask))
            async with asyncio.timeout(PATIENCE_S):
                first = await asked.get()
                await server.kill()
                await later.enter_async_context(scene.manager())
                second = await asked.get()
                assert first.cancelled()
                second.set_result(ConflictAnswer(OnConflict.RENAME))
                result = await upload
            assert (str(result.path), result.sent_bytes) == ("/film (1).bin", len(CONTENT))
            assert await cloud.read("/film.bin") == b"old"
