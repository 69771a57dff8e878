"""Reports of messages with several chunks: entered as a whole, answered chunk by chunk."""

import asyncio
from uuid import UUID, uuid4

from msgspec.structs import replace

from protocol import s2c, s2u, u2s
from protocol.extensions import MESSAGES
from tests.manager.sockets.peers import SERVICE_EXTENSIONS, ClientPeer, ServicePeer
from tests.manager.sockets.stage import Stage

_EXTENSIONS = (*SERVICE_EXTENSIONS, MESSAGES)


async def running(stage: Stage) -> tuple[ClientPeer, list[ServicePeer], list[s2u.UploadStart]]:
    """Two uploads of two chunks each, on two slots of one process."""
    process = str(uuid4())
    services = [await stage.service(process, extensions=_EXTENSIONS) for _ in range(2)]
    client = await stage.client()
    await client.book(2)
    for number in range(2):
        assert (await client.request_upload(name=f"{number}.txt", size=150)).accepted
    starts = [await service.next(s2u.UploadStart) for service in services]
    return client, services, starts


async def message_of(
    service: ServicePeer, *chunks: tuple[s2u.UploadStart, int]
) -> u2s.MessageStored:
    """One message that is posted, said to hold these chunks one behind the other."""
    singles = [await service.post(start, index) for start, index in chunks]
    offset, stored = 0, []
    for single in singles:
        stored.append(
            u2s.StoredChunk(
                upload_id=single.upload_id,
                index=single.index,
                attachment_id=singles[0].attachment_id,
                offset=offset,
                stored_size=single.stored_size,
                size=single.size,
                digest=single.digest,
            )
        )
        offset += single.stored_size
    first = singles[0]
    return u2s.MessageStored(
        message_id=first.message_id,
        channel_id=first.channel_id,
        webhook_id=first.webhook_id,
        chunks=tuple(stored),
    )


async def entered(service: ServicePeer, report: u2s.MessageStored) -> s2u.MessageEntered:
    """The answer to a report."""
    return await service.ask(report, s2u.MessageEntered)


async def test_a_message_brings_chunks_of_one_upload(stage: Stage):
    """All of them count, in one report; the file is complete then."""
    client, (service, _), (start, _) = await running(stage)
    answer = await entered(service, await message_of(service, (start, 1), (start, 0)))
    assert (answer.accepted, answer.reason) == ((True, True), None)
    await service.finish_with(start)
    info = await client.next(s2c.UploadFinishInfo)
    assert (info.success, info.upload_id) == (True, start.upload_id)


async def test_the_catalog_knows_where_each_chunk_lies(stage: Stage):
    """At its offset in the attachment."""
    _, (service, _), (start, _) = await running(stage)
    report = await message_of(service, (start, 0), (start, 1))
    await entered(service, report)
    locations = await stage.catalog.chunks(UUID(start.upload_id), first=0, limit=10)
    assert [(one.chunk.offset, one.chunk.stored_size) for one in locations] == [(0, 133), (133, 83)]
    assert {str(one.chunk.attachment_id) for one in locations} == {report.chunks[0].attachment_id}
    assert [one.message.stored_size for one in locations] == [216, 216]


async def test_a_chunk_that_is_not_wanted_fails_alone(stage: Stage):
    """The others of its message count; the reason is that of the first one that is refused."""
    client, (service, _), (start, _) = await running(stage)
    report = await message_of(service, (start, 0), (start, 1))
    strange = replace(report.chunks[0], upload_id=str(uuid4()))
    odd = replace(report.chunks[0], size=7)
    answer = await entered(service, replace(report, chunks=(odd, strange, *report.chunks)))
    assert answer.accepted == (False, False, True, True)
    assert "no chunk" in (answer.reason or "")
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_message_without_a_wanted_chunk_is_garbage(stage: Stage):
    """It is deleted on Discord; so is nothing else."""
    _, (service, other), (start, second) = await running(stage)
    await entered(other, await message_of(other, (second, 0)))
    await service.send(u2s.UploadFinish(success=False, reason="aborted"))
    answer = await entered(service, await message_of(service, (start, 0)))
    assert answer.accepted == (False,)
    await stage.messages_left(1)


async def test_a_repeated_report_is_answered_as_before(stage: Stage):
    """And by no more than one entry, however often; after the end of the upload nothing is wanted."""
    client, (service, _), (start, _) = await running(stage)
    report = await message_of(service, (start, 0), (start, 1))
    assert (await entered(service, report)).accepted == (True, True)
    again = await asyncio.gather(*(entered(service, report) for _ in range(3)))
    assert {answer.accepted for answer in again} == {(True, True)}
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await entered(service, report)).accepted == (False, False)
    assert await stage.catalog.chunks(UUID(start.upload_id), first=0, limit=10)


async def test_a_message_brings_chunks_of_all_uploads_of_a_process(stage: Stage):
    """Whichever of its slots reports it: both files are complete then."""
    client, (service, other), (start, second) = await running(stage)
    chunks = [(each, index) for each in (start, second) for index in (0, 1)]
    report = await message_of(service, *chunks)
    assert (await entered(service, report)).accepted == (True,) * 4
    await service.finish_with(start)
    await other.finish_with(second)
    infos = [await client.next(s2c.UploadFinishInfo) for _ in range(2)]
    assert [info.success for info in infos] == [True, True]


async def test_chunks_of_another_process_do_not_count(stage: Stage):
    """It cannot report for uploads that it does not run."""
    _, (service, _), (start, _) = await running(stage)
    stranger = await stage.service(extensions=_EXTENSIONS)
    answer = await entered(stranger, await message_of(service, (start, 0)))
    assert answer.accepted == (False,)
