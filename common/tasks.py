"""Tasks that belong to an owner, end in order, and go on after a failure where they must.

Three kinds of owners there are. A `TaskScope` is a block of code: its tasks end with it, and a failure
of one ends all. `BackgroundTasks` belong to an object: a failure is logged
and ends that task alone. `supervised` is for a loop that has to run for as long as the process does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from common.log_events import EventLogger
from common.retry import Backoff

_T = TypeVar("_T")

CLOSE_S: Final = 3.0
"""Seconds that background tasks may take to end after they were cancelled."""

log = EventLogger(__name__)


async def cancel_and_wait(*tasks: asyncio.Future[Any]) -> None:
    """Cancels tasks and waits until they have ended; what they returned or raised is dropped.

    Raises:
        CancelledError: The caller was cancelled meanwhile. It is raised when the tasks have ended,
            unlike by `suppress(CancelledError)` around `await task`, which cannot tell whose
            cancellation it swallows.
    """
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(*works: Awaitable[object]) -> None:
    """Returns when the first of these is over, and cancels the others. Raises what it raises."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await cancel_and_wait(*tasks)


async def settled(work: Coroutine[Any, Any, _T]) -> _T:
    """Waits until `work` is over, even if the caller is cancelled; then passes that on."""
    task = asyncio.create_task(work, name="settle")
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        return task.result()
    task.exception()  # retrieved, so that asyncio does not report it as lost
    raise cancellation


async def supervised(
    name: str, work: Callable[[], Awaitable[None]], *, backoff: Backoff | None = None
) -> None:
    """Runs `work` until it returns; a failure is logged, and it is restarted after growing delays.

    Cancellation ends both.

    Args:
        name: Of the loop, in the log.
        work: The loop.
        backoff: Delays between failures; None for 1 to 60 seconds.
    """
    delays = backoff or Backoff(first_s=1, cap_s=60)
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("loop-failed", loop=name)
            await delays.wait()


class TaskScope:
    """A task group whose tasks are cancelled, not waited for, when it is left.

    A task that fails with an error of its own ends the scope with it, as in any task group.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closing = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            await self._group.__aexit__(kind, error, trace)
        else:
            # The group would wrap the body's own error in an exception group.
            await self._group.__aexit__(None, None, None)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """Runs a coroutine beside the block; None when the block is being left: nothing runs then."""
        if self._is_closing:
            work.close()
            return None
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class BackgroundTasks:
    """Named tasks of one owner. A failure of one is logged and ends that one alone.

    Args:
        expected: Errors that are not logged, since the caller that awaits the task handles them.
    """

    def __init__(self, *, expected: type[Exception] | tuple[()] = ()) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._expected = expected

    def spawn(self, work: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
        """Starts a task and keeps it until it ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    async def drain(self, grace_s: float) -> None:
        """Waits until all tasks have ended; those that take longer than `grace_s` are cancelled."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        await cancel_and_wait(*self._tasks)

    async def close(self) -> None:
        """Cancels what still runs, and what that starts in ending, and waits for it.

        What has not ended after `CLOSE_S` seconds is left alone: a write, say, of which the catalog
        does not know whether it happened. It ends like a write of a process that dies.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + CLOSE_S
        while tasks := tuple(self._tasks):
            if loop.time() >= ends_at:
                names = sorted(task.get_name() for task in tasks)
                log.warning("tasks-not-ended", tasks=names)
                return
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=ends_at - loop.time())

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, self._expected):
            log.error("task-failed", error=error, task=task.get_name())
