"""Who is sent which key: services those of single objects, and the master key where that is let in."""

import base64
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from structlog.testing import capture_logs

from protocol import s2c, s2u
from protocol.extensions import RESUME, WEBHOOKS
from tests.manager.sockets.peers import service_query
from tests.manager.sockets.stage import KEY, SERVICE_PASSWORD, Stage, running_stage

BOT: dict[str, Any] = {"discord_bot_token": "token", "discord_channels": "123456789012345678"}
ADDRESS = "http://service.test"
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}


@pytest.mark.parametrize(
    ("query", "event"),
    [
        pytest.param(
            {**service_query(SERVICE_PASSWORD, ADDRESS), "extensions": f"{WEBHOOKS},{RESUME}"},
            "upload-service-refused",
            id="upload service of an earlier release",
        ),
        pytest.param(
            service_query(SERVICE_PASSWORD, ADDRESS),
            "upload-service-refused",
            id="base upload service",
        ),
        pytest.param(
            {"type": "thumbnail", "key": SERVICE_PASSWORD},
            "thumbnail-service-refused",
            id="base thumbnail service",
        ),
    ],
)
async def test_a_service_that_needs_the_master_key_is_refused(
    tmp_path: Path, query: dict[str, str], event: str
):
    """Before the upgrade, with 400; answer and log say how to let it in. A bot alone does not."""
    async with running_stage(tmp_path, **BOT) as stage, aiohttp.ClientSession() as http:
        with capture_logs() as logs:
            async with http.get(stage.url, params=query, headers=UPGRADE) as response:
                assert response.status == 400
                reason = (await response.json())["error_details"]
    (logged,) = (entry for entry in logs if entry["event"] == event)
    assert "BASE_UPLOAD_SERVICES" in reason
    assert logged["reason"] in reason


async def test_a_service_of_an_earlier_release_can_be_let_in(tmp_path: Path):
    """It gets the master key and frames as ever; one that takes object keys gets no more than those."""
    async with running_stage(tmp_path, base_upload_services=True) as stage:
        client = await stage.client()
        old = await stage.service(extensions=(WEBHOOKS, RESUME))
        assert old.configurations[-1].crypto == s2u.Crypto(enabled=True, key=KEY)
        await client.book(1)
        assert (await client.request_upload(size=5)).accepted
        assert type(await old.next(s2u.UploadStart)) is s2u.UploadStart
        new = await stage.service()
        assert new.configurations[-1].crypto is None


async def test_each_upload_comes_with_its_own_key(stage: Stage):
    """Derived from the first master key and the upload's id, whose id it names."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    keys = set()
    for name in ("a", "b"):
        upload_id = (await client.request_upload(name, size=5)).upload_id
        start = await service.next(s2u.UploadStartWithKey)
        primary = stage.settings.keyring.primary
        expected = primary.object_key(UUID(upload_id)).secret
        assert base64.b64decode(start.object_key.key) == expected
        assert start.object_key.key_id == primary.key_id.hex()
        keys.add(start.object_key.key)
        await service.finish(start)
        await client.next(s2c.UploadFinishInfo)
    assert len(keys) == 2


async def test_unencrypted_chunks_are_refused(stage: Stage):
    """A service that has sealed nothing has stored nothing: no file comes of its upload."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    await client.request_upload(size=5)
    start = await service.next(s2u.UploadStart)
    await service.store(start)
    await service.finish_with(start, is_encrypted=False)
    ended = await client.next(s2c.UploadFinishInfo)
    assert (ended.success, "encrypt" in str(ended.reason)) == (False, True)
    assert await client.names() == []
