"""Quotas: refused at the request where that is known, else at the commit, with a reason in either case."""

import asyncio

from catalog.records import StorageQuota
from protocol import c2s, s2c, s2u
from protocol.extensions import REJECTIONS, RESUME
from tests.manager.sockets.keeping import begin_kept, kept_in_state
from tests.manager.sockets.peers import YES
from tests.manager.sockets.stage import Stage
from tests.manager.sockets.uploading import add_file, booked, request_and_take


async def limit(stage: Stage, *, size: int | None = None, files: int | None = None) -> int:
    """Gives Alice a quota. Answers her id."""
    await stage.token("alice")
    alice = await stage.catalog.user_by_name("alice")
    assert alice is not None
    await stage.catalog.set_quota(alice.id, StorageQuota(bytes=size, files=files))
    return alice.id


async def test_what_does_not_fit_is_refused_at_the_request(stage: Stage):
    """A base client gets the reason, others the code as well, and that asking again is of no use."""
    await limit(stage, size=500)
    client, service = await booked(stage)
    response = await client.request_upload(size=501)
    assert not response.accepted
    assert response.rejection_reason is not None
    assert "the quota is 500 B" in response.rejection_reason
    await request_and_take(client, service, "fits.bin", 500)
    assert (await client.next(s2c.UploadFinishInfo)).success
    other = await stage.client(extensions=[REJECTIONS])
    await stage.service()
    await other.book(1)
    packet = c2s.UploadRequest(name="b.bin", path="/", size=1, is_public=False)
    rejection = await other.ask(packet, s2c.UploadRejection)
    assert (rejection.code, rejection.retry) == ("quota-exceeded", "never")


async def test_uploads_that_run_count_at_the_request(stage: Stage):
    """The second of two that fit one by one is refused while the first runs, and fits once it has ended."""
    await limit(stage, size=500)
    await stage.service()
    client, service = await booked(stage)
    await client.book(2)
    first = await client.request_upload("a.bin", size=300)
    assert first.accepted
    assert not (await client.request_upload("b.bin", size=300)).accepted
    assert (await client.order(c2s.UploadAbortRequest(upload_id=first.upload_id))).success
    assert not (await client.next(s2c.UploadFinishInfo)).success
    assert service.address
    assert (await client.request_upload("b.bin", size=300)).accepted


async def test_a_replaced_file_counts_by_its_difference(stage: Stage):
    """An upload that replaces a file of the user fits where a new one would not."""
    await limit(stage, size=500, files=1)
    client, service = await booked(stage)
    await add_file(client, service, "a.bin", 300)
    assert not (await client.request_upload("b.bin", size=1)).accepted
    assert not (await client.request_upload("a.bin", size=501, do_overwrite=True)).accepted
    again = await client.request_upload("a.bin", size=500, do_overwrite=True)
    assert again.accepted
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_commit_beyond_the_quota_fails_with_the_reason(stage: Stage):
    """A quota that was lowered on the way: the upload ends, and there is no file."""
    client, service = await booked(stage)
    response = await client.request_upload("a.bin", size=300)
    assert response.accepted
    await limit(stage, size=200)
    await service.take_upload()
    finish = await client.next(s2c.UploadFinishInfo, upload_id=response.upload_id)
    assert not finish.success
    assert finish.reason is not None
    assert "the quota is 200 B" in finish.reason
    assert await client.names("/") == []


async def test_empty_files_count_too(stage: Stage):
    """A file of no bytes is one file more."""
    await limit(stage, files=1)
    client = await stage.client()
    assert (await client.order(c2s.EmptyFileUpload(path="/", name="a"))).success
    refusal = await client.refusal(c2s.EmptyFileUpload(path="/", name="b"))
    assert "the quota is 1 file" in refusal


async def test_kept_uploads_count_while_they_are_parked(stage: Stage):
    """What a user has parked is on its way: it leaves less room for others, until it is dropped."""
    await limit(stage, size=500)
    service = await stage.service()
    client = await stage.client(extensions=[RESUME])
    await client.book(1)
    start = await begin_kept(client, service, size=300)
    service.answers[s2u.UploadAbort] = YES
    assert (await client.order(c2s.UploadPark(upload_id=start.upload_id))).success
    await kept_in_state(client, "parked")
    refused = await client.request_upload("b.bin", size=300)
    assert "quota" in (refused.rejection_reason or "")
    assert (await client.order(c2s.UploadDrop(upload_id=start.upload_id))).success
    assert (await client.request_upload("b.bin", size=300)).accepted


async def test_a_file_is_not_given_to_who_has_no_room(stage: Stage):
    """The giver is told so, and not how much the other has."""
    client, service = await booked(stage)
    await add_file(client, service, "a.bin", 300)
    await stage.token("bob")
    bob = await stage.catalog.user_by_name("bob")
    file = await stage.catalog.file_at((), "a.bin")
    assert bob is not None
    assert file is not None
    await stage.catalog.set_quota(bob.id, StorageQuota(bytes=299))
    packet = c2s.TransferOwnership(file_id=file.id, target_user_id=bob.id)
    refusal = await client.refusal(packet)
    assert "no room" in refusal
    assert "299" not in refusal


async def test_of_uploads_that_end_together_only_those_that_fit_are_entered(stage: Stage):
    """Whatever was known at their requests."""
    services = [await stage.service() for _ in range(3)]
    client = await stage.client()
    assert await client.book(3) == 3
    responses = [await client.request_upload(f"{each}.bin", size=300) for each in range(3)]
    assert all(response.accepted for response in responses)
    await limit(stage, size=600)
    await asyncio.gather(*(service.take_upload() for service in services))
    finished = [await client.next(s2c.UploadFinishInfo) for _ in range(3)]
    assert sorted(each.success for each in finished) == [False, True, True]
