"""Clients that hang up, at any moment: the log says nothing of it, and what they held is free again."""

import asyncio
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from manager.app_keys import METRICS
from tests.manager.cloud import Cloud, running_cloud
from tests.manager.sockets.watching import WatchedCounters
from tests.raw_requests import BEGUN, FORM, WEBSOCKET, asking
from tests.upload_service.staging import staged

LARGE = 32 * 2**20
"""More than the systems of both ends hold of what is not read."""


@contextmanager
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither aiohttp nor we say a word above what is for information."""
    with capture_logs() as said:
        yield
    assert [line for line in said if line["log_level"] in {"warning", "error", "critical"}] == []
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []


async def noticed() -> None:
    """Gives the server the turns of the loop in which it learns of the reset."""
    for _ in range(50):
        await asyncio.sleep(0)


def order(emulator: Emulator, route: Operation, kind: FaultKind, **fields: int) -> Fault:
    """Orders a fault of the emulator."""
    fault = Fault(route=route, kind=kind, **fields)  # type: ignore[arg-type] # any field
    emulator.faults.add(fault)
    return fault


async def counted(cloud: Cloud, route: str, status: int) -> None:
    """Returns when the manager has counted such a request, which is when it has ended."""
    told = re.compile(
        rf'discord_cloud_http_requests_total{{route="{route}",status="{status}"}} 1.0'.encode()
    )
    async with asyncio.timeout(5):
        # Nobody tells when a counter moves.
        while not told.search(cloud.app[METRICS].render()):  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "path", ["/download?path=/&name=a.txt&auth={}", "/bulk-download?path=/&auth={}"]
)
async def test_before_a_download_begins(tmp_path, caplog, path):
    """Its content is still on the way from Discord."""
    async with running_cloud(tmp_path) as cloud:
        token = await cloud.token()
        await cloud.store("a.txt", b"content")
        fault = order(cloud.emulator, Operation.CDN, FaultKind.SLOW)
        with nothing_is_logged(caplog):
            async with asking(cloud.client.make_url(path.format(token)), "GET") as client:
                await fault.reached.wait()
                client.cut()
                await noticed()
                fault.release()
            await counted(cloud, path.partition("?")[0], 499)


async def test_in_the_middle_of_a_download(tmp_path, caplog):
    """The rest is not sent, and the place is free again."""
    async with running_cloud(tmp_path, max_downloads=1) as cloud:
        token = await cloud.token()
        await cloud.store("a.bin", bytes(LARGE), chunk_size=2**23)
        path = f"/download?path=/&name=a.bin&auth={token}"
        with nothing_is_logged(caplog):
            async with asking(cloud.client.make_url(path), "GET") as client:
                await client.reader.readexactly(2**16)
                client.cut()
                await counted(cloud, "/download", 200)
        async with cloud.client.get(path) as response:
            assert response.status == 200


async def test_before_a_body_is_there(tmp_path, caplog):
    """A login that breaks off is no error of the manager."""
    async with running_cloud(tmp_path) as cloud:
        with nothing_is_logged(caplog):
            head = "POST\nContent-Type: application/json\nContent-Length: 50"
            async with asking(cloud.client.make_url("/login"), head, b'{"username"') as client:
                await noticed()
                client.cut()
                await counted(cloud, "/login", 499)


async def test_before_a_websocket_is_open(tmp_path, caplog):
    """The manager has looked the token up, and finds nobody to answer."""
    async with running_cloud(tmp_path) as cloud:
        token = await cloud.token()
        with nothing_is_logged(caplog):
            url = cloud.client.make_url(f"/?type=client&key={token}")
            async with asking(url, f"GET\n{WEBSOCKET}") as client:
                client.cut()
            await counted(cloud, "/", 499)


async def test_while_a_chunk_is_sent(tmp_path, caplog):
    """The service takes what has come for nothing."""
    async with staged(tmp_path) as stage:
        with nothing_is_logged(caplog):
            async with asking(f"{stage.url}/", f"POST\n{FORM}", BEGUN) as client:
                await noticed()
                client.cut()
                await noticed()


async def test_while_a_message_is_posted(tmp_path, caplog):
    """Nothing is stored, and nothing stays of what has come."""
    async with running_emulator(tmp_path, limits="off") as emulator:
        counters = emulator.requests = WatchedCounters()
        with nothing_is_logged(caplog):
            url = f"{emulator.webhook_urls()[0]}?wait=true"
            async with asking(url, f"POST\n{FORM}", BEGUN) as client:
                while not list((tmp_path / "drafts").iterdir()):  # noqa: ASYNC110
                    await asyncio.sleep(0)
                answered = counters.next()
                client.cut()
                await answered.wait()
        assert emulator.requests.count(Operation.EXECUTE, 499) == 1
        assert list((tmp_path / "drafts").iterdir()) == []
        assert emulator.messages() == []


@pytest.mark.parametrize("kind", [FaultKind.SLOW, FaultKind.STALLED])
async def test_while_a_fault_holds_the_answer(tmp_path, caplog, kind):
    """Whoever gives up at a fault of the emulator has what was ordered."""
    async with running_emulator(tmp_path, limits="off") as emulator:
        fault = order(emulator, Operation.WEBHOOK, kind, after_bytes=1)
        with nothing_is_logged(caplog):
            async with asking(emulator.webhook_urls()[0], "GET") as client:
                await fault.reached.wait()
                client.cut()
                await noticed()
                fault.release()
            await noticed()


async def test_in_the_middle_of_an_attachment(tmp_path, caplog):
    """The file is sent by the system, which has nobody to send it to any more."""
    sizes: dict[str, Any] = {"attachment_limit_bytes": LARGE, "request_limit_bytes": 2 * LARGE}
    async with running_emulator(tmp_path, limits="off", **sizes) as emulator:
        form = aiohttp.FormData()
        form.add_field("files[0]", io.BytesIO(bytes(LARGE)), filename="a")
        url = f"{emulator.webhook_urls()[0]}?wait=true"
        async with (
            aiohttp.ClientSession(headers={"User-Agent": "DiscordBot (x, 1)"}) as http,
            http.post(url, data=form) as response,
        ):
            attachment = (await response.json())["attachments"][0]["url"]
        with nothing_is_logged(caplog):
            async with asking(attachment, "GET") as client:
                await client.reader.readexactly(2**16)
                client.cut()
                await noticed()
