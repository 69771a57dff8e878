"""An upload from its request to its finish info."""

import asyncio
from uuid import uuid4

from protocol import c2s, s2c, s2u, u2s
from tests.manager.sockets.peers import YES, no
from tests.manager.sockets.stage import CHUNK_SIZE, Stage
from tests.manager.sockets.uploading import add_file, booked, is_about_uploads


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
    told = [packet for packet in await client.until(s2c.FileModify) if is_about_uploads(packet)]
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
    await add_file(client, service, "a.txt")
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
    await add_file(client, service, "a.txt")
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
