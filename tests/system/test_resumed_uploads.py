"""`discord-cloud put` as a process of its own, interrupted in mid-upload: what it costs, in bytes."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from client_sdk.client import Client
from tests.system.cut_network import Network, cut_network
from tests.system.server import COMMAND, Server, up
from tests.system.whole import content_of

CHUNK = 100_000
CONTENT = content_of(60 * CHUNK)
CHUNKS_IN_FLIGHT = 4
OVERHEAD = 100_000
"""Bytes of all packets, headers and questions of one test, generously."""
MOST_SENT = len(CONTENT) + CHUNKS_IN_FLIGHT * CHUNK + OVERHEAD


@dataclass
class Place:
    """A server behind a network, a user's token, and the file that is uploaded."""

    data: Path
    network: Network
    server: Server
    token: str
    source: Path

    async def put(self) -> asyncio.subprocess.Process:
        """Begin to upload the file."""
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            "put",
            "--json",
            str(self.source),
            "/film.bin",
            env={
                **os.environ,
                "DISCORD_CLOUD_URL": self.network.url,
                "DISCORD_CLOUD_TOKEN": self.token,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def half_put(self) -> asyncio.subprocess.Process:
        """Begin to upload the file; returns when half of it is on its way, and nothing moves."""
        self.network.hold_at(len(CONTENT) // 2)
        program = await self.put()
        await self.network.held()
        return program

    async def content(self) -> bytes:
        """What is stored."""
        async with Client(self.network.url, self.token) as cloud:
            return await cloud.read("/film.bin")


async def file_of(program: asyncio.subprocess.Process) -> tuple[dict[str, Any], str]:
    """What a `put` tells of its only file, and its notes."""
    out, err = await program.communicate()
    assert program.returncode == 0, err.decode()
    return json.loads(out)["files"][0], err.decode()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A server that can be reached over a network that is cut."""
    source = tmp_path / "film.bin"
    await asyncio.to_thread(source.write_bytes, CONTENT)
    async with cut_network() as network:
        data = tmp_path / "data"
        async with server_behind(network, data) as server:
            yield Place(data, network, server, await server.register(), source)


@asynccontextmanager
async def server_behind(network: Network, data: Path) -> AsyncIterator[Server]:
    """A server whose clients, and those of its upload services, come over a network."""
    async with up(data, "--public-url", network.url, CHUNK_SIZE=str(CHUNK)) as server:
        network.lead_to(server.url)
        yield server


async def test_a_killed_put_goes_on_when_it_is_run_again(place: Place) -> None:
    """What is stored is not sent again; of what was on its way, at most that."""
    killed = await place.half_put()
    killed.kill()
    await killed.wait()
    await place.network.release()
    file, notes = await file_of(await place.put())
    assert file["sent_bytes"] < 0.6 * len(CONTENT), notes
    assert place.network.sent < MOST_SENT
    assert await place.content() == CONTENT


async def test_a_changed_file_begins_anew_and_an_interrupted_put_says_what_to_do(
    place: Place,
) -> None:
    """Ctrl-C names the kept upload; nothing of the old content gets into the new file."""
    interrupted = await place.half_put()
    interrupted.send_signal(signal.SIGINT)
    await place.network.release()
    _, err = await interrupted.communicate()
    assert interrupted.returncode == 130
    async with Client(place.network.url, place.token) as cloud:
        kept = [each async for each in cloud.uploads()]
    assert len(kept) == 1
    assert f"discord-cloud uploads drop {kept[0].id}`" in err.decode()
    await asyncio.to_thread(place.source.write_bytes, CONTENT[::-1])
    file, notes = await file_of(await place.put())
    assert "film.bin: begins anew: the source has changed" in notes
    assert file["sent_bytes"] == len(CONTENT)
    assert await place.content() == CONTENT[::-1]


async def test_a_cut_network_and_a_suspended_client_cost_what_was_in_flight(place: Place) -> None:
    """The upload goes on by itself, as soon as that is possible."""
    program = await place.half_put()
    place.network.cut()
    await place.network.has_refused(3)
    place.network.mend()
    place.network.hold_at(len(CONTENT) // 4)
    await place.network.held()
    program.send_signal(signal.SIGSTOP)
    place.network.drop()
    await place.network.release()
    program.send_signal(signal.SIGCONT)
    file, _ = await file_of(program)
    assert file["sent_bytes"] <= len(CONTENT) + 2 * CHUNKS_IN_FLIGHT * CHUNK
    assert place.network.sent < MOST_SENT + CHUNKS_IN_FLIGHT * CHUNK
    assert await place.content() == CONTENT


async def test_a_killed_server_is_waited_for(place: Place) -> None:
    """Manager and upload service start again, and the upload goes on by itself."""
    program = await place.half_put()
    await place.server.kill()
    await place.network.release()
    async with server_behind(place.network, place.data):
        file, _ = await file_of(program)
        assert file["sent_bytes"] <= len(CONTENT) + CHUNKS_IN_FLIGHT * CHUNK
        assert await place.content() == CONTENT
