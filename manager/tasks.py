"""Tasks that live as long as the part of the manager that started them."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from common.tasks import cancel_and_wait

log = structlog.get_logger(__name__)


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
        """Cancels what still runs, and what that starts in ending, and waits for it."""
        while tasks := tuple(self._tasks):
            await cancel_and_wait(*tasks)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", task=task.get_name(), exc_info=error)
