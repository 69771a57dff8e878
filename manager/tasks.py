"""Tasks that live as long as the part of the manager that started them."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

CLOSE_S = 3.0
"""How long tasks may take to end after they were cancelled."""


class BackgroundTasks:
    """Named tasks of one owner. A failure of one is logged and ends that one alone."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Starts a task and keeps it until it ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def close(self) -> None:
        """Cancels what still runs, and what that starts in ending, and waits for it.

        What has not ended after `CLOSE_S` seconds is left alone: a write, say, of which the catalog
        does not tell whether it happened. Its fate is that of a write of a process that dies.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + CLOSE_S
        while tasks := tuple(self._tasks):
            if loop.time() >= ends_at:
                log.warning("tasks did not end", tasks=sorted(task.get_name() for task in tasks))
                return
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=ends_at - loop.time())

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", task=task.get_name(), exc_info=error)
