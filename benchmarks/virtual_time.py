"""Time that a benchmark advances: what would only be waited for takes none."""

import asyncio

NEVER = float("inf")


class VirtualTime:
    """A clock that the benchmark advances; sleeping tasks wake when their time has come."""

    def __init__(self) -> None:
        self.now = 1_600_000_000.0
        self._sleepers: dict[asyncio.Future[None], float] = {}

    def clock(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has advanced by so many seconds."""
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers[wakes] = self.now + seconds
        try:
            await wakes
        finally:
            del self._sleepers[wakes]

    def next_waking(self) -> float:
        """When the next sleep ends; `NEVER` if nobody sleeps."""
        return min(self._sleepers.values(), default=NEVER)

    def pass_to(self, moment: float) -> None:
        """Advance to a moment and wake those whose time has come."""
        self.now = max(self.now, moment)
        for wakes, wake_at in self._sleepers.items():
            if wake_at <= self.now and not wakes.done():
                wakes.set_result(None)
