"""Ending tasks that nobody needs any more."""

import asyncio

import pytest

from common.tasks import cancel_and_wait


async def test_tasks_have_ended_afterwards():
    """Also those that take their time, and those that had failed before or fail in ending."""
    ended: list[str] = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("tidy")

    async def failing() -> None:
        raise ValueError

    async def failing_late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError

    tasks = [asyncio.create_task(work()) for work in (tidy, failing, failing_late)]
    await asyncio.sleep(0)
    await cancel_and_wait(*tasks)
    assert ended == ["tidy"]
    assert all(task.done() for task in tasks)


async def test_nothing_to_end_is_fine():
    """There may be no task left."""
    await cancel_and_wait()


async def test_a_caller_that_is_cancelled_meanwhile_learns_of_it():
    """The cancellation of the tasks must not hide its own, or it would go on for ever."""
    is_ending, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            is_ending.set()
            await may_end.wait()

    task = asyncio.create_task(slow())
    await asyncio.sleep(0)
    caller = asyncio.create_task(cancel_and_wait(task))
    await is_ending.wait()
    caller.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert task.done()
