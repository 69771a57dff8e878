"""A gateway beside a manager that is away, is set up wrongly, or sends some content itself."""

import asyncio
import zipfile
from contextlib import asynccontextmanager
from io import BytesIO
from uuid import uuid4

import msgspec
import pytest
from aiohttp import ClientError, ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from catalog.records import AuditQuery
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from gateway.manager_client import MAX_ANSWER_BYTES
from manager.app_keys import AUDIT
from reading.file_stream import StreamedFile
from reading.manifest import (
    CLIENT_HEADER,
    MANIFEST_FILE,
    MANIFEST_HEADER,
    FilesManifest,
    KeyOfObject,
    SignedFile,
)
from storage.discord.messages import ChunkAddress
from storage.reader import ExpectedChunk
from tests.gateway.test_nginx import sent_by
from tests.manager.cloud import Cloud, running_cloud, running_gateway
from tests.manager.databases import alter
from tests.manager.sockets.stage import SERVICE_PASSWORD


@pytest.fixture
async def cloud(tmp_path, content):
    """A manager with a file of Alice's, which is read from a gateway."""
    async with running_cloud(tmp_path, through_gateway=True) as running:
        await running.token()
        await running.store("/docs/a.txt", content)
        yield running


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return bytes(number % 251 for number in range(3500))


async def get(cloud: Cloud, **headers: str) -> ClientResponse:
    """Downloads the file."""
    if "Authorization" not in headers:
        headers["Authorization"] = f"Bearer {await cloud.token()}"
    params = {"path": "/docs", "name": "a.txt"}
    response: ClientResponse = await cloud.reader.get("/download", params=params, headers=headers)
    return response


async def test_a_download_ends_without_the_manager(cloud, content):
    """What is known of the window suffices; what begins then is told to come back."""
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    last_url = Fault(kind=FaultKind.SLOW, route=Operation.MESSAGE, skip=3)
    cloud.emulator.faults.add(second)
    cloud.emulator.faults.add(last_url)
    token = await cloud.token()
    response = await get(cloud)
    await second.reached.wait()
    await last_url.reached.wait()
    last_url.release()
    # It answers what it was asked before it ends.
    await cloud.client.server.close()
    second.release()
    assert await response.read() == content
    refused = await get(cloud, Authorization=f"Bearer {token}")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "2")
    assert (await refused.json())["error"] is True
    assert (await cloud.reader.get("/ready")).status == 503
    assert (await cloud.reader.get("/health")).status == 204


async def test_a_url_that_the_cdn_refuses_is_asked_for_again(cloud, content):
    """The manager gives a fresh one, and the download goes on."""
    refused = Fault(kind=FaultKind.ERROR, route=Operation.CDN, status=403, skip=1)
    cloud.emulator.faults.add(refused)
    assert await (await get(cloud)).read() == content
    assert cloud.emulator.requests.count(Operation.MESSAGE) == 5


async def test_chosen_entries_come_from_the_gateway(cloud):
    """As an archive; one of so many names that each question would be long, from the manager."""
    stored = {f"/many/{number:02}{'ü' * 99}": b"%d" % number for number in range(40)}
    await cloud.store_together(stored)
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    names = [path.removeprefix("/many/") for path in stored]
    sent = 0
    for chosen, is_sent in ((names[:3], True), (names, False)):
        asked = {"path": "/many", "names": chosen}
        response = await cloud.reader.post("/bulk-download", json=asked, headers=headers)
        with zipfile.ZipFile(BytesIO(await response.read())) as archive:
            assert archive.namelist() == chosen
        assert (await sent_by(cloud.reader) > sent) is is_sent
        sent = await sent_by(cloud.reader)


async def test_the_manager_hears_which_file_cannot_be_read(cloud):
    """Of many that are sent together: its operator looks for the right one."""
    await cloud.store("/docs/b.txt", b"b")
    damaged = await cloud.store("/docs/c.txt", b"c")
    cloud.damage(len(cloud.emulator.messages()) - 1)
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    files = {"files": ["/docs/b.txt", "/docs/c.txt"]}
    with capture_logs() as logs:
        response = await cloud.reader.post("/download-files", json=files, headers=headers)
        assert b"chunk-corrupt" in await response.read()
        async with asyncio.timeout(60):
            while not (heard := [each for each in logs if each["event"] == "chunk-unreadable"]):
                await cloud.client.get("/health")
    assert [each["object"] for each in heard] == [str(damaged.object_id)]


def test_the_longest_manifest_is_taken():
    """As many small files as may be asked for, and two master keys."""
    address = ChunkAddress(
        message_id=2**63,
        channel_id=2**63,
        webhook_id=2**63,
        attachment_id=2**63,
        offset=2**31,
        stored_size=2**31,
    )
    keys = tuple(KeyOfObject(key_id=bytes(4), secret=bytes(32)) for _ in range(2))
    chunk = ExpectedChunk(
        address=address,
        envelope="v1",
        object_id=uuid4(),
        index=0,
        count=1,
        size=2**31,
        digest=bytes(32),
    )
    file = StreamedFile(index=999, hash="0" * 64, modified_at=1.5e9, chunk=chunk)
    signed = SignedFile(file=file, signature=bytes(24), keys=keys)
    manifest = FilesManifest(token="t" * 2048, reader="r" * 99, frames=b"", files=(signed,) * 1000)
    assert len(msgspec.msgpack.encode(manifest)) < MAX_ANSWER_BYTES


async def test_a_gateway_that_is_ready(cloud):
    """As long as its manager works, and it does not stop itself."""
    assert (await cloud.reader.get("/ready")).status == 204
    assert (await cloud.reader.get("/health")).status == 204


async def test_metrics_need_the_credential(cloud):
    """Others are refused; bytes of files are counted, and manifests."""
    await (await get(cloud)).read()
    assert (await cloud.reader.get("/metrics")).status == 401
    headers = {"Authorization": f"Bearer {SERVICE_PASSWORD}"}
    text = await (await cloud.reader.get("/metrics", headers=headers)).text()
    assert "gateway_download_bytes_total 3500.0" in text
    assert "gateway_manifests_total 1.0" in text


async def test_a_wrong_credential_is_the_operators_business(cloud):
    """Clients are told nothing of it but that the gateway is not set up well."""
    async with running_gateway(cloud.client, "wrong password") as client:
        response = await client.get("/download", params={"path": "/", "name": "a"})
        assert response.status == 502
        assert "not set up well" in (await response.json())["error_details"]


async def test_clients_do_not_say_where_they_are(cloud):
    """The headers of a gateway are no client's: what they hold goes no further."""
    headers = {CLIENT_HEADER: "9.9.9.9", "X-Forwarded-For": "9.9.9.9"}
    refused = await cloud.reader.get("/signed-download", params={"q": "x"}, headers=headers)
    assert refused.status == 403
    await cloud.app[AUDIT].flush()
    events = await cloud.catalog.audit_events(AuditQuery(), before=None, limit=99)
    refusals = [event.address for event in events if event.action == "link-refused"]
    assert refusals == ["127.0.0.1"]


async def test_what_does_not_prove_itself_comes_from_the_manager(tmp_path):
    """Content of base services needs a master key, or no key: the manager sends it, and no key."""
    async with running_cloud(tmp_path, through_gateway=True, base_upload_services=True) as cloud:
        await cloud.token()
        await cloud.store("/docs/a.txt", b"sealed")
        await alter(cloud.settings.database_path, "UPDATE objects SET envelope = 'base'")
        response = await get(cloud)
        # The master key has not sealed it, so nothing is sent: but it was the manager that tried.
        assert response.status == 502
        assert "damaged" in (await response.json())["error_details"]


async def test_a_manager_that_breaks_off_is_seen(tmp_path):
    """A body that it has not sent to its end does not look whole."""

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"12345")
        assert request.transport is not None
        request.transport.close()
        return response

    async with gateway_of(broken) as client:
        response = await client.get("/download")
        with pytest.raises(ClientError):
            await response.read()


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"x" * 2_000_000])
async def test_a_manager_that_is_none(body):
    """Whatever it answers, the gateway answers that it is not set up well."""

    async def strange(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={MANIFEST_HEADER: MANIFEST_FILE})

    async with gateway_of(strange) as client:
        assert (await client.get("/download")).status == 502


async def test_what_gateways_do_not_serve(cloud):
    """They are no way to the manager's other routes."""
    token = await cloud.token()
    for path in ("/status", "/account/storage", "/admin/audit", "/gateway/chunks", "/graphql"):
        response = await cloud.reader.get(path, headers={"Authorization": f"Bearer {token}"})
        assert response.status == 404


async def test_the_page_comes_through(cloud):
    """With the policy that names the host which the client has asked."""
    response = await cloud.reader.get("/")
    direct = await cloud.client.get("/")
    assert (response.status, response.headers["ETag"]) == (200, direct.headers["ETag"])
    assert await response.read() == await direct.read()
    host = f"{cloud.reader.host}:{cloud.reader.port}"
    assert host in response.headers["Content-Security-Policy"]
    unchanged = await cloud.reader.get("/", headers={"If-None-Match": response.headers["ETag"]})
    assert unchanged.status == 304
    worker = await cloud.reader.get("/page/service-worker.js")
    assert worker.headers["Service-Worker-Allowed"] == "/"


@asynccontextmanager
async def gateway_of(answer):
    """A gateway whose manager answers every download like this."""
    app = web.Application()
    app.router.add_get("/download", answer)
    async with (
        TestClient(TestServer(app)) as manager,
        running_gateway(manager, "credential") as client,
    ):
        yield client
