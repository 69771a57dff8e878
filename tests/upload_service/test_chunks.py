"""Chunks over real HTTP, through the service, into the emulator."""

import hashlib
import os

import pytest

from tests.upload_service.conftest import CHUNK, Stage


def hash_of(data: bytes, chunk_size: int = CHUNK) -> str:
    """The file's hash as the wire protocol defines it."""
    digests = [
        hashlib.sha256(data[start : start + chunk_size]).hexdigest()
        for start in range(0, len(data), chunk_size)
    ]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
async def test_file_is_stored_and_finished(stage: Stage, size: int) -> None:
    """Every size around the chunk size arrives byte for byte, and is finished with its hash."""
    data = os.urandom(size)
    count = -(-size // CHUNK)
    upload = await stage.start(size)
    for index in range(count):
        piece = data[index * CHUNK : (index + 1) * CHUNK]
        assert await stage.send(upload, index, piece) == (200, str(index))
    finish = await stage.link.finishes.get()
    assert (finish.success, finish.hash, finish.is_encrypted) == (True, hash_of(data), True)
    assert b"".join(stage.stored(one, count) for one in stage.manager.journal) == data
