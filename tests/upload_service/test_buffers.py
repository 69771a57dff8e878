"""Buffers and the permits that bound them."""

import asyncio

import pytest

from upload_service.buffers import BufferPool, Lane


async def test_a_buffer_is_used_again() -> None:
    """What was given back is handed out next; nothing new is allocated."""
    pool = BufferPool(10)
    lane = Lane(pool, 2)
    with await lane.lease() as first:
        pass
    with await lane.lease() as second:
        assert second.buffer is first.buffer
    assert pool.allocated == 1


async def test_who_finds_no_permit_waits() -> None:
    """A lane never has more buffers out than permits, and hands them on in order."""
    lane = Lane(BufferPool(10), 1)
    held = await lane.lease()
    waiting = [asyncio.create_task(lane.lease()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    held.release()
    (await waiting[0]).release()
    (await waiting[1]).release()
    assert lane.pool.allocated == 1


async def test_releasing_twice_gives_one_permit() -> None:
    """A second release changes nothing."""
    lane = Lane(BufferPool(10), 1)
    lease = await lane.lease()
    lease.release()
    lease.release()
    await lane.lease()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lane.lease(), 0)


async def test_a_lease_moves_to_another_lane_with_its_buffer() -> None:
    """The buffer stays the same; the permit of the old lane is free again."""
    pool = BufferPool(10)
    strangers, slot = Lane(pool, 1), Lane(pool, 1)
    lease = await strangers.lease()
    buffer = lease.buffer
    await lease.move_to(slot)
    with await strangers.lease() as other:
        assert lease.buffer is buffer
        assert other.buffer is not buffer
    assert pool.allocated == 2
