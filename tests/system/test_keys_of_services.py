"""What services are sent, to the byte: an upload service the keys of its own objects, and nobody more."""

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import aiohttp

from manager.app_keys import CATALOG
from protocol import c2s, s2c
from protocol.extensions import RESUME
from storage.keys import MasterKey
from tests.manager.sockets.keeping import keep, resume
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import KEY
from tests.system.cut_network import Network, cut_network
from tests.system.test_processing_jobs import processing
from tests.system.ticketing import user
from tests.system.whole import CHUNK_SIZE, User, Whole, content_of, running_whole, until_booked

MASTER = MasterKey(base64.b64decode(KEY))
ANY_KEY = re.compile(rb'"([A-Za-z0-9+/]{43}=)"')
UPLOAD_ID = re.compile(rb'"upload_id":"([0-9a-f-]{36})"')


def written_forms(secret: bytes) -> set[bytes]:
    """The ways in which a secret is usually written."""
    encoded = {base64.b64encode(secret), base64.urlsafe_b64encode(secret)}
    digits = secret.hex().encode()
    return {secret, digits, digits.upper(), *encoded, *(text.rstrip(b"=") for text in encoded)}


def holds(records: list[bytearray], secret: bytes) -> bool:
    """Whether a secret is anywhere in what was recorded."""
    return any(form in record for form in written_forms(secret) for record in records)


@asynccontextmanager
async def recorded_whole(folder: Path) -> AsyncIterator[tuple[Whole, list[bytearray]]]:
    """Everything, with a record of all that passes between an upload service and anybody but Discord."""
    async with cut_network() as network:
        network.recorded = []
        addresses = {"manager_address": network.url, "own_address": f"{network.url}/upload"}
        async with running_whole(folder, slots=1, wait=False, upload=addresses) as whole:
            network.lead_to(whole.url)
            await until_booked(whole, 1)
            yield whole, network.recorded


async def put_in_two_runs(whole: Whole) -> str:
    """Uploads a file of three chunks that is resumed after the first one; returns its id."""
    content = content_of(3 * CHUNK_SIZE)
    url, query = whole.url.replace("http", "ws", 1), client_query(await whole.token("alice"))
    async with ClientPeer.connected(url, "s2c", query, extensions=(RESUME,)) as peer:
        assert await peer.book(1) == 1
        async with aiohttp.ClientSession() as http:
            former = User(peer, http, whole.url, query["key"])
            response = await former.request("resumed.bin", len(content))
            await keep(peer, response.upload_id)
            await former.send(response, 0, content)
            resumed = await resume(peer, response.upload_id)
            address = s2c.UploadResponse(
                name=resumed.name,
                path=resumed.path,
                accepted=True,
                chunk_size=resumed.chunk_size,
                upload_id=resumed.upload_id,
                upload_address=resumed.upload_address,
            )
            for index in (1, 2):
                await former.send(address, index, content)
            while not (await peer.next(s2c.UploadFinishInfo)).success:
                pass
        assert (await peer.order(c2s.UploadBookingClear())).success
    return response.upload_id


async def test_an_upload_service_is_sent_the_keys_of_its_own_objects_alone(tmp_path: Path):
    """Over uploads, a resumed one and a ticket; the master key is in no byte, in no usual writing."""
    async with recorded_whole(tmp_path) as (whole, records), aiohttp.ClientSession() as http:
        alice = await whole.user(booked=1)
        await alice.put("first.bin", content_of(2 * CHUNK_SIZE))
        file = await whole.app[CATALOG].file_at((), "first.bin")
        assert file is not None
        first = file.object_id
        assert (await alice.peer.order(c2s.UploadBookingClear())).success
        resumed = UUID(await put_in_two_runs(whole))
        ticket = UUID(await (await user(whole, http)).put(content_of(CHUNK_SIZE + 1)))
        expected = {each: MASTER.object_key(each).secret for each in (first, resumed, ticket)}
        sent = [
            (UUID(upload_id.decode()), base64.b64decode(key))
            for record in records
            for frame in bytes(record).split(b'{"id":')
            for key in ANY_KEY.findall(frame)
            for upload_id in UPLOAD_ID.findall(frame)
        ]
        assert len(sent) == sum(len(ANY_KEY.findall(record)) for record in records)
    assert sorted(set(sent)) == sorted(expected.items())
    assert [object_id for object_id, _ in sent].count(resumed) == 2
    assert holds(records, expected[first])
    assert not holds(records, MASTER.secret)


async def test_a_processing_service_is_sent_no_key(tmp_path: Path):
    """It gets content and tickets, and needs none: neither of what it reads nor of what it stores."""
    async with (
        cut_network() as network,
        running_whole(tmp_path, slots=1) as whole,
        aiohttp.ClientSession() as http,
    ):
        network.recorded = []
        network.lead_to(whole.url)
        alice = await user(whole, http)
        file_id = await alice.put(b"hello")
        await process(whole, network, file_id)
        (view,) = await whole.app[CATALOG].views_of(UUID(file_id))
    assert holds(network.recorded, b"hello")
    for secret in (MASTER.secret, *(key_of(each) for each in (UUID(file_id), view.content.id))):
        assert not holds(network.recorded, secret)


def key_of(object_id: UUID) -> bytes:
    """What seals an object."""
    return MASTER.object_key(object_id).secret


async def process(whole: Whole, network: Network, file_id: str) -> None:
    """A whole job of a processing service that is on the network."""
    async with processing(whole, url=network.url) as processor:
        job = await processor.job()
        assert job is not None
        assert job.job_id == file_id
        async with processor.http.get(job.content_url) as response:
            assert await response.read() == b"hello"
        await processor.store_view(job.job_id, "preview", b"small", "text/plain")
        assert await processor.done(job, letters=5)
