"""Loops that run in one manager at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from common.tasks import BackgroundTasks, supervised
from manager.cluster.port import Campaign, Cluster


class ElectedLoops:
    """Runs loops while this manager holds a lease, and ends them with it.

    Args:
        cluster: The managers.
        lease: What it takes to run them.
        loops: They begin anew with each term, by their names.
    """

    def __init__(
        self, cluster: Cluster, lease: str, loops: Mapping[str, Callable[[], Awaitable[None]]]
    ) -> None:
        self._cluster = cluster
        self._lease = lease
        self._loops = loops
        self._tasks = BackgroundTasks()
        self._running: list[asyncio.Task[None]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._campaign: Campaign | None = None

    @property
    def lease(self) -> str:
        """The name of the lease."""
        return self._lease

    @property
    def is_elected(self) -> bool:
        """Whether they run here."""
        return bool(self._running)

    @property
    def holder(self) -> str | None:
        """Id of the manager in which they run, as far as this one knows; None: in none."""
        return None if self._campaign is None else self._campaign.holder

    def start(self) -> None:
        """Wants to run them from now on."""
        self._campaign = self._cluster.campaign(self._lease, self._elected, self._lost)

    async def close(self) -> None:
        """Ends them, and then gives the lease back."""
        self._lost()
        await self._tasks.close()
        if self._campaign is not None:
            await self._campaign.close()

    def _elected(self, epoch: int) -> None:
        del epoch
        ending = tuple(self._ending)
        self._running = [
            self._tasks.spawn(_after(ending, name, loop), name)
            for name, loop in self._loops.items()
        ]

    def _lost(self) -> None:
        self._ending.update(self._running)
        for task in self._running:
            task.cancel()
            task.add_done_callback(self._ending.discard)
        self._running = []


async def _after(
    ending: Sequence[asyncio.Task[None]], name: str, loop: Callable[[], Awaitable[None]]
) -> None:
    """Runs a loop once those of an earlier term have ended, which it shares its state with."""
    if ending:
        await asyncio.wait(ending)
    await supervised(name, loop)
