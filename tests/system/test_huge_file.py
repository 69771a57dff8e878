"""A file beyond 4 GiB through the whole system: gigabytes and minutes, so `make test-huge` asks for it."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol.chunks import chunk_count, chunk_length
from protocol.values import CHUNK_SIZE
from tests.system.server import up
from tests.system.whole import User, send_chunk

SIZE = 2**32 + 12_345
COUNT = chunk_count(SIZE, CHUNK_SIZE)
BLOCK = hashlib.shake_128(b"block").digest(CHUNK_SIZE)


def _chunk(index: int) -> bytes:
    """No two chunks are the same."""
    return index.to_bytes(8, "big") + BLOCK[8 : chunk_length(SIZE, CHUNK_SIZE, index)]


@pytest.mark.huge
@pytest.mark.timeout(1800)
async def test_more_than_4_gib_come_back_byte_for_byte(tmp_path: Path):
    """Every chunk is where it was."""
    data = tmp_path / "data"
    try:
        async with up(data, CHUNK_SIZE=str(CHUNK_SIZE)) as server:
            token = await server.register()
            async with server.user(token) as user:
                await _upload(user)
                position = 0
                async for piece in _download(user):
                    assert piece == _chunk(position)
                    position += 1
                assert position == COUNT
    finally:
        await asyncio.to_thread(shutil.rmtree, data)


async def _upload(user: User) -> None:
    response = await user.request("huge.bin", SIZE)
    assert response.chunk_size == CHUNK_SIZE
    waiting = iter(range(COUNT))

    async def sender() -> None:
        for index in waiting:
            assert await send_chunk(user.http, response, index, _chunk(index)) == (200, str(index))

    await asyncio.gather(*(sender() for _ in range(4)))
    assert (await user.finished(response)).success


async def _download(user: User) -> AsyncIterator[bytes]:
    async with user.http.get(user.download_url("huge.bin")) as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) == SIZE
        for index in range(COUNT):
            yield await response.content.readexactly(chunk_length(SIZE, CHUNK_SIZE, index))
