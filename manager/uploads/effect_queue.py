"""What is still to be carried out for an upload, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from manager.uploads.effects import Effect


class EffectQueue:
    """Filled by whoever moves the machine, emptied by the one task that carries effects out."""

    def __init__(self) -> None:
        self._waiting: deque[Effect] = deque()
        self._defect: Exception | None = None
        self._filled = asyncio.Event()

    def extend(self, following: list[Effect]) -> None:
        """Adds effects behind those that wait."""
        self._waiting.extend(following)
        self._filled.set()

    def fail(self, defect: Exception) -> None:
        """Ends it: `until` raises this error."""
        self._defect = defect
        self._filled.set()

    async def until(self, is_over: Callable[[], bool]) -> AsyncIterator[Effect]:
        """Yields effects as they come, until none waits and `is_over` says that none will follow.

        Raises what `fail` was told, once no effect waits.
        """
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._defect is not None:
                raise self._defect
            if is_over():
                return
            self._filled.clear()
            await self._filled.wait()
