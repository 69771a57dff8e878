"""Slow bodies, endless bodies, connections that break: an answer to their sender, no harm to others."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from protocol import s2c
from tests.system.whole import CHUNK_SIZE, User, Whole, content_of, running_whole

CONTENT = content_of(2 * CHUNK_SIZE)
BOUNDARY = "a-boundary"


def head_of(response: s2c.UploadResponse, length: int | None) -> bytes:
    """A request's head and the fields before the file; a chunked body without a length."""
    address = urlsplit(response.upload_address or "")
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n{size}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    ).encode()


def form_of(response: s2c.UploadResponse, index: int) -> bytes:
    """The form as far as the first byte of the file."""
    fields = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("id", response.upload_id), ("chunk", index))
    )
    return (
        f"{fields}--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="blob"\r\n\r\n'
    ).encode()


@asynccontextmanager
async def connected(
    response: s2c.UploadResponse,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection to the chunk route."""
    address = urlsplit(response.upload_address or "")
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def status_of(reader: asyncio.StreamReader) -> int:
    """The status of the answer, whose body has to be an error in JSON."""
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        assert json.loads(await reader.readexactly(length))["error"]
    return int(head.split()[1])


async def goes_on(user: User, response: s2c.UploadResponse) -> None:
    """The upload can still be finished, and comes back byte for byte."""
    for index in range(2):
        await user.send(response, index, CONTENT)
    assert (await user.finished(response)).success
    assert await user.get("a.bin") == CONTENT


async def test_a_body_that_stands_still_is_ended(tmp_path: Path):
    """408 after the stall timeout; the chunk can be sent again."""
    async with running_whole(tmp_path, upload={"stall_timeout_s": 0.05}) as whole:
        user = await whole.user(booked=1)
        response = await user.request("a.bin", len(CONTENT))
        async with connected(response) as (reader, writer):
            form = form_of(response, 0)
            writer.write(head_of(response, len(form) + CHUNK_SIZE + 20) + form + CONTENT[:10])
            assert await status_of(reader) == 408
        await goes_on(user, response)


async def test_a_body_without_an_end_is_ended(whole: Whole):
    """No more is read than a chunk may have."""
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    async with connected(response) as (reader, writer):
        form = form_of(response, 0)
        writer.write(head_of(response, None) + b"%x\r\n%s\r\n" % (len(form), form))
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        answering = asyncio.create_task(status_of(reader))
        with suppress(ConnectionError):
            while not answering.done():
                writer.write(piece)
                await writer.drain()
        assert 400 <= await answering < 500
    await goes_on(user, response)


async def test_a_body_that_is_announced_too_large_is_refused(whole: Whole):
    """Before a byte of it is read."""
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    async with connected(response) as (reader, writer):
        writer.write(head_of(response, 10**12))
        assert await status_of(reader) == 413
    await goes_on(user, response)


async def test_a_sender_that_hangs_up_leaves_its_chunk_missing(whole: Whole):
    """What came of it does not count, and it can be sent again."""
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    async with connected(response) as (_, writer):
        form = form_of(response, 0)
        writer.write(head_of(response, len(form) + CHUNK_SIZE + 20) + form + CONTENT[:500])
        await writer.drain()
    await goes_on(user, response)


async def test_half_open_senders_do_not_stop_others(whole: Whole):
    """Connections that say nothing at all keep no upload from its chunks."""
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    async with connected(response), connected(response) as (_, writer):
        form = form_of(response, 0)
        writer.write(head_of(response, len(form) + CHUNK_SIZE + 20) + form)
        await writer.drain()
        other = await whole.user("bob", booked=1)
        await other.put("b.bin", CONTENT)
        assert await other.get("b.bin") == CONTENT


async def test_an_upload_nobody_sends_to_is_cancelled(tmp_path: Path):
    """After the inactivity timeout, with a reason; its slot is free again."""
    async with running_whole(tmp_path, upload={"inactivity_timeout_s": 0.2}) as whole:
        user = await whole.user(booked=1)
        response = await user.request("a.bin", len(CONTENT))
        info = await user.finished(response)
        assert not info.success
        assert "no chunk" in (info.reason or "")
        await user.put("a.bin", CONTENT)


@pytest.mark.parametrize("field", ["id", "chunk"])
async def test_a_form_with_a_field_missing_is_refused(whole: Whole, field: str):
    """With an error that names it."""
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(CONTENT))
    fields = {"id": response.upload_id, "chunk": "0"}
    del fields[field]
    body = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ).encode()
    body += (
        form_of(response, 0)
        .split(f"--{BOUNDARY}\r\n".encode())[-1]
        .join(
            [
                f"--{BOUNDARY}\r\n".encode(),
                CONTENT[:CHUNK_SIZE] + f"\r\n--{BOUNDARY}--\r\n".encode(),
            ]
        )
    )
    async with connected(response) as (reader, writer):
        writer.write(head_of(response, len(body)) + body)
        assert await status_of(reader) == 400
    await goes_on(user, response)
