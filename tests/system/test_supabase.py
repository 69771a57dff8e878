"""The whole product with its catalog in Supabase, which fails as real servers do."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from cli.servers.http_serving import listen, serving, url_of
from client_sdk.client import Client
from client_sdk.settings import ClientSettings
from common.tasks import cancel_and_wait
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator
from local_supabase.gateway import GatewayFault
from local_supabase.stack import LocalSupabase
from manager.app import create_app
from tests.manager.sockets.stage import settings_for
from tests.system.catalog_calls import called
from tests.system.server import Server, manager
from tests.system.whole import (
    CHUNK_SIZE,
    Whole,
    content_of,
    pieces_of,
    running_whole,
    send_chunk,
    upload_service_at,
)

CONTENT = content_of(3 * CHUNK_SIZE + 17)
CHUNKS = 4
BURST = (GatewayFault.UNAVAILABLE, GatewayFault.BROKEN, GatewayFault.RESET_BEFORE)
LEFT_BY_UPLOADS = ("objects", "chunks", "messages", '"references"', "commits", "files")


def whole_on(
    supabase: LocalSupabase, folder: Path, **settings: Any
) -> AbstractAsyncContextManager[Whole]:
    """Everything, running, with the catalog in Supabase."""
    return running_whole(
        folder,
        supabase_url=supabase.url,
        supabase_key=SecretStr(supabase.service_key),
        **settings,
    )


@pytest.fixture
async def whole(empty: LocalSupabase, tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything, running, with the catalog in Supabase, and a reaper that looks all the time."""
    async with whole_on(empty, tmp_path, reaper_interval_s=0.05) as running:
        yield running


@asynccontextmanager
async def sdk(whole: Whole) -> AsyncIterator[Client]:
    """Alice, through the SDK."""
    settings = ClientSettings(retry_first_s=0.01, retry_cap_s=0.01)
    async with Client(whole.url, await whole.token("alice"), settings=settings) as cloud:
        yield cloud


def traces(supabase: LocalSupabase) -> dict[str, int]:
    """How many rows there are of everything that an upload leaves."""
    return {
        table: int(supabase.database.query(f"select count(*) from public.{table}"))  # noqa: S608
        for table in LEFT_BY_UPLOADS
    }


async def test_files_go_in_and_come_out(empty: LocalSupabase, tmp_path: Path):
    """Byte for byte through the SDK, among bursts of errors, and a new manager has them."""
    target = tmp_path / "fetched"
    async with whole_on(empty, tmp_path) as whole, sdk(whole) as cloud:
        empty.gateway.faults.extend(BURST)
        await cloud.upload(CONTENT, "/a/b/c.bin")
        await cloud.upload(b"", "/a/empty")
    async with whole_on(empty, tmp_path) as whole, sdk(whole) as cloud:
        empty.gateway.faults.extend(BURST)
        assert (await cloud.download("/a/b/c.bin", target)).read_bytes() == CONTENT
        assert [entry.name async for entry in cloud.list("/a")] == ["b", "empty"]
        # Chunks may share messages.
        kept = empty.database.query("select count(distinct message_id) from public.chunks")
        await whole.messages_left(int(kept))
        assert traces(empty)["chunks"] == CHUNKS


@pytest.mark.parametrize("function", ["begin_objects", "add_message", "commit_uploads"])
async def test_an_answer_that_is_lost_at_a_write(empty: LocalSupabase, whole: Whole, function: str):
    """What the database has done is done once: one file, with each chunk stored once."""
    user = await whole.user(booked=1)
    empty.gateway.faults_of[function].extend(
        [GatewayFault.RESET_AFTER, GatewayFault.GARBLED, GatewayFault.UNAVAILABLE]
    )
    await user.put("a.bin", CONTENT)
    assert not empty.gateway.faults_of[function]
    assert await user.get("a.bin") == CONTENT
    assert await user.peer.names() == ["a.bin"]
    await whole.messages_left(CHUNKS)


async def test_postgrest_is_restarted_in_mid_upload(empty: LocalSupabase, whole: Whole):
    """The chunk that meets the outage is taken as soon as PostgREST is back, and no sooner."""
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    await user.send(response, 0, CONTENT)
    await asyncio.to_thread(empty.postgrest.stop)
    sending = asyncio.create_task(user.send(response, 1, CONTENT))
    await called(empty, "add_message")
    assert not sending.done()
    await asyncio.to_thread(empty.postgrest.start)
    await sending
    for index in (2, 3):
        await user.send(response, index, CONTENT)
    assert (await user.finished(response)).success
    assert await user.get("a.bin") == CONTENT
    await whole.messages_left(CHUNKS)


async def test_an_upload_that_is_given_up_in_an_outage(empty: LocalSupabase, whole: Whole):
    """Once PostgREST is back, nothing of it is left: in the catalog, or on Discord."""
    async with whole.visiting_user("alice") as user:
        assert await user.peer.book(1) == 1
        response = await user.request("a.bin", len(CONTENT))
        await user.send(response, 0, CONTENT)
        await asyncio.to_thread(empty.postgrest.stop)
        sending = asyncio.create_task(
            send_chunk(user.http, response, 1, pieces_of(CONTENT, CHUNK_SIZE)[1])
        )
        await called(empty, "add_message")
        await cancel_and_wait(sending)
    await asyncio.to_thread(empty.postgrest.start)
    await whole.messages_left(0)
    # Webhooks are looked after side by side: the catalog forgets a message after Discord has.
    while traces(empty) != dict.fromkeys(LEFT_BY_UPLOADS, 0):
        await called(empty, "orphan_messages")


@asynccontextmanager
async def manager_and_service(supabase: LocalSupabase, folder: Path) -> AsyncIterator[Server]:
    """A manager that can be killed, with an upload service of one slot that is not."""
    location = {"SUPABASE_URL": supabase.url, "SUPABASE_KEY": supabase.service_key}
    async with (
        running_emulator(folder / "discord", limits="off", channels=4) as emulator,
        manager(emulator, **location) as server,
    ):
        with closing(listen("127.0.0.1", 0)) as listening:
            address = f"{url_of(listening)}/upload"
            service = upload_service_at(server.url, folder, 1, own_address=address)
            app = web.Application()
            app.add_subapp("/upload", service.intake)
            async with serving(app, listening), service.run():
                yield server


async def test_the_manager_is_killed_before_a_commit(empty: LocalSupabase, tmp_path: Path):
    """What it acknowledged before is there; the other is not, and all of it is deleted later."""
    async with manager_and_service(empty, tmp_path) as server:
        token = await server.register()
        async with server.user(token) as user:
            await user.put("kept.bin", CONTENT)
            empty.gateway.faults_of["commit_uploads"].append(GatewayFault.HANG)
            response = await user.request("lost.bin", len(CONTENT))
            asked = asyncio.create_task(called(empty, "commit_uploads"))
            for index in range(CHUNKS):
                await user.send(response, index, CONTENT)
            await asked
            await server.kill()
    later = {"clock": lambda: time.time() + 3600}
    async with whole_on(empty, tmp_path, channels=4, create=later) as whole:
        await whole.messages_left(CHUNKS)
        again = await whole.user("alice")
        assert await again.peer.names() == ["kept.bin"]
        assert await again.get("kept.bin") == CONTENT


async def test_the_manager_stops_while_the_catalog_hangs(empty: LocalSupabase, tmp_path: Path):
    """Whatever it still has to write, and whatever it waits for: it ends well within its grace."""
    async with manager_and_service(empty, tmp_path) as server:
        token = await server.register()
        async with server.user(token) as user:
            empty.gateway.faults.extend([GatewayFault.HANG] * 1000)
            asked = asyncio.create_task(called(empty, "begin_objects"))
            requesting = asyncio.create_task(user.peer.request_upload("a.bin", size=10))
            await asked
            assert await server.stop() == 0
            await asyncio.gather(requesting, return_exceptions=True)


async def test_whoever_comes_while_the_catalog_is_away_waits(
    empty: LocalSupabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A manager that starts without its catalog says so; a client that comes then is served at last."""
    monkeypatch.setattr("cli.servers.http_serving.STARTING_S", 0.05)
    async with whole_on(empty, tmp_path) as whole:
        token = await whole.token("alice")
    await asyncio.to_thread(empty.postgrest.stop)
    location = {"supabase_url": empty.url, "supabase_key": SecretStr(empty.service_key)}
    is_over, is_told = asyncio.Event(), asyncio.Event()

    async def serve(emulator: Emulator, listening: socket) -> None:
        app = create_app(settings_for(emulator, tmp_path, **location))
        async with serving(app, listening):
            await is_over.wait()

    async def come(url: str) -> bool:
        settings = ClientSettings(retry_first_s=0.05)
        async with Client(
            url, token, settings=settings, link_changed=lambda _: is_told.set()
        ) as cloud:
            return (await cloud.folder_status("/")).exists

    async with running_emulator(tmp_path / "discord", limits="off") as emulator:
        with closing(listen("127.0.0.1", 0)) as listening:
            program = asyncio.create_task(serve(emulator, listening))
            coming = asyncio.create_task(come(url_of(listening)))
            await is_told.wait()
            await asyncio.to_thread(empty.postgrest.start)
            assert await coming
            is_over.set()
            await program
