"""Who decides on bookings and leases: this manager, or one of several."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from catalog.lease_fence_port import LeaseFence
from common.tasks import BackgroundTasks, first_of
from manager.cluster.port import Cluster
from manager.services.allocator_host import AllocatorHost
from manager.services.booking_ledger import BookingLedger
from manager.services.bookings import BookingManager, Bookings, Mailbox
from manager.services.channel_leases import ChannelLeases, LeaseManager
from manager.services.leases import LeaseAllocator
from manager.services.registry import UploadSlotRegistry
from manager.services.remote_bookings import AllocatorLink, RemoteBookings, RemoteLeases
from manager.services.slot_exchange import SlotExchange, TakeFinish, TakeType
from manager.settings import ManagerSettings


class Allocation(Protocol):
    """The bookings and leases of this manager."""

    @property
    def bookings(self) -> Bookings:
        """Those of its clients and services."""

    @property
    def leases(self) -> ChannelLeases:
        """Those of its upload processes."""

    async def start(
        self, registry: UploadSlotRegistry, *, take_finish: TakeFinish, take_type: TakeType
    ) -> None:
        """Serves other managers from now on; the parameters are those of `SlotExchange`."""

    async def run(self) -> None:
        """Does what there is to do until cancelled."""


@asynccontextmanager
async def open_allocation(
    settings: ManagerSettings,
    cluster: Cluster,
    mailbox: Mailbox,
    tasks: BackgroundTasks,
    monotonic: Callable[[], float],
    fence: LeaseFence | None,
) -> AsyncIterator[Allocation]:
    """The allocation, until the manager stops: its own, or that of all managers, who share a fence."""
    allocation: OwnAllocation | ClusterAllocation
    if fence is None:
        allocation = OwnAllocation(mailbox, idle_s=settings.booking_idle_s, monotonic=monotonic)
    else:
        allocation = ClusterAllocation(
            cluster,
            mailbox,
            tasks,
            fence=fence,
            idle_s=settings.booking_idle_s,
            monotonic=monotonic,
        )
    try:
        yield allocation
    finally:
        await allocation.close()


class OwnAllocation:
    """Bookings and leases of a manager that is alone."""

    def __init__(self, mailbox: Mailbox, *, idle_s: float, monotonic: Callable[[], float]) -> None:
        """`idle_s`: as of `BookingLedger`; `monotonic`: its clock, in seconds."""
        self.bookings = BookingManager(BookingLedger(idle_s), mailbox, monotonic=monotonic)
        self.leases = LeaseManager(LeaseAllocator())

    async def start(
        self, registry: UploadSlotRegistry, *, take_finish: TakeFinish, take_type: TakeType
    ) -> None:
        """There are no other managers."""

    async def run(self) -> None:
        """All is done when it is asked for."""

    async def close(self) -> None:
        """Stops the clock."""
        self.bookings.close()


class ClusterAllocation:
    """Bookings and leases that one of several managers decides."""

    def __init__(
        self,
        cluster: Cluster,
        mailbox: Mailbox,
        tasks: BackgroundTasks,
        *,
        fence: LeaseFence,
        idle_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        """`fence`: in the catalog; `idle_s`: as of `BookingLedger`; `monotonic`: its clock, in seconds."""
        self._cluster = cluster
        self._tasks = tasks
        self._link = AllocatorLink(cluster, mailbox, fence=fence, monotonic=monotonic)
        self._host = AllocatorHost(cluster, tasks, fence=fence, idle_s=idle_s, monotonic=monotonic)
        self._exchange: SlotExchange | None = None
        self.bookings = RemoteBookings(self._link)
        self.leases = RemoteLeases(self._link, self._host.set_webhooks)

    async def start(
        self, registry: UploadSlotRegistry, *, take_finish: TakeFinish, take_type: TakeType
    ) -> None:
        """Serves other managers, and stands for election; the parameters are those of `SlotExchange`."""
        self._exchange = SlotExchange(
            self._cluster,
            registry,
            self._link,
            self._tasks,
            take_finish=take_finish,
            take_type=take_type,
        )
        await self._exchange.start()
        self._host.start()

    async def run(self) -> None:
        """Talks to the allocator until cancelled."""
        await first_of(self._link.run(), self._link.watch_terms())

    async def close(self) -> None:
        """Leaves the other managers to themselves; another one becomes the allocator at once."""
        await self._host.close()
        if self._exchange is not None:
            await self._exchange.close()
