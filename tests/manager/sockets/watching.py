"""Waiting for what the emulator is asked, instead of looking again and again."""

import asyncio

from discord_emulator.emulator import Emulator
from discord_emulator.errors import LimitScope
from discord_emulator.operations import Operation, RequestCounters


class WatchedCounters(RequestCounters):
    """Counters that tell when an answer was counted."""

    def __init__(self) -> None:
        super().__init__()
        self._counted = asyncio.Event()

    def record(self, operation: Operation, status: int, scope: LimitScope | None = None) -> None:
        """Counts one answer, and wakes who waits for it."""
        super().record(operation, status, scope)
        self._counted.set()
        self._counted = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set when the next answer is counted."""
        return self._counted


async def messages_left(emulator: Emulator, number: int, *, patience_s: float = 10.0) -> None:
    """Returns once so many messages lie on an emulator whose counters are watched."""
    assert isinstance(emulator.requests, WatchedCounters)
    async with asyncio.timeout(patience_s):
        while True:
            counted = emulator.requests.next()
            if len(await emulator.in_thread(emulator.messages)) == number:
                return
            await counted.wait()
