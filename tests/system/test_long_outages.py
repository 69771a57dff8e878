"""The catalog or Discord is away for minutes: uploads wait, say so, and go on.

The minutes are seconds here: the times of which one has to be over are set as short as they can be. The last
test holds the defaults to minutes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from client_sdk import Client, ClientSettings, Stage
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from local_supabase.gateway import GatewayFault
from local_supabase.stack import LocalSupabase
from manager.settings import ManagerSettings
from tests.client_sdk.stages import Stages
from tests.system.catalog_calls import called
from tests.system.whole import CHUNK_SIZE, Whole, content_of, running_whole

CHUNKS = 12
CONTENT = content_of(CHUNKS * CHUNK_SIZE - 17)
IN_FLIGHT = 2
SHORTEST_HOLD_S = 3
MINUTE_S = 60.0


def on_supabase(supabase: LocalSupabase, **settings: Any) -> dict[str, Any]:
    """The manager's settings of a catalog in Supabase, and others."""
    key = SecretStr(supabase.service_key)
    return {"supabase_url": supabase.url, "supabase_key": key, **settings}


@asynccontextmanager
async def sdk(whole: Whole) -> AsyncIterator[Client]:
    """Alice, who gives no chunk and no silence much time."""
    settings = ClientSettings(
        parallel_uploads=1,
        chunks_in_flight=IN_FLIGHT,
        chunk_reply_timeout_s=0.5,
        quiet_s=0.2,
        retry_first_s=0.05,
        retry_cap_s=0.2,
    )
    async with Client(whole.url, await whole.token("alice"), settings=settings) as cloud:
        yield cloud


async def stopped(supabase: LocalSupabase, function: str) -> None:
    """Stops PostgREST at the next call of a function, which does nothing any more."""
    faults = supabase.gateway.faults_of[function]
    faults.extend([GatewayFault.UNAVAILABLE] * 10_000)
    await called(supabase, function)
    await asyncio.to_thread(supabase.postgrest.stop)
    faults.clear()


async def test_the_catalog_is_away_at_the_commit(empty: LocalSupabase, tmp_path: Path):
    """The client hears that it waits; the file is entered as it is back, and nothing is sent again."""
    async with running_whole(tmp_path, **on_supabase(empty)) as whole, sdk(whole) as cloud:
        stages, stopping = Stages(), asyncio.create_task(stopped(empty, "commit_uploads"))
        upload = asyncio.create_task(cloud.upload(CONTENT, "/film", progress=stages))
        await stopping
        await stages.reached(Stage.SETTLING, Stage.WAITING)
        await asyncio.to_thread(empty.postgrest.start)
        assert (await upload).sent_bytes == len(CONTENT)
        assert await cloud.read("/film") == CONTENT


async def test_the_catalog_is_away_for_longer_than_the_manager_waits(
    empty: LocalSupabase, tmp_path: Path
):
    """The upload is parked, and the client asks to go on until the catalog is back; nothing is sent again."""
    settings = on_supabase(empty, upload_hold_s=SHORTEST_HOLD_S)
    async with running_whole(tmp_path, **settings) as whole, sdk(whole) as cloud:
        stages, stopping = Stages(), asyncio.create_task(stopped(empty, "commit_uploads"))
        upload = asyncio.create_task(cloud.upload(CONTENT, "/film", progress=stages))
        await stopping
        await called(empty, "kept_upload")
        assert stages.seen[-1] is Stage.WAITING
        await asyncio.to_thread(empty.postgrest.start)
        assert (await upload).sent_bytes == len(CONTENT)
        assert await cloud.read("/film") == CONTENT
        assert [kept async for kept in cloud.uploads()] == []


async def test_the_catalog_is_away_in_mid_upload(empty: LocalSupabase, tmp_path: Path):
    """Chunks wait until they can be journalled; none is posted twice."""
    async with running_whole(tmp_path, **on_supabase(empty)) as whole, sdk(whole) as cloud:
        stages = Stages()
        upload = asyncio.create_task(cloud.upload(CONTENT, "/film", progress=stages))
        await stages.reached(Stage.TRANSFERRING)
        await stopped(empty, "add_message")
        await stages.reached(Stage.TRANSFERRING, Stage.WAITING)
        await asyncio.to_thread(empty.postgrest.start)
        await upload
        assert whole.emulator.requests.count(Operation.EXECUTE, 200) == CHUNKS
        assert await cloud.read("/film") == CONTENT


async def test_discord_refuses(tmp_path: Path):
    """Chunks wait at the service, however often their client asks for them again; none is posted twice."""
    async with running_whole(tmp_path) as whole, sdk(whole) as cloud:
        refusing = Fault(
            kind=FaultKind.ERROR, route=Operation.EXECUTE, status=503, times=None, skip=CHUNKS // 2
        )
        whole.emulator.faults.add(refusing)
        stages = Stages()
        upload = asyncio.create_task(cloud.upload(CONTENT, "/film", progress=stages))
        await refusing.reached.wait()
        await stages.reached(Stage.TRANSFERRING, Stage.WAITING)
        whole.emulator.faults.clear()
        await upload
        assert whole.emulator.requests.count(Operation.EXECUTE, 200) == CHUNKS
        assert await cloud.read("/film") == CONTENT


def test_the_defaults_wait_for_minutes():
    """Nothing ends an upload before a catalog is back after five minutes, or Discord after ten."""
    fields = ManagerSettings.model_fields
    assert fields["upload_hold_s"].default >= 5 * MINUTE_S
    assert fields["kept_upload_s"].default >= 10 * MINUTE_S
    client = ClientSettings()
    assert client.upload_patience_s >= 20 * MINUTE_S
    assert client.finish_timeout_s >= 5 * MINUTE_S
