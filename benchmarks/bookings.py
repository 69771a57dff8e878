"""Decisions of the booking ledger in a second: within one manager, and over NATS with one and three managers.

A decision is the start or the end of an upload, asked for by clients that wait for each start. All managers
run in this one process, and share its core: so three managers show what the messages cost.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks.harness import Options, Suite
from common.tasks import BackgroundTasks
from local_supabase.nats_server import running_nats
from manager.cluster.membership import Member
from manager.cluster.nats_cluster import NatsCluster
from manager.services.allocation import SlotCard
from manager.services.allocator_host import AllocatorHost
from manager.services.booking_ledger import BookingLedger
from manager.services.bookings import BookingManager, Bookings
from manager.services.lease_terms import InMemoryFence
from manager.services.remote_bookings import AllocatorLink, RemoteBookings
from protocol.packet import Packet

CLIENTS = 60
"""Of all managers together; each has one service."""
DECISIONS = 20_000
IDLE_S = 3600.0


class _NoClients:
    """Clients of which none is connected."""

    def send_to(self, client_id: str, packet: Packet) -> None:
        """Nobody is there."""


class _Cards:
    """Services that are only booked."""

    def __init__(self, manager: str) -> None:
        self._manager = manager

    def card_of(self, slot_id: str) -> SlotCard:
        """One that nobody calls."""
        return SlotCard(id=slot_id, manager=self._manager, address="http://127.0.0.1:9/")

    def remote_joined(self, card: SlotCard) -> None:
        """It is only counted by the ledger."""

    def remote_left(self, slot_id: str) -> None:
        """It is only counted by the ledger."""


@asynccontextmanager
async def _remote(url: str, number: int) -> AsyncIterator[list[Bookings]]:
    """The bookings of so many managers, once there is an allocator."""
    async with AsyncExitStack() as stack:
        bookings: list[Bookings] = []
        for index in range(number):
            own = Member(id=f"{number}-{index}", name=f"manager-{index}")
            cluster = await stack.enter_async_context(NatsCluster.open(url, own))
            tasks = BackgroundTasks()
            stack.push_async_callback(tasks.close)
            fence = InMemoryFence()
            link = AllocatorLink(cluster, _NoClients(), fence=fence, monotonic=time.monotonic)
            link.serve(_Cards(own.id))
            host = AllocatorHost(
                cluster, tasks, fence=fence, idle_s=IDLE_S, monotonic=time.monotonic
            )
            stack.push_async_callback(host.close)
            host.start()
            tasks.spawn(link.run(), "talk to the allocator")
            bookings.append(RemoteBookings(link))
        yield bookings


async def _decisions_per_s(managers: Sequence[Bookings]) -> float:
    clients = [(managers[index % len(managers)], f"client-{index}") for index in range(CLIENTS)]
    for bookings, client in clients:
        bookings.service_joined(f"service-of-{client}")
    for bookings, client in clients:
        while await bookings.request(client, 1) != 1:
            continue
    began_at = time.monotonic()
    await asyncio.gather(
        *(_uploads(bookings, client, DECISIONS // 2 // CLIENTS) for bookings, client in clients)
    )
    return DECISIONS / (time.monotonic() - began_at)


async def _uploads(bookings: Bookings, client: str, number: int) -> None:
    for _ in range(number):
        bookings.upload_ended(await bookings.start_upload(client))


async def _run(options: Options) -> str:
    figures: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        alone = BookingManager(BookingLedger(IDLE_S), _NoClients(), monotonic=time.monotonic)
        figures.setdefault("alone, without NATS", []).append(await _decisions_per_s([alone]))
        alone.close()
        for number in (1, 3):
            with tempfile.TemporaryDirectory() as folder, running_nats(Path(folder)) as nats:
                async with _remote(nats.url(), number) as managers:
                    name = f"{number} of {number} over NATS"
                    figures.setdefault(name, []).append(await _decisions_per_s(managers))
    lines = [
        f"Bookings: decisions per second, {CLIENTS} clients that wait for each start",
        "",
        f"{'managers':<24}{'decisions/s':>12}",
        *(f"{name:<24}{median(rates):>12,.0f}" for name, rates in figures.items()),
    ]
    return "\n".join(lines)


BOOKINGS = Suite("bookings", "decisions about bookings with one and three managers", _run)
