"""Upload services of the base protocol, from their handshake to files that download again."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.base_protocol.stage import Stage, running_stage
from tests.manager.sockets.stage import KEY, SERVICE_PASSWORD

NEW_KEY = base64.b64encode(bytes(range(32))).decode()


async def test_a_file_comes_back_byte_for_byte(stage: Stage, content: bytes):
    """What a service has posted as the bot, sealed, is downloaded through the manager, opened."""
    await stage.service()
    alice, bob = await stage.frontend(booked=1), await stage.frontend("bob")
    await alice.store("a.txt", content, "/docs")
    assert await alice.download("a.txt", "/docs") == (200, content)
    part = await alice.download("a.txt", "/docs", {"Range": "bytes=90-210"})
    assert part == (206, content[90:211])
    told = await bob.next("s2c:file-modify", action="add", path="/docs")
    assert (told["handle"]["size"], told["handle"]["type"]) == (350, "text/plain")
    assert told["handle"]["ownership"] == {"status": "restricted"}


async def test_what_is_posted_is_sealed(stage: Stage, content: bytes):
    """Each chunk is a message, longer by IV and tag."""
    await stage.service()
    await (await stage.frontend(booked=1)).store("a.txt", content)
    sizes = [
        attachment.size
        for message in stage.emulator.messages()
        for attachment in message.attachments
    ]
    assert sorted(sizes) == [82, 132, 132, 132]


async def test_an_unencrypted_file_comes_back(stage: Stage, content: bytes):
    """A service that says it has not encrypted is taken at its word."""
    await stage.service(is_encrypting=False)
    alice = await stage.frontend(booked=1)
    await alice.store("a.txt", content)
    assert await alice.download("a.txt") == (200, content)


async def test_the_configuration_tells_how_to_post(stage: Stage):
    """A service is told the master key, the bot's token and one channel."""
    service = await stage.service()
    channels = {str(webhook.channel_id) for webhook in stage.emulator.webhooks}
    assert service.configuration["crypto"] == {"enabled": True, "key": KEY}
    assert service.configuration["discord_bot_token"] == "the bot's token"
    assert service.configuration["discord_channel_id"] in channels


async def test_services_are_spread_over_the_channels(stage: Stage):
    """Each gets the channel that the fewest others post to, also after some have left."""
    first, second = await stage.service(), await stage.service()
    channels = [service.configuration["discord_channel_id"] for service in (first, second)]
    assert len(set(channels)) == 2
    watching = await stage.frontend()
    await second.close()
    await watching.next("s2c:service-registry", action="removed")
    assert (await stage.service()).configuration["discord_channel_id"] == channels[1]


@pytest.mark.parametrize("token", [None, "the manager's alone"])
async def test_without_a_bot_for_them_they_are_refused(tmp_path: Path, token: str | None):
    """Before the upgrade, with 400, and the log says why; channels say that the bot is for them."""
    async with running_stage(tmp_path, discord_bot_token=token, discord_channels=()) as stage:
        with capture_logs() as logs, pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stage.service()
    assert refused.value.status == 400
    assert any(entry["event"] == "upload-service-refused" for entry in logs)


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"key": "wrong password"}, 401), ({"address": "here"}, 400), ({"address": ""}, 400)],
)
async def test_bad_handshakes_are_refused(stage: Stage, changed: dict[str, str], status: int):
    """The password is checked, and the address that clients will be given."""
    query = {"type": "upload", "key": SERVICE_PASSWORD, "address": "http://a.test", **changed}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await stage.http.ws_connect(stage.url, params=query)
    assert refused.value.status == status


async def test_a_service_that_refuses_its_configuration_is_sent_away(stage: Stage):
    """It never counts as a service."""
    answers = {"s2u:upload-service-configuration": None}
    service = await stage.service(in_service=False, answers=answers)
    await service.next("s2u:upload-service-configuration")
    await service.answer("s2u:upload-service-configuration", success=False)
    assert await service.ended() == 1008
    frontend = await stage.frontend()
    await frontend.names()
    assert frontend.unread("s2c:service-registry") == []


async def test_a_service_that_refuses_an_upload(stage: Stage):
    """The request is rejected with its reason, and the service stays booked."""
    service = await stage.service()
    alice = await stage.frontend(booked=1)
    service.answers["s2u:upload-start"] = False
    refused = await alice.request("a.txt", 10)
    assert (refused["accepted"], refused["rejection_reason"]) == (False, "no")
    service.answers["s2u:upload-start"] = True
    await alice.store("a.txt", b"0123456789")


async def test_a_failure_is_told(stage: Stage):
    """A service that gives up says why, and takes the next upload."""
    service = await stage.service()
    alice = await stage.frontend(booked=1)
    service.report = lambda _: {"success": False, "reason": "Discord is on fire"}
    response = await alice.request("a.txt", 10)
    await alice.send_chunks(response, b"0123456789")
    ended = await alice.finished(response["upload_id"])
    assert (ended["success"], ended["reason"]) == (False, "Discord is on fire")
    service.report = lambda right: right
    await alice.store("a.txt", b"0123456789")


async def test_an_abort_stops_the_service(stage: Stage):
    """An aborted upload ends on its service, which takes the next one."""
    service = await stage.service()
    alice = await stage.frontend(booked=1)
    response = await alice.request("a.txt", 150)
    assert await alice.order("c2s:upload-abort-request", upload_id=response["upload_id"])
    assert not (await alice.finished(response["upload_id"]))["success"]
    await service.next("s2u:upload-abort")
    await alice.store("a.txt", b"0123456789")


async def test_news_that_cross_an_abort_leave_no_garbage(stage: Stage):
    """Chunks of an upload that was finished while it was being aborted are deleted."""
    await stage.service(crosses=True)
    alice = await stage.frontend(booked=1)
    response = await alice.request("a.txt", 10)
    await alice.send_chunks(response, b"0123456789")
    await alice.order("c2s:upload-abort-request", upload_id=response["upload_id"])
    assert not (await alice.finished(response["upload_id"]))["success"]
    await stage.messages_left(0)
    assert await alice.names() == []


async def test_a_service_that_goes_away(stage: Stage):
    """Its upload ends with it, and the client holds one service fewer."""
    service = await stage.service()
    alice = await stage.frontend(booked=1)
    response = await alice.request("a.txt", 10)
    await service.close()
    upload_id = response["upload_id"]
    await alice.next("s2c:upload-stage-finish", upload_id=upload_id, service_disconnect=True)
    assert not (await alice.finished(upload_id))["success"]
    await alice.next("s2c:upload-booking-modify", effective_change=-1)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param(lambda r: {**r, "messages": r["messages"][:-1]}, 1, id="too few messages"),
        pytest.param(lambda r: {**r, "messages": [r["messages"][0]] * 2}, 1, id="one twice"),
        pytest.param(lambda r: {**r, "channel": "1" * 18}, 2, id="another channel"),
        pytest.param(lambda r: _without(r, "channel"), 2, id="no channel"),
        pytest.param(lambda r: _without(r, "messages"), 2, id="no messages"),
        pytest.param(lambda r: _without(r, "hash"), 0, id="no hash"),
        pytest.param(lambda r: _without(r, "type"), 0, id="no type"),
        pytest.param(lambda r: _without(r, "is_encrypted"), 0, id="encrypted or not"),
        pytest.param(
            lambda r: {**r, "messages": ["9" * 22, r["messages"][1]]}, 1, id="no snowflake"
        ),
        pytest.param(lambda r: {**r, "success": False}, 0, id="failed after all"),
    ],
)
async def test_a_report_that_cannot_be(stage: Stage, change: Any, left: int):
    """The upload fails, and the messages that were reported where they should be are deleted."""
    service = await stage.service(report=change)
    alice = await stage.frontend(booked=1)
    response = await alice.request("a.txt", 150)
    await alice.send_chunks(response, bytes(150))
    assert not (await alice.finished(response["upload_id"]))["success"]
    await stage.messages_left(left)
    assert await alice.names() == []
    service.report = lambda right: right
    await alice.store("a.txt", b"0123456789")


def _without(report: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name != field}


async def test_a_whole_file_with_another_hash_is_cut_off(stage: Stage, content: bytes):
    """Nobody takes chunks in a wrong order for the file; parts of it can still be read."""
    await stage.service(
        report=lambda r: {**r, "messages": r["messages"][2::-1] + r["messages"][3:]}
    )
    alice = await stage.frontend(booked=1)
    await alice.store("a.txt", content)
    with pytest.raises(aiohttp.ClientPayloadError):
        await alice.download("a.txt")
    part = await alice.download("a.txt", headers={"Range": "bytes=100-199"})
    assert part == (206, content[100:200])


@pytest.mark.parametrize("is_encrypting", [True, False])
async def test_a_small_file_with_another_hash_is_an_error(stage: Stage, is_encrypting: bool):
    """Of a file of one chunk nothing is sent at all."""
    wrong = hashlib.sha256(b"wrong").hexdigest()
    await stage.service(is_encrypting=is_encrypting, report=lambda r: {**r, "hash": wrong})
    alice = await stage.frontend(booked=1)
    await alice.store("a.txt", b"0123456789")
    status, _ = await alice.download("a.txt")
    assert status == 502


async def test_old_keys_open_what_they_have_sealed(tmp_path: Path, content: bytes):
    """Chunks name no key, so all configured ones are tried."""
    async with running_stage(tmp_path) as stage:
        await stage.service()
        await (await stage.frontend(booked=1)).store("a.txt", content)
    async with running_stage(tmp_path, message_encryption_key=f"{NEW_KEY},{KEY}") as stage:
        service = await stage.service()
        assert service.configuration["crypto"]["key"] == NEW_KEY
        alice = await stage.frontend(booked=1)
        assert await alice.download("a.txt") == (200, content)
        await alice.store("b.txt", content)
        assert await alice.download("b.txt") == (200, content)


@pytest.mark.parametrize("is_encrypting", [True, False])
async def test_what_they_stored_is_read_only_where_they_are_let_in(
    tmp_path: Path, content: bytes, is_encrypting: bool
):
    """It proves too little for anybody else; the answer names the setting, which brings it back."""
    async with running_stage(tmp_path) as stage:
        await stage.service(is_encrypting=is_encrypting)
        await (await stage.frontend(booked=1)).store("a.txt", content)
    async with running_stage(tmp_path, base_upload_services=False) as stage:
        for headers in ({}, {"Range": "bytes=0-9"}):
            status, body = await (await stage.frontend()).download("a.txt", headers=headers)
            assert (status, b"BASE_UPLOAD_SERVICES" in body) == (502, True)
    async with running_stage(tmp_path) as stage:
        assert await (await stage.frontend()).download("a.txt") == (200, content)


async def test_a_deleted_file_is_deleted_on_discord(stage: Stage, content: bytes):
    """What replaced content leaves behind is deleted with the bot's token."""
    await stage.service()
    alice = await stage.frontend(booked=1)
    await alice.store("a.txt", content)
    await alice.store("a.txt", b"0123456789", do_overwrite=True)
    await stage.messages_left(1)
    assert await alice.download("a.txt") == (200, b"0123456789")


async def test_who_leaves_a_running_upload(stage: Stage):
    """A client that disconnects has its upload stopped, and its service freed for others."""
    service = await stage.service()
    alice, bob = await stage.frontend(booked=1), await stage.frontend("bob")
    await alice.request("a.txt", 10)
    await alice.close()
    await service.next("s2u:upload-abort")
    await bob.book()
    await bob.store("b.txt", b"0123456789")
