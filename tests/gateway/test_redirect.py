"""Clients whom the manager leads to a gateway at another origin, and those whom it does not."""

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestServer

from client_sdk import Client
from discord_emulator.testing import VirtualClock
from manager.downloads.redirects import LEAST_BYTES, REDIRECT_TOKEN_LIFE_S
from protocol.redirects import REDIRECT_HEADER
from tests.gateway.test_nginx import free_port, sent_by
from tests.manager.cloud import Cloud, running_cloud, running_gateway_of
from tests.manager.links.making import make_link
from tests.manager.sockets.stage import SERVICE_PASSWORD

FILE: Mapping[str, str] = MappingProxyType({"path": "/docs", "name": "a.bin"})
OPENED: Mapping[str, str] = MappingProxyType(
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
)
FOLLOWS: Mapping[str, str] = MappingProxyType({REDIRECT_HEADER: "1"})


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of three chunks, the last one short."""
    return bytes(range(256)) * 5000


@pytest.fixture
def clock() -> VirtualClock:
    """The manager's."""
    return VirtualClock(1_800_000_000.0)


@pytest.fixture
async def cloud(tmp_path, content, clock):
    """A manager with a file of Alice's that leads clients to a gateway, which is ready."""
    port = free_port()
    async with running_cloud(
        tmp_path, clock=clock, gateway_urls=f"http://127.0.0.1:{port}"
    ) as running:
        await running.token()
        await running.store("/docs/a.bin", content, chunk_size=500_000)
        await running.store("/docs/b.txt", b"short")
        url = str(running.client.make_url("/"))
        async with running_gateway_of(url, SERVICE_PASSWORD, {}, listen_at=port) as reader:
            running.reader = reader
            await until_answered(running, led=True)
            yield running


async def get(
    cloud: Cloud,
    headers: Mapping[str, str],
    route: str = "/download",
    *,
    method: str = "GET",
    query: Mapping[str, str] = FILE,
) -> ClientResponse:
    """Asks the manager for something of Alice's, as a client that follows no redirect by itself."""
    headers = {"Authorization": f"Bearer {await cloud.token()}", **headers}
    response: ClientResponse = await cloud.client.request(
        method, route, params=query, headers=headers, allow_redirects=False
    )
    return response


async def until_answered(cloud: Cloud, *, led: bool) -> None:
    """Waits until the manager leads clients to a gateway, or does not any more."""
    async with asyncio.timeout(60):
        while ((response := await get(cloud, FOLLOWS)).status == 307) is not led:
            response.close()
    response.close()


async def led(cloud: Cloud, route: str = "/download", query: Mapping[str, str] = FILE) -> str:
    """Where at the gateway a client that follows is led."""
    response = await get(cloud, FOLLOWS, route, query=query)
    assert (response.status, response.headers["Cache-Control"]) == (307, "no-store")
    origin, slash, location = response.headers["Location"].partition("/redirected-")
    assert origin == str(cloud.reader.make_url("")).rstrip("/")
    return slash + location


async def curl(folder: Path, *arguments: str) -> tuple[str, bytes]:
    """The heads and the body of the answers that curl gets; it keeps them in a folder."""
    heads, body = folder / "heads", folder / "body"
    options = ("--silent", "--location", "--dump-header", str(heads), "--output", str(body))
    process = await asyncio.create_subprocess_exec("curl", *options, *arguments)
    assert await process.wait() == 0
    return heads.read_text(), body.read_bytes()


async def test_curl_follows(cloud, content, tmp_path):
    """With ranges and conditions, to an address that holds nothing of the client's."""
    token = await cloud.token()
    url = str(cloud.client.make_url("/download?path=/docs&name=a.bin"))
    options = ("--header", f"Authorization: Bearer {token}", "--header", f"{REDIRECT_HEADER}: 1")
    heads, body = await curl(tmp_path, *options, url)
    assert body == content
    assert token not in heads
    assert heads.count("HTTP/1.1") == 2
    _, tag = heads.split("ETag: ")
    condition = f"If-Range: {tag.splitlines()[0]}"
    part = f"{len(content) - LEAST_BYTES - 5}-"
    heads, body = await curl(tmp_path, *options, "--range", part, "--header", condition, url)
    assert "HTTP/1.1 206" in heads
    assert body == content[-LEAST_BYTES - 5 :]
    heads, body = await curl(
        tmp_path, *options, "--range", part, "--header", 'If-Range: "other"', url
    )
    assert "HTTP/1.1 200" in heads
    assert body == content
    assert await sent_by(cloud.reader) == 2 * len(content) + LEAST_BYTES + 5


async def test_the_address_of_a_gateway_takes_conditions(cloud, content):
    """As that of the manager does: a browser goes on there with what it has begun."""
    location = await led(cloud)
    head = await cloud.reader.head(location)
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(content)))
    tag = head.headers["ETag"]
    same = await cloud.reader.get(location, headers={"If-None-Match": tag})
    assert same.status == 304
    part = await cloud.reader.get(location, headers={"Range": "bytes=9-11", "If-Range": tag})
    assert (part.status, await part.read()) == (206, content[9:12])
    none = await cloud.reader.get(location, headers={"Range": "bytes=9999999-"})
    assert none.status == 416


async def test_who_is_not_led(cloud, content):
    """Clients that do not follow, what a page shows, and what is short: the manager sends it."""
    for headers in ({}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "video"}):
        response = await get(cloud, headers)
        assert await response.read() == content
    short = await get(cloud, FOLLOWS, query={"path": "/docs", "name": "b.txt"})
    assert await short.read() == b"short"
    assert (await get(cloud, {**FOLLOWS, "Range": "bytes=5-6"})).status == 206
    assert (await get(cloud, FOLLOWS, method="HEAD")).status == 200
    form = {"auth": await cloud.token(), "path": "/docs"}
    archive = await cloud.client.post(
        "/bulk-download", data=form, headers=FOLLOWS, allow_redirects=False
    )
    assert archive.status == 200
    await archive.read()
    assert await sent_by(cloud.reader) == 0


async def test_a_browser_is_led(cloud, content):
    """Which opens the address of a link, or downloads it; every whole download counts once."""
    file = await cloud.catalog.file_by_id(1)
    _, token = await make_link(cloud.app, file, max_downloads=1)
    for status in (200, 403):
        response = await cloud.client.get("/signed-download", params={"q": token}, headers=OPENED)
        assert response.status == status
        assert (await response.read() == content) is (status == 200)
        # The address of the gateway says nothing of the link.
        assert token not in str(response.url)
    assert await sent_by(cloud.reader) == len(content)


async def test_a_folder_comes_from_a_gateway(cloud, content):
    """As an archive, for who asked."""
    location = await led(cloud, "/bulk-download", query={"path": "/docs"})
    archive = await cloud.reader.get(location)
    assert archive.headers["Content-Disposition"].startswith('attachment; filename="docs.zip"')
    with zipfile.ZipFile(BytesIO(await archive.read())) as files:
        assert files.read("a.bin") == content


async def test_an_earlier_content_is_sent_to_its_end(cloud, content):
    """Also when the file is overwritten meanwhile; a file that is gone has no name any more."""
    location = await led(cloud)
    token = await cloud.token()
    async with Client(str(cloud.client.make_url("/")), token) as client:
        assert await (await cloud.reader.get(location)).read() == content
        await client.delete_file("/docs/a.bin")
    assert (await cloud.reader.get(location)).status == 404


async def test_addresses_end(cloud, clock):
    """After minutes; and none can be made up, used for something else, or be asked of the manager."""
    location = await led(cloud)
    folder = await led(cloud, "/bulk-download", query={"path": "/docs"})
    for wrong in (
        location + "x",
        folder.replace("redirected-archive", "redirected-download"),
        location.replace("redirected-download", "redirected-archive"),
        location.partition("?")[0],
    ):
        assert (await cloud.reader.get(wrong)).status == 403
    assert (await cloud.client.get(location)).status == 403
    clock.advance(REDIRECT_TOKEN_LIFE_S)
    assert (await cloud.reader.get(location)).status == 403


async def test_the_python_client_follows(cloud, content):
    """To files, parts of them, and archives; and it is served without gateways as ever."""
    token = await cloud.token()
    async with Client(str(cloud.client.make_url("/")), token) as client:
        assert await client.read("/docs/a.bin") == content
        assert await client.read("/docs/a.bin", offset=1000) == content[1000:]
        assert await sent_by(cloud.reader) == 2 * len(content) - 1000
        await cloud.reader.server.close()
        assert await client.read("/docs/a.bin") == content
    await until_answered(cloud, led=False)


@asynccontextmanager
async def failing_gateway(port: int, seen: list[web.Request]) -> AsyncIterator[None]:
    """A gateway that says that it is ready, and sends nothing."""

    async def ready(_: web.Request) -> web.Response:
        return web.Response(status=204)

    async def refuse(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(status=403)

    app = web.Application()
    app.add_routes([web.get("/ready", ready), web.get("/redirected-download", refuse)])
    async with TestServer(app, port=port):
        yield


async def test_a_gateway_gets_no_secret(tmp_path, content):
    """Of the Python client's; and if it refuses, the manager sends."""
    port = free_port()
    seen: list[web.Request] = []
    async with (
        failing_gateway(port, seen),
        running_cloud(tmp_path, gateway_urls=f"http://127.0.0.1:{port}") as cloud,
    ):
        token = await cloud.token()
        await cloud.store("/docs/a.bin", content, chunk_size=500_000)
        await until_answered(cloud, led=True)
        async with Client(str(cloud.client.make_url("/")), token) as client:
            assert await client.read("/docs/a.bin") == content
    (request,) = seen
    assert "Authorization" not in request.headers
    assert token not in json.dumps([request.path_qs, *request.headers.items()])
