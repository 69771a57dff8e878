"""Every way in which an upload can end before it is stored."""

import asyncio

from protocol import c2s, s2c, s2u, u2s
from tests.manager.sockets.peers import YES, no
from tests.manager.sockets.stage import Stage
from tests.manager.sockets.uploading import add_file, booked, is_about_uploads, second_file


class TestAborting:
    """A client may take back an upload until its file is being entered."""

    async def test_the_service_stops_and_the_client_is_told(self, stage: Stage):
        """First the answer, then the finish info; the service is free again."""
        client, service = await booked(stage)
        response = await client.request_upload(size=250)
        start = await service.next(s2u.UploadStart)
        await service.store(start, 0)
        assert (await client.order(c2s.UploadAbortRequest(upload_id=response.upload_id))).success
        await service.next(s2u.UploadAbort)
        info = await client.next(s2c.UploadFinishInfo)
        assert (info.success, info.upload_id) == (False, response.upload_id)
        assert (await client.request_upload()).accepted
        await stage.no_messages_left()

    async def test_a_finish_that_crosses_the_abort_changes_nothing(self, stage: Stage):
        """The upload was aborted, and the service is free once it has answered."""
        client, service = await booked(stage)
        service.answers[s2u.UploadAbort] = None
        response = await client.request_upload()
        start = await service.next(s2u.UploadStart)
        await client.order(c2s.UploadAbortRequest(upload_id=response.upload_id))
        abort = await service.next_frame(s2u.UploadAbort)
        part = await service.post(start, 0)
        assert not (await service.order(part)).success
        await service.send(
            u2s.UploadFinish(success=True, hash="0" * 64, is_encrypted=True, type="text/plain")
        )
        assert not (await client.request_upload()).accepted
        await service.reply(abort, no("no upload runs here"))
        assert not (await client.next(s2c.UploadFinishInfo)).success
        assert (await client.request_upload()).accepted
        assert await client.names() == []
        await stage.no_messages_left()

    async def test_unknown_ended_and_foreign_uploads_cannot_be_aborted(self, stage: Stage):
        """Each is refused, and a foreign one goes on unharmed."""
        client, service = await booked(stage)
        other = await stage.client("bob")
        response = await client.request_upload()
        abort = c2s.UploadAbortRequest(upload_id=response.upload_id)
        assert "no upload" in await other.refusal(abort)
        await service.take_upload()
        assert (await client.next(s2c.UploadFinishInfo)).success
        await client.next(s2c.FileModify)
        await client.refusal(abort)

    async def test_a_service_that_does_not_stop_is_lost(self, stage: Stage):
        """When its link ends instead of an answer, the client hears of the abort and of the loss."""
        async with stage.visiting_service() as service:
            client = await stage.client()
            await client.book(1)
            service.answers[s2u.UploadAbort] = None
            response = await client.request_upload()
            await client.order(c2s.UploadAbortRequest(upload_id=response.upload_id))
            await service.next(s2u.UploadAbort)
        seen = await client.until(s2c.UploadFinishInfo)
        assert [packet for packet in seen if is_about_uploads(packet)] == [
            s2c.UploadBookingModify(effective_change=-1),
            s2c.UploadStageFinish(upload_id=response.upload_id, service_disconnect=True),
            s2c.UploadFinishInfo(
                success=False, upload_id=response.upload_id, reason="the upload was aborted"
            ),
        ]


class TestLosingTheService:
    """A service that goes away ends what runs on it."""

    async def test_the_booking_then_stage_finish_then_finish_info(self, stage: Stage):
        """The client knows that it holds one service fewer before the upload leaves its service."""
        async with stage.visiting_service() as service:
            client = await stage.client()
            await client.book(1)
            response = await client.request_upload(size=250)
            start = await service.next(s2u.UploadStart)
            await service.store(start, 0)
        seen = await client.until(s2c.UploadFinishInfo)
        assert [packet for packet in seen if is_about_uploads(packet)] == [
            s2c.UploadBookingModify(effective_change=-1),
            s2c.UploadStageFinish(upload_id=response.upload_id, service_disconnect=True),
            s2c.UploadFinishInfo(
                success=False, upload_id=response.upload_id, reason="the upload service went away"
            ),
        ]
        await stage.no_messages_left()

    async def test_before_it_has_accepted(self, stage: Stage):
        """The request is rejected."""
        client = await stage.client()
        async with stage.visiting_service() as service:
            service.answers[s2u.UploadStart] = None
            await client.book(1)
            asking = asyncio.create_task(client.request_upload())
            await service.next(s2u.UploadStart)
        response = await asking
        assert not response.accepted
        await client.next(s2c.UploadBookingModify, effective_change=-1)

    async def test_after_stage_finish_it_is_not_missed(self, stage: Stage):
        """An upload that waits for a decision needs no service any more."""
        client = await stage.client()
        async with stage.visiting_service() as service:
            await client.book(1)
            await add_file(client, service, "a.txt")
            response = await second_file(client, service, "a.txt")
        await client.next(s2c.UploadBookingModify, effective_change=-1)
        await client.decide(response.upload_id, "rename")
        assert (await client.next(s2c.UploadFinishInfo)).success

    async def test_at_the_very_moment_of_its_finish(self, stage: Stage):
        """It is never booked again, and its upload is entered all the same."""
        client = await stage.client()
        async with stage.visiting_service() as service:
            await client.book(1)
            await add_file(client, service, "a.txt")
            await client.request_upload("a.txt")
            await service.take_upload()
        await client.next(s2c.UploadBookingModify, effective_change=-1)
        await client.next(s2c.UploadOverwriteRequest)
        assert not (await client.request_upload("b.txt")).accepted
        assert await client.book(1) == 0


class TestLosingTheClient:
    """The uploads of a client that goes away end, and its services are given on."""

    async def test_its_upload_is_aborted_and_the_service_given_on(self, stage: Stage):
        """Not before the service has stopped; what was posted is deleted on Discord."""
        service, waiting = await stage.service(), await stage.client("bob")
        service.answers[s2u.UploadAbort] = None
        async with stage.visiting_client() as leaving:
            await leaving.book(1)
            await leaving.request_upload(size=250)
            start = await service.next(s2u.UploadStart)
            await service.store(start, 0)
        abort = await service.next_frame(s2u.UploadAbort)
        assert await waiting.book(1) == 0
        late = await service.post(start, 1)
        assert not (await service.order(late)).success
        await service.reply(abort, YES)
        await waiting.next(s2c.UploadBookingModify, effective_change=1)
        assert (await waiting.request_upload()).accepted
        await stage.no_messages_left()

    async def test_before_the_service_has_accepted(self, stage: Stage):
        """The service hears of the start and of the abort, and is free after that."""
        service, waiting = await stage.service(), await stage.client("bob")
        service.answers |= {s2u.UploadStart: None, s2u.UploadAbort: None}
        async with stage.visiting_client() as leaving:
            await leaving.book(1)
            packet = c2s.UploadRequest(name="a", path="/", size=5, is_public=False)
            await leaving.send(packet)
            start = await service.next_frame(s2u.UploadStart)
        abort = await service.next_frame(s2u.UploadAbort)
        assert await waiting.book(1) == 0
        await service.reply(start, YES)
        await service.reply(abort, YES)
        await waiting.next(s2c.UploadBookingModify, effective_change=1)
        service.answers[s2u.UploadStart] = YES
        assert (await waiting.request_upload()).accepted

    async def test_after_stage_finish_its_file_is_entered(self, stage: Stage):
        """What is stored already and needs no decision is not thrown away."""
        service, other = await stage.service(), await stage.client("bob")
        async with stage.visiting_client() as leaving:
            await leaving.book(1)
            await leaving.request_upload("a.txt")
            await service.take_upload()
            await leaving.next(s2c.UploadStageFinish)
        await other.next(s2c.FileModify, action="add")
        assert await other.names() == ["a.txt"]
