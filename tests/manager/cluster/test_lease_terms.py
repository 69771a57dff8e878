"""A manager that loses NATS alone stops its processes before others get what they had."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit, urlunsplit

from catalog.errors import CatalogUnavailable
from common.tasks import BackgroundTasks
from manager.cluster.in_process import InProcessCluster
from manager.cluster.nats_cluster import NatsCluster
from manager.cluster.port import Cluster
from manager.services.allocation import SlotCard
from manager.services.allocator_host import AllocatorHost
from manager.services.lease_terms import ABSENCE_S, TERM_S, InMemoryFence
from manager.services.leases import Configure
from manager.services.remote_bookings import AllocatorLink, RemoteBookings, RemoteLeases
from protocol.packet import Packet
from tests.manager.cluster.test_port import QUICK, connected, member
from tests.system.cut_network import cut_network


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class HeldFence(InMemoryFence):
    """A fence that is raised when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.may_be_raised, self.is_raised = asyncio.Event(), asyncio.Event()

    async def raise_lease_fence(self, number: int) -> None:
        """Waits for the test, and tells it."""
        await self.may_be_raised.wait()
        await super().raise_lease_fence(number)
        self.is_raised.set()


class LostFence(InMemoryFence):
    """A fence in a catalog that is away."""

    async def lease_fence(self) -> int:
        """Nobody knows it."""
        raise CatalogUnavailable("away")


class OneManager:
    """The leases of one manager, with a process of its own."""

    def __init__(self, cluster: Cluster, tasks: BackgroundTasks, fence: InMemoryFence) -> None:
        self.cluster = cluster
        self.clock = Clock()
        self.configured: asyncio.Queue[tuple[str, tuple[int, ...]]] = asyncio.Queue()
        self.link = AllocatorLink(cluster, self, fence=fence, monotonic=self.clock)
        self.link.serve(self)
        self.host = AllocatorHost(cluster, tasks, fence=fence, idle_s=30.0, monotonic=self.clock)
        self.bookings = RemoteBookings(self.link)
        self.leases = RemoteLeases(self.link, self.host.set_webhooks)
        self.leases.subscribe(self._configure)
        self.leases.set_webhooks({1: 11, 2: 12})
        tasks.spawn(self.link.run(), "talk to the allocator")

    def send_to(self, client_id: str, packet: Packet) -> None:
        """There are no clients."""

    def card_of(self, slot_id: str) -> SlotCard:
        """There are no services that take uploads."""
        raise KeyError(slot_id)

    def remote_joined(self, card: SlotCard) -> None:
        """There are no services that take uploads."""

    def remote_left(self, slot_id: str) -> None:
        """There are no services that take uploads."""

    def _configure(self, configurations: Iterable[Configure]) -> None:
        for each in configurations:
            self.configured.put_nowait((each.process, each.webhook_ids))
            self.leases.confirmed(each.process, each.number)

    async def has(self, process: str, *webhooks: int) -> None:
        """Returns when the process is configured with these webhooks."""
        while await self.configured.get() != (process, webhooks):
            continue


async def test_who_loses_nats_alone_stops_before_others_begin(cluster_url: str):
    """The fence tells it; as long as there is none, its processes go on."""
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(cut_network())
        network.lead_to(cluster_url)
        relayed = urlunsplit(urlsplit(cluster_url)._replace(netloc=urlsplit(network.url).netloc))
        fence = HeldFence()
        managers = []
        for name, url in (("one", cluster_url), ("two", relayed)):
            cluster = await stack.enter_async_context(
                NatsCluster.open(url, member(name), timing=QUICK)
            )
            tasks = BackgroundTasks()
            stack.push_async_callback(tasks.close)
            managers.append(OneManager(cluster, tasks, fence))
            await connected(cluster)
        one, two = managers
        one.host.start()
        stack.push_async_callback(one.host.close)
        one.leases.slot_joined("p1", "s1")
        await one.has("p1", 1, 2)
        two.leases.slot_joined("p2", "s2")
        await two.has("p2", 2)
        network.cut()
        # Nobody can raise the fence yet, as while NATS is away for all: the process goes on.
        two.clock.now += TERM_S - 1.0
        await two.link.look_at_terms()
        two.clock.now += 2.0
        assert two.leases.webhooks_of("p2") == (2,)
        fence.may_be_raised.set()
        await fence.is_raised.wait()
        await two.link.look_at_terms()
        two.clock.now += TERM_S - 2.0
        await two.link.look_at_terms()
        await two.has("p2")
        assert one.leases.webhooks_of("p1") == (1,)
        one.clock.now += ABSENCE_S
        one.leases.demand_told("p1", is_waiting=True, uploads={})
        await one.has("p1", 1, 2)
        network.mend()
        await two.has("p2", 2)


async def test_a_process_gets_back_what_it_had_when_its_term_begins_again():
    """Also if nothing has changed meanwhile, so that the allocator has nothing new to say."""
    async with AsyncExitStack() as stack:
        tasks = BackgroundTasks()
        stack.push_async_callback(tasks.close)
        one = OneManager(InProcessCluster(member("one"), tasks), tasks, LostFence())
        one.host.start()
        stack.push_async_callback(one.host.close)
        one.leases.slot_joined("p1", "s1")
        await one.has("p1", 1, 2)
        one.clock.now += TERM_S
        await one.link.look_at_terms()
        await one.has("p1")
        while one.leases.webhooks_of("p1") == ():
            # The allocator answers again.
            await one.bookings.holdings("nobody")
        await one.link.look_at_terms()
        await one.has("p1", 1, 2)
