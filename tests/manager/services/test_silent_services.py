"""A service that does not answer holds up no upload that another one could take."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from manager.uploads import assignment
from protocol import c2s, s2c, s2u
from tests.manager.sockets.peers import YES, ClientPeer, ServicePeer, no
from tests.manager.sockets.stage import SERVICE_PASSWORD, Stage, running_stage
from tests.manager.sockets.uploading import is_about_uploads

REQUEST = c2s.UploadRequest(name="a.bin", path="/", size=10, is_public=False)


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever does not answer at once is silent."""
    monkeypatch.setattr(assignment, "START_TIMEOUT_S", 0.0)


async def silent_service(stage: Stage, process: str | None = None) -> ServicePeer:
    """A service that leaves the start of an upload to the test."""
    service = await stage.service(process)
    service.answers[s2u.UploadStart] = None
    return service


async def state_of(stage: Stage, service: ServicePeer) -> str:
    """What people are shown of a service."""
    shown = (await stage.status())["services"]
    (state,) = (each["state"] for each in shown if each["address"] == service.address)
    return str(state)


async def about_uploads(client: ClientPeer) -> list[object]:
    """What the client has heard of uploads and bookings."""
    await client.caught_up()
    return [packet for packet in client.take_all() if is_about_uploads(packet)]


async def test_the_upload_goes_to_a_service_that_is_free(stage: Stage):
    """The client hears of a loss and a replacement, and of one response with the other address."""
    silent, client = await silent_service(stage), await stage.client()
    await client.book(1)
    other = await stage.service()
    response = await client.request_upload()
    assert (response.accepted, response.upload_address) == (True, other.address)
    assert await about_uploads(client) == [
        s2c.UploadBookingModify(effective_change=-1),
        s2c.UploadBookingModify(effective_change=1),
    ]
    assert (await silent.next(s2u.UploadStart)).upload_id == response.upload_id
    await other.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert await client.names() == ["a.bin"]


async def test_the_upload_goes_to_an_idle_service_of_its_client(stage: Stage):
    """Where nothing is free the client holds one service fewer, and may use what it holds."""
    other, silent, client = await stage.service(), await silent_service(stage), await stage.client()
    assert await client.book(2) == 2
    response = await client.request_upload()
    assert (response.accepted, response.upload_address) == (True, other.address)
    assert await about_uploads(client) == [s2c.UploadBookingModify(effective_change=-1)]
    assert not (await client.request_upload("b.bin")).accepted
    await other.take_upload()
    await client.next(s2c.UploadStageFinish)
    assert (await client.request_upload("b.bin")).accepted
    assert await state_of(stage, silent) == "draining"


async def test_a_late_acceptance_is_aborted(stage: Stage):
    """Until the silent service has stopped nobody gets it; nothing of the upload there counts."""
    silent, client = await silent_service(stage), await stage.client()
    silent.answers[s2u.UploadAbort] = None
    await client.book(1)
    await stage.service()
    response = await client.request_upload()
    assert response.accepted
    waiting = await stage.client("bob")
    assert await waiting.book(1) == 0
    start = await silent.next_frame(s2u.UploadStart)
    await silent.reply(start, YES)
    abort = await silent.next_frame(s2u.UploadAbort)
    assert isinstance(start.packet, s2u.UploadStart)
    assert not (await silent.order(await silent.post(start.packet, 0))).success
    assert await waiting.book(1) == 0
    await silent.reply(abort, YES)
    await waiting.next(s2c.UploadBookingModify, effective_change=1)
    silent.answers[s2u.UploadStart] = YES
    assert (await waiting.request_upload("b.bin")).upload_address == silent.address


async def test_a_late_refusal_frees_the_service(stage: Stage):
    """There is nothing to abort, and the reason concerns nobody any more."""
    silent, client = await silent_service(stage), await stage.client()
    await client.book(1)
    await stage.service()
    assert (await client.request_upload()).accepted
    waiting = await stage.client("bob")
    assert await waiting.book(1) == 0
    await silent.reply(await silent.next_frame(s2u.UploadStart), no("the disk is full"))
    await waiting.next(s2c.UploadBookingModify, effective_change=1)
    assert silent.unread(s2u.UploadAbort) == []


async def test_without_another_service_its_answer_is_waited_for(stage: Stage):
    """A slow service is better than none."""
    silent, client = await silent_service(stage), await stage.client()
    await client.book(1)
    asking = asyncio.create_task(client.request_upload())
    start = await silent.next_frame(s2u.UploadStart)
    # Many times the manager's patience.
    await client.caught_up()
    await silent.reply(start, YES)
    response = await asking
    assert (response.accepted, response.upload_address) == (True, silent.address)
    assert await about_uploads(client) == []


async def test_another_slot_of_the_same_process_is_no_way_out(stage: Stage):
    """What holds a process up holds up all its slots."""
    process = str(uuid4())
    idle, silent = [await silent_service(stage, process) for _ in range(2)]
    client = await stage.client()
    assert await client.book(2) == 2
    asking = asyncio.create_task(client.request_upload())
    start = await silent.next_frame(s2u.UploadStart)
    assert await about_uploads(client) == []
    await silent.reply(start, YES)
    assert (await asking).accepted
    assert idle.unread(s2u.UploadStart) == []


async def test_a_service_that_becomes_free_is_taken(stage: Stage):
    """A silent service is left as soon as there is another one."""
    silent, client = await silent_service(stage), await stage.client()
    await client.book(1)
    asking = asyncio.create_task(client.request_upload())
    await silent.next(s2u.UploadStart)
    other = await stage.service()
    assert (await asking).upload_address == other.address


async def test_a_service_that_is_lost_before_its_answer_is_replaced(stage: Stage):
    """The client hears of the loss, and that its upload was accepted elsewhere."""
    client = await stage.client()
    async with stage.visiting_service() as leaving:
        leaving.answers[s2u.UploadStart] = None
        await client.book(2)
        asking = asyncio.create_task(client.request_upload())
        await leaving.next(s2u.UploadStart)
        other = await stage.service(None)
        other.answers[s2u.UploadStart] = YES
    response = await asking
    assert (response.accepted, response.upload_address) == (True, other.address)


async def test_a_client_that_leaves_ends_the_search(stage: Stage):
    """The silent service is told to stop, and nobody else to start."""
    silent, waiting = await silent_service(stage), await stage.client("bob")
    silent.answers[s2u.UploadAbort] = None
    async with stage.visiting_client() as leaving:
        await leaving.book(1)
        await leaving.send(REQUEST)
        start = await silent.next_frame(s2u.UploadStart)
    abort = await silent.next_frame(s2u.UploadAbort)
    other = await stage.service()
    assert await waiting.book(2) == 1
    await silent.reply(start, YES)
    await silent.reply(abort, YES)
    await waiting.next(s2c.UploadBookingModify, effective_change=1)
    assert other.unread(s2u.UploadStart) == []


async def test_a_service_of_the_base_protocol_is_no_way_out(tmp_path: Path):
    """Its chunks are entered in another way, so an upload stays with the protocol that it began with."""
    async with running_stage(
        tmp_path,
        base_upload_services=True,
        discord_bot_token="token",
        discord_channels="123456789012345678",
    ) as stage:
        silent, client = await silent_service(stage), await stage.client()
        query = {"type": "upload", "key": SERVICE_PASSWORD, "address": "http://base.test/"}
        base = await stage.raw(ServicePeer, "s2u", query)
        await base.reply(await base.next_frame(s2u.UploadServiceConfiguration), YES)
        await client.next(s2c.ServiceRegistry, address="http://base.test/")
        await client.book(1)
        asking = asyncio.create_task(client.request_upload())
        start = await silent.next_frame(s2u.UploadStart)
        await client.caught_up()
        await silent.reply(start, YES)
        assert (await asking).upload_address == silent.address
        assert base.unread(s2u.UploadStart) == []
