"""Uploads with tickets when Discord, the manager or the sender fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.system.ticketing import user
from tests.system.whole import Whole, content_of, running_whole


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


class HalfSent:
    """A form of which the end does not come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> tuple[int, str]:
        """Status and body of the answer."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        body = await self._reader.readexactly(length)
        return int(head.split()[1]), body.decode()

    async def dribble(self) -> None:
        """Sends a byte now and then, until it is cancelled or the connection ends."""
        with suppress(ConnectionError):
            while True:
                self._writer.write(b"x")
                await self._writer.drain()
                passed = asyncio.Event()
                asyncio.get_running_loop().call_later(0.02, passed.set)
                await passed.wait()

    async def close(self) -> None:
        """Hangs up."""
        self._writer.close()


async def half_sent(
    ticket: dict[str, Any],
    content: bytes,
    size: int,
    *,
    address: str = "127.0.0.1",
    only_fields: bool = False,
) -> HalfSent:
    """Sends the fields and the beginning of the file, or the fields alone, the last one half."""
    head = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{each["name"]}"\r\n\r\n{each["value"]}\r\n'
        for each in ticket["fields"]
    )
    if not only_fields:
        head += '--cut\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    url = urlsplit(ticket["url"])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(
        f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(head) + size + 11}\r\n"
        f"X-Forwarded-For: {address}\r\n"
        f"Content-Type: multipart/form-data; boundary=cut\r\n\r\n{head}".encode()
        + content
    )
    await writer.drain()
    return HalfSent(reader, writer)


async def waiting_forms(whole: Whole, http: aiohttp.ClientSession) -> float:
    """How many forms wait for a place."""
    headers = {"Authorization": f"Bearer {SERVICE_PASSWORD}"}
    async with http.get(f"{whole.url}/upload/metrics", headers=headers) as response:
        text = await response.text()
    return float(text.partition("\nupload_waiting_forms ")[2].split()[0])


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


async def test_a_stop_ends_what_is_being_sent(tmp_path, http: aiohttp.ClientSession) -> None:
    """The sender is told, and the stop does not wait for the rest of the file."""
    async with (
        asyncio.timeout(20),
        running_whole(tmp_path, upload={"drain_grace_s": 60, "stall_timeout_s": 60}) as whole,
    ):
        alice = await user(whole, http)
        sender = await half_sent(await alice.ticket(50_000), content_of(20_500), 50_000)
        await whole.messages_left(20)
    status, text = await sender.answer()
    assert status == 410
    assert "stops" in text
    await sender.close()


async def test_no_more_at_once_than_configured(tmp_path, http: aiohttp.ClientSession) -> None:
    """Who finds all places taken waits for one."""
    chosen = {"ticket_uploads": 1, "stall_timeout_s": 0.5}
    async with running_whole(tmp_path, upload=chosen) as whole:
        alice = await user(whole, http)
        sender = await half_sent(await alice.ticket(50_000), content_of(2000), 50_000)
        await whole.messages_left(2)
        waiting = asyncio.create_task(alice.send(await alice.ticket(5), b"hello"))
        stalled, _ = await sender.answer()
        assert stalled == 408
        assert (await waiting)[0] == 204
        await sender.close()


async def test_forms_without_a_ticket_keep_nobody_out(
    tmp_path, http: aiohttp.ClientSession
) -> None:
    """However many send fields and no file, or a ticket that is none, whoever has one gets in."""
    async with running_whole(tmp_path, upload={"ticket_uploads": 1}) as whole:
        alice = await user(whole, http)
        ticket = await alice.ticket(5)
        forged = {**ticket, "fields": [{"name": "ticket", "value": "forged"}]}
        silent = [await half_sent(ticket, b"", 5, only_fields=True) for _ in range(20)]
        for sender in [await half_sent(forged, b"", 5) for _ in range(20)]:
            assert (await sender.answer())[0] == 403
            await sender.close()
        assert (await alice.send(ticket, b"hello"))[0] == 204
        for sender in silent:
            await sender.close()


async def test_senders_that_hang_up_leave_their_place_whole(
    tmp_path, http: aiohttp.ClientSession
) -> None:
    """A chunk that was just complete then gives its buffer back as well."""
    async with running_whole(tmp_path, upload={"ticket_uploads": 1}) as whole:
        alice = await user(whole, http)
        for _ in range(4):
            sender = await half_sent(await alice.ticket(50_000), content_of(2000), 50_000)
            await sender.close()
        assert await alice.put(content_of(5000))


@pytest.mark.parametrize("only_fields", [True, False])
async def test_a_sender_that_crawls(
    tmp_path, http: aiohttp.ClientSession, only_fields: bool
) -> None:
    """A byte now and then keeps no form alive: neither within its fields nor within the file."""
    async with running_whole(tmp_path, upload={"stall_timeout_s": 0.3}) as whole:
        alice = await user(whole, http)
        ticket = await alice.ticket(50_000)
        sender = await half_sent(ticket, b"", 50_000, only_fields=only_fields)
        dribbling = asyncio.create_task(sender.dribble())
        status, text = await sender.answer()
        assert status == 408
        assert f'"code": "{"stalled" if only_fields else "too-slow"}"' in text
        dribbling.cancel()
        await sender.close()
        await whole.messages_left(0)


async def test_neither_a_user_nor_an_address_has_all_places(
    tmp_path, http: aiohttp.ClientSession
) -> None:
    """Who has half of them waits with further files, while others get in."""
    chosen = {"ticket_uploads": 2, "trusted_proxies": "127.0.0.1"}
    async with running_whole(tmp_path, upload=chosen) as whole:
        alice, bob = await user(whole, http), await user(whole, http, "bob")
        sender = await half_sent(
            await alice.ticket(50_000), content_of(2000), 50_000, address="203.0.113.1"
        )
        await whole.messages_left(2)
        waiting = [
            asyncio.create_task(alice.send(await alice.ticket(5), b"hello", address="203.0.113.2")),
            asyncio.create_task(bob.send(await bob.ticket(5), b"hello", address="203.0.113.1")),
        ]
        for _ in range(3):
            done = await bob.send(await bob.ticket(5), b"hello", address="203.0.113.3")
            assert done[0] == 204
        assert not any(each.done() for each in waiting)
        await sender.close()
        assert [status for status, _ in await asyncio.gather(*waiting)] == [204, 204]


async def test_whoever_would_wait_in_vain_keeps_the_ticket(
    tmp_path, http: aiohttp.ClientSession
) -> None:
    """When too many wait already, the answer is 503, and the same ticket is good afterwards."""
    async with running_whole(tmp_path, upload={"ticket_uploads": 1}) as whole:
        alice = await user(whole, http)
        senders = [
            await half_sent(await alice.ticket(50_000), content_of(2000), 50_000) for _ in range(5)
        ]
        while await waiting_forms(whole, http) < 4:
            pass
        ticket = await alice.ticket(5)
        status, text = await alice.send(ticket, b"hello")
        assert status == 503
        assert '"code": "busy"' in text
        for sender in senders:
            await sender.close()
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
