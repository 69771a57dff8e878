"""What a user may keep, and who else sees of it."""

import asyncio
from pathlib import Path
from uuid import uuid4

from protocol import c2s, s2c, s2u
from protocol.extensions import OBJECT_KEYS, WEBHOOKS
from tests.manager.sockets.keeping import (
    FINGERPRINT,
    RESUMING,
    SIZE,
    begin_kept,
    booking_client,
    finish_resumed,
    keep,
    kept_by,
    parked_by_leaving,
    refused_resume,
    resume,
)
from tests.manager.sockets.stage import Stage, running_stage
from tests.manager.sockets.uploading import booked, is_about_uploads


class TestLimits:
    """What a user may keep is bounded, and who may not is told."""

    async def test_a_user_keeps_so_many_uploads(self, tmp_path: Path):
        """One too many runs on, but ends with its client; the uploads of others do not count."""
        async with running_stage(tmp_path, user_kept_uploads=1) as stage:
            service = await stage.service()
            await parked_by_leaving(stage, service)
            client = await booking_client(stage)
            response = await client.request_upload("b.txt", size=SIZE)
            packet = c2s.UploadKeep(upload_id=response.upload_id, fingerprint=FINGERPRINT)
            assert "1 upload may be kept" in await client.refusal(packet)
            await service.take_upload()
            assert (await client.next(s2c.UploadFinishInfo)).success

    async def test_a_user_keeps_so_many_bytes(self, tmp_path: Path):
        """The files count with their whole size."""
        async with running_stage(tmp_path, user_kept_bytes=SIZE + 10) as stage:
            service = await stage.service()
            start = await parked_by_leaving(stage, service)
            client = await booking_client(stage)
            response = await client.request_upload("b.txt", size=11)
            packet = c2s.UploadKeep(upload_id=response.upload_id, fingerprint=FINGERPRINT)
            assert "bytes" in await client.refusal(packet)
            await client.order(c2s.UploadDrop(upload_id=start.upload_id))
            assert (await client.order(packet)).success

    async def test_only_own_uploads_that_run_can_be_kept(self, stage: Stage):
        """Another client's, and one that is over, are refused; the same again is no change."""
        service = await stage.service()
        client, other = await booking_client(stage), await stage.client(extensions=RESUMING)
        start = await begin_kept(client, service)
        await keep(client, start.upload_id)
        packet = c2s.UploadKeep(upload_id=start.upload_id, fingerprint=FINGERPRINT)
        assert "no upload" in await other.refusal(packet)
        await service.finish(start)
        await client.next(s2c.FileModify)
        assert "no upload" in await client.refusal(packet)

    async def test_long_lists_come_in_pages(self, stage: Stage):
        """Each page begins behind the last upload of the one before; the oldest comes first."""
        service = await stage.service()
        starts = [await parked_by_leaving(stage, service, name=f"{n}.txt") for n in range(3)]
        client = await stage.client(extensions=RESUMING)
        listed = await kept_by(client)
        assert [upload.upload_id for upload in listed] == [start.upload_id for start in starts]
        packet = c2s.KeptUploadsRequest(after=listed[0].upload_id)
        page = await client.ask(packet, s2c.KeptUploads)
        assert [upload.upload_id for upload in page.uploads] == [
            start.upload_id for start in starts[1:]
        ]
        assert not page.has_more


class TestOthers:
    """Who has not asked for the extension sees the base protocol."""

    async def test_a_slot_without_the_extension_does_not_go_on(self, stage: Stage):
        """A free one that knows it is taken; without one the client is told to ask again."""
        old = await stage.service(extensions=(WEBHOOKS, OBJECT_KEYS))
        start = await parked_by_leaving(stage, old, stored=(0,))
        client = await booking_client(stage)
        refused = await refused_resume(client, start.upload_id)
        assert (refused.code, refused.retry) == ("cannot-resume-here", "soon")
        new = await stage.service()
        assert await client.book(2) == 2
        assert (await resume(client, start.upload_id)).upload_address == new.address
        await finish_resumed(client, new)
        await old.caught_up()
        assert old.unread(s2u.UploadContinue) == []

    async def test_a_lost_slot_is_not_replaced_by_one_that_cannot_go_on(self, stage: Stage):
        """The upload stays kept, and its client hears that the service was lost."""
        async with stage.visiting_service() as new:
            start = await parked_by_leaving(stage, new, stored=(0,))
            new.answers[s2u.UploadContinue] = None
            old = await stage.service(extensions=(WEBHOOKS, OBJECT_KEYS))
            client = await stage.client(extensions=RESUMING)
            assert await client.book(2) == 2
            asking = asyncio.create_task(refused_resume(client, start.upload_id))
            await new.next(s2u.UploadContinue)
        assert (await asking).code == "service-lost"
        await old.caught_up()
        assert old.unread(s2u.UploadContinue) == []
        assert len(await kept_by(client)) == 1

    async def test_a_base_client_sees_todays_frames(self, stage: Stage):
        """Its upload fails with its service, whoever else keeps uploads."""
        async with stage.visiting_service() as service:
            client = await stage.client()
            await client.book(1)
            response = await client.request_upload(size=SIZE)
            start = await service.next(s2u.UploadStart)
            await service.store(start, 0, type="image/png")
        seen = [each for each in await client.until(s2c.UploadFinishInfo) if is_about_uploads(each)]
        assert seen == [
            s2c.UploadBookingModify(effective_change=-1),
            s2c.UploadStageFinish(upload_id=response.upload_id, service_disconnect=True),
            s2c.UploadFinishInfo(
                success=False,
                upload_id=response.upload_id,
                reason="the upload service went away",
            ),
        ]
        await stage.no_messages_left()

    async def test_a_base_client_cannot_keep(self, stage: Stage):
        """The packets are unknown on its connection."""
        client, _ = await booked(stage)
        response = await client.request_upload()
        packet = c2s.UploadKeep(upload_id=response.upload_id, fingerprint=FINGERPRINT)
        assert "not a known packet" in await client.refusal(packet)

    async def test_an_upload_that_was_never_kept_is_gone(self, stage: Stage):
        """So is one that never was."""
        client = await stage.client(extensions=RESUMING)
        assert (await refused_resume(client, str(uuid4()))).code == "upload-gone"
