"""Owners of tasks, and loops that must go on."""

import asyncio

import pytest

from common.retry import Backoff
from common.tasks import BackgroundTasks, TaskScope, cancel_and_wait, settled, supervised


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


async def test_begins_anew_after_failures_until_it_returns():
    """A failure is waited out, ever more slowly; a return is the end."""
    delays = []
    outcomes = [OSError("one"), ValueError("two"), None]

    async def sleep(seconds):
        delays.append(seconds)

    async def work():
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    await supervised("loop", work, backoff=Backoff(sleep=sleep))
    assert outcomes == []
    assert len(delays) == 2


async def test_cancellation_ends_it():
    """Nothing holds up a stop."""

    async def work():
        await asyncio.Event().wait()

    task = asyncio.create_task(supervised("loop", work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_tasks_of_a_scope_end_with_it():
    """What still runs is cancelled, and nothing starts any more."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            assert scope.spawn(asyncio.sleep(0), "late") is None
            ended.set()

    async with TaskScope() as scope:
        scope.spawn(work(), "work")
        await asyncio.sleep(0)
    assert ended.is_set()


async def test_a_scope_raises_the_own_error_of_its_block():
    """Not a group of errors, which nobody expects there."""
    with pytest.raises(KeyError):
        async with TaskScope():
            raise KeyError


async def test_a_failed_task_ends_its_scope():
    """As in any task group."""

    async def fail() -> None:
        raise ValueError

    with pytest.RaisesGroup(ValueError):
        async with TaskScope() as scope:
            scope.spawn(fail(), "fail")
            await asyncio.Event().wait()


async def test_a_failed_background_task_is_logged_and_ends_alone(caplog):
    """Errors that who awaits the task handles are not logged."""

    async def fail(error: Exception) -> None:
        raise error

    tasks, goes_on = BackgroundTasks(expected=KeyError), asyncio.Event()
    other = tasks.spawn(goes_on.wait(), "other")
    failed = [tasks.spawn(fail(error), "fail") for error in (ValueError(), KeyError())]
    await asyncio.wait(failed)
    await asyncio.sleep(0)
    assert [record.getMessage() for record in caplog.records] == ["task-failed task=fail"]
    goes_on.set()
    assert await other is True


async def test_background_tasks_are_drained_for_a_while():
    """What ends in time ends by itself; the rest is cancelled."""
    tasks, may_end = BackgroundTasks(), asyncio.Event()
    quick = tasks.spawn(may_end.wait(), "quick")
    may_end.set()
    await tasks.drain(60.0)
    assert quick.result() is True
    slow = tasks.spawn(asyncio.Event().wait(), "slow")
    await tasks.drain(0.0)
    assert slow.cancelled()
    await tasks.drain(0.0)


async def test_closing_also_ends_what_ending_tasks_start():
    """Nothing of an owner goes on after it."""
    tasks, started = BackgroundTasks(), []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            started.append(tasks.spawn(asyncio.Event().wait(), "last"))

    tasks.spawn(work(), "work")
    await asyncio.sleep(0)
    await tasks.close()
    assert [task.cancelled() for task in started] == [True]


async def test_a_write_settles_before_its_cancelled_caller_goes_on():
    """However often it is cancelled; without that, the caller gets what the work returns or raises."""
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def write() -> str:
        begun.set()
        await may_end.wait()
        ended.set()
        return "written"

    caller = asyncio.create_task(settled(write()))
    await begun.wait()
    for _ in range(2):
        caller.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()
    assert await settled(write()) == "written"


async def test_a_task_that_does_not_end_holds_up_no_stop(caplog, monkeypatch):
    """It is named in the log, and left alone."""
    monkeypatch.setattr("common.tasks.CLOSE_S", 0.0)
    may_end = asyncio.Event()

    async def hang() -> None:
        await settled(may_end.wait())

    tasks = BackgroundTasks()
    hanging = tasks.spawn(hang(), "hang")
    await asyncio.sleep(0)
    await tasks.close()
    assert [record.getMessage() for record in caplog.records] == ["tasks-not-ended tasks=['hang']"]
    hanging.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await hanging
