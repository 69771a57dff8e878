"""Background tasks that end with their owner."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


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
        """Run a coroutine beside its owner; None when the owner is leaving, and nothing runs."""
        if self._is_closing:
            work.close()
            return None
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
