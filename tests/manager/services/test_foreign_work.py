"""A service with a credential tries to do what another one was given: nothing of it is taken.

The attacker speaks the protocol well, and knows all ids: those of uploads, processes, webhooks and jobs.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from catalog.records import JobState, ServiceKind
from client_sdk.connection import Connection
from manager.app_keys import WEBHOOKS
from manager.processing.jobs import MAX_VIEWS
from protocol import generic, s2c, s2t, s2u, t2s, u2s
from protocol.extensions import PROCESSING
from tests.manager.sockets.keeping import (
    RESUMING,
    SIZE,
    booking_client,
    keep,
    parked_by_leaving,
    resume,
)
from tests.manager.sockets.peers import ServicePeer
from tests.manager.sockets.stage import SERVICE_PASSWORD, Stage, running_stage
from tests.manager.sockets.uploading import add_file
from tests.manager.tickets.test_uploads import connected, open_ticket


@pytest.fixture
async def key(stage: Stage) -> str:
    """The credential of the service that is attacked."""
    return await stage.credential("ours", ServiceKind.UPLOAD)


@pytest.fixture
async def attacker(stage: Stage) -> ServicePeer:
    """A service with another credential of the same kind."""
    return await stage.service(key=await stage.credential("theirs", ServiceKind.UPLOAD))


async def stored_chunks(stage: Stage, upload_id: str) -> list[int]:
    """Which chunks of an upload are content."""
    chunks = await stage.catalog.chunks(UUID(upload_id), first=0, limit=100)
    return [each.chunk.index for each in chunks]


async def test_a_chunk_of_an_upload_that_runs_elsewhere(stage: Stage, key, attacker):
    """Is garbage, whatever upload it is for; the upload goes on as if nothing had been."""
    client = await stage.client()
    await client.book(2)
    ours = await stage.service(key=key)
    starts = {}
    for name in ("a.bin", "b.bin"):
        assert (await client.request_upload(name)).accepted
    for service in (ours, attacker):
        starts[service] = await service.next(s2u.UploadStart)
    foreign = await attacker.post(starts[ours], 0)
    assert "ended" in await attacker.refusal(foreign)
    assert await stored_chunks(stage, starts[ours].upload_id) == []
    await ours.finish(starts[ours])
    assert (await client.next(s2c.UploadFinishInfo, upload_id=starts[ours].upload_id)).success


async def test_the_end_of_an_upload_that_runs_elsewhere(stage: Stage, key):
    """Neither its success nor its failure: a report of an end is about the reporter's own slot."""
    ours, client = await stage.service(key=key), await stage.client()
    await client.book(1)
    assert (await client.request_upload()).accepted
    start = await ours.next(s2u.UploadStart)
    attacker = await stage.service(key=await stage.credential("theirs", ServiceKind.UPLOAD))
    await attacker.finish_with(start)
    await attacker.send(u2s.UploadFinish(success=False, reason="no"))
    await attacker.caught_up()
    await client.caught_up()
    assert client.unread(s2c.UploadFinishInfo) == []
    await ours.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_chunk_of_a_kept_upload_of_others(stage: Stage, key, attacker):
    """Whether it is parked or runs: late reports come from who was given it."""
    async with stage.visiting_service(key=key) as ours:
        client = await stage.client(extensions=RESUMING)
        await client.book(2)
        responses = [await client.request_upload(name, size=SIZE) for name in "ab"]
        assert all(each.accepted for each in responses)
        start = await ours.next(s2u.UploadStart)
        await keep(client, start.upload_id)
        await ours.store(start, 0)
        assert "ended" in await attacker.refusal(await attacker.post(start, 1))
    await client.next(s2c.UploadParked, upload_id=start.upload_id)
    assert "ended" in await attacker.refusal(await attacker.post(start, 1))
    assert await stored_chunks(stage, start.upload_id) == [0]


async def test_a_late_report_after_a_restart_of_everything(tmp_path: Path):
    """Another process with the same credential, at a manager that remembers nothing, delivers it."""
    async with running_stage(tmp_path) as stage:
        key = await stage.credential("ours", ServiceKind.UPLOAD)
        other = await stage.credential("theirs", ServiceKind.UPLOAD)
        async with stage.visiting_service(key=key) as first:
            start = await parked_by_leaving(stage, first, stored=(0,))
            late = [await first.post(start, index) for index in (1, 2, 3)]
    async with running_stage(tmp_path) as stage:
        theirs = await stage.service(key=other)
        assert "ended" in await theirs.refusal(late[0])
        ours = await stage.service(key=key)
        assert (await ours.order(late[1])).success
        trusted = await stage.service(key=SERVICE_PASSWORD)
        assert (await trusted.order(late[2])).success
        assert await stored_chunks(stage, start.upload_id) == [0, 2, 3]


async def test_a_resumed_upload_is_given_to_the_service_that_goes_on(stage: Stage, key):
    """Then both services may report, also late; the first one does not lose what it has posted."""
    async with stage.visiting_service(key=key) as first:
        start = await parked_by_leaving(stage, first)
        late = await first.post(start, 0)
    second = await stage.service(key=await stage.credential("second", ServiceKind.UPLOAD))
    client = await booking_client(stage)
    await resume(client, start.upload_id)
    packet = await second.next(s2u.UploadContinue)
    first_again = await stage.service(key=key)
    assert (await first_again.order(late)).success
    client_gone = packet
    await second.store(client_gone, 1)
    assert await stored_chunks(stage, start.upload_id) == [0, 1]


@pytest.mark.parametrize("is_same_process", [True, False])
async def test_a_ticket_that_others_have_redeemed(stage: Stage, key, is_same_process):
    """Neither its chunks nor its end, even if the attacker says that it is the same process."""
    process = str(uuid4())
    other = await stage.credential("theirs", ServiceKind.UPLOAD)
    async with (
        connected(stage, process, key=key) as ours,
        connected(stage, process if is_same_process else None, key=other) as theirs,
    ):
        ticket, file_id = await open_ticket(stage, 5)
        await ours.accepted(ticket)
        assert not await theirs.store(file_id, 0, 5)
        assert not await theirs.finish(file_id)
        await theirs.finish(file_id, success=False)
        assert await ours.store(file_id, 0, 5)
        assert await ours.finish(file_id)


async def test_a_webhook_that_others_lease(stage: Stage, key):
    """It stays in use, even if the attacker says that it is the process which leases it."""
    process = str(uuid4())
    ours = await stage.service(process, key=key)
    attacker = await stage.service(
        process, key=await stage.credential("theirs", ServiceKind.UPLOAD)
    )
    foreign = {each.id for each in ours.leased} - {each.id for each in attacker.leased}
    assert foreign
    for webhook_id in foreign:
        await attacker.send(u2s.WebhookLost(webhook_id=webhook_id, reason="gone"))
    await attacker.caught_up()
    assert not stage.app[WEBHOOKS].quarantined


class Processor:
    """A processing service."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def job(self) -> s2t.Job:
        """A job, once there is one."""
        while True:
            answer = await self.connection.request(t2s.JobRequest(recipe_version=1), s2t.Job)
            if isinstance(answer, s2t.Job):
                return answer

    async def is_taken(self, packet: t2s.JobDone | t2s.JobFailed | t2s.JobAlive) -> bool:
        """Whether the manager accepts a report."""
        return (await self.connection.request(packet, generic.Boolean)).success


@asynccontextmanager
async def processing(stage: Stage, key: str) -> AsyncIterator[Processor]:
    """A processing service, configured."""
    query = urlencode({"type": "thumbnail", "key": key})
    async with Connection.open(
        f"{stage.socket_url}/?{query}",
        receives=frozenset({"s2t", "generic"}),
        extensions=frozenset({PROCESSING}),
    ) as connection:
        frame = await anext(connection)
        await connection.send(generic.Boolean(success=True), reply_uuid=frame.uuid)
        yield Processor(connection)


async def test_a_job_that_others_have(stage: Stage):
    """Neither its result, its failure, its lease nor a view of it."""
    client, service = await stage.client(), await stage.service()
    await client.book(1)
    await add_file(client, service, "a.txt")
    ours, theirs = [
        await stage.credential(name, ServiceKind.PROCESSING) for name in ("ours", "theirs")
    ]
    async with processing(stage, ours) as worker, processing(stage, theirs) as attacker:
        await stage.catalog.enqueue_missing(recipe_version=None, after=None, limit=10)
        job = await worker.job()
        for report in (
            t2s.JobDone(job_id=job.job_id, metadata={"wrong": True}),
            t2s.JobFailed(job_id=job.job_id, error="wrong", retry=False),
            t2s.JobAlive(job_id=job.job_id),
        ):
            assert not await attacker.is_taken(report), report
        view = t2s.ViewRequest(job_id=job.job_id, view="thumbnail", type="image/avif", size=5)
        answer = await attacker.connection.request(view, s2t.ViewTicket)
        assert isinstance(answer, generic.Boolean)
        assert not answer.success
        (running,) = await stage.catalog.jobs(JobState.RUNNING, limit=9)
        assert str(running.object_id) == job.job_id
        assert await worker.is_taken(t2s.JobDone(job_id=job.job_id, metadata={"right": True}))
    assert await stage.catalog.metadata_of(UUID(job.job_id)) == {"right": True}


async def test_views_of_a_job_are_bounded(stage: Stage):
    """Each is a ticket in the catalog; a service cannot fill it with one job."""
    client, service = await stage.client(), await stage.service()
    await client.book(1)
    await add_file(client, service, "a.txt")
    key = await stage.credential("ours", ServiceKind.PROCESSING)
    async with connected(stage), processing(stage, key) as worker:
        await stage.catalog.enqueue_missing(recipe_version=None, after=None, limit=10)
        job = await worker.job()
        view = t2s.ViewRequest(job_id=job.job_id, view="thumbnail", type="image/avif", size=5)
        answers = [
            await worker.connection.request(view, s2t.ViewTicket) for _ in range(MAX_VIEWS + 2)
        ]
    refused = [each for each in answers if isinstance(each, generic.Boolean)]
    assert len(refused) == 2, refused[:1]
