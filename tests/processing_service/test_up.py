"""With the real manager, upload service and emulator, as `discord-cloud up` runs them."""

import asyncio

import aiohttp
import pytest
from PIL import Image

from cli.command_line.options import UpOptions
from cli.servers.up import running
from client_sdk import ChangeAction, Client, FileEvent
from tests.processing_service import samples

PASSWORD = "correct horse"


async def thumbnail_url(events) -> str:
    """Where the next thumbnail is that the manager announces."""
    async for event in events:
        if isinstance(event, FileEvent) and event.file.has_thumbnail:
            assert event.action is ChangeAction.MODIFY
            assert event.thumbnail_url is not None
            return event.thumbnail_url
    raise AssertionError("the events ended")


@pytest.fixture
def options(tmp_path, monkeypatch) -> UpOptions:
    """A fresh data folder and any free port."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SETUP_CODE", "none")
    return UpOptions(data=tmp_path / "data", port=0, slots=2)


async def test_an_uploaded_photo_gets_its_thumbnail_by_itself(options, tmp_path):
    """The manager announces it to clients, and it shows the photo upright."""
    async with running(options) as (url, _):
        async with Client(url) as cloud:
            await cloud.register("alice", PASSWORD)
            token = await cloud.login("alice", PASSWORD)
        async with Client(url, token) as cloud, aiohttp.ClientSession(url) as http:
            events = cloud.events()
            await cloud.upload(samples.rotated_photo(), "/photo.jpg")
            async with asyncio.timeout(60):
                where = await thumbnail_url(events)
            async with http.get(where) as response:
                assert response.content_type == "image/avif"
                content = await response.read()
    (tmp_path / "view").write_bytes(content)
    with Image.open(tmp_path / "view") as picture:
        assert picture.size == (40, 60)
        assert samples.colour(picture, 0.5, 0.1) == "red"
        assert samples.colour(picture, 0.5, 0.9) == "blue"
