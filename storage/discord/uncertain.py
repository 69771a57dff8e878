"""Counting posts of which nobody knows whether Discord has saved them."""

import asyncio


class UncertainPostCounter:
    """Posts whose answer was lost after all of the message had been sent.

    Such a post is made again. If the first one was saved after all, it is a message that nobody
    knows, so this is about the number of those: rather more than there are.

    Attributes:
        total: How many there were.
    """

    def __init__(self) -> None:
        self.total = 0
        self._changed = asyncio.Event()

    def add(self) -> None:
        """Counts one."""
        self.total += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Waits for the next one."""
        await self._changed.wait()
