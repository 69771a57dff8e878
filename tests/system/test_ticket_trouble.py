"""Uploads with tickets when Discord, the manager or the sender fail."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from tests.system.ticketing import user
from tests.system.whole import Whole, content_of, running_whole


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


class HalfSent:
    """A form of which the file does not come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> tuple[int, str]:
        """Status and body of the answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        body = await self._reader.readexactly(length)
        return int(head.split()[1]), body.decode()

    async def close(self) -> None:
        """Hangs up."""
        self._writer.close()


async def half_sent(ticket: dict[str, Any], content: bytes, size: int) -> HalfSent:
    """Sends the fields and the beginning of the file."""
    head = (
        "".join(
            f'--cut\r\nContent-Disposition: form-data; name="{each["name"]}"\r\n\r\n{each["value"]}\r\n'
            for each in ticket["fields"]
        )
        + '--cut\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    url = urlsplit(ticket["url"])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(
        f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(head) + size + 11}\r\n"
        f"Content-Type: multipart/form-data; boundary=cut\r\n\r\n{head}".encode()
        + content
    )
    await writer.drain()
    return HalfSent(reader, writer)


async def test_discord_refuses(whole: Whole, http: aiohttp.ClientSession) -> None:
    """When Discord does not take a chunk the sender hears of it, and nothing is left."""
    alice = await user(whole, http)
    fault = Fault(kind=FaultKind.ERROR, route=Operation.EXECUTE, status=400, skip=2, times=None)
    whole.emulator.faults.add(fault)
    ticket = await alice.ticket(50_000)
    status, text = await alice.send(ticket, content_of(50_000))
    assert status == 502
    assert '"code": "not-stored"' in text
    whole.emulator.faults.clear()
    await whole.messages_left(0)
    assert await alice.file(ticket["fileId"]) is None
    assert await alice.put(content_of(50_000))


async def test_a_sender_that_stops(tmp_path, http: aiohttp.ClientSession) -> None:
    """A sender from whom nothing comes any more is sent away, and leaves nothing."""
    async with running_whole(tmp_path, upload={"stall_timeout_s": 0.05}) as whole:
        alice = await user(whole, http)
        ticket = await alice.ticket(50_000)
        sender = await half_sent(ticket, content_of(20_500), 50_000)
        status, text = await sender.answer()
        assert status == 408
        assert '"code": "stalled"' in text
        await whole.messages_left(0)
        await sender.close()


async def test_no_more_at_once_than_configured(tmp_path, http: aiohttp.ClientSession) -> None:
    """Who finds all places taken waits for a while, and is then told to come again."""
    chosen = {"ticket_uploads": 1, "stall_timeout_s": 0.5}
    async with running_whole(tmp_path, upload=chosen) as whole:
        alice = await user(whole, http)
        sender = await half_sent(await alice.ticket(50_000), content_of(2000), 50_000)
        await whole.messages_left(2)
        ticket = await alice.ticket(5)
        busy = asyncio.create_task(alice.send(ticket, b"hello"))
        stalled, _ = await sender.answer()
        status, _ = await busy
        # Whichever time runs out first: the place is free then, or the patience is over.
        assert stalled == 408
        assert status in {204, 503}
        await sender.close()
        if status == 503:
            assert (await alice.send(ticket, b"hello"))[0] == 204


async def test_the_manager_goes_away(tmp_path, http: aiohttp.ClientSession) -> None:
    """Without a manager a form is refused; one under way leaves nothing for the next manager."""
    async with running_whole(tmp_path, upload_hold_s=3) as whole:
        alice = await user(whole, http)
        ticket = await alice.ticket(50_000)
        sender = await half_sent(ticket, content_of(20_500), 50_000)
        await whole.messages_left(20)
    await sender.close()
    async with running_whole(tmp_path, upload_hold_s=3) as whole:
        await whole.messages_left(0)
        alice = await user(whole, http)
        assert await alice.file(ticket["fileId"]) is None


async def test_behind_a_gateway(whole: Whole, http: aiohttp.ClientSession) -> None:
    """A gateway that leaves the path of the service's address in front is as good as none."""
    alice = await user(whole, http)
    ticket = await alice.ticket(5)
    url = f"{whole.url}/upload/upload/0123456789ab/ticket"
    assert await alice.send({**ticket, "url": url}, b"hello") == (204, "")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_forms_are_posted(whole: Whole, http: aiohttp.ClientSession, method: str) -> None:
    """Other methods are told so; any page may ask before it posts."""
    url = f"{whole.url}/upload/ticket"
    async with http.request(method, url) as response:
        assert response.status == 405
    async with http.options(url) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\n" + b"a" * 100_000, "multipart/form-data; boundary=x"),
    ],
)
async def test_what_is_no_form(
    whole: Whole, http: aiohttp.ClientSession, body: bytes, content_type: str
) -> None:
    """Anything else is refused with a word."""
    headers = {"Content-Type": content_type}
    async with http.post(f"{whole.url}/upload/ticket", data=body, headers=headers) as response:
        assert response.status in {400, 413}
        assert (await response.json())["error"]
