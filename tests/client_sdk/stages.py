"""Watches through which stages a transfer goes."""

import asyncio

from client_sdk import Progress, Stage

PATIENCE_S = 30.0


class Stages:
    """Takes the progress of one transfer.

    Attributes:
        seen: The stages, each change once.
    """

    def __init__(self) -> None:
        self.seen: list[Stage] = []
        self._changed = asyncio.Event()

    def __call__(self, progress: Progress) -> None:
        """One report."""
        if self.seen[-1:] != [progress.stage]:
            self.seen.append(progress.stage)
            self._changed.set()

    async def reached(self, *expected: Stage) -> None:
        """Returns once the last stages are these."""
        async with asyncio.timeout(PATIENCE_S):
            while self.seen[-len(expected) :] != list(expected):
                self._changed.clear()
                await self._changed.wait()
