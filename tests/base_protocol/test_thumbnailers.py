"""Thumbnail services of the base protocol."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from catalog.records import File
from manager.app_keys import THUMBNAIL_CACHE, THUMBNAIL_SERVICES
from manager.processing.thumbnails import ThumbnailCache
from tests.base_protocol.peers import PeerStage
from tests.base_protocol.stage import Stage, running_stage
from tests.base_protocol.thumbnailer import picture_of
from tests.manager.sockets.stage import KEY, SERVICE_PASSWORD

WIDTH = 300


async def store(stage: PeerStage, content: bytes, *, is_encrypting: bool = True) -> None:
    """Has a base-protocol service store alice's file a.png."""
    await stage.service(is_encrypting=is_encrypting)
    alice = await stage.frontend(booked=1)
    await alice.store("a.png", content)
    assert await alice.order("c2s:upload-booking-clear")


async def stored(stage: Stage, content: bytes, *, is_encrypting: bool = True) -> File:
    """A file that a base-protocol service has stored."""
    await store(stage, content, is_encrypting=is_encrypting)
    file = await stage.catalog.file_at((), "a.png")
    assert file is not None
    return file


async def generate(stage: Stage, file: File) -> bytes | None:
    """The picture that the manager gets."""
    return await stage.app[THUMBNAIL_SERVICES].generate(file)


@pytest.mark.parametrize("replies", [True, False])
@pytest.mark.parametrize("is_encrypting", [True, False])
async def test_a_picture_is_made_of_the_first_chunk(
    stage: Stage, content: bytes, is_encrypting: bool, replies: bool
):
    """The service reads it by itself, and may answer with a reply or with a packet of its own."""
    file = await stored(stage, content, is_encrypting=is_encrypting)
    await stage.thumbnailer(replies=replies)
    assert await generate(stage, file) == picture_of(content[:100], WIDTH)


async def test_a_frontend_asks_for_a_thumbnail(stage: PeerStage, content: bytes):
    """It gets the address of a picture that is made for it, once for all who ask."""
    await store(stage, content)
    alice = await stage.frontend()
    [file] = await alice.files()
    assert not await alice.order("c2s:thumbnail-request", id=file["id"])
    service = await stage.thumbnailer()
    for _ in range(2):
        answer = await alice.ask("c2s:thumbnail-request", id=file["id"])
        assert answer.data["success"] is True
        async with stage.http.get(answer.data["message"]) as response:
            assert response.headers["Content-Type"] == "image/avif"
            assert await response.read() == picture_of(content[:100], WIDTH)
    assert len(service.unread("s2t:gen-thumbnail")) == 1


async def test_it_is_configured(stage: Stage):
    """It is told the key, the token and what the picture should be like; clients hear of it."""
    service = await stage.thumbnailer()
    assert service.configuration == {
        "message_encryption_key": KEY,
        "discord_bot_token": "the bot's token",
        "image_quality": 60,
        "image_width": WIDTH,
        "image_type": "avif",
    }
    alice = await stage.frontend()
    listed = await alice.next("s2c:service-registry", action="list", service_type="thumbnail")
    assert "address" not in listed
    await service.close()
    await alice.next("s2c:service-registry", action="removed", service_uuid=listed["service_uuid"])


async def test_one_question_for_all_who_ask(stage: Stage, content: bytes):
    """A picture that is being made is not asked for again."""
    file = await stored(stage, content)
    service = await stage.thumbnailer(paints=None)
    pictures = stage.app[THUMBNAIL_CACHE]
    asking = [asyncio.create_task(pictures.make(file)) for _ in range(3)]
    await service.next("s2t:gen-thumbnail", file_id=file.id)
    await service.send("t2s:thumbnail-data", file_id=file.id, success=True, data="aGk")
    assert await asyncio.gather(*asking) == [True] * 3
    assert pictures.kept(file.object_id) == b"hi"
    assert service.unread("s2t:gen-thumbnail") == []


async def test_a_picture_that_comes_late_is_served_to_whoever_asks_again(
    stage: Stage, content: bytes
):
    """Nobody waits for it any more when it comes; it is not made a second time."""
    file = await stored(stage, content)
    service = await stage.thumbnailer(paints=None)
    pictures = ThumbnailCache(stage.app[THUMBNAIL_SERVICES], answer_within_s=0)
    assert not await pictures.make(file)
    await service.next("s2t:gen-thumbnail", file_id=file.id)
    await service.send("t2s:thumbnail-data", file_id=file.id, success=True, data="aGk")
    while not await pictures.make(file):
        pass
    assert pictures.kept(file.object_id) == b"hi"
    assert service.unread("s2t:gen-thumbnail") == []


async def test_a_page_of_thumbnails_holds_up_nothing(stage: Stage, content: bytes):
    """However long the pictures of a whole page take, the same client is answered what else it asks."""
    file = await stored(stage, content)
    service = await stage.thumbnailer(paints=None)
    alice = await stage.frontend()
    asking = [
        asyncio.create_task(alice.ask("c2s:thumbnail-request", id=file.id)) for _ in range(100)
    ]
    await service.next("s2t:gen-thumbnail", file_id=file.id)
    assert await alice.names() == ["a.png"]
    assert not any(task.done() for task in asking)
    await service.send("t2s:thumbnail-data", file_id=file.id, success=True, data="aGk")
    assert all(answer.data["success"] for answer in await asyncio.gather(*asking))


async def overwritten(stage: Stage, file: File, content: bytes) -> File:
    """The file with other content."""
    alice = await stage.frontend(booked=1)
    await alice.store(file.name, content, do_overwrite=True)
    changed = await stage.catalog.file_at((), file.name)
    assert changed is not None
    assert changed.id == file.id
    return changed


@pytest.mark.parametrize("replies", [True, False])
async def test_a_picture_is_that_of_the_content_it_was_asked_for(
    stage: Stage, content: bytes, replies: bool
):
    """Whoever asks about a file that is overwritten meanwhile gets no picture of the old content."""
    file = await stored(stage, content)
    service = await stage.thumbnailer(paints=None)
    asking = [asyncio.create_task(generate(stage, file))]
    before = await service.next("s2t:gen-thumbnail")
    reply_to = service.last if replies else None
    asking.append(asyncio.create_task(generate(stage, await overwritten(stage, file, b"new"))))
    await service.send(
        "t2s:thumbnail-data", reply_to=reply_to, file_id=file.id, success=True, data="b2xk"
    )
    after = await service.next("s2t:gen-thumbnail")
    assert after["first_msg_id"] != before["first_msg_id"]
    await service.send("t2s:thumbnail-data", file_id=file.id, success=True, data="bmV3")
    assert await asyncio.gather(*asking) == [b"old", b"new"]


async def test_another_service_is_asked_about_the_new_content(stage: Stage, content: bytes):
    """It need not wait for the picture of the old one."""
    file = await stored(stage, content)
    first = await stage.thumbnailer(paints=None)
    asking = [asyncio.create_task(generate(stage, file))]
    await first.next("s2t:gen-thumbnail")
    second = await stage.thumbnailer(paints=None)
    asking.append(asyncio.create_task(generate(stage, await overwritten(stage, file, b"new"))))
    await second.next("s2t:gen-thumbnail")
    for service, picture in ((second, "bmV3"), (first, "b2xk")):
        await service.send("t2s:thumbnail-data", file_id=file.id, success=True, data=picture)
    assert await asyncio.gather(*asking) == [b"old", b"new"]


async def test_a_reply_about_another_file_is_no_picture(stage: Stage, content: bytes):
    """Whoever asked is told so at once."""
    file = await stored(stage, content)
    service = await stage.thumbnailer(paints=None)
    asking = asyncio.create_task(generate(stage, file))
    await service.next("s2t:gen-thumbnail")
    answer = {"file_id": file.id + 1, "success": True, "data": "aGk"}
    await service.send("t2s:thumbnail-data", reply_to=service.last, **answer)
    assert await asking is None


async def test_questions_are_spread(stage: Stage, content: bytes):
    """The service that has least to do is asked."""
    file = await stored(stage, content)
    services = [await stage.thumbnailer(paints=None), await stage.thumbnailer(paints=None)]
    alice = await stage.frontend(booked=1)
    await alice.store("b.png", content)
    other = await stage.catalog.file_at((), "b.png")
    assert other is not None
    asking = [asyncio.create_task(generate(stage, each)) for each in (file, other)]
    asked = [await service.next("s2t:gen-thumbnail") for service in services]
    assert {each["file_id"] for each in asked} == {file.id, other.id}
    for service in services:
        await service.close()
    assert await asyncio.gather(*asking) == [None, None]


async def test_no_picture(stage: Stage, content: bytes):
    """None without a service, or when the service cannot, or when it answers nonsense."""
    file = await stored(stage, content)
    assert await generate(stage, file) is None
    service = await stage.thumbnailer(paints=False)
    assert await generate(stage, file) is None
    await service.next("s2t:gen-thumbnail")
    for nonsense in ({"success": True}, {"success": True, "data": "a"}):
        service.paints = None
        asking = asyncio.create_task(generate(stage, file))
        await service.next("s2t:gen-thumbnail")
        await service.send("t2s:thumbnail-data", file_id=file.id, **nonsense)
        assert await asking is None


async def test_an_answer_to_no_question_is_ignored(stage: Stage):
    """A picture that nobody asked for, or asks for any more, changes nothing."""
    service = await stage.thumbnailer()
    await service.send("t2s:thumbnail-data", file_id=7, success=True, data="aGk")
    alice = await stage.frontend()
    await alice.next("s2c:service-registry", action="list", service_type="thumbnail")


async def test_a_wrong_reply_is_no_picture(stage: Stage, content: bytes):
    """A service that replies with another packet has made none."""
    file = await stored(stage, content)
    service = await stage.thumbnailer(paints=None)
    asking = asyncio.create_task(generate(stage, file))
    await service.next("s2t:gen-thumbnail")
    await service.send("generic:boolean", reply_to=service.last, success=False, message="no")
    assert await asking is None


async def test_only_what_it_can_read(stage: Stage, content: bytes):
    """It is not asked about files of our own envelope, nor about empty ones."""
    await stage.our_service()
    alice = await stage.frontend(booked=1)
    await alice.store("a.png", content)
    assert await alice.order("c2s:empty-file-upload", path="/", name="empty.png")
    service = await stage.thumbnailer()
    for name in ("a.png", "empty.png"):
        file = await stage.catalog.file_at((), name)
        assert file is not None
        assert await generate(stage, file) is None
    assert service.unread("s2t:gen-thumbnail") == []


async def test_who_refuses_its_configuration_is_sent_away(stage: Stage):
    """It never counts as a service."""
    alice = await stage.frontend()
    service = await stage.thumbnailer(in_service=False, confirms=False)
    assert await service.ended() == 1008
    await alice.names()
    assert alice.unread("s2c:service-registry") == []


async def test_refused_handshakes(tmp_path: Path):
    """The password is checked; and without a bot there is nothing that it could read."""
    async with running_stage(tmp_path, discord_bot_token=None, discord_channels=()) as stage:
        for password, status in (("wrong password", 401), (SERVICE_PASSWORD, 400)):
            query = {"type": "thumbnail", "key": password}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await stage.http.ws_connect(stage.url, params=query)
            assert refused.value.status == status
