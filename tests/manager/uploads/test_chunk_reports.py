"""Reports of stored chunks: what counts, and that no message is ever forgotten."""

from typing import Any

import msgspec
import pytest

from protocol import c2s, s2c, s2u
from tests.manager.sockets.peers import ClientPeer, ServicePeer
from tests.manager.sockets.stage import Stage


async def started(stage: Stage, size: int = 250) -> tuple[ClientPeer, ServicePeer, s2u.UploadStart]:
    """A client's upload of three chunks on a service."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    assert (await client.request_upload(size=size)).accepted
    return client, service, await service.next(s2u.UploadStart)


async def test_chunks_are_reported_in_any_order(stage: Stage):
    """The file is complete when all are there."""
    client, service, start = await started(stage)
    for index in (2, 0, 1):
        await service.store(start, index)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_report_whose_answer_was_lost_is_answered_as_before(stage: Stage):
    """The same message again is no change."""
    _, service, start = await started(stage)
    part = await service.store(start, 0)
    assert (await service.order(part)).success
    await stage.messages_left(1)


async def test_the_same_bytes_in_another_message_count_and_the_message_goes(stage: Stage):
    """A chunk that was posted twice is stored once."""
    client, service, start = await started(stage, size=10)
    await service.store(start)
    again = await service.post(start, 0)
    assert (await service.order(again)).success
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    await stage.messages_left(1)


async def test_other_bytes_for_a_stored_chunk_are_refused(stage: Stage):
    """What is stored stays."""
    _, service, start = await started(stage)
    await service.store(start, 0)
    other = await service.post(start, 0, digest="0" * 64)
    answer = await service.order(other)
    assert not answer.success


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"size": 99}, id="too short"),
        pytest.param({"size": 101}, id="too long"),
        pytest.param({"index": 2}, id="full size for the last chunk"),
        pytest.param({"index": 3}, id="no such index"),
        pytest.param({"stored_size": 100}, id="shorter than its envelope"),
        pytest.param({"stored_size": 134}, id="longer than its envelope"),
        pytest.param({"stored_size": 300 * 2**20}, id="larger than memory should be"),
    ],
)
async def test_a_chunk_of_the_wrong_size_or_index_is_garbage(stage: Stage, changed: dict[str, Any]):
    """It is refused, its message is deleted, and the upload goes on."""
    client, service, start = await started(stage)
    wrong = await service.post(start, 0, **changed)
    assert "no chunk" in await service.refusal(wrong)
    await stage.no_messages_left()
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


@pytest.mark.parametrize("field", ["message_id", "attachment_id", "channel_id", "webhook_id"])
async def test_an_id_that_discord_cannot_have_given_is_refused(stage: Stage, field: str):
    """The service is told which, and the upload goes on."""
    client, service, start = await started(stage, size=10)
    wrong = await service.post(start, 0)
    refusal = await service.refusal(msgspec.structs.replace(wrong, **{field: str(2**63)}))
    assert str(2**63) in refusal
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_chunk_after_the_end_is_garbage(stage: Stage):
    """It is refused, its message is deleted, and the file is not touched."""
    client, service, start = await started(stage, size=10)
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    late = await service.post(start, 0)
    assert "ended" in await service.refusal(late)
    await stage.messages_left(1)


async def test_a_kept_report_of_a_lost_link_is_garbage(stage: Stage):
    """What a service could not report before its link ended is journalled over the next one."""
    client = await stage.client()
    async with stage.visiting_service() as service:
        await client.book(1)
        await client.request_upload(size=250)
        start = await service.next(s2u.UploadStart)
        kept = await service.post(start, 0)
    await client.next(s2c.UploadFinishInfo)
    again = await stage.service()
    assert "ended" in await again.refusal(kept)
    await stage.no_messages_left()


async def test_a_service_cannot_report_for_another_ones_upload(stage: Stage):
    """A chunk counts only if it comes from the slot that the upload runs on."""
    client, service, start = await started(stage, size=10)
    stranger = await stage.service()
    foreign = await stranger.post(start, 0)
    await stranger.refusal(foreign)
    await stage.no_messages_left()
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_an_aborted_upload_leaves_nothing_on_discord(stage: Stage):
    """Chunks stored before, during and after the abort are deleted."""
    client, service, start = await started(stage)
    await service.store(start, 0)
    on_its_way = await service.post(start, 1)
    await client.order(c2s.UploadAbortRequest(upload_id=start.upload_id))
    await client.next(s2c.UploadFinishInfo)
    assert not (await service.order(on_its_way)).success
    await stage.no_messages_left()
