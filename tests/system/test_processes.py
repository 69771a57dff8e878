"""`discord-cloud up` as a process of its own: killed, out of disk, stopped, started again."""

import asyncio
import resource
import signal
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.servers.data_folder import DataFolder
from client_sdk.client import Client
from client_sdk.errors import LastingFailure, Rejected
from protocol import c2s, s2c
from tests.system.server import up
from tests.system.whole import (
    CHUNK_SIZE,
    content_of,
    pieces_of,
    running_whole,
    send_chunk,
)

CONTENT = content_of(3 * CHUNK_SIZE + 17)


async def test_killed_in_mid_upload_and_started_again(tmp_path: Path):
    """What was acknowledged is there; what was not is deleted once its hold is over."""
    data = tmp_path / "data"
    async with up(data) as server:
        token = await server.register()
        async with server.user(token) as user:
            await user.put("kept.bin", CONTENT)
            response = await user.request("lost.bin", len(CONTENT))
            await user.send(response, 0, CONTENT)
            await server.kill()
    async with up(data) as server, server.user(token) as user:
        assert await user.peer.names() == ["kept.bin"]
        assert await user.get("kept.bin") == CONTENT
        await user.put("new.bin", CONTENT)
        assert await user.get("new.bin") == CONTENT
        assert await server.stop() == 0
    with DataFolder.open(data) as folder:
        later = running_whole(
            data,
            channels=4,
            create={"clock": lambda: time.time() + 3600},
            database_path=folder.database,
            message_encryption_key=SecretStr(folder.encryption_key()),
        )
        async with later as whole:
            await whole.messages_left(8)
            again = await whole.user("alice")
            assert await again.get("kept.bin") == CONTENT
            assert await again.get("new.bin") == CONTENT


async def test_killed_at_the_very_moment_of_a_finish_info(tmp_path: Path):
    """A file that was told to be there is there."""
    data = tmp_path / "data"
    async with up(data) as server:
        token = await server.register()
        async with server.user(token) as user:
            response = await user.request("a.bin", len(CONTENT))
            for index in range(len(pieces_of(CONTENT, CHUNK_SIZE))):
                await user.send(response, index, CONTENT)
            info = await user.finished(response)
            server.process.kill()
            assert info.success
            await server.process.wait()
    async with up(data) as server, server.user(token) as user:
        assert await user.get("a.bin") == CONTENT


async def test_disk_full(tmp_path: Path):
    """Errors to whoever writes, reads go on, and everything works again when there is room."""
    data = tmp_path / "data"
    large = content_of(CHUNK_SIZE)
    async with up(data) as server:
        token = await server.register()
        async with server.user(token) as user:
            await user.put("before.bin", CONTENT)
            server.limit_files(1)
            assert not (await user.peer.request_upload("during.bin", size=10)).accepted
            await user.peer.refusal(c2s.EmptyFileUpload(path="/", name="during"))
            assert await user.get("before.bin") == CONTENT
            server.limit_files(resource.RLIM_INFINITY)
            await user.put("after.bin", large)
            assert await user.get("after.bin") == large
        assert await server.stop() == 0
    async with up(data) as server, server.user(token) as user:
        assert await user.peer.names() == ["after.bin", "before.bin"]
        assert await user.get("before.bin") == CONTENT
        assert await user.get("after.bin") == large


async def test_disk_full_in_mid_upload(tmp_path: Path):
    """The chunk is refused, sent again when there is room, and the file is whole."""
    data = tmp_path / "data"
    async with up(data) as server:
        token = await server.register()
        async with server.user(token) as user:
            response = await user.request("a.bin", len(CONTENT))
            await user.send(response, 0, CONTENT)
            server.limit_files(1)
            sending = asyncio.create_task(
                send_chunk(user.http, response, 1, pieces_of(CONTENT, CHUNK_SIZE)[1])
            )
            assert not (await user.peer.request_upload("b.bin")).accepted
            server.limit_files(resource.RLIM_INFINITY)
            status, _ = await sending
            assert status in {200, 502, 507}
            for index in range(1, 4):
                await user.send(response, index, CONTENT)
            assert (await user.finished(response)).success
            assert await user.get("a.bin") == CONTENT


@pytest.mark.parametrize("room", [1, 4_000_000], ids=["no room", "room for the catalog alone"])
async def test_a_full_disk_is_told_within_a_minute(tmp_path: Path, room: int):
    """Whoever uploads hears why and who can help; the log says what to do, and no line a second."""
    async with up(tmp_path / "data", CHUNK_SIZE="8000000") as server:
        token = await server.register()
        server.limit_files(room)
        async with asyncio.timeout(60), Client(server.url, token) as cloud:
            for _ in range(3):
                with pytest.raises((LastingFailure, Rejected), match="operator"):
                    await cloud.upload(bytes(8_000_000), "/a.bin")
        server.limit_files(resource.RLIM_INFINITY)
        assert await server.stop() == 0
        lines = (await server.log).decode().splitlines()
    assert any("-fault" in line and "full" in line for line in lines)
    assert len([line for line in lines if "[error" in line or "[warning" in line]) < 4, lines
    assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_in_mid_upload_is_clean(tmp_path: Path, how: signal.Signals):
    """Exit code 0, the client's connection ends, and the next start finds nothing broken."""
    data = tmp_path / "data"
    async with up(data) as server:
        token = await server.register()
        async with server.user(token) as user:
            response = await user.request("a.bin", len(CONTENT))
            await user.send(response, 0, CONTENT)
            server.process.send_signal(how)
            await user.peer.ended()
            assert await server.process.wait() == 0
    async with up(data) as server, server.user(token) as user:
        await user.put("a.bin", CONTENT)
        assert await user.get("a.bin") == CONTENT
        await user.peer.next(s2c.FileModify)
