"""Jobs for processing services: what the manager gives them, and what it makes of their answers."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from catalog.records import JobState
from client_sdk.connection import Connection
from manager.app_keys import CATALOG
from protocol import c2s, generic, s2c, s2t, t2s
from protocol.extensions import OVERVIEW, PROCESSING
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.system.ticketing import administrator, user
from tests.system.whole import Whole, content_of, running_whole

NAMES = ("private.txt", "public.txt")
AVIF = b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + content_of(1500)


class Processor:
    """A processing service that does what a test says."""

    def __init__(self, connection: Connection, http: aiohttp.ClientSession) -> None:
        self.connection = connection
        self.http = http

    async def job(self, recipe_version: int = 1) -> s2t.Job | None:
        """Asks for a job; None when there is nothing to do."""
        packet = t2s.JobRequest(recipe_version=recipe_version)
        answer = await self.connection.request(packet, s2t.Job)
        if isinstance(answer, s2t.Job):
            return answer
        assert answer.success is False
        return None

    async def told_of_jobs(self) -> None:
        """Returns once there is something to do again."""
        frame = await anext(self.connection)
        assert frame.packet == s2t.JobAvailable()

    async def tell(self, packet: Any) -> bool:
        """Whether the manager takes it."""
        answer = await self.connection.request(packet)
        assert isinstance(answer, generic.Boolean)
        return answer.success

    async def store_view(self, job_id: str, name: str, content: bytes, mime_type: str) -> None:
        """Makes a view, as the protocol says."""
        request = t2s.ViewRequest(job_id=job_id, view=name, size=len(content), type=mime_type)
        ticket = await self.connection.request(request, s2t.ViewTicket)
        assert isinstance(ticket, s2t.ViewTicket)
        form = aiohttp.FormData()
        for field in ticket.fields:
            form.add_field(field.name, field.value)
        form.add_field("file", content, filename="view")
        async with self.http.post(ticket.url, data=form) as response:
            assert response.status == 204, await response.text()

    async def done(self, job: s2t.Job, **metadata: Any) -> bool:
        """Ends a job well."""
        return await self.tell(t2s.JobDone(job_id=job.job_id, metadata=metadata))


@asynccontextmanager
async def processing(whole: Whole, *, url: str | None = None) -> AsyncIterator[Processor]:
    """A connected processing service, configured; `url` is where it finds the manager."""
    query = urlencode({"type": "thumbnail", "key": SERVICE_PASSWORD})
    url = f"{(url or whole.url).replace('http', 'ws', 1)}/?{query}"
    async with (
        aiohttp.ClientSession() as http,
        Connection.open(
            url, receives=frozenset({"s2t", "generic"}), extensions=frozenset({PROCESSING})
        ) as connection,
    ):
        assert connection.granted == {PROCESSING}
        frame = await anext(connection)
        assert frame.packet == s2t.ProcessingConfiguration(lease_s=120)
        await connection.send(generic.Boolean(success=True), reply_uuid=frame.uuid)
        yield Processor(connection, http)


@pytest.fixture
async def processor(whole: Whole) -> AsyncIterator[Processor]:
    """A processing service."""
    async with processing(whole) as connected:
        yield connected


async def test_from_upload_to_thumbnail(whole, processor):
    """A new file is a job; its thumbnail is told to clients, with a link that serves it."""
    assert await processor.job() is None
    alice = await whole.user(booked=1)
    bob = await whole.user("bob")
    await alice.put("a.txt", b"some words")
    await processor.told_of_jobs()
    job = await processor.job()
    assert job is not None
    assert (job.name, job.size, job.views) == ("a.txt", 10, ())
    async with processor.http.get(job.content_url) as response:
        assert await response.read() == b"some words"
    await processor.store_view(job.job_id, "thumbnail", AVIF, "image/avif")
    told = await alice.peer.next(s2c.FileModify, action="modify")
    assert told.handle.has_thumbnail is True
    async with processor.http.get(told.handle.thumbnail_url) as response:
        assert response.headers["Content-Type"] == "image/avif"
        assert await response.read() == AVIF
    hidden = await bob.peer.next(s2c.FileModify, action="modify")
    assert (hidden.handle.has_thumbnail, hidden.handle.thumbnail_url) == (True, None)
    answer = await alice.peer.order(c2s.ThumbnailRequest(file_id=told.handle.id))
    assert (answer.success, answer.message) == (True, told.handle.thumbnail_url)
    assert (await bob.peer.order(c2s.ThumbnailRequest(file_id=told.handle.id))).success is False
    assert await processor.done(job, width=3, words=["some", "words"]) is True
    catalog = whole.app[CATALOG]
    file = await catalog.file_at((), "a.txt")
    assert await catalog.metadata_of(file.object_id) == {"width": 3, "words": ["some", "words"]}


async def test_clients_hear_when_a_file_was_processed(whole, processor):
    """Who may read the file, and shows what is found out about it, is sent its id; nobody else is."""
    alice = await whole.user(booked=1)
    async with (
        ClientPeer.connected(
            whole.url.replace("http", "ws", 1),
            "s2c",
            client_query(await whole.token("alice")),
            extensions=[OVERVIEW],
        ) as shown,
        ClientPeer.connected(
            whole.url.replace("http", "ws", 1),
            "s2c",
            client_query(await whole.token("bob")),
            extensions=[OVERVIEW],
        ) as other,
    ):
        await alice.put("private.txt", b"some words")
        await alice.put("public.txt", b"more words", is_public=True)
        for _ in range(2):
            job = await processor.job()
            assert await processor.done(job, lines=1) is True
        ids = {name: (await whole.app[CATALOG].file_at((), name)).id for name in NAMES}
        heard = {(await shown.next(s2c.FileProcessed)).file_id for _ in NAMES}
        assert heard == set(ids.values())
        assert (await other.next(s2c.FileProcessed)).file_id == ids["public.txt"]
        assert other.unread(s2c.FileProcessed) == alice.peer.unread(s2c.FileProcessed) == []


async def test_views_and_metadata_of_a_ticket(whole, processor):
    """Whoever uploaded with a ticket gets views and metadata back, and they go with the file."""
    alice = await user(whole, processor.http)
    file_id = await alice.put(b"hello")
    job = await processor.job()
    assert (job.job_id, job.name) == (file_id, None)
    await processor.store_view(file_id, "preview", b"small", "text/plain")
    await processor.store_view(file_id, "preview", b"smaller", "text/plain")
    await processor.done(job, letters=5)
    stored = await alice.file(file_id)
    assert stored["metadata"] == {"letters": 5}
    (view,) = stored["views"]
    assert (view["name"], view["mimeType"], view["size"]) == ("preview", "text/plain", 7)
    async with alice.http.get(view["url"]) as response:
        assert await response.read() == b"smaller"
    await whole.messages_left(2)
    await alice.ask("mutation ($id: ID!) { revokeTemporaryReference(fileId: $id) }", id=file_id)
    await whole.messages_left(0)
    async with alice.http.get(view["url"]) as response:
        assert response.status == 404


async def test_only_who_has_the_job_may_answer(whole, processor):
    """Another service, or one that lost its job, changes nothing."""
    alice = await user(whole, processor.http)
    await alice.put(b"hello")
    job = await processor.job()
    async with processing(whole) as other:
        assert await other.job() is None
        packets = (
            t2s.JobAlive(job_id=job.job_id),
            t2s.JobDone(job_id=job.job_id, metadata={}),
            t2s.JobFailed(job_id=job.job_id, error="x", retry=False),
            t2s.ViewRequest(job_id=job.job_id, view="thumbnail", size=5, type="image/avif"),
        )
        for packet in packets:
            assert await other.tell(packet) is False
    assert await processor.tell(t2s.JobAlive(job_id=job.job_id)) is True
    assert await processor.done(job) is True


async def test_lost_services_lose_no_job(tmp_path):
    """The job of a service that goes away is given to another, and given up in the end."""
    late = [0.0]
    clock = {"clock": lambda: time.time() + late[0]}
    async with (
        running_whole(tmp_path, create=clock, processing_attempts=2) as whole,
        aiohttp.ClientSession() as http,
    ):
        alice = await user(whole, http)
        file_id = await alice.put(b"hello")
        catalog = whole.app[CATALOG]
        for _ in range(2):
            async with processing(whole) as doomed:
                job = await doomed.job()
                assert job is not None
                assert job.job_id == file_id
            while await catalog.jobs(JobState.RUNNING, limit=1):
                pass
            late[0] += 3600.0
        async with processing(whole) as survivor:
            assert await survivor.job() is None
        admin = await administrator(whole, http)
        (failed,) = await admin.ask("{ failedJobs { fileId attempts error } }")
        assert (failed["fileId"], failed["attempts"]) == (file_id, 2)
        assert "lost" in failed["error"]


async def test_poison_is_given_up_and_can_be_tried_again(whole, processor):
    """A file that cannot be processed is shown to administrators, who may have it tried again."""
    alice = await user(whole, processor.http)
    admin = await administrator(whole, processor.http)
    file_id = await alice.put(b"hello")
    job = await processor.job()
    failed = t2s.JobFailed(job_id=job.job_id, error="a decompression bomb", retry=False)
    assert await processor.tell(failed) is True
    assert await processor.job() is None
    query = "{ failedJobs { fileId attempts error } }"
    shown = {"fileId": file_id, "attempts": 1, "error": "a decompression bomb"}
    assert await admin.ask(query) == [shown]
    assert await alice.refused(query) == "not-administrator"
    async with processor.http.get(
        f"{whole.url}/status", headers={"Authorization": f"Bearer {alice.credentials}"}
    ) as response:
        assert (await response.json())["processing"] == {
            "services": 1,
            "queued": 0,
            "running": 0,
            "failed": 1,
        }
    async with processor.http.get(
        f"{whole.url}/status", headers={"Authorization": f"Bearer {admin.credentials}"}
    ) as response:
        (given_up,) = (await response.json())["processing"]["failed_files"]
    assert given_up == {"id": file_id, "attempts": 1, "error": "a decompression bomb"}
    assert await admin.ask("mutation { retryFailedJobs }") == 1
    await processor.told_of_jobs()
    assert (await processor.job()).job_id == file_id


async def test_old_files_are_processed_by_new_recipes(whole, processor):
    """What was processed by an older version of the recipes is queued when asked for."""
    alice = await user(whole, processor.http)
    admin = await administrator(whole, processor.http)
    await alice.put(b"hello")
    await processor.done(await processor.job(recipe_version=1))
    assert await admin.ask("mutation { processMissing }") == 0
    assert await processor.job(recipe_version=2) is None
    assert await admin.ask("mutation { processMissing }") == 1
    await processor.told_of_jobs()
    assert await processor.job(recipe_version=2) is not None


async def test_clients_hear_of_processing_services(whole):
    """They are told like every service that makes thumbnails."""
    alice = await whole.user()
    async with processing(whole):
        added = await alice.peer.next(s2c.ServiceRegistry, action="added")
        assert added.service_type == "thumbnail"
        bob = await whole.user("bob")
        await bob.peer.next(s2c.ServiceRegistry, action="list", service_uuid=added.service_uuid)
    await alice.peer.next(s2c.ServiceRegistry, action="removed", service_uuid=added.service_uuid)


async def test_links_lead_where_the_manager_is_reached(tmp_path):
    """People get its public address; a processing service the one that it connects to."""
    public = "https://cloud.test/base"
    async with (
        running_whole(tmp_path, manager_public_url=public) as whole,
        processing(whole) as processor,
    ):
        alice = await user(whole, processor.http)
        file_id = await alice.put(b"hello")
        assert (await alice.file(file_id))["url"].startswith(f"{public}/files/{file_id}?q=")
        job = await processor.job()
        assert job is not None
        assert job.content_url.startswith(f"{whole.url}/files/{file_id}?q=")
