"""Base-protocol uploads on a catalog that goes away while their chunks are entered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from catalog.records import Message
from protocol import s2c
from tests.base_protocol.upload_service import UploadService
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.peers import ClientPeer
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.orphans import orphans_of

CHANNEL = 10**17
MESSAGES = [str(10**17 + number) for number in range(1, 5)]
LONGER_THAN_ANY_PATIENCE = 10**6


@asynccontextmanager
async def a_stage(folder: Path) -> AsyncIterator[FlakyStage]:
    """A control plane with a bot, on a catalog that the test can switch off."""
    async with running_flaky_stage(
        folder,
        base_upload_services=True,
        discord_bot_token="token",
        discord_channels=(CHANNEL,),
    ) as stage:
        yield stage


async def upload(stage: FlakyStage, service: UploadService) -> tuple[ClientPeer, str]:
    """An upload of four chunks that its service reports as stored."""
    client = await stage.client()
    await client.next(s2c.ServiceRegistry)
    assert await client.book(1) == 1
    response = await client.request_upload("a.bin", size=400)
    assert response.accepted
    await service.send(
        "u2s:upload-finish",
        success=True,
        messages=MESSAGES,
        hash="0" * 64,
        is_encrypted=True,
        type="text/plain",
        channel=str(CHANNEL),
    )
    return client, response.upload_id


@asynccontextmanager
async def a_service(stage: FlakyStage) -> AsyncIterator[UploadService]:
    """A base-protocol service that can be booked."""
    watching = await stage.client("observer")
    query = {"type": "upload", "key": SERVICE_PASSWORD, "address": "http://service.test/"}
    async with aiohttp.ClientSession() as http:
        service = UploadService(await http.ws_connect(stage.url, params=query), "")
        await watching.next(s2c.ServiceRegistry, action="added")
        yield service
        await service.close()


async def test_a_short_absence_is_not_noticed(tmp_path: Path):
    """Object and chunks are entered as soon as the catalog is back."""
    async with a_stage(tmp_path) as stage, a_service(stage) as service:
        stage.catalog.before.update(begin_objects=2, commit_upload=1)
        stage.catalog.after.update(add_message=3)
        client, upload_id = await upload(stage, service)
        ended = await client.next(s2c.UploadFinishInfo, upload_id=upload_id)
        assert ended.success
        assert await client.names() == ["a.bin"]
        assert await orphans_of(stage.real_catalog) == []


@pytest.mark.parametrize("method", ["begin_objects", "add_message"])
async def test_a_long_absence_fails_the_upload(tmp_path: Path, method: str):
    """The client is told, and every message that the service has posted is garbage afterwards."""
    async with a_stage(tmp_path) as stage, a_service(stage) as service:
        stage.catalog.before[method] = LONGER_THAN_ANY_PATIENCE
        client, upload_id = await upload(stage, service)
        ended = await client.next(s2c.UploadFinishInfo, upload_id=upload_id)
        assert not ended.success
        assert "catalog" in (ended.reason or "")
        stage.catalog.before.clear()
        garbage: list[Message] = []
        while len(garbage) < len(MESSAGES):
            await stage.real_catalog.collect_objects(limit=9)
            garbage = await orphans_of(stage.real_catalog)
        assert [str(message.id) for message in garbage] == MESSAGES
        assert {message.channel_id for message in garbage} == {CHANNEL}
