"""The chunks that are kept for the next ranges."""

import asyncio
from uuid import uuid4

import pytest

from reading.chunk_cache import ChunkCache, ChunkKey

OBJECT = uuid4()


class Loads:
    """Counts what is loaded."""

    def __init__(self) -> None:
        self.count = 0
        self.gate: asyncio.Event | None = None
        self.is_cancelled = False

    async def load(self) -> bytes:
        """Ten bytes, when the gate opens."""
        self.count += 1
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        return b"x" * 10


def key(index: int) -> ChunkKey:
    """A chunk of one object."""
    return OBJECT, index


async def test_a_chunk_comes_from_memory_the_second_time():
    """The next range in a chunk costs no request."""
    cache, loads = ChunkCache(100), Loads()
    for _ in range(3):
        assert await cache.read(key(0), loads.load) == b"x" * 10
    assert loads.count == 1


async def test_what_was_used_longest_ago_goes_first():
    """The cache holds no more bytes than it may, and keeps what is in use."""
    cache, loads = ChunkCache(25), Loads()
    for index in (0, 1, 0, 2):
        await cache.read(key(index), loads.load)
    assert loads.count == 3
    await cache.read(key(0), loads.load)
    assert loads.count == 3
    await cache.read(key(1), loads.load)
    assert loads.count == 4


@pytest.mark.parametrize("capacity", [0, 9])
async def test_a_chunk_that_is_too_large_is_not_kept(capacity: int):
    """A cache of no bytes keeps nothing, and reads all the same."""
    cache, loads = ChunkCache(capacity), Loads()
    assert await cache.read(key(0), loads.load) == await cache.read(key(0), loads.load)
    assert loads.count == 2


async def test_requests_at_the_same_time_share_one_read():
    """It goes on while one of them waits, and ends when none does."""
    cache, loads = ChunkCache(100), Loads()
    loads.gate = asyncio.Event()
    first, second = (asyncio.create_task(cache.read(key(0), loads.load)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert not loads.is_cancelled
    loads.gate.set()
    assert await second == b"x" * 10
    assert loads.count == 1


async def test_who_comes_after_a_cancelled_read_begins_a_new_one():
    """The cancellation of others does not reach it."""
    cache, loads = ChunkCache(100), Loads()
    loads.gate = asyncio.Event()
    first = asyncio.create_task(cache.read(key(0), loads.load))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    loads.gate.set()
    second = asyncio.create_task(cache.read(key(0), loads.load))
    assert await second == b"x" * 10
    assert first.cancelled()
    assert loads.count == 2


async def test_a_failed_read_is_not_remembered():
    """The next request tries again."""
    cache, loads = ChunkCache(100), Loads()

    async def fail() -> bytes:
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        await cache.read(key(0), fail)
    assert await cache.read(key(0), loads.load) == b"x" * 10
