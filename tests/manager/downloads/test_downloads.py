"""`/download` over real HTTP: the bytes that were stored, or an error, never anything else.

A gateway answers as the manager does.
"""

import asyncio
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import cast

import pytest
from aiohttp import ClientError, ClientResponse

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.app_keys import WEBHOOKS


@pytest.fixture
def running_cloud(running_either):
    """Runs a manager whose files are downloaded from itself, or from a gateway."""
    return running_either


@pytest.fixture
async def cloud(tmp_path, running_cloud):
    """A manager that runs, without users and files."""
    async with running_cloud(tmp_path) as running:
        yield running


async def _get(cloud, name="a.txt", path="/docs", user="alice", **options) -> ClientResponse:
    headers = {"Authorization": f"Bearer {await cloud.token(user)}", **options.pop("headers", {})}
    method = options.pop("method", "GET")
    params = {"path": path, "name": name}
    response: ClientResponse = await cloud.reader.request(
        method, "/download", params=params, headers=headers, **options
    )
    return response


async def test_whole_file(cloud, content):
    """The whole file comes byte for byte, with its length, type and name, safe to open."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    response = await _get(cloud)
    assert response.status == 200
    assert await response.read() == content
    assert response.headers["Content-Length"] == "3500"
    assert response.headers["Content-Type"] == "text/plain"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert 'filename="a.txt"' in response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 2000, 64_000])
async def test_sizes(cloud, size):
    """Files of any relation to the chunk size come back, also with more chunks than a window."""
    await cloud.token()
    content = bytes(n % 251 for n in range(size))
    await cloud.store("/docs/a.txt", content, chunk_size=1000 if size < 10_000 else 500)
    response = await _get(cloud)
    assert await response.read() == content


async def test_empty_file(cloud):
    """An empty file is an empty answer, and has no ranges."""
    await cloud.token()
    await cloud.store("/docs/a.txt", b"")
    response = await _get(cloud)
    assert (response.status, await response.read()) == (200, b"")
    ranged = await _get(cloud, headers={"Range": "bytes=0-"})
    assert ranged.status == 416


async def test_head(cloud, content):
    """HEAD tells what GET would send, without asking Discord."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    response = await _get(cloud, method="HEAD", headers={"Range": "bytes=0-1"})
    assert response.status == 200
    assert response.headers["Content-Length"] == "3500"
    assert await response.read() == b""
    assert cloud.emulator.requests.count(Operation.CDN) == 0


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=500-1499", 500, 1500),
        ("bytes=3000-", 3000, 3500),
        ("bytes=-1", 3499, 3500),
        ("bytes=-9999", 0, 3500),
    ],
)
async def test_one_range(cloud, content, header, start, stop):
    """One range comes alone as 206 with its place in the file."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    response = await _get(cloud, headers={"Range": header})
    assert response.status == 206
    assert await response.read() == content[start:stop]
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/3500"


async def test_range_reads_only_its_chunks(cloud, content):
    """A range within a chunk asks Discord for that chunk alone."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    await (await _get(cloud, headers={"Range": "bytes=2100-2200"})).read()
    assert cloud.emulator.requests.count(Operation.CDN) == 1


async def test_next_ranges_come_from_memory(cloud, content):
    """Further ranges in a chunk cost no request to Discord, whoever may read the file asks for them."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    for start in (2100, 2300, 2900):
        response = await _get(cloud, headers={"Range": f"bytes={start}-{start + 99}"})
        assert await response.read() == content[start : start + 100]
    assert cloud.emulator.requests.count(Operation.CDN) == 1


async def test_memory_gives_nothing_to_those_without_rights(cloud, content):
    """What one reader has left in memory is neither another user's, nor anybody's once it is deleted."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    wanted = {"Range": "bytes=2100-2199"}
    assert (await _get(cloud, headers=wanted)).status == 206
    assert (await _get(cloud, headers=wanted, user="bob")).status == 403
    await cloud.catalog.delete_file(file.id)
    assert (await _get(cloud, headers=wanted)).status == 404


async def test_several_ranges(cloud, content):
    """Several ranges come as multipart/byteranges, in the order asked for."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    response = await _get(cloud, headers={"Range": "bytes=3000-3009,0-4,990-1009"})
    assert response.status == 206
    body = await response.read()
    assert len(body) == int(response.headers["Content-Length"])
    head = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode()
    parts = cast("list[Message]", BytesParser().parsebytes(head + body).get_payload())
    assert [part["Content-Range"] for part in parts] == [
        "bytes 3000-3009/3500",
        "bytes 0-4/3500",
        "bytes 990-1009/3500",
    ]
    assert all(part["Content-Type"] == "text/plain" for part in parts)
    for start, stop in ((3000, 3010), (0, 5), (990, 1010)):
        assert b"\r\n\r\n" + content[start:stop] + b"\r\n--" in body


async def test_unsatisfiable_range(cloud, content):
    """A range behind the end is a 416 that tells the size."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    response = await _get(cloud, headers={"Range": "bytes=3500-"})
    assert response.status == 416
    assert response.headers["Content-Range"] == "bytes */3500"
    assert (await response.json())["error"] is True


async def test_conditions(cloud, content):
    """An entity tag saves the transfer, and `If-Range` falls back to the whole file."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    first = await _get(cloud, method="HEAD")
    etag = first.headers["ETag"]
    unchanged = await _get(cloud, headers={"If-None-Match": etag})
    assert (unchanged.status, await unchanged.read()) == (304, b"")
    by_date = await _get(cloud, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert by_date.status == 304
    same = await _get(cloud, headers={"Range": "bytes=0-9", "If-Range": etag})
    assert (same.status, await same.read()) == (206, content[:10])
    other = await _get(cloud, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (other.status, await other.read()) == (200, content)
    assert (await _get(cloud, headers={"If-Match": '"other"'})).status == 412


async def test_the_modification_time_is_no_condition(cloud, content):
    """A file may be replaced by an older one: who asks by a date is not told that the copy is current."""
    await cloud.token()
    await cloud.store("/docs/old.txt", content, modified_at=0.125)
    await cloud.store("/docs/a.txt", content)
    old = await _get(cloud, name="old.txt", method="HEAD")
    assert old.headers["Discord-Cloud-Modified-At"] == "1970-01-01T00:00:00.125Z"
    unknown = await _get(cloud, method="HEAD")
    told = parsedate_to_datetime(unknown.headers["Last-Modified"])
    assert unknown.headers["Discord-Cloud-Modified-At"][:19] == f"{told:%Y-%m-%dT%H:%M:%S}"
    since = {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert (await _get(cloud, name="old.txt", headers=since)).status == 200


async def test_token_in_query_or_bare_header(cloud, content):
    """Old frontends send the token as `auth`, or without the word Bearer."""
    token = await cloud.token()
    await cloud.store("/docs/a.txt", content)
    params = {"path": "/docs", "name": "a.txt"}
    by_query = await cloud.reader.get("/download", params={**params, "auth": token})
    assert by_query.status == 200
    bare = await cloud.reader.get("/download", params=params, headers={"Authorization": token})
    assert bare.status == 200


async def test_who_may_not(cloud, content):
    """Nobody without a token, no stranger to a private file; a share or a public file opens it."""
    await cloud.token()
    await cloud.token("bob")
    file = await cloud.store("/docs/a.txt", content)
    await cloud.store("/docs/public.txt", content, is_public=True)
    await cloud.store("/docs/nobodys.txt", content, owner=None)
    params = {"path": "/docs", "name": "a.txt"}
    anonymous = await cloud.reader.get("/download", params=params)
    assert anonymous.status == 401
    assert anonymous.headers["WWW-Authenticate"] == "Bearer"
    assert (await cloud.reader.get("/download", params={**params, "auth": "a.b.c"})).status == 401
    denied = await _get(cloud, user="bob")
    assert denied.status == 403
    assert content[:20] not in await denied.read()
    assert (await _get(cloud, name="public.txt", user="bob")).status == 200
    assert (await _get(cloud, name="nobodys.txt", user="bob")).status == 200
    await cloud.catalog.put_share(file.id, 2, can_write=False)
    assert (await _get(cloud, user="bob")).status == 200


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/docs", "b.txt", 404),
        ("/nowhere", "a.txt", 404),
        ("/docs/", "a.txt", 200),
        ("docs", "a.txt", 400),
        ("/docs/..", "a.txt", 400),
        ("/docs", "../a.txt", 400),
        ("/docs", "a\x00.txt", 400),
        ("/docs\\", "a.txt", 400),
        ("/a" * 11, "a.txt", 400),
        ("", "a.txt", 400),
        ("/docs", "", 400),
    ],
)
async def test_paths(cloud, content, path, name, status):
    """What does not exist is 404, what is no path or name 400; no trick leads elsewhere."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    response = await _get(cloud, path=path, name=name)
    assert response.status == status


async def test_names(cloud):
    """Any name that can be stored comes back exactly in RFC 6266 form."""
    await cloud.token()
    await cloud.store('/docs/Ü "quoted".txt', b"x")
    response = await _get(cloud, name='Ü "quoted".txt')
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"_ _quoted_.txt\"; filename*=UTF-8''%C3%9C%20%22quoted%22.txt"
    )


async def test_damaged_later_chunk_ends_the_connection(cloud, content):
    """A chunk that is broken on Discord cuts the download: no wrong byte, no clean end."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    cloud.damage(2)
    response = await _get(cloud)
    assert response.status == 200
    assert await response.content.readexactly(2000) == content[:2000]
    with pytest.raises(ClientError):
        await response.content.read()


async def test_damaged_first_chunk_is_an_error(cloud, content):
    """What is known before the first byte is told as JSON."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    cloud.damage(0)
    response = await _get(cloud)
    assert response.status == 502
    assert await response.json() == {
        "error": True,
        "error_details": "part of this file was damaged on Discord",
    }
    assert response.headers["Discord-Cloud-Lasting"] == "chunk-corrupt"


async def test_lost_message_is_an_error(cloud, content):
    """A chunk whose message is gone is told as lost."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    first = cloud.emulator.messages()[0]
    await cloud.emulator.delete(first)
    response = await _get(cloud)
    assert response.status == 502
    assert "lost" in (await response.json())["error_details"]


async def test_deleted_webhook_is_quarantined(cloud, content):
    """A webhook that turns out to be gone while reading is not called a second time."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    webhook = cloud.emulator.webhooks[0]
    cloud.emulator.delete_webhook(webhook.id)
    assert (await _get(cloud)).status == 502
    asked = cloud.emulator.requests.count(Operation.MESSAGE)
    assert (await _get(cloud)).status == 502
    assert cloud.emulator.requests.count(Operation.MESSAGE) == asked
    assert webhook.id in cloud.app[WEBHOOKS].quarantined


async def test_reads_further_ahead_for_a_reader_who_waits(cloud, content):
    """While a reader waits for the second chunk, the third is fetched, too."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    third = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    cloud.emulator.faults.add(third)
    response = await _get(cloud)
    assert await response.content.readexactly(1000) == content[:1000]
    await second.reached.wait()
    await third.reached.wait()
    second.release()
    third.release()
    assert await response.read() == content[1000:]


async def test_overwritten_and_deleted_meanwhile(cloud, content):
    """A download that has begun ends, though its file is deleted and reaped meanwhile."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _get(cloud)
    await second.reached.wait()
    await cloud.catalog.delete_file(file.id)
    assert await cloud.catalog.collect_objects(limit=10) == 0
    second.release()
    assert await response.read() == content
    await _until_collected(cloud)


async def test_reader_that_leaves_lets_go(cloud, content):
    """When the reader goes away the content is not held any longer."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _get(cloud)
    await second.reached.wait()
    response.close()
    second.release()
    await cloud.catalog.delete_file(file.id)
    await _until_collected(cloud)


async def test_reader_that_takes_nothing_is_given_up(tmp_path, running_cloud):
    """A reader that stalls does not keep its chunks in memory for ever."""
    async with running_cloud(tmp_path, download_stall_s=0.05) as cloud:
        token = await cloud.token()
        await cloud.store("/docs/a.txt", bytes(16_000_000), chunk_size=8_000_000)
        server = cloud.reader.server
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
        request = f"GET /download?path=/docs&name=a.txt&auth={token} HTTP/1.1\r\nHost: x\r\n\r\n"
        writer.write(request.encode())
        await _until_counted(cloud, 'downloads_cut_total{reason="reader-stalled"} 1.0')
        # Not even what is on its way is kept for it.
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(16_000_000)
        writer.close()


async def test_stop_cuts_downloads_off(tmp_path, running_cloud, content):
    """A stop does not wait for readers; they see that the file is not complete."""
    async with running_cloud(tmp_path) as cloud:
        await cloud.token()
        await cloud.store("/docs/a.txt", content)
        second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
        cloud.emulator.faults.add(second)
        response = await _get(cloud)
        await second.reached.wait()
        await cloud.reader.app.shutdown()
        with pytest.raises(ClientError):
            await response.read()


async def test_too_many_downloads(tmp_path, running_cloud, content):
    """More downloads than there is memory for are told to come back, and do not harm the others."""
    async with running_cloud(tmp_path, max_downloads=1, download_wait_s=0) as cloud:
        await cloud.token()
        await cloud.store("/docs/a.txt", content)
        second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
        cloud.emulator.faults.add(second)
        running = await _get(cloud)
        await second.reached.wait()
        refused = await _get(cloud)
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert (await _get(cloud, method="HEAD")).status == 200
        second.release()
        assert await running.read() == content


async def test_discord_down(tmp_path, running_cloud, content):
    """While Discord does not answer, downloads fail clearly and the manager goes on."""
    async with running_cloud(tmp_path) as cloud:
        await cloud.token()
        await cloud.store("/docs/a.txt", content)
        gone = Fault(kind=FaultKind.NOT_FOUND, route=Operation.CDN, times=None)
        cloud.emulator.faults.add(gone)
        assert (await _get(cloud)).status == 502
        cloud.emulator.faults.clear()
        assert await (await _get(cloud)).read() == content


async def _until_counted(cloud, line) -> None:
    """The manager tells nobody when it gives a reader up, so this asks until it has."""
    headers = {"Authorization": f"Bearer {cloud.settings.service_password.get_secret_value()}"}
    async with asyncio.timeout(10):
        while True:
            response = await cloud.reader.get("/metrics", headers=headers)
            if line in await response.text():
                return


async def _until_collected(cloud) -> None:
    """The reader is done before the manager has let go of the content, so this asks until then."""
    async with asyncio.timeout(10):
        while not await cloud.catalog.collect_objects(limit=10):
            pass


async def test_content_of_unknown_type(cloud, content):
    """A file whose type nobody knows is bytes, in one part or in several."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content, mime_type="")
    assert (await _get(cloud)).headers["Content-Type"] == "application/octet-stream"
    parts = await _get(cloud, headers={"Range": "bytes=0-0,9-9"})
    assert (await parts.read()).count(b"Content-Type: application/octet-stream\r\n") == 2
