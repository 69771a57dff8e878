"""Memory for chunks that are read: never in two hands at once."""

import asyncio

import pytest

from storage.read_buffers import UNIT_BYTES, ReadBuffers


@pytest.fixture(autouse=True, params=[True, False])
def huge_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux has them, other systems have not."""
    monkeypatch.setattr("storage.read_buffers._HAS_HUGE_PAGES", request.param)


async def test_a_buffer_is_used_again_once_nobody_sees_it() -> None:
    """Not while any view of it is left, however small."""
    buffers = ReadBuffers()
    first = buffers.take(UNIT_BYTES + 5)
    first[:5] = b"first"
    part = first[1:3]
    del first
    second = buffers.take(UNIT_BYTES + 9)
    second[:6] = b"second"
    assert bytes(part) == b"ir"
    del part
    third = buffers.take(UNIT_BYTES + 1)
    assert bytes(third[:5]) == b"first"
    assert len(third) == UNIT_BYTES + 1
    assert buffers.remembered_bytes == 4 * UNIT_BYTES


async def test_a_thread_that_still_works_keeps_its_buffer() -> None:
    """Also when nobody waits for it any more."""
    buffers = ReadBuffers()
    loop, may_end = asyncio.get_running_loop(), asyncio.Event()

    def work(view: memoryview) -> bytes:
        asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result()
        return bytes(view[:3])

    working = asyncio.create_task(asyncio.to_thread(work, buffers.take(UNIT_BYTES)))
    await asyncio.sleep(0)
    buffers.take(UNIT_BYTES)[:3] = b"new"
    may_end.set()
    assert await working == b"\0\0\0"


async def test_memory_is_bounded_and_given_back() -> None:
    """No more are remembered than fit, and none that nobody has used since the last time."""
    buffers = ReadBuffers(3 * UNIT_BYTES)
    held = [buffers.take(UNIT_BYTES) for _ in range(5)]
    assert buffers.remembered_bytes == 3 * UNIT_BYTES
    held.clear()
    buffers.trim()
    assert buffers.remembered_bytes == 3 * UNIT_BYTES
    buffers.take(UNIT_BYTES)
    buffers.trim()
    assert buffers.remembered_bytes == UNIT_BYTES
    buffers.trim()
    assert buffers.remembered_bytes == 0


async def test_other_sizes_make_room() -> None:
    """Where chunks become larger, the free buffers of before do not stay."""
    buffers = ReadBuffers(3 * UNIT_BYTES)
    held = [buffers.take(UNIT_BYTES) for _ in range(3)]
    del held[:2]
    buffers.take(2 * UNIT_BYTES)[:3] = b"two"
    assert bytes(buffers.take(2 * UNIT_BYTES)[:3]) == b"two"
    assert buffers.remembered_bytes == 3 * UNIT_BYTES


@pytest.mark.parametrize("size", [0, 1, UNIT_BYTES - 1])
async def test_small_ones_are_not_remembered(size: int) -> None:
    """The allocator is good at those."""
    buffers = ReadBuffers()
    assert len(buffers.take(size)) == size
    assert buffers.remembered_bytes == 0
