"""Tells the manager when posts wait for the limits of their channels, so that it leases more of them.

The manager leases channels to the processes whose posts wait, and takes them from those that have no use
for them. It cannot see who waits, so it is told: as soon as a post waits, again every few seconds for as
long as posts wait, and once when none has waited for a while. Nothing runs while nothing is posted.

A process without any channel has its posts wait for one: telling that they wait brings it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from client_sdk.connection import Connection
from client_sdk.errors import ConnectionLost
from protocol.extensions import CHANNEL_DEMAND
from protocol.u2s import ChannelDemand
from storage.errors import PostWithdrawn

log = structlog.get_logger(__name__)

POLL_S: Final = 0.25
"""How often is looked whether posts wait, while any are under way."""
REPEAT_S: Final = 2.0
"""After which the manager is told again that posts wait: it may have been restarted, or others begun."""
CALM_S: Final = 10.0
"""For how long no post must have waited before channels are given up: moving them costs more than that."""


class ChannelDemandMeter:
    """Knows how many posts are under way, and how many of them wait.

    Args:
        waiting: Returns how many wait for the limits of leased channels.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._waiting_for_lease = 0
        self._posts = 0
        self._begun = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many posts wait now: for limits, or for a channel."""
        return self._waiting() + self._waiting_for_lease

    @property
    def is_posting(self) -> bool:
        """Whether any post is under way or waits."""
        return self._posts > 0

    @contextmanager
    def posting(self) -> Iterator[None]:
        """A post is under way, or waits, for the length of the context."""
        self._posts += 1
        self._begun.set()
        try:
            yield
        finally:
            self._posts -= 1
            if not self._posts:
                self._begun.clear()

    async def begun(self) -> None:
        """Wait until a post is under way."""
        await self._begun.wait()

    async def until_leased(self, changed: asyncio.Event, ended: asyncio.Future[None]) -> None:
        """Wait, as a post without a channel, until the lease has changed.

        Raises:
            PostWithdrawn: if `ended` is resolved before.
        """
        self._waiting_for_lease += 1
        change = asyncio.create_task(_set(changed), name="lease-changed")
        try:
            await asyncio.wait({change, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting_for_lease -= 1
            change.cancel()
        if not changed.is_set():
            raise PostWithdrawn("the upload has ended")


async def _set(event: asyncio.Event) -> None:
    await event.wait()


class DemandReporter:
    """Keeps the manager informed of a meter, until cancelled.

    Args:
        meter: What is told.
        links: Returns the links to the manager that are up; any of them will do.
        clock: Monotonic seconds; None for those of the loop.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        meter: ChannelDemandMeter,
        links: Callable[[], Iterable[Connection]],
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._meter = meter
        self._links = links
        self._clock = clock
        self._sleep = sleep
        self._told = 0
        self._told_at = 0.0

    async def run(self) -> None:
        """Tell the manager what it has to know."""
        while True:
            await self._meter.begun()
            await self._follow()

    async def _follow(self) -> None:
        """Watch until nothing is posted, and the manager knows that nothing waits."""
        clock = self._clock or asyncio.get_running_loop().time
        waited_at = clock()
        while self._told or self._meter.is_posting:
            now, waiting = clock(), self._meter.waiting
            if waiting:
                waited_at = now
                if not self._told or now - self._told_at >= REPEAT_S:
                    await self._tell(waiting, now)
            elif self._told and now - waited_at >= CALM_S:
                await self._tell(0, now)
            await self._sleep(POLL_S)

    async def _tell(self, waiting: int, now: float) -> None:
        """Tell it over the first link that takes it; without one the next look tries again."""
        for link in self._links():
            if CHANNEL_DEMAND not in link.granted:
                continue
            try:
                await link.send(ChannelDemand(waiting=waiting))
            except ConnectionLost:
                continue
            log.debug("channel-demand-told", waiting=waiting)
            self._told, self._told_at = waiting, now
            return
