"""Buffers and the permits that bound them."""

import asyncio

import pytest

from upload_service.buffers import BufferPool, Lane


async def test_a_buffer_is_used_again() -> None:
    """What was given back is handed out next; nothing new is allocated."""
    pool = BufferPool(10)
    lane = Lane(pool, 2)
    first = await lane.acquire_buffer()
    first.release()
    second = await lane.acquire_buffer()
    assert second.memory is first.memory
    assert pool.allocated == 1


async def test_who_finds_no_permit_waits() -> None:
    """A lane never has more buffers out than permits, and hands them on in order."""
    lane = Lane(BufferPool(10), 1)
    held = await lane.acquire_buffer()
    waiting = [asyncio.create_task(lane.acquire_buffer()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    held.release()
    (await waiting[0]).release()
    (await waiting[1]).release()
    assert lane.pool.allocated == 1


async def test_releasing_twice_gives_one_permit() -> None:
    """A second release changes nothing."""
    lane = Lane(BufferPool(10), 1)
    held = await lane.acquire_buffer()
    held.release()
    held.release()
    await lane.acquire_buffer()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lane.acquire_buffer(), 0)


async def test_a_held_buffer_moves_to_another_lane_with_its_buffer() -> None:
    """The buffer stays the same; the permit of the old lane is free again."""
    pool = BufferPool(10)
    strangers, slot = Lane(pool, 1), Lane(pool, 1)
    held = await strangers.acquire_buffer()
    memory = held.memory
    await held.move_to(slot)
    other = await strangers.acquire_buffer()
    assert held.memory is memory
    assert other.memory is not memory
    assert pool.allocated == 2
