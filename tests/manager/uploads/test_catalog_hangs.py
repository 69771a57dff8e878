"""A catalog that does not answer keeps no service, and nobody waits for it who need not."""

import asyncio

from protocol import c2s, s2c, s2u, u2s
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.uploading import booked, is_about_uploads


async def test_a_service_that_dies_is_replaced_at_once(flaky_stage: FlakyStage):
    """The client learns what it holds, then what became of its upload, and may go on."""
    client = await flaky_stage.client()
    async with flaky_stage.visiting_service():
        await client.book(1)
        response = await client.request_upload()
        other = await flaky_stage.service()
        flaky_stage.catalog.held["release"] = asyncio.Event()
    seen = await client.until(s2c.UploadFinishInfo)
    assert [packet for packet in seen if is_about_uploads(packet)] == [
        s2c.UploadBookingModify(effective_change=-1),
        s2c.UploadBookingModify(effective_change=1),
        s2c.UploadStageFinish(upload_id=response.upload_id, service_disconnect=True),
        s2c.UploadFinishInfo(
            success=False, upload_id=response.upload_id, reason="the upload service went away"
        ),
    ]
    assert (await client.request_upload()).upload_address == other.address


async def test_a_service_that_gives_up_is_free_at_once(flaky_stage: FlakyStage):
    """What the catalog has to forget is forgotten behind that."""
    client, service = await booked(flaky_stage)
    response = await client.request_upload()
    flaky_stage.catalog.held["release"] = asyncio.Event()
    await service.send(u2s.UploadFinish(success=False, reason="no chunk came"))
    assert not (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.request_upload()).accepted
    abort = c2s.UploadAbortRequest(upload_id=response.upload_id)
    assert "no upload" in await client.refusal(abort)


async def test_an_upload_whose_service_dies_before_it_could_start_goes_elsewhere(
    flaky_stage: FlakyStage,
):
    """It starts on another service as soon as the catalog knows of it."""
    client = await flaky_stage.client()
    flaky_stage.catalog.held["begin_objects"] = asyncio.Event()
    async with flaky_stage.visiting_service():
        await client.book(1)
        other = await flaky_stage.service()
        asking = asyncio.create_task(client.request_upload())
        await flaky_stage.catalog.is_holding("begin_objects")
    await client.next(s2c.UploadBookingModify, effective_change=-1)
    await client.next(s2c.UploadBookingModify, effective_change=1)
    flaky_stage.catalog.held["begin_objects"].set()
    assert (await asking).upload_address == other.address


async def test_a_request_whose_service_dies_is_rejected_at_once(flaky_stage: FlakyStage):
    """Without another service there is nothing to wait for. What was begun is let go in the end."""
    client = await flaky_stage.client()
    flaky_stage.catalog.held["begin_objects"] = asyncio.Event()
    async with flaky_stage.visiting_service():
        await client.book(1)
        asking = asyncio.create_task(client.request_upload())
        await flaky_stage.catalog.is_holding("begin_objects")
    response = await asking
    assert response.rejection_reason == "the upload service went away"
    flaky_stage.catalog.held["release"] = asyncio.Event()
    flaky_stage.catalog.held["begin_objects"].set()
    await flaky_stage.catalog.is_holding("release")
    assert await flaky_stage.real_catalog.collect_objects(limit=10) == 1


async def test_a_client_that_leaves_frees_a_service_that_was_never_asked(flaky_stage: FlakyStage):
    """There is nothing to abort, so the next client gets it at once."""
    service, waiting = await flaky_stage.service(), await flaky_stage.client("bob")
    flaky_stage.catalog.held["begin_objects"] = asyncio.Event()
    async with flaky_stage.visiting_client() as leaving:
        assert await leaving.book(1) == 1
        assert await waiting.book(1) == 0
        await leaving.send(c2s.UploadRequest(name="a", path="/", size=5, is_public=False))
        await flaky_stage.catalog.is_holding("begin_objects")
    await waiting.next(s2c.UploadBookingModify, effective_change=1)
    assert service.unread(s2u.UploadAbort) == []


async def test_a_hold_is_released_once_the_catalog_is_back(flaky_stage: FlakyStage):
    """The content of a failed upload does not wait for the end of its hold's life."""
    client, service = await booked(flaky_stage)
    response = await client.request_upload()
    flaky_stage.catalog.before["release"] = 5
    flaky_stage.catalog.held["release"] = asyncio.Event()
    await service.send(u2s.UploadFinish(success=False, reason="no chunk came"))
    await flaky_stage.catalog.is_holding("release")
    assert not await flaky_stage.is_kept(response.upload_id)
