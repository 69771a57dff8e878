"""The way around aiohttp: nothing is lost, mixed up or counted wrongly on it."""

import asyncio
import os
from pathlib import Path

import pytest

from protocol import s2u
from protocol.values import CHUNK_SIZE
from tests.upload_service.staging import (
    BOUNDARY,
    CHUNK,
    Stage,
    file_first,
    form_around,
    raw_request,
    staged,
)


def request_of(body: bytes) -> bytes:
    """A whole request for the service."""
    return (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    ).encode() + body


async def test_largest_chunks_follow_each_other_on_one_connection(tmp_path: Path) -> None:
    """The connection goes on behind a chunk exactly where the next request begins."""
    data = os.urandom(CHUNK_SIZE)
    async with staged(tmp_path) as stage:
        upload = await stage.start(3 * CHUNK_SIZE, chunk_size=CHUNK_SIZE)
        async with raw_request(stage.url, 0) as connection:
            assert (await connection.answer())[0] == 400
            for index in range(3):
                head, tail = form_around(upload, index)
                await connection.write(request_of(head + data + tail))
                assert await connection.answer() == (200, str(index))
        for report in stage.manager.journal:
            assert stage.stored(report, 3) == data


async def test_requests_sent_ahead_are_answered_in_order(stage: Stage) -> None:
    """A client that does not wait for answers gets all of them."""
    upload = await stage.start(4 * CHUNK)
    data = os.urandom(CHUNK)
    requests = []
    for index in range(3):
        head, tail = form_around(upload, index)
        requests.append(request_of(head + data + tail))
    requests.append(request_of(file_first(upload, 3, data)))
    async with raw_request(stage.url, 0) as connection:
        await connection.answer()
        await connection.write(b"".join(requests))
        assert [await connection.answer() for _ in range(4)] == [(200, str(i)) for i in range(4)]
    assert (await stage.link.finishes.get()).success


@pytest.mark.parametrize("piece", [1000, CHUNK // 2, CHUNK - 1, CHUNK])
async def test_it_does_not_matter_how_the_bytes_arrive(stage: Stage, piece: int) -> None:
    """Pieces of any size add up to the chunk."""
    data = os.urandom(CHUNK)
    upload = await stage.start(CHUNK)
    async with stage.sending(upload, 0, length=CHUNK) as half:
        for start in range(0, CHUNK, piece):
            await half.write(data[start : start + piece])
            await asyncio.sleep(0)
        assert await half.finish() == (200, "0")
    assert stage.stored(stage.manager.journal[0], 1) == data


async def test_a_file_that_is_too_long_is_noticed(stage: Stage) -> None:
    """Bytes behind the chunk's length are not taken for it, and the connection stays usable."""
    upload = await stage.start(CHUNK)
    data = os.urandom(CHUNK)
    head, tail = form_around(upload, 0)
    async with raw_request(stage.url, 0) as connection:
        await connection.answer()
        await connection.write(request_of(head + data + b"more" + tail))
        assert (await connection.answer())[0] == 400
        await connection.write(request_of(head + data + tail))
        assert await connection.answer() == (200, "0")


async def test_a_connection_that_breaks_gives_everything_back(tmp_path: Path) -> None:
    """Half a chunk is dropped with its buffer and its permit, time after time."""
    async with staged(tmp_path, chunks_in_flight=1) as stage:
        upload = await stage.start(CHUNK)
        for _ in range(3):
            async with stage.sending(upload, 0, length=CHUNK) as half:
                await half.write(bytes(CHUNK // 2))
                await stage.until_receiving(1)
        assert await stage.send(upload, 0, bytes(CHUNK)) == (200, "0")
        assert await stage.metric("upload_buffers") == 1


async def test_an_abort_leaves_the_connection_in_order(tmp_path: Path) -> None:
    """After an abort in the middle, the rest of the body is passed over and the next one works."""
    async with staged(tmp_path) as stage:
        upload = await stage.start(CHUNK)
        async with stage.sending(upload, 0, length=CHUNK) as half:
            await half.write(bytes(CHUNK // 2))
            await stage.until_receiving(1)
            assert (await stage.link.ask(s2u.UploadAbort())).success
            assert (await half.request.answer())[0] == 410
            second = await stage.start(CHUNK)
            head, tail = form_around(second, 0)
            await half.write(bytes(CHUNK // 2) + form_around(upload, 0)[1])
            await half.write(request_of(head + bytes(CHUNK) + tail))
            assert await half.request.answer() == (200, "0")
