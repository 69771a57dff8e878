"""Kept uploads go on whoever is lost, with what is missing, and end once."""

import asyncio
import time
from pathlib import Path
from uuid import UUID

import pytest

from discord_emulator.testing import VirtualClock
from protocol import c2s, s2c, s2u, u2s
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.keeping import (
    FINGERPRINT,
    RESUMING,
    SIZE,
    begin_kept,
    booking_client,
    finish_resumed,
    keep,
    kept_by,
    kept_in_state,
    nothing_kept,
    parked_by_leaving,
    ranges_of,
    refused_resume,
    resume,
)
from tests.manager.sockets.peers import YES, ServicePeer, hash_of, no
from tests.manager.sockets.stage import Stage, running_stage
from tests.manager.sockets.uploading import add_file, is_about_uploads
from tests.orphans import orphans_of

LONGER_THAN_ANY_PATIENCE = 10**6


class TestGoingOn:
    """Any connection of the user sends what is missing, on any service."""

    async def test_an_upload_goes_on_with_another_client_on_another_service(self, stage: Stage):
        """Only what is missing is due there; the file has the hash of the whole."""
        async with stage.visiting_service() as first:
            start = await parked_by_leaving(stage, first, stored=(0, 2))
        second = await stage.service()
        client = await booking_client(stage)
        answer = await resume(client, start.upload_id)
        assert answer == s2c.UploadResumed(
            upload_id=start.upload_id,
            name="a.txt",
            path="/",
            size=SIZE,
            chunk_size=start.chunk_size,
            missing=answer.missing,
            upload_address=second.address,
        )
        assert ranges_of(answer) == [(1, 1), (3, 4)]
        packet = await finish_resumed(client, second)
        assert ranges_of(packet) == [(1, 1), (3, 4)]
        assert (packet.name, packet.size, packet.path) == ("a.txt", SIZE, "/")
        assert await client.names() == ["a.txt"]
        content = await stage.catalog.object_by_id(UUID(start.upload_id))
        assert content is not None
        assert content.hash == hash_of(start)
        assert await kept_by(client) == ()
        await client.next(s2c.FileModify, action="add")

    async def test_a_late_report_of_a_parked_upload_is_content(self, stage: Stage):
        """What was on its way to Discord when the client left is not sent again."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, stored=(0,))
        assert (await service.order(await service.post(start, 3))).success
        client = await booking_client(stage)
        assert ranges_of(await resume(client, start.upload_id)) == [(1, 2), (4, 4)]
        await finish_resumed(client, service)
        assert await orphans_of(stage.catalog) == []

    async def test_a_last_chunk_that_comes_late_completes_a_parked_upload(self, stage: Stage):
        """The next client that goes on with it has the file entered, and sends nothing."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, stored=(0, 1, 2, 3))
        late = await service.post(start, 4)
        client = await stage.client(extensions=RESUMING)
        await kept_in_state(client, "parked")
        assert (await service.order(late)).success
        assert (await kept_in_state(client, "stored")).stored_chunks == 5
        assert await client.names() == []
        assert (await resume(client, start.upload_id)).missing == ()
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert await client.names() == ["a.txt"]
        assert service.unread(s2u.UploadContinue) == []

    async def test_a_late_report_of_a_resumed_upload_is_content(self, stage: Stage):
        """Also of a chunk that the next service stores once more: one of them is garbage."""
        first = await stage.service()
        start = await parked_by_leaving(stage, first, stored=(0,))
        late = await first.post(start, 1)
        second = await stage.service()
        client = await booking_client(stage)
        await resume(client, start.upload_id)
        service = first if first.unread(s2u.UploadContinue) else second
        packet = await service.next(s2u.UploadContinue)
        assert (await first.order(late)).success
        for index in range(1, 5):
            await service.store(packet, index)
        await service.send(u2s.UploadFinish(success=True, is_encrypted=True, type="text/plain"))
        assert (await client.next(s2c.UploadFinishInfo)).success
        await stage.messages_left(5)

    async def test_the_type_outlives_the_service_that_saw_the_first_chunk(self, stage: Stage):
        """The next service is told it, and it is the one that counts when no service is needed."""
        service = await stage.service()
        async with stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            start = await begin_kept(client, service, "no-extension")
            await service.store(start, 0, type="image/png")
        await service.next(s2u.UploadAbort)
        client = await booking_client(stage)
        await resume(client, start.upload_id)
        packet = await service.next(s2u.UploadContinue)
        assert packet.type == "image/png"
        await service.finish_missing(packet, mime_type="image/png")
        await client.next(s2c.UploadFinishInfo)
        (file,) = (await client.list_files()).files
        assert file.type == "image/png"

    async def test_a_late_report_tells_the_type(self, stage: Stage):
        """Of the first chunk, although no upload runs on the service that sends it."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, name="no-extension")
        client = await booking_client(stage)
        await kept_in_state(client, "parked")
        assert (await service.order(await service.post(start, 0, type="image/png"))).success
        await resume(client, start.upload_id)
        assert (await service.next(s2u.UploadContinue)).type == "image/png"

    async def test_nothing_missing_needs_no_service(self, stage: Stage):
        """The file is entered at once, although nothing is booked."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, stored=(0, 1, 2, 3, 4))
        client = await stage.client(extensions=RESUMING)
        assert [upload.state for upload in await kept_by(client)] == ["stored"]
        answer = await resume(client, start.upload_id)
        assert (answer.missing, answer.upload_address) == ((), None)
        told = [each for each in await client.until(s2c.FileModify) if is_about_uploads(each)]
        assert told == [
            s2c.UploadStageFinish(upload_id=start.upload_id),
            s2c.UploadFinishInfo(success=True, upload_id=start.upload_id),
        ]
        content = await stage.catalog.object_by_id(UUID(start.upload_id))
        assert content is not None
        assert (content.hash, content.mime_type) == (hash_of(start), "text/plain")

    async def test_an_upload_may_be_resumed_again_and_again(self, stage: Stage):
        """Each run adds what it stores."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service)
        for index in range(3):
            async with stage.visiting_client(extensions=RESUMING) as client:
                await client.book(1)
                answer = await resume(client, start.upload_id)
                assert ranges_of(answer) == [(index, 4)]
                await service.store(await service.next(s2u.UploadContinue), index)
            await service.next(s2u.UploadAbort)
        client = await booking_client(stage)
        await resume(client, start.upload_id)
        await finish_resumed(client, service)

    async def test_the_later_of_two_connections_has_it(self, stage: Stage):
        """The former is told, and what its service has on its way counts for the latter."""
        first = await stage.service()
        former = await booking_client(stage)
        start = await begin_kept(former, first, stored=(0,))
        second = await stage.service()
        latter = await booking_client(stage)
        answer = await resume(latter, start.upload_id)
        assert answer.upload_address == second.address
        parked = await former.next(s2c.UploadParked)
        assert (parked.upload_id, parked.code) == (start.upload_id, "resumed-elsewhere")
        await first.next(s2u.UploadAbort)
        assert (await first.order(await first.post(start, 1))).success
        await finish_resumed(latter, second)
        await former.caught_up()
        assert former.unread(s2c.UploadFinishInfo) == []

    async def test_a_claim_whose_answer_is_overtaken_is_the_former(self, flaky_stage: FlakyStage):
        """The claims count in the order in which the catalog took them, not in that of its answers."""
        catalog, service = flaky_stage.catalog, await flaky_stage.service()
        async with flaky_stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            start = await begin_kept(client, service, stored=(0,))
        await service.next(s2u.UploadAbort)
        held = catalog.held["claim_kept_upload"] = asyncio.Event()
        former = await flaky_stage.client(extensions=RESUMING)
        answering = asyncio.create_task(refused_resume(former, start.upload_id))
        await catalog.is_holding("claim_kept_upload")
        del catalog.held["claim_kept_upload"]
        latter = await booking_client(flaky_stage)
        await resume(latter, start.upload_id)
        held.set()
        assert (await answering).code == "resumed-elsewhere"
        await finish_resumed(latter, service)
        assert latter.unread(s2c.UploadParked) == []

    async def test_a_client_can_resume_what_it_runs_itself(self, stage: Stage):
        """Its former connection may be the same one: the run is begun anew."""
        service = await stage.service()
        client = await booking_client(stage)
        start = await begin_kept(client, service, stored=(0,))
        assert ranges_of(await resume(client, start.upload_id)) == [(1, 4)]
        assert (await client.next(s2c.UploadParked)).code == "resumed-elsewhere"
        await finish_resumed(client, service)

    async def test_a_file_that_is_being_entered_is_entered_first(self, flaky_stage: FlakyStage):
        """A connection that takes the upload over hears how it ended, and so does the former."""
        service = await flaky_stage.service()
        former = await flaky_stage.client(extensions=RESUMING)
        await former.book(1)
        start = await begin_kept(former, service)
        held = flaky_stage.catalog.held["commit_upload"] = asyncio.Event()
        await service.finish(start)
        await flaky_stage.catalog.is_holding("commit_upload")
        latter = await flaky_stage.client(extensions=RESUMING)
        answering = asyncio.create_task(resume(latter, start.upload_id))
        await latter.caught_up()
        held.set()
        assert (await answering).missing == ()
        for client in (former, latter):
            assert (await client.next(s2c.UploadFinishInfo)).success


class TestLosing:
    """What is lost ends the run of a kept upload, and not the upload."""

    async def test_a_lost_service_parks_the_upload(self, stage: Stage):
        """The client hears so in place of a failure, and goes on at once on another service."""
        async with stage.visiting_service() as first:
            client = await booking_client(stage)
            start = await begin_kept(client, first, stored=(0, 1))
        seen = [each for each in await client.until(s2c.UploadParked) if is_about_uploads(each)]
        assert seen == [
            s2c.UploadBookingModify(effective_change=-1),
            s2c.UploadStageFinish(upload_id=start.upload_id, service_disconnect=True),
        ]
        assert [upload.state for upload in await kept_by(client)] == ["parked"]
        second = await stage.service()
        await client.next(s2c.UploadBookingModify, effective_change=1)
        assert ranges_of(await resume(client, start.upload_id)) == [(2, 4)]
        await finish_resumed(client, second)
        assert client.unread(s2c.UploadFinishInfo) == []

    async def test_a_service_that_gives_up_parks_the_upload(self, stage: Stage):
        """Its reason is passed on, and it is free at once."""
        service = await stage.service()
        client = await booking_client(stage)
        start = await begin_kept(client, service, stored=(0,))
        await service.send(u2s.UploadFinish(success=False, reason="the service stops"))
        assert await client.next(s2c.UploadParked) == s2c.UploadParked(
            upload_id=start.upload_id, code="service-failed", reason="the service stops"
        )
        assert ranges_of(await resume(client, start.upload_id)) == [(1, 4)]
        await finish_resumed(client, service)

    async def test_a_client_that_leaves_an_upload_frees_its_service(self, stage: Stage):
        """It goes on with another one there, and later with what it has left."""
        service = await stage.service()
        client = await booking_client(stage)
        start = await begin_kept(client, service, stored=(0, 1))
        service.answers[s2u.UploadAbort] = None
        park = c2s.UploadPark(upload_id=start.upload_id)
        assert (await client.order(park)).success
        parked = await client.next(s2c.UploadParked)
        assert (parked.upload_id, parked.code) == (start.upload_id, "parked")
        frame = await service.next_frame(s2u.UploadAbort)
        await service.store(start, 2)
        await service.reply(frame, YES)
        await kept_in_state(client, "parked")
        await add_file(client, service, "other.txt")
        assert "no upload" in await client.refusal(park)
        assert ranges_of(await resume(client, start.upload_id)) == [(3, 4)]
        await finish_resumed(client, service)
        assert client.unread(s2c.UploadParked) == []

    async def test_only_what_is_kept_can_be_left(self, stage: Stage):
        """Another upload runs on, and so does that of another client."""
        service = await stage.service()
        client, other = await booking_client(stage), await stage.client(extensions=RESUMING)
        response = await client.request_upload("a.txt", size=SIZE)
        park = c2s.UploadPark(upload_id=response.upload_id)
        assert "not kept" in await client.refusal(park)
        await keep(client, response.upload_id)
        assert "no upload" in await other.refusal(park)
        await service.take_upload()
        assert (await client.next(s2c.UploadFinishInfo)).success

    async def test_a_client_that_leaves_a_question_may_ask_for_it_again(self, stage: Stage):
        """It is not asked any more; the name stays as it is until then."""
        service = await stage.service()
        client = await booking_client(stage)
        await add_file(client, service, "a.txt")
        start = await begin_kept(client, service)
        await service.finish(start)
        await client.next(s2c.UploadOverwriteRequest)
        assert (await client.order(c2s.UploadPark(upload_id=start.upload_id))).success
        assert (await client.next(s2c.UploadParked)).code == "parked"
        await client.decide(start.upload_id, "overwrite")
        await kept_in_state(client, "awaiting-decision")
        await resume(client, start.upload_id)
        await client.next(s2c.UploadOverwriteRequest)
        await client.decide(start.upload_id, "rename")
        assert (await client.next(s2c.UploadFinishInfo)).rename_target == "a (1).txt"

    async def test_a_resumed_upload_is_parked_again(self, stage: Stage):
        """The next service may be lost like the first one."""
        async with stage.visiting_service() as service:
            start = await parked_by_leaving(stage, service, stored=(0,))
            client = await booking_client(stage)
            await resume(client, start.upload_id)
            await service.store(await service.next(s2u.UploadContinue), 4)
        assert (await client.next(s2c.UploadParked)).code == "service-lost"
        second = await stage.service()
        await client.next(s2c.UploadBookingModify, effective_change=1)
        assert ranges_of(await resume(client, start.upload_id)) == [(1, 3)]
        await finish_resumed(client, second)

    async def test_a_service_that_refuses_leaves_the_upload_kept(self, stage: Stage):
        """The client is told by a code, and may ask again."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, stored=(0,))
        client = await booking_client(stage)
        service.answers[s2u.UploadContinue] = no("the disk is full")
        refused = await refused_resume(client, start.upload_id)
        assert (refused.code, refused.reason) == ("service-refused", "the disk is full")
        assert len(await kept_by(client)) == 1
        await service.next(s2u.UploadContinue)
        service.answers[s2u.UploadContinue] = YES
        await resume(client, start.upload_id)
        await finish_resumed(client, service)

    async def test_a_catalog_that_is_away_at_the_commit_parks_the_upload(
        self, flaky_stage: FlakyStage
    ):
        """The client is told when the manager gives up, and enters the file with the next resume."""
        service = await flaky_stage.service()
        client = await flaky_stage.client(extensions=RESUMING)
        await client.book(1)
        start = await begin_kept(client, service)
        flaky_stage.catalog.before["commit_upload"] = LONGER_THAN_ANY_PATIENCE
        await service.finish(start, mime_type="image/png")
        parked = await client.next(s2c.UploadParked)
        assert parked.code == "catalog-unavailable"
        flaky_stage.catalog.before.clear()
        assert (await resume(client, start.upload_id)).missing == ()
        assert (await client.next(s2c.UploadFinishInfo)).success
        (file,) = (await client.list_files()).files
        assert (file.name, file.type) == ("a.txt", "image/png")


class TestTakenNames:
    """Nobody's file is lost because its name was taken while its client was away."""

    async def test_a_name_that_is_taken_is_asked_about_again(self, stage: Stage):
        """Also the third client that asks gets the question, and its answer counts."""
        service = await stage.service()
        start = await self.left_with_a_taken_name(stage, service)
        async with stage.visiting_client(extensions=RESUMING) as second:
            await kept_in_state(second, "awaiting-decision")
            assert (await resume(second, start.upload_id)).missing == ()
            await second.next(s2c.UploadOverwriteRequest, upload_id=start.upload_id)
        third = await stage.client(extensions=RESUMING)
        await resume(third, start.upload_id)
        asked = await third.next(s2c.UploadOverwriteRequest)
        assert (asked.upload_id, asked.file_name) == (start.upload_id, "a.txt")
        await third.decide(start.upload_id, "rename")
        info = await third.next(s2c.UploadFinishInfo)
        assert (info.success, info.rename_target) == (True, "a (1).txt")
        assert await third.names() == ["a (1).txt", "a.txt"]
        assert await kept_by(third) == ()

    async def test_a_question_is_asked_again_after_a_restart(self, tmp_path: Path):
        """The upload waits in the catalog, not in the manager."""
        async with running_stage(tmp_path) as stage:
            service = await stage.service()
            start = await self.left_with_a_taken_name(stage, service)
            observer = await stage.client(extensions=RESUMING)
            await kept_in_state(observer, "awaiting-decision")
        async with running_stage(tmp_path) as stage:
            client = await stage.client(extensions=RESUMING)
            assert [upload.state for upload in await kept_by(client)] == ["awaiting-decision"]
            await resume(client, start.upload_id)
            await client.next(s2c.UploadOverwriteRequest, upload_id=start.upload_id)
            await client.decide(start.upload_id, "overwrite")
            assert (await client.next(s2c.UploadFinishInfo)).success
            assert [file.size for file in (await client.list_files()).files] == [SIZE]

    async def test_a_skipped_upload_is_kept_no_longer(self, stage: Stage):
        """What was stored of it is deleted on Discord."""
        service = await stage.service()
        start = await self.left_with_a_taken_name(stage, service)
        client = await stage.client(extensions=RESUMING)
        await resume(client, start.upload_id)
        await client.next(s2c.UploadOverwriteRequest)
        await client.decide(start.upload_id, "skip")
        assert not (await client.next(s2c.UploadFinishInfo)).success
        await stage.messages_left(1)
        assert (await refused_resume(client, start.upload_id)).code == "upload-gone"

    async def test_a_question_that_is_taken_over_is_asked_there(self, stage: Stage):
        """The former client is not asked any more, and its answer changes nothing."""
        service = await stage.service()
        former = await booking_client(stage)
        await add_file(former, service, "a.txt")
        start = await begin_kept(former, service)
        await service.finish(start)
        await former.next(s2c.UploadOverwriteRequest)
        latter = await stage.client(extensions=RESUMING)
        await resume(latter, start.upload_id)
        assert (await former.next(s2c.UploadParked)).code == "resumed-elsewhere"
        await latter.next(s2c.UploadOverwriteRequest)
        await former.decide(start.upload_id, "skip")
        await former.caught_up()
        await latter.decide(start.upload_id, "overwrite")
        assert (await latter.next(s2c.UploadFinishInfo)).success

    @staticmethod
    async def left_with_a_taken_name(stage: Stage, service: ServicePeer) -> s2u.UploadStart:
        """An upload whose client has left instead of deciding about its name."""
        async with stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            await add_file(client, service, "a.txt")
            start = await begin_kept(client, service)
            await service.finish(start)
            await client.next(s2c.UploadOverwriteRequest)
        return start


class TestMovedFolders:
    """A kept upload goes where its folder is by then."""

    async def test_a_parked_upload_follows_its_folder(self, stage: Stage):
        """It is listed there, also with folders that are still to be made; it is entered there."""
        service = await stage.service()
        await stage.catalog.make_folders(("a", "b"))
        async with stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            start = await begin_kept(client, service, path="/a/b/new", stored=(0,))
        await service.next(s2u.UploadAbort)
        client = await booking_client(stage)
        assert (await client.order(c2s.RenameFolder(path="/a", target_name="A"))).success
        assert [upload.path for upload in await kept_by(client)] == ["/A/b/new"]
        assert (await resume(client, start.upload_id)).path == "/A/b/new"
        await finish_resumed(client, service)
        assert await client.names("/A/b/new") == ["a.txt"]
        assert await stage.catalog.folder_at(("a",)) is None

    async def test_a_folder_that_is_renamed_while_its_upload_is_resumed(
        self, flaky_stage: FlakyStage
    ):
        """Between the claim and the run nothing gets lost, nor when the client is gone again."""
        catalog, service = flaky_stage.catalog, await flaky_stage.service()
        await flaky_stage.real_catalog.make_folders(("a",))
        async with flaky_stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            start = await begin_kept(client, service, path="/a", stored=(0,))
        await service.next(s2u.UploadAbort)
        held = catalog.held["chunks"] = asyncio.Event()
        other = await flaky_stage.client("bob")
        async with flaky_stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            answering = asyncio.create_task(resume(client, start.upload_id))
            await catalog.is_holding("chunks")
            assert (await other.order(c2s.RenameFolder(path="/a", target_name="A"))).success
            held.set()
            assert (await answering).path == "/A"
        await service.next(s2u.UploadAbort)
        client = await booking_client(flaky_stage)
        assert (await kept_in_state(client, "parked")).path == "/A"

    async def test_an_upload_is_kept_where_its_folder_is_by_then(self, stage: Stage):
        """It may have been renamed since the upload began."""
        service = await stage.service()
        await stage.catalog.make_folders(("a",))
        client = await booking_client(stage)
        response = await client.request_upload("a.txt", path="/a", size=SIZE)
        assert (await client.order(c2s.RenameFolder(path="/a", target_name="A"))).success
        await keep(client, response.upload_id)
        assert [upload.path for upload in await kept_by(client)] == ["/A"]
        await service.next(s2u.UploadStart)


class TestEnding:
    """A kept upload ends as entered, dropped or expired, and everyone hears the same."""

    async def test_what_was_entered_while_the_client_was_away_is_told(
        self, flaky_stage: FlakyStage
    ):
        """To whoever asks for it: the file is there, and nothing is missing."""
        service = await flaky_stage.service()
        async with flaky_stage.visiting_client(extensions=RESUMING) as client:
            await client.book(1)
            start = await begin_kept(client, service)
            held = flaky_stage.catalog.held["commit_upload"] = asyncio.Event()
            await service.finish(start)
            await flaky_stage.catalog.is_holding("commit_upload")
        observer = await flaky_stage.client("bob")
        held.set()
        await observer.next(s2c.FileModify, action="add")
        client = await flaky_stage.client(extensions=RESUMING)
        assert await kept_by(client) == ()
        answer = await resume(client, start.upload_id)
        assert (answer.missing, answer.name, answer.upload_address) == ((), "a.txt", None)
        assert (await client.next(s2c.UploadFinishInfo)).success
        stranger = await flaky_stage.client("bob", extensions=RESUMING)
        assert (await refused_resume(stranger, start.upload_id)).code == "upload-gone"

    async def test_another_source_is_refused(self, stage: Stage):
        """The upload stays as it is; the right source goes on."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, stored=(0,))
        client = await booking_client(stage)
        refused = await refused_resume(client, start.upload_id, "v1:450:1764460800001:other")
        assert (refused.code, refused.retry) == ("source-changed", "never")
        packet = c2s.UploadResume(upload_id=start.upload_id, fingerprint=FINGERPRINT)
        await client.ask(packet, s2c.UploadResumed)
        await finish_resumed(client, service)

    async def test_another_user_keeps_no_such_upload(self, stage: Stage):
        """Neither to go on with, nor to list, nor to drop, whether it is parked or runs."""
        service = await stage.service()
        owner = await booking_client(stage)
        start = await begin_kept(owner, service, stored=(0,))
        other = await stage.client("bob", extensions=RESUMING)
        drop = c2s.UploadDrop(upload_id=start.upload_id)
        for _ in range(2):
            refused = await refused_resume(other, start.upload_id)
            assert (refused.code, refused.retry) == ("upload-gone", "never")
            assert "keep no upload" in await other.refusal(drop)
            assert await kept_by(other) == ()
            assert len(await kept_by(owner)) == 1
            await service.send(u2s.UploadFinish(success=False, reason="enough"))
        await owner.next(s2c.UploadParked)

    async def test_a_parked_upload_can_be_dropped(self, stage: Stage):
        """It is gone, and so are its messages."""
        service = await stage.service()
        start = await parked_by_leaving(stage, service, stored=(0, 1))
        client = await stage.client(extensions=RESUMING)
        assert (await client.order(c2s.UploadDrop(upload_id=start.upload_id))).success
        assert "keep no upload" in await client.refusal(c2s.UploadDrop(upload_id=start.upload_id))
        assert (await refused_resume(client, start.upload_id)).code == "upload-gone"
        await stage.no_messages_left()
        assert not (await service.order(await service.post(start, 2))).success

    @pytest.mark.parametrize("packet", [c2s.UploadDrop, c2s.UploadAbortRequest])
    async def test_a_running_upload_can_be_dropped(
        self, stage: Stage, packet: type[c2s.UploadDrop] | type[c2s.UploadAbortRequest]
    ):
        """It ends for good, like one that is aborted; its service is free."""
        service = await stage.service()
        client = await booking_client(stage)
        start = await begin_kept(client, service, stored=(0,))
        assert (await client.order(packet(upload_id=start.upload_id))).success
        assert not (await client.next(s2c.UploadFinishInfo)).success
        await stage.no_messages_left()
        assert await kept_by(client) == ()
        assert (await client.request_upload()).accepted

    async def test_an_upload_without_a_client_for_too_long_expires(self, tmp_path: Path):
        """Until then it can be resumed, which begins its time anew; then its messages are deleted."""
        clock = VirtualClock(time.time())
        async with running_stage(tmp_path, clock=clock, kept_upload_s=100) as stage:
            service = await stage.service()
            start = await parked_by_leaving(stage, service, stored=(0,))
            clock.advance(90)
            client = await booking_client(stage)
            await resume(client, start.upload_id)
            await service.store(await service.next(s2u.UploadContinue), 1)
            await service.send(u2s.UploadFinish(success=False, reason="enough"))
            await client.next(s2c.UploadParked)
            clock.advance(90)
            (upload,) = await kept_by(client)
            assert upload.stored_chunks == 2
            clock.advance(20)
            assert await kept_by(client) == ()
            assert (await refused_resume(client, start.upload_id)).code == "upload-gone"
            # Dropping another one has the reaper look for garbage.
            other = await begin_kept(client, service, stored=(0,))
            await client.order(c2s.UploadDrop(upload_id=other.upload_id))
            await stage.no_messages_left()

    async def test_a_lasting_refusal_ends_the_upload(self, stage: Stage):
        """What can never be entered is not kept: its client hears why, and nothing is left."""
        service = await stage.service()
        client = await booking_client(stage)
        start = await begin_kept(client, service, path="/x")
        await service.store(start, 0)
        finish = u2s.UploadFinish(success=True, hash="0" * 64, is_encrypted=True, type="a/b")
        await service.send(finish)
        assert not (await client.next(s2c.UploadFinishInfo)).success
        await nothing_kept(client)
        await stage.no_messages_left()
