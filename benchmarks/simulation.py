"""Bookings and leases of a hundred managers on a virtual clock, with deaths of the allocator and of NATS.

What decides is the product: ledger, lease allocator, elections, membership, and the links between managers
(`AllocatorHost`, `AllocatorLink`). Simulated are the network (`benchmarks.simulated_nats`), clients that book
a service, upload and book again, and upload processes that confirm what they are configured with.

Clients come for `arrive_within_s`. Later the manager dies that is the allocator, and its clients and
processes go to other managers; then NATS is away for a while. At the end nobody asks for anything any
more, and what every client was told is compared with the ledger.
"""

import asyncio
import resource
import time
from collections import deque
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

from benchmarks.harness import MIB, Options, Suite, verdict
from benchmarks.simulated_nats import Network, SimulatedCluster, SimulatedNats
from benchmarks.virtual_loop import VirtualLoop
from common.tasks import BackgroundTasks
from manager.cluster.membership import Member
from manager.cluster.timing import ClusterTiming
from manager.errors import BookingsUnavailable, NoFreeService
from manager.services.allocation import ALLOCATOR_SUBJECT, SlotCard
from manager.services.allocator_host import AllocatorHost
from manager.services.lease_terms import InMemoryFence
from manager.services.leases import Configure
from manager.services.remote_bookings import AllocatorLink, RemoteBookings, RemoteLeases
from protocol import s2c
from protocol.packet import Packet

T = TypeVar("T")

IDLE_S = 30.0
RECONNECT_S = 2.0
"""Within which clients and processes of a dead manager are at another one."""
LOOK_EVERY_S = 0.05


_NETWORK = Network(loss=1e-5, doubling=1e-5, charges_cpu=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large the simulated cloud is, and what happens when, in seconds of virtual time.

    Attributes:
        managers: How many.
        processes: Upload services.
        slots: Of each process.
        channels: Of one webhook each.
        clients: How many.
        network: How messages fare.
        arrive_within_s: Within which all clients have come.
        upload_s: How long an upload takes, on average.
        allocator_dies_at: When the manager dies that decides.
        nats_dies_at: When NATS dies.
        nats_away_s: For how long.
        ends_at: When clients stop to ask for anything.
        seed: Of all chance.
    """

    managers: int = 100
    processes: int = 1000
    slots: int = 4
    channels: int = 1500
    clients: int = 100_000
    network: Network = _NETWORK
    arrive_within_s: float = 20.0
    upload_s: float = 8.0
    allocator_dies_at: float = 40.0
    nats_dies_at: float = 60.0
    nats_away_s: float = 5.0
    ends_at: float = 80.0
    seed: int = 1


@dataclass(slots=True)
class Figures:
    """What was counted.

    Attributes:
        waits_s: How long requests of clients waited for their answer, in seconds.
        unavailable: Requests that were refused, since they were not decided in time.
        decisions: Answered requests, and ends of uploads and of bookings.
        configured: Configurations that processes have confirmed.
        shared_webhooks: How often a process began to use a webhook that another one used.
        undecided_after_s: From the allocator's death until all that waited for an election was decided.
        held: Services that clients have, at the end.
        mismatches: Clients that were told another amount than they have, at the end.
        waiting_requests: Requests without any answer, at the end.
        peak_bytes: Resident memory of the process, at most.
        cpu_s: Processor time of the simulation as a whole.
        virtual_s: How long it took by its own clock.
        messages: Their number, by subject.
        bytes: Of these messages.
        per_manager_per_s: Messages that a manager sent or got in a second, the median of all.
        busiest_per_s: Those of the manager with the most.
        allocator_cpu_s: Processor time of the allocator's answers.
    """

    waits_s: list[float] = field(default_factory=list)
    unavailable: int = 0
    decisions: int = 0
    configured: int = 0
    shared_webhooks: int = 0
    undecided_after_s: float = 0.0
    held: int = 0
    mismatches: int = 0
    waiting_requests: int = 0
    peak_bytes: int = 0
    cpu_s: float = 0.0
    virtual_s: float = 0.0
    messages: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    per_manager_per_s: float = 0.0
    busiest_per_s: float = 0.0
    allocator_cpu_s: float = 0.0

    @property
    def booking_messages(self) -> int:
        """Requests, answers and doorbells between managers and the allocator."""
        return sum(count for subject, count in self.messages.items() if subject.startswith("dc."))

    @property
    def messages_per_decision(self) -> float:
        """`booking_messages` for each decision."""
        return self.booking_messages / max(1, self.decisions)


@dataclass(slots=True, eq=False)
class _Client:
    """A client: it books one service, uploads as often as it has it, and leaves after some uploads."""

    number: int
    uploads_left: int
    home: "_Manager"
    id: str = ""
    connection: int = 0
    request: int = 0
    told: int = 0
    is_asking: bool = False
    is_uploading: bool = False
    has_left: bool = False


@dataclass(slots=True, eq=False)
class _Process:
    """An upload process, and the webhooks to which it posts now."""

    id: str
    slots: tuple[str, ...]
    home: "_Manager"
    uses: frozenset[int] = frozenset()
    configurations: deque[Configure] = field(default_factory=deque)
    slots_in_service: bool = False
    uploads: int = 0


class _Manager:
    """One simulated manager: the product's links, over the simulated network."""

    def __init__(self, simulation: "Simulation", number: int) -> None:
        self.simulation = simulation
        self.id = f"manager-{number}"
        own = Member(id=self.id, name=self.id)
        self.cluster = SimulatedCluster(simulation.nats, own, ClusterTiming())
        self.tasks = BackgroundTasks()
        self.link = AllocatorLink(
            self.cluster, self, fence=simulation.fence, monotonic=simulation.time
        )
        self.link.serve(self)
        self.host = AllocatorHost(
            self.cluster,
            self.tasks,
            fence=simulation.fence,
            idle_s=IDLE_S,
            monotonic=simulation.time,
        )
        self.bookings = RemoteBookings(self.link)
        self.leases = RemoteLeases(self.link, self.host.set_webhooks)
        self.leases.subscribe(self._configure)
        self.clients: dict[str, _Client] = {}
        self.processes: dict[str, _Process] = {}
        self.is_alive = True

    def start(self) -> None:
        self.leases.set_webhooks(self.simulation.webhooks)
        self.host.start()
        self.tasks.spawn(self.link.run(), "talk to the allocator")
        self.tasks.spawn(self.link.watch_terms(), "watch the terms of leases")

    async def die(self) -> None:
        self.is_alive = False
        await self.cluster.die()
        await self.tasks.close()

    def send_to(self, client_id: str, packet: Packet) -> None:
        client = self.clients.get(client_id)
        if client is not None and isinstance(packet, s2c.UploadBookingModify):
            client.told += packet.effective_change
            self.simulation.went_on(client)

    def card_of(self, slot_id: str) -> SlotCard:
        process = slot_id.rsplit("/", 1)[0]
        return SlotCard(
            id=slot_id,
            manager=self.id,
            address="http://10.0.0.1/",
            process=process,
            tells_demand=True,
        )

    def remote_joined(self, card: SlotCard) -> None:
        """Counted by the ledger."""

    def remote_left(self, slot_id: str) -> None:
        """Uploads of this simulation end by themselves."""

    def _configure(self, configurations: Iterable[Configure]) -> None:
        for each in configurations:
            process = self.processes.get(each.process)
            if process is not None:
                self.simulation.configure(process, each)


class Simulation:
    """One run. Made and run within a `VirtualLoop`."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.figures = Figures()
        self.nats = SimulatedNats(scale.network, scale.seed)
        self.fence = InMemoryFence()
        self.random = self.nats.random
        self.webhooks = {number: 10_000 + number for number in range(1, scale.channels + 1)}
        self.tasks = BackgroundTasks()
        self.managers = [_Manager(self, number) for number in range(scale.managers)]
        self.asked_at: dict[int, float] = {}
        self.users: dict[int, str] = {}
        self.processes: dict[str, _Process] = {}
        self._requests = 0
        self._has_ended = False

    def time(self) -> float:
        """The virtual time."""
        return self.nats.now

    async def run(self) -> Figures:
        """Runs the scenario to its end."""
        began_at = time.process_time()
        for manager in self.managers:
            manager.start()
        scale, loop = self.scale, asyncio.get_running_loop()
        for number in range(scale.processes):
            loop.call_later(self.random.uniform(0.5, 5.0), self._process_comes, number)
        for number in range(scale.clients):
            at = 5.0 + self.random.uniform(0.0, scale.arrive_within_s)
            loop.call_later(at, self._client_comes, number)
        await self._until(scale.allocator_dies_at)
        await self._kill_allocator()
        await self._until(scale.nats_dies_at)
        self.nats.stop()
        await self._until(scale.nats_dies_at + scale.nats_away_s)
        self.nats.start()
        await self._until(scale.ends_at)
        self._has_ended = True
        await asyncio.sleep(15.0)
        await self._compare()
        self._count(began_at)
        await self.tasks.close()
        for manager in self._alive():
            await manager.die()
        return self.figures

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self.time()))

    def _alive(self) -> list[_Manager]:
        return [each for each in self.managers if each.is_alive]

    # Deaths

    async def _kill_allocator(self) -> None:
        victim = next(each for each in self.managers if each.host.is_elected)
        await victim.die()
        died_at = self.time()
        loop = asyncio.get_running_loop()
        for client in tuple(victim.clients.values()):
            client.is_uploading = client.is_asking = False
            client.connection += 1
            self.asked_at.pop(client.request, None)
            loop.call_later(self.random.uniform(0.1, RECONNECT_S), self._connect, client)
        for process in tuple(victim.processes.values()):
            process.configurations.clear()
            process.slots_in_service = False
            # It begins no request while it has no connection.
            self._use(process, frozenset())
            loop.call_later(self.random.uniform(0.1, RECONNECT_S), self._process_moves, process)
        self.tasks.spawn(self._note_recovery(died_at), "note when all is decided")

    async def _note_recovery(self, died_at: float) -> None:
        # Before that clients and processes of the dead manager are not even back.
        await self._until(died_at + RECONNECT_S)
        is_decided, elected_at = False, None
        while not is_decided:
            await asyncio.sleep(LOOK_EVERY_S)
            if elected_at is None and any(each.host.is_elected for each in self._alive()):
                elected_at = self.time()
            oldest = min(self.asked_at.values(), default=self.time())
            is_decided = elected_at is not None and oldest >= elected_at
        self.figures.undecided_after_s = self.time() - died_at

    # Upload processes

    def _process_comes(self, number: int) -> None:
        name = f"process-{number}"
        slots = tuple(f"{name}/{slot}" for slot in range(self.scale.slots))
        self.processes[name] = _Process(name, slots, self._any_manager())
        self._process_connects(self.processes[name])

    def _process_moves(self, process: _Process) -> None:
        process.home = self._any_manager()
        self._process_connects(process)

    def _process_connects(self, process: _Process) -> None:
        home = process.home
        home.processes[process.id] = process
        for slot in process.slots:
            home.leases.slot_joined(process.id, slot, tells_demand=True)

    def configure(self, process: _Process, configuration: Configure) -> None:
        """A process is sent a configuration, after it has confirmed those before."""
        if process.home.is_alive:
            process.configurations.append(configuration)
            if len(process.configurations) == 1:
                self._apply(process, process.home)

    def _apply(self, process: _Process, home: _Manager) -> None:
        """Takes the next configuration; it is confirmed when nothing is posted to other webhooks."""
        webhooks = frozenset(process.configurations[0].webhook_ids)
        self._use(process, process.uses | webhooks)
        after_s = self.random.uniform(0.01, 0.3)
        asyncio.get_running_loop().call_later(after_s, self._confirm, process, home)

    def _confirm(self, process: _Process, home: _Manager) -> None:
        if process.home is not home or not home.is_alive:
            return
        configuration = process.configurations.popleft()
        self._use(process, frozenset(configuration.webhook_ids))
        self.figures.configured += 1
        home.leases.confirmed(process.id, configuration.number)
        is_usable = bool(configuration.webhook_ids or configuration.gets_more)
        if is_usable and not process.slots_in_service:
            process.slots_in_service = True
            for slot in process.slots:
                home.bookings.service_joined(slot)
        if process.configurations:
            self._apply(process, home)

    def _use(self, process: _Process, webhooks: frozenset[int]) -> None:
        for webhook in process.uses - webhooks:
            self.users.pop(webhook, None)
        for webhook in webhooks - process.uses:
            if self.users.setdefault(webhook, process.id) != process.id:
                self.figures.shared_webhooks += 1
        process.uses = webhooks

    # Clients

    def _any_manager(self) -> _Manager:
        return self.random.choice(self._alive())

    def _client_comes(self, number: int) -> None:
        client = _Client(number, self.random.randint(1, 3), self._any_manager())
        self._connect(client)

    def _connect(self, client: _Client) -> None:
        client.home = self._any_manager()
        client.connection += 1
        client.id = f"client-{client.number}-{client.connection}"
        client.told = 0
        client.home.clients[client.id] = client
        self.tasks.spawn(self._book(client, client.connection), "book a service")

    def went_on(self, client: _Client) -> None:
        """A client has been told something, or has done something: it goes on, if it can."""
        is_busy = client.is_asking or client.is_uploading
        if not (is_busy or self._has_ended or client.has_left) and client.told > 0:
            client.is_asking = True
            self.tasks.spawn(self._start(client, client.connection), "start an upload")

    async def _book(self, client: _Client, connection: int) -> None:
        client.is_asking = True
        try:
            amount = await self._timed(client, client.home.bookings.request(client.id, 1))
        except BookingsUnavailable:
            await asyncio.sleep(self.random.uniform(0.5, 1.5))
            if client.connection == connection and not self._has_ended:
                await self._book(client, connection)
            return
        if client.connection == connection:
            client.told, client.is_asking = amount, False
            self.went_on(client)

    async def _start(self, client: _Client, connection: int) -> None:
        try:
            slot = await self._timed(client, client.home.bookings.start_upload(client.id))
        except (BookingsUnavailable, NoFreeService):
            await asyncio.sleep(self.random.uniform(0.5, 1.5))
            if client.connection == connection:
                client.is_asking = False
                self.went_on(client)
            return
        if client.connection == connection:
            client.is_asking, client.is_uploading = False, True
            lasts_s = self.random.uniform(0.5, 1.5) * self.scale.upload_s
            loop = asyncio.get_running_loop()
            loop.call_later(lasts_s, self._finish, client, connection, slot)
            self._upload_runs(slot, 1)

    async def _timed(self, client: _Client, asking: Awaitable[T]) -> T:
        """The answer to a request, whose time is noted."""
        self._requests += 1
        request, connection, asked_at = self._requests, client.connection, self.time()
        self.asked_at[request] = asked_at
        client.request = request
        try:
            answer = await asking
        except BookingsUnavailable:
            if client.connection == connection:
                self.figures.unavailable += 1
            raise
        finally:
            self.asked_at.pop(request, None)
        if client.connection == connection:
            self.figures.decisions += 1
            self.figures.waits_s.append(self.time() - asked_at)
        return answer

    def _upload_runs(self, slot: str, change: int) -> None:
        """A process tells that its posts wait with its first upload, and no more after its last."""
        process = self.processes[slot.rsplit("/", 1)[0]]
        process.uploads += change
        if process.home.is_alive and process.uploads == max(0, change):
            is_waiting = change > 0
            process.home.leases.demand_told(process.id, is_waiting=is_waiting, uploads={})

    def _finish(self, client: _Client, connection: int, slot: str) -> None:
        self._upload_runs(slot, -1)
        if client.connection != connection:
            return
        client.is_uploading = False
        client.uploads_left -= 1
        self.figures.decisions += 1
        client.home.bookings.upload_ended(slot)
        if client.uploads_left > 0:
            self.went_on(client)
        else:
            client.has_left = True
            self.figures.decisions += 1
            del client.home.clients[client.id]
            client.home.bookings.client_left(client.id)

    # What came of it

    def _count(self, began_at: float) -> None:
        figures, traffic = self.figures, self.nats.traffic
        figures.virtual_s = self.time()
        figures.cpu_s = time.process_time() - began_at
        figures.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        figures.messages = dict(traffic.messages)
        figures.bytes = dict(traffic.size)
        figures.allocator_cpu_s = traffic.cpu_s[ALLOCATOR_SUBJECT]
        rates = sorted(count / figures.virtual_s for count in traffic.by_manager.values())
        figures.per_manager_per_s, figures.busiest_per_s = median(rates), rates[-1]
        figures.waiting_requests = len(self.asked_at)

    async def _compare(self) -> None:
        """Asks the ledger what each client has, and counts those that were told something else."""
        clients = [each for manager in self._alive() for each in manager.clients.values()]
        held = await asyncio.gather(*(each.home.bookings.holdings(each.id) for each in clients))
        for client, holdings in zip(clients, held, strict=True):
            self.figures.mismatches += client.told != holdings.amount
        self.figures.held = sum(each.amount for each in held)


def simulate(scale: Scale) -> Figures:
    """Runs a simulation in a loop of its own, in the calling thread."""

    async def run() -> Figures:
        return await Simulation(scale).run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


def _report(scale: Scale, figures: Figures) -> str:
    waits = sorted(figures.waits_s)
    wrong = figures.mismatches + figures.waiting_requests + figures.shared_webhooks
    size = (
        f"{scale.managers} managers, {scale.processes} upload services of {scale.slots} slots,"
        f" {scale.clients} clients, {figures.virtual_s:.0f} s"
    )
    p99_s = waits[int(0.99 * len(waits))]
    rows = {
        "decisions": f"{figures.decisions:,}",
        "booking messages a decision": f"{figures.messages_per_decision:.2f}",
        "messages a manager and second": f"{figures.per_manager_per_s:.0f}",
        "of the busiest manager": f"{figures.busiest_per_s:.0f}",
        "wait for an answer, median": f"{1000 * median(waits):.0f} ms",
        "wait for an answer, p99": f"{1000 * p99_s:.0f} ms",
        "wait for an answer, longest": f"{waits[-1]:.1f} s",
        "refused as unavailable": f"{figures.unavailable:,}",
        "all decided after a death": f"{figures.undecided_after_s:.1f} s",
        "processor, allocator's answers": f"{figures.allocator_cpu_s:.1f} s",
        "processor, the whole simulation": f"{figures.cpu_s:.1f} s",
        "memory at most": f"{figures.peak_bytes / MIB:.0f} MiB",
    }
    lines = [
        f"Simulation: {size}",
        "",
        f"{'messages':<32}{'number':>12}{'bytes':>16}",
        *(
            f"{subject:<32}{number:>12,}{figures.bytes[subject]:>16,}"
            for subject, number in sorted(figures.messages.items())
        ),
        "",
        *(f"{name:<32}{value:>12}" for name, value in rows.items()),
        "",
        verdict("amounts right, all answered, no webhook used by two", reached=not wrong),
    ]
    return "\n".join(lines)


async def _run(_: Options) -> str:
    scale = Scale()
    return _report(scale, await asyncio.to_thread(simulate, scale))


SIMULATION = Suite("simulation", "bookings of 100 managers on a virtual clock", _run)
