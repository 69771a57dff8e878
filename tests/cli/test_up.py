"""`discord-cloud up`: everything in one process, on one port, under one folder."""

import asyncio
import os
import pty
import socket
import stat
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing

import aiohttp
import pytest

from cli.command_line.options import UpOptions
from cli.errors import CannotListen, DataFolderInUse, DataFolderUnusable, SettingsInvalid
from cli.servers.up import running
from client_sdk import Client
from protocol.values import CHUNK_SIZE
from upload_service.zero_copy import ZeroCopyProtocol

PASSWORD = "correct horse"


@pytest.fixture
def options(tmp_path, monkeypatch):
    """A fresh data folder and any free port."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SETUP_CODE", "none")
    return UpOptions(data=tmp_path / "data", port=0, slots=2)


async def _log_in(url) -> str:
    async with Client(url) as cloud:
        await cloud.register("alice", PASSWORD)
        return await cloud.login("alice", PASSWORD)


async def test_files_go_in_and_come_back_after_a_restart(options, tmp_path):
    """What was uploaded is there byte for byte, also for a second start; tokens live on."""
    content = os.urandom(300_000)
    async with running(options) as (url, _):
        token = await _log_in(url)
        async with Client(url, token) as cloud:
            await cloud.upload(content, "/photos/a.bin")
    async with running(options) as (url, _), Client(url, token) as cloud:
        await cloud.download("/photos/a.bin", tmp_path / "back.bin")
        assert len((await cloud.status()).services) == 2
    assert (tmp_path / "back.bin").read_bytes() == content


async def test_chunks_take_the_short_way(options, monkeypatch):
    """Chunks go straight into the buffers that they are sealed in, as in an upload service alone."""
    received = []

    async def receive_into(protocol, buffer, content, take):
        received.append(len(buffer))
        await receive(protocol, buffer, content, take)

    receive = ZeroCopyProtocol.receive_into
    monkeypatch.setattr(ZeroCopyProtocol, "receive_into", receive_into)
    async with running(options) as (url, _):
        token = await _log_in(url)
        async with Client(url, token) as cloud:
            await cloud.upload(bytes(CHUNK_SIZE), "/a.bin")
    assert received


async def test_secrets(options):
    """Secrets are for the owner's eyes, made once, and kept."""
    kept = ("service-password", "encryption-key", "discord/webhooks.json")
    async with running(options):
        first = {name: (options.data / name).read_bytes() for name in kept}
    assert _mode(options.data) == 0o700
    assert all(_mode(options.data / name) == 0o600 for name in kept)
    async with running(options):
        assert {name: (options.data / name).read_bytes() for name in kept} == first


async def test_second_instance(options):
    """Two processes never share a data folder; the first one is not disturbed."""
    async with running(options) as (url, _):
        with pytest.raises(DataFolderInUse, match="--data"):
            await _start(options)
        async with aiohttp.ClientSession() as http, http.get(f"{url}/health") as response:
            assert response.status == 204


async def test_port_taken(options):
    """A taken port is told as such, and the folder is free again afterwards."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        taken = UpOptions(data=options.data, port=port)
        with pytest.raises(CannotListen, match=f"port {port} is taken"):
            await _start(taken)
    await _start(options)


async def test_unusable_folder(options):
    """A data folder that cannot be made is named."""
    options.data.write_text("a file")
    with pytest.raises(DataFolderUnusable, match=str(options.data)):
        await _start(options)


async def test_a_part_of_the_folder_that_is_unusable(options):
    """What stands where a folder is needed is named."""
    options.data.mkdir()
    (options.data / "reports").touch()
    with pytest.raises(DataFolderUnusable, match="reports"):
        await _start(options)


async def test_damaged_key(options):
    """A damaged key is never replaced by a new one, which would lose every file."""
    await _start(options)
    key = options.data / "encryption-key"
    key.write_text("garbage")
    with pytest.raises(DataFolderUnusable, match="damaged") as caught:
        await _start(options)
    assert key.read_text() == "garbage"
    assert "garbage" not in str(caught.value)


async def test_wrong_environment(options, monkeypatch):
    """A wrong setting in the environment is named before anything starts."""
    monkeypatch.setenv("BOOKING_IDLE_S", "soon")
    with pytest.raises(SettingsInvalid, match="BOOKING_IDLE_S"):
        await _start(options)


async def test_another_deployments_settings_are_not_obeyed(options, tmp_path, monkeypatch):
    """Whatever `.env` and the environment say of keys, databases and addresses: all stays in the folder."""
    foreign = {
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_KEY": "a-key-of-another-deployment",
        "DATABASE_PATH": str(tmp_path / "other.sqlite3"),
        "SERVICE_PASSWORD": "another password",
        "MESSAGE_ENCRYPTION_KEY": "garbage",
        "DISCORD_WEBHOOKS": "https://discord.com/api/webhooks/123456789012345678/token",
        "DISCORD_API_URL": "http://127.0.0.1:9/api",
        "DISCORD_BOT_TOKEN": "a-bot",
        "OWN_ADDRESS": "http://127.0.0.1:9/upload",
        "UPLOAD_ORIGIN": "http://127.0.0.1:9",
        "EMULATOR_SINK": "true",
        "EMULATOR_ATTACHMENT_LIMIT_BYTES": "1",
    }
    (tmp_path / ".env").write_text("".join(f"{name}={text}\n" for name, text in foreign.items()))
    monkeypatch.setenv("SUPABASE_URL", foreign["SUPABASE_URL"])
    monkeypatch.setenv("SUPABASE_KEY", foreign["SUPABASE_KEY"])
    async with running(options) as (url, _):
        token = await _log_in(url)
        async with Client(url, token) as cloud:
            await cloud.upload(b"some bytes", "/a.bin")
            await cloud.download("/a.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == b"some bytes"
    assert (options.data / "catalog.sqlite3").exists()
    assert not (tmp_path / "other.sqlite3").exists()


async def test_public_url(options):
    """Clients are sent to the address that others can reach."""
    public = UpOptions(data=options.data, port=0, public_url="https://cloud.example.org/")
    async with running(public) as (url, _):
        token = await _log_in(url)
        async with Client(url, token) as cloud:
            services = (await cloud.status()).services
    assert {service.address for service in services} == {"https://cloud.example.org/upload"}


async def test_stops_within_seconds_whatever_runs(options):
    """An open download and a half-sent chunk hold up the stop for a moment only."""
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        async with running(options) as (url, _):
            token = await _log_in(url)
            async with Client(url, token) as cloud:
                await cloud.upload(os.urandom(30_000_000), "/big.bin")
            query = {"path": "/", "name": "big.bin", "auth": token}
            download = await http.get(f"{url}/download", params=query)
            await download.content.readexactly(1)
            chunk = asyncio.create_task(_send_half_a_chunk(http, url))
            await asyncio.sleep(0)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        download.close()
        chunk.cancel()
        await asyncio.gather(chunk, return_exceptions=True)


async def test_upload_service_and_emulator_keep_their_own_manners(options):
    """Below their prefixes the mounted parts answer, not the manager."""
    async with running(options) as (url, _), aiohttp.ClientSession() as http:
        async with http.get(f"{url}/upload/nothing") as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert set(await response.json()) == {"error"}
        async with http.get(f"{url}/discord/api/v10/nothing") as response:
            assert response.status == 404
            assert "Access-Control-Allow-Origin" not in response.headers


async def _start(options) -> None:
    async with running(options):
        pass


async def _send_half_a_chunk(http, url) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\n'
        await asyncio.Event().wait()

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with http.post(f"{url}/upload", data=body(), headers=headers) as response:
        await response.read()


def _mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_new_cloud_asks_on_a_terminal_what_users_see(tmp_path):
    """The answer counts; the second start asks nothing."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"y\n")
        for _ in range(2):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cli", "up", "--port", "0"),
                *("--data", str(tmp_path / "data")),
                stdin=theirs,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, "SETUP_CODE": "none"},
            )
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().split()[1]
            async with aiohttp.ClientSession() as session:
                answer = await (await session.get(f"{url}/page/features")).json()
                assert answer["spaces"] == "personal"
            process.terminate()
            await process.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
