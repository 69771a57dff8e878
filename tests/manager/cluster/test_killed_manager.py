"""Managers as processes of their own, of which one is killed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from signal import SIGKILL

from client_sdk import Client, ClientSettings, Progress
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator
from local_supabase.stack import LocalSupabase
from storage.envelope import ENVELOPE_OVERHEAD
from tests.chaos.cluster import Program, free_port
from tests.manager.sockets.stage import KEY, PASSWORD, SERVICE_PASSWORD

CHUNK_SIZE = 20_000
CHUNKS = 200


def _program(folder: Path, command: str, name: str, **environment: str) -> Program:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    ports = {"MANAGER_PORT": str(port), "PORT": str(port), "OWN_ADDRESS": f"{url}/"}
    return Program(
        (command,),
        {"HOME": str(folder), "SERVICE_PASSWORD": SERVICE_PASSWORD, **ports, **environment},
        url,
        folder / f"{name}.log",
    )


@asynccontextmanager
async def _running(
    folder: Path, emulator: Emulator, supabase: LocalSupabase, cluster_url: str
) -> AsyncIterator[list[Program]]:
    """Two managers, and an upload service that knows both; the first manager is the first in its list."""
    managers = [
        _program(
            folder,
            "manager",
            f"manager-{number}",
            MESSAGE_ENCRYPTION_KEY=KEY,
            DISCORD_WEBHOOKS=" ".join(emulator.webhook_urls()),
            DISCORD_API_URL=f"{emulator.public_url}/api/v10",
            GLOBAL_REQUESTS_PER_S="100000",
            CHUNK_SIZE=str(CHUNK_SIZE),
            SETUP_CODE="none",
            SUPABASE_URL=supabase.url,
            SUPABASE_KEY=supabase.service_key,
            CLUSTER_URL=cluster_url,
        )
        for number in range(2)
    ]
    service = _program(
        folder,
        "upload-service",
        "service",
        MANAGER_ADDRESS=",".join(each.url for each in managers),
        REPORTS_FOLDER=str(folder / "reports"),
        SLOTS="2",
    )
    async with AsyncExitStack() as stack:
        for program in (*managers, service):
            stack.push_async_callback(program.kill)
        await managers[0].start()
        await asyncio.gather(managers[1].start(), service.start())
        yield managers


async def test_an_upload_outlives_its_manager(
    tmp_path: Path, supabase: LocalSupabase, cluster_url: str
):
    """The manager of client, service and allocator is killed; the upload goes on at the other."""
    supabase.empty()
    async with (
        running_emulator(tmp_path / "discord", limits="off", channels=4) as emulator,
        _running(tmp_path, emulator, supabase, cluster_url) as managers,
    ):
        async with Client(managers[0].url) as visitor:
            await visitor.register("alice", PASSWORD)
            token = await visitor.login("alice", PASSWORD)
        content = bytes(range(256)) * (CHUNKS * CHUNK_SIZE // 256)
        is_under_way = asyncio.Event()

        def watch(progress: Progress) -> None:
            if progress.transferred > len(content) // 10:
                is_under_way.set()

        settings = ClientSettings(chunks_in_flight=2, unavailable_patience_s=60.0)
        urls = ",".join(each.url for each in managers)
        async with Client(urls, token, settings=settings) as client:
            uploading = asyncio.create_task(client.upload(content, "/a.bin", progress=watch))
            await is_under_way.wait()
            assert not uploading.done()
            await managers[0].end(SIGKILL)
            await uploading
            assert await client.read("/a.bin") == content
        # What was under way when the manager died may be there twice, and nothing else.
        posted = await emulator.in_thread(emulator.messages)
        stored = sum(each.size for message in posted for each in message.attachments)
        chunk = CHUNK_SIZE + ENVELOPE_OVERHEAD
        assert CHUNKS * chunk <= stored <= (CHUNKS + settings.chunks_in_flight) * chunk
