"""What is shipped and documented for nginx, in a real one in front of a manager and its gateways."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
from aiohttp import ClientSession

from discord_emulator.operations import Operation
from protocol.file_stream import FileStreamParser
from reading.manifest import REDIRECTED_ARCHIVE, REDIRECTED_FILE, SERVED
from tests.manager.cloud import Cloud, running_cloud, running_gateway
from tests.manager.sockets.stage import SERVICE_PASSWORD

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "deploy" / "gateway.conf.template").read_text()
KUBERNETES = (ROOT / "deploy" / "kubernetes" / "edge.conf.template").read_text()
DOCUMENTED = "\n".join(
    re.findall(
        r"^```nginx\n(.*?)^```",
        (ROOT / "docs" / "systemd.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
)


@pytest.fixture
async def cloud(tmp_path, content):
    """A manager behind a proxy, and a gateway of it, which counts what it sends."""
    async with running_cloud(
        tmp_path, through_gateway=True, trusted_proxies="127.0.0.1"
    ) as running:
        await running.token()
        await running.store("/docs/a.txt", content, is_public=True)
        await running.store("/docs/small.txt", b"small")
        yield running


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return bytes(number % 251 for number in range(3500))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def shipped(manager: str, gateways: list[str], port: int) -> str:
    """What docker-compose.yml runs, with addresses of this machine in place of the containers'."""
    values = {"NGINX_LOCAL_RESOLVERS": "127.0.0.1", "NETWORK": "10.9.9", "DOWNLOADS": gateways[0]}
    text = re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], SHIPPED)
    text = text.partition("# For the manager:")[0]
    return text.replace("manager:4000", manager).replace("listen 8080", f"listen 127.0.0.1:{port}")


def documented(manager: str, gateways: list[str], port: int) -> str:
    """What docs/systemd.md shows, as it is to be put together."""
    upstream = re.search(r"^upstream gateways \{.*?^\}\n", DOCUMENTED, re.MULTILINE | re.DOTALL)
    assert upstream
    inside = DOCUMENTED.replace(upstream[0], "")
    servers = "".join(f"server {gateway};" for gateway in gateways)
    named = re.sub(r"(    server 127\.0\.0\.1:41\d\d;\n)+", servers, upstream[0])
    inside = inside.replace("127.0.0.1:4000", manager)
    return f"{named} server {{ listen 127.0.0.1:{port}; {inside} }}"


@asynccontextmanager
async def running_nginx(folder: Path, servers: str) -> AsyncIterator[None]:
    """Debian's nginx with these servers; all that it writes is in a folder."""
    program = shutil.which("nginx")
    assert program is not None, "nginx must be installed: tests/need-tools.sh nginx"
    paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in paths)
    path = folder / "nginx.conf"
    path.write_text(
        f"pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;"
        f"events {{}} http {{ {temporary} {servers} }}"
    )
    command = (program, "-c", str(path), "-p", str(folder))
    # It listens before it goes to the background.
    started = await asyncio.create_subprocess_exec(*command)
    assert await started.wait() == 0
    try:
        yield
    finally:
        stopped = await asyncio.create_subprocess_exec(*command, "-s", "stop")
        assert await stopped.wait() == 0


def address_of(client) -> str:
    """Host and port of a server."""
    return f"{client.host}:{client.port}"


async def sent_by(gateway) -> int:
    """Bytes of files that a gateway has sent."""
    headers = {"Authorization": f"Bearer {SERVICE_PASSWORD}"}
    text = await (await gateway.get("/metrics", headers=headers)).text()
    match = re.search(r"^gateway_download_bytes_total (\S+)", text, re.MULTILINE)
    assert match
    return int(float(match[1]))


@asynccontextmanager
async def proxied(folder: Path, cloud: Cloud, configuration) -> AsyncIterator[str]:
    """The URL of nginx in front of them."""
    port = free_port()
    servers = configuration(address_of(cloud.client), [address_of(cloud.reader)], port)
    async with running_nginx(folder, servers):
        yield f"http://127.0.0.1:{port}"


DOWNLOAD: Mapping[str, str] = MappingProxyType({"path": "/docs", "name": "a.txt"})


@pytest.mark.parametrize("configuration", [shipped, documented])
async def test_downloads_come_from_gateways(tmp_path, cloud, content, configuration):
    """Clients keep their address; all else is the manager's, and so are downloads without gateways."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    async with proxied(tmp_path, cloud, configuration) as url, ClientSession() as session:
        whole = await session.get(f"{url}/download", params=DOWNLOAD, headers=headers)
        assert await whole.read() == content
        part = await session.get(
            f"{url}/download", params=DOWNLOAD, headers={**headers, "Range": "bytes=10-19"}
        )
        assert (part.status, await part.read()) == (206, content[10:20])
        assert await sent_by(cloud.reader) == 3510
        assert (await session.get(f"{url}/status", headers=headers)).status == 200
        page = await session.get(url)
        assert (page.status, page.content_type) == (200, "text/html")
        address = re.search(rb"/page/[0-9a-f]+/[\w.-]+\.js", await page.read())
        assert address
        assert (await session.get(f"{url}{address[0].decode()}")).status == 200
        small = {"files": ["/docs/small.txt"]}
        files = await session.post(f"{url}/download-files", json=small, headers=headers)
        ((_, received),) = FileStreamParser(most_bytes=99).feed(await files.read())
        assert received == b"small"
        archive = await session.get(f"{url}/bulk-download", params={"path": "/"}, headers=headers)
        assert (archive.status, archive.content_type) == (200, "application/zip")
        await cloud.reader.server.close()
        whole = await session.get(f"{url}/download", params=DOWNLOAD, headers=headers)
        assert (whole.status, await whole.read()) == (200, content)
        files = await session.post(f"{url}/download-files", json=small, headers=headers)
        assert (files.status, b"small" in await files.read()) == (200, True)


@pytest.mark.parametrize(
    "text", [SHIPPED, DOCUMENTED, KUBERNETES], ids=["compose", "systemd", "kubernetes"]
)
def test_all_that_gateways_serve_is_led_to_them(text):
    """But the page itself, which names the manager, its worker, and what only redirects lead to."""
    (pattern,) = re.findall(r'location ~ "(\^/\(\?:download.*)" \{', text)
    others = {"/", "/page/service-worker.js", REDIRECTED_FILE, REDIRECTED_ARCHIVE}
    led = {path for _, path in SERVED if re.search(pattern, re.sub(r"\{[^}]*\}", "1", path))}
    assert led == {path for _, path in SERVED} - others


async def test_ranges_stay_at_one_of_two_gateways(tmp_path, cloud, content):
    """It has read their chunk already; and the other one suffices."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    port = free_port()
    async with (
        running_gateway(cloud.client, SERVICE_PASSWORD, trusted_proxies="127.0.0.1") as second,
        ClientSession() as session,
    ):
        gateways = [address_of(cloud.reader), address_of(second)]
        servers = documented(address_of(cloud.client), gateways, port)
        async with running_nginx(tmp_path, servers):
            url = f"http://127.0.0.1:{port}/download"
            for first in range(4):
                part = {**headers, "Range": f"bytes={first}-{first + 9}"}
                response = await session.get(url, params=DOWNLOAD, headers=part)
                assert await response.read() == content[first : first + 10]
            assert cloud.emulator.requests.count(Operation.CDN) == 1
            sent = [await sent_by(each) for each in (cloud.reader, second)]
            assert sorted(sent) == [0, 40]
            used, other = (cloud.reader, second) if sent[0] else (second, cloud.reader)
            await used.server.close()
            response = await session.get(url, params=DOWNLOAD, headers=headers)
            assert await response.read() == content
            assert await sent_by(other) == len(content)
