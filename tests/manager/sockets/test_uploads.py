"""An upload from its request to its finish info, and every way in which it can end before."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import pytest

from catalog.records import File
from protocol import c2s, s2c, s2u, u2s
from tests.manager.sockets.peers import YES, ClientPeer, ServicePeer, no
from tests.manager.sockets.stage import CHUNK_SIZE, Stage


async def booked(stage: Stage) -> tuple[ClientPeer, ServicePeer]:
    """A client with one service."""
    service, client = await stage.service(), await stage.client()
    assert await client.book(1) == 1
    return client, service


async def test_an_accepted_request_says_where_to_send_what(stage: Stage):
    """Address as the service gave it, chunk size, and an id that the service knows too."""
    client, service = await booked(stage)
    response = await client.request_upload("a.bin", path="/x/y/", size=250)
    assert response.accepted
    assert response.upload_address == service.address
    assert response.chunk_size == CHUNK_SIZE
    assert response.rejection_reason is None
    start = await service.next(s2u.UploadStart)
    assert (start.upload_id, start.name, start.path, start.size, start.chunk_size) == (
        response.upload_id,
        "a.bin",
        "/x/y",
        250,
        CHUNK_SIZE,
    )


async def test_an_upload_ends_with_stage_finish_finish_info_and_file_modify(stage: Stage):
    """In this order, and the file then stands in the listing of everybody."""
    client, service = await booked(stage)
    other = await stage.client("bob")
    response = await client.request_upload("a.txt", path="/docs", size=250)
    await service.take_upload()
    told = [packet for packet in await client.until(s2c.FileModify) if _is_about_uploads(packet)]
    assert told == [
        s2c.UploadStageFinish(upload_id=response.upload_id),
        s2c.UploadFinishInfo(success=True, upload_id=response.upload_id),
    ]
    modified = await other.next(s2c.FileModify)
    assert (modified.path, modified.action) == ("/docs", "add")
    assert (modified.handle.name, modified.handle.size) == ("a.txt", 250)
    assert modified.handle.ownership.status == "restricted"
    assert await other.names("/docs") == ["a.txt"]


async def test_each_client_sees_a_new_file_with_its_own_ownership(stage: Stage):
    """A public file is the owner's own, and public to others; folders are announced before it."""
    client, service = await booked(stage)
    other = await stage.client("bob")
    await client.request_upload("a.txt", path="/new/deep", is_public=True)
    await service.take_upload()
    own = await client.next(s2c.FileModify)
    seen = [p for p in await other.until(s2c.FileModify) if not isinstance(p, s2c.ServiceRegistry)]
    assert own.handle.ownership.status == "owned"
    assert [type(packet) for packet in seen] == [s2c.FolderModify, s2c.FolderModify, s2c.FileModify]
    assert [p.path for p in seen if isinstance(p, s2c.FolderModify)] == ["/new", "/new/deep"]
    assert isinstance(seen[-1], s2c.FileModify)
    assert seen[-1].handle.ownership.status == "public"


async def test_a_share_is_seen_by_whom_it_was_given_to(stage: Stage):
    """The owner, the other user and everybody else each see the same change their own way."""
    client, service = await booked(stage)
    other, stranger = await stage.client("bob"), await stage.client("carol")
    await _add_file(client, service, "a.txt")
    (file,) = (await client.list_files()).files
    bob = await stage.catalog.user_by_name("bob")
    assert bob is not None
    await stage.catalog.put_share(file.id, bob.id, can_write=True)
    await client.request_upload("a.txt", size=20, do_overwrite=True)
    await service.take_upload()
    seen = [
        (await peer.next(s2c.FileModify, action="modify")).handle.ownership
        for peer in (client, other, stranger)
    ]
    assert [ownership.status for ownership in seen] == ["owned", "shared", "restricted"]
    share = seen[1].share
    assert share is not None
    assert (share.can_write, share.file, share.user) == (True, file.id, bob.id)


async def test_the_service_is_free_at_stage_finish(stage: Stage):
    """The next upload may be requested although the finish info of the last waits for a decision."""
    client, service = await booked(stage)
    await _add_file(client, service, "a.txt")
    await client.request_upload("a.txt")
    await service.take_upload()
    await client.next(s2c.UploadStageFinish)
    await client.next(s2c.UploadOverwriteRequest)
    assert (await client.request_upload("b.txt")).accepted


async def test_a_service_that_refuses_an_upload_rejects_its_request(stage: Stage):
    """Its reason is passed on, and the service can be asked again."""
    client, service = await booked(stage)
    service.answers[s2u.UploadStart] = no("the disk is full")
    response = await client.request_upload()
    assert not response.accepted
    assert response.rejection_reason == "the disk is full"
    service.answers[s2u.UploadStart] = YES
    assert (await client.request_upload()).accepted


async def test_a_failed_upload_frees_its_service_and_leaves_nothing(stage: Stage):
    """The reason is passed on; what was posted is deleted on Discord."""
    client, service = await booked(stage)
    response = await client.request_upload(size=250)
    start = await service.next(s2u.UploadStart)
    await service.store(start, 0)
    await service.send(u2s.UploadFinish(success=False, reason="no chunk came for 180 s"))
    assert await client.next(s2c.UploadFinishInfo) == s2c.UploadFinishInfo(
        success=False, upload_id=response.upload_id, reason="no chunk came for 180 s"
    )
    assert (await client.request_upload()).accepted
    await stage.no_messages_left()


async def test_the_response_comes_before_all_else_about_an_upload(stage: Stage):
    """Even if the service fails in the moment in which it accepts, the client knows the id by then."""
    client, service = await booked(stage)
    service.answers[s2u.UploadStart] = None
    request = c2s.UploadRequest(name="a", path="/", size=5, is_public=False)
    await client.connection.send(request, uuid=str(uuid4()))
    start = await service.next_frame(s2u.UploadStart)
    await asyncio.gather(
        service.reply(start, YES),
        service.send(u2s.UploadFinish(success=False, reason="crash")),
    )
    *before, info = await client.until(s2c.UploadFinishInfo)
    (response,) = (packet for packet in before if isinstance(packet, s2c.UploadResponse))
    assert isinstance(info, s2c.UploadFinishInfo)
    assert (response.accepted, response.upload_id) == (True, info.upload_id)


async def test_a_success_without_hash_is_a_failure(stage: Stage):
    """A file is never entered without its hash and type."""
    client, service = await booked(stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    await service.store(start)
    await service.send(u2s.UploadFinish(success=True, is_encrypted=True))
    info = await client.next(s2c.UploadFinishInfo)
    assert not info.success
    assert await client.names() == []


async def test_a_success_with_chunks_missing_is_a_failure(stage: Stage):
    """The catalog enters no file that could not be read."""
    client, service = await booked(stage)
    await client.request_upload(size=250)
    start = await service.next(s2u.UploadStart)
    await service.store(start, 0)
    finish = u2s.UploadFinish(success=True, hash="0" * 64, is_encrypted=True, type="text/plain")
    await service.send(finish)
    await client.next(s2c.UploadStageFinish)
    assert not (await client.next(s2c.UploadFinishInfo)).success
    assert await client.names() == []
    await stage.no_messages_left()


class TestOverwriting:
    """What happens when the name is taken."""

    async def test_the_client_is_asked_and_the_file_waits_in_limbo(self, stage: Stage):
        """Nothing changes until it answers; then the file has the new content."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt", size=10)
        response = await _request_and_take(client, service, "a.txt", size=20)
        asked = await client.next(s2c.UploadOverwriteRequest)
        assert asked == s2c.UploadOverwriteRequest(
            upload_id=response.upload_id, file_name="a.txt", file_path="/"
        )
        (before,) = (await client.list_files()).files
        assert before.size == 10
        await client.decide(response.upload_id, "overwrite")
        info = await client.next(s2c.UploadFinishInfo)
        assert (info.success, info.rename_target) == (True, None)
        modified = await client.next(s2c.FileModify, action="modify")
        assert (modified.handle.id, modified.handle.size) == (before.id, 20)
        await stage.messages_left(1)

    async def test_renaming_numbers_the_name_and_tells_it(self, stage: Stage):
        """`rename_target` is the name that the file got."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt")
        response = await _second_file(client, service, "a.txt")
        await client.decide(response.upload_id, "rename")
        info = await client.next(s2c.UploadFinishInfo)
        assert (info.success, info.rename_target) == (True, "a (1).txt")
        await client.next(s2c.FileModify, action="add")
        assert await client.names() == ["a (1).txt", "a.txt"]

    async def test_skipping_drops_the_upload(self, stage: Stage):
        """The file there stays, and what was uploaded is deleted on Discord."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt", size=10)
        response = await _second_file(client, service, "a.txt", size=20)
        await client.decide(response.upload_id, "skip")
        assert not (await client.next(s2c.UploadFinishInfo)).success
        assert [file.size for file in (await client.list_files()).files] == [10]
        await stage.messages_left(1)

    async def test_do_overwrite_does_not_ask(self, stage: Stage):
        """The request said it already."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt", size=10)
        await client.request_upload("a.txt", size=20, do_overwrite=True)
        await service.take_upload()
        assert (await client.next(s2c.UploadFinishInfo)).success
        await client.next(s2c.FileModify, action="modify")
        assert client.unread(s2c.UploadOverwriteRequest) == []

    @pytest.mark.parametrize("do_overwrite", [True, None])
    async def test_a_file_of_somebody_else_is_not_overwritten(
        self, stage: Stage, do_overwrite: bool | None
    ):
        """Who may not write a file cannot replace it, asked or not."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt", size=10)
        await client.order(c2s.UploadBookingClear())
        other = await stage.client("bob")
        assert await other.book(1) == 1
        response = await other.request_upload("a.txt", size=20, do_overwrite=do_overwrite)
        await service.take_upload()
        if do_overwrite is None:
            await other.next(s2c.UploadOverwriteRequest)
            await other.decide(response.upload_id, "overwrite")
        info = await other.next(s2c.UploadFinishInfo)
        assert not info.success
        assert info.reason is not None
        assert "may not" in info.reason
        assert [file.size for file in (await client.list_files()).files] == [10]

    async def test_a_right_that_is_gone_at_the_answer_is_none(self, stage: Stage):
        """Who could write the file when it was asked about, and cannot any more, replaces nothing."""
        asked = await _bob_is_asked(stage, shared=True)
        await asked.share(is_deleting=True)
        await asked.bob.decide(asked.upload_id, "overwrite")
        info = await asked.bob.next(s2c.UploadFinishInfo)
        assert not info.success
        assert "may not" in (info.reason or "")
        assert await stage.catalog.file_by_id(asked.file.id) == asked.file

    async def test_a_right_that_came_before_the_answer_is_one(self, stage: Stage):
        """Who could not write the file when it was asked about, and can now, replaces it."""
        asked = await _bob_is_asked(stage, shared=False)
        await asked.share(can_write=True)
        await asked.bob.decide(asked.upload_id, "overwrite")
        assert (await asked.bob.next(s2c.UploadFinishInfo)).success
        replaced = await stage.catalog.file_by_id(asked.file.id)
        assert replaced is not None
        assert (replaced.size, replaced.owner_id) == (20, asked.file.owner_id)

    async def test_an_answer_for_all_settles_the_queue_and_what_follows(self, stage: Stage):
        """All open questions are resolved, the client is told so, and asked no more."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt")
        first = await _second_file(client, service, "a.txt")
        second = await _second_file(client, service, "a.txt")
        await client.decide(first.upload_id, "rename", on_all=True)
        await client.next(s2c.UploadOverwriteCancel)
        third = await _request_and_take(client, service, "a.txt")
        infos = [
            await client.next(s2c.UploadFinishInfo, upload_id=each.upload_id)
            for each in (first, second, third)
        ]
        assert all(info.success for info in infos)
        assert {info.rename_target for info in infos} == {f"a ({n}).txt" for n in (1, 2, 3)}
        await client.caught_up()
        assert client.unread(s2c.UploadOverwriteRequest) == []

    async def test_an_answer_for_all_holds_until_the_booking_is_cleared(self, stage: Stage):
        """After that, the client is asked again."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt")
        first = await _second_file(client, service, "a.txt")
        await client.decide(first.upload_id, "skip", on_all=True)
        await client.next(s2c.UploadFinishInfo)
        assert (await client.order(c2s.UploadBookingClear())).success
        assert await client.book(1) == 1
        await _second_file(client, service, "a.txt")

    async def test_an_answer_for_all_is_none_for_the_next_booking(self, stage: Stage):
        """Given after its booking was cleared, it replaces no file of the booking after that."""
        client, service = await booked(stage)
        for name in ("a.txt", "b.txt"):
            await _add_file(client, service, name, size=10)
        first = await _second_file(client, service, "a.txt", size=20)
        assert (await client.order(c2s.UploadBookingClear())).success
        await client.decide(first.upload_id, "overwrite", on_all=True)
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert await client.book(1) == 1
        second = await _second_file(client, service, "b.txt", size=20)
        await client.decide(second.upload_id, "skip")
        assert not (await client.next(s2c.UploadFinishInfo)).success
        sizes = {file.name: file.size for file in (await client.list_files()).files}
        assert sizes == {"a.txt": 20, "b.txt": 10}

    async def test_an_answer_for_all_leaves_open_what_another_booking_asks(self, stage: Stage):
        """As the client takes its queue for resolved, the question is asked again after that."""
        client, service = await booked(stage)
        for name in ("a.txt", "b.txt"):
            await _add_file(client, service, name, size=10)
        first = await _second_file(client, service, "a.txt", size=20)
        assert (await client.order(c2s.UploadBookingClear())).success
        assert await client.book(1) == 1
        second = await _second_file(client, service, "b.txt", size=20)
        await client.decide(first.upload_id, "overwrite", on_all=True)
        await client.next(s2c.UploadOverwriteCancel)
        await client.next(s2c.UploadOverwriteRequest, upload_id=second.upload_id)
        await client.decide(second.upload_id, "rename")
        info = await client.next(s2c.UploadFinishInfo, upload_id=second.upload_id)
        assert info.rename_target == "b (1).txt"

    async def test_limbo_is_lost_when_the_client_disconnects(self, stage: Stage):
        """The file is dropped, and what was posted is deleted on Discord."""
        service = await stage.service()
        async with stage.visiting_client() as client:
            await client.book(1)
            await _add_file(client, service, "a.txt", size=10)
            await _second_file(client, service, "a.txt", size=20)
        await stage.messages_left(1)
        again = await stage.client()
        assert [file.size for file in (await again.list_files()).files] == [10]

    async def test_an_upload_in_limbo_can_be_aborted(self, stage: Stage):
        """Its question is closed: an answer comes too late."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt")
        response = await _second_file(client, service, "a.txt")
        assert (await client.order(c2s.UploadAbortRequest(upload_id=response.upload_id))).success
        assert not (await client.next(s2c.UploadFinishInfo)).success
        late = c2s.UploadOverwriteResponse(upload_id=response.upload_id, action="overwrite")
        assert "not waiting" in await client.refusal(late)

    async def test_nobody_answers_for_somebody_else(self, stage: Stage):
        """Another client's upload id opens nothing."""
        client, service = await booked(stage)
        other = await stage.client("bob")
        await _add_file(client, service, "a.txt")
        response = await _second_file(client, service, "a.txt")
        await other.refusal(
            c2s.UploadOverwriteResponse(upload_id=response.upload_id, action="overwrite")
        )
        await client.decide(response.upload_id, "rename")
        assert (await client.next(s2c.UploadFinishInfo)).rename_target == "a (1).txt"

    async def test_a_name_freed_meanwhile_is_taken(self, stage: Stage):
        """Overwriting a file that is gone by now simply enters the new one."""
        client, service = await booked(stage)
        await _add_file(client, service, "a.txt")
        response = await _second_file(client, service, "a.txt", size=20)
        (file,) = (await client.list_files()).files
        await stage.catalog.delete_file(file.id)
        await client.decide(response.upload_id, "overwrite")
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert [file.size for file in (await client.list_files()).files] == [20]


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
        seen = await client.until(s2c.UploadBookingModify)
        assert [packet for packet in seen if _is_about_uploads(packet)] == [
            s2c.UploadStageFinish(upload_id=response.upload_id, service_disconnect=True),
            s2c.UploadFinishInfo(
                success=False, upload_id=response.upload_id, reason="the upload was aborted"
            ),
            s2c.UploadBookingModify(effective_change=-1),
        ]


class TestLosingTheService:
    """A service that goes away ends what runs on it."""

    async def test_stage_finish_then_finish_info_then_the_booking(self, stage: Stage):
        """The client hears of the upload first, and then that it holds one service fewer."""
        async with stage.visiting_service() as service:
            client = await stage.client()
            await client.book(1)
            response = await client.request_upload(size=250)
            start = await service.next(s2u.UploadStart)
            await service.store(start, 0)
        seen = await client.until(s2c.UploadBookingModify)
        assert [packet for packet in seen if _is_about_uploads(packet)] == [
            s2c.UploadStageFinish(upload_id=response.upload_id, service_disconnect=True),
            s2c.UploadFinishInfo(
                success=False, upload_id=response.upload_id, reason="the upload service went away"
            ),
            s2c.UploadBookingModify(effective_change=-1),
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
            await _add_file(client, service, "a.txt")
            response = await _second_file(client, service, "a.txt")
        await client.next(s2c.UploadBookingModify, effective_change=-1)
        await client.decide(response.upload_id, "rename")
        assert (await client.next(s2c.UploadFinishInfo)).success

    async def test_at_the_very_moment_of_its_finish(self, stage: Stage):
        """It is never booked again, and its upload is entered all the same."""
        client = await stage.client()
        async with stage.visiting_service() as service:
            await client.book(1)
            await _add_file(client, service, "a.txt")
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


def _is_about_uploads(packet: object) -> bool:
    return isinstance(
        packet, s2c.UploadStageFinish | s2c.UploadFinishInfo | s2c.UploadBookingModify
    )


async def _request_and_take(
    client: ClientPeer, service: ServicePeer, name: str, size: int = 10
) -> s2c.UploadResponse:
    response = await client.request_upload(name, size=size)
    assert response.accepted, response.rejection_reason
    await service.take_upload()
    await client.next(s2c.UploadStageFinish, upload_id=response.upload_id)
    return response


async def _add_file(client: ClientPeer, service: ServicePeer, name: str, size: int = 10) -> None:
    """A file that stands there before the upload that the test is about."""
    await _request_and_take(client, service, name, size)
    assert (await client.next(s2c.UploadFinishInfo)).success
    await client.next(s2c.FileModify)


async def _second_file(
    client: ClientPeer, service: ServicePeer, name: str, size: int = 10
) -> s2c.UploadResponse:
    """An upload of a taken name, as far as the question what to do."""
    response = await _request_and_take(client, service, name, size)
    await client.next(s2c.UploadOverwriteRequest, upload_id=response.upload_id)
    return response


@dataclass
class Asked:
    """Bob has uploaded 20 bytes under the name of Alice's file of 10, and is asked about it."""

    alice: ClientPeer
    bob: ClientPeer
    bob_id: int
    file: File
    upload_id: str

    async def share(self, **fields: bool) -> None:
        """Alice gives Bob a right on her file, or takes it away."""
        name = self.file.name
        packet = c2s.FileShare(path="/", name=name, target_user=self.bob_id, **fields)
        assert (await self.alice.order(packet)).success


async def _bob_is_asked(stage: Stage, *, shared: bool) -> Asked:
    """`shared`: whether Bob may write the file when he is asked."""
    alice, service = await booked(stage)
    await _add_file(alice, service, "a.txt", size=10)
    assert (await alice.order(c2s.UploadBookingClear())).success
    bob, user = await stage.client("bob"), await stage.catalog.user_by_name("bob")
    file = await stage.catalog.file_at((), "a.txt")
    assert user is not None
    assert file is not None
    asked = Asked(alice, bob, user.id, file, upload_id="")
    if shared:
        await asked.share(can_write=True)
    assert await bob.book(1) == 1
    asked.upload_id = (await _second_file(bob, service, "a.txt", size=20)).upload_id
    return asked
