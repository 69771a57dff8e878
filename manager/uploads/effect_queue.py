"""What is still to be carried out for an upload, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from manager.domain.upload_effects import Effect


class EffectQueue:
    """Filled by whoever moves the machine, emptied by the one task that carries effects out."""

    def __init__(self) -> None:
        self._waiting: deque[Effect] = deque()
        self._filled = asyncio.Event()

    def extend(self, following: list[Effect]) -> None:
        """Adds effects behind those that wait."""
        self._waiting.extend(following)
        self._filled.set()

    async def until(self, is_over: Callable[[], bool]) -> AsyncIterator[Effect]:
        """Yields effects as they come, until none waits and `is_over` says that none will follow."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if is_over():
                return
            self._filled.clear()
            await self._filled.wait()
