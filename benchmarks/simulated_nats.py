"""NATS in one process: delivers messages between managers late, twice or not at all, and counts them.

Elections and membership are decided by the very code of the managers (`Candidacy`, `LeaseCampaign`,
`Membership`); only the connection is simulated. Messages are encoded and decoded as on the wire. A
responder may be charged the processor time that its answers take: later requests wait for it.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

from common.tasks import BackgroundTasks
from manager.cluster.election import Candidacy, LeaseRecord, Write
from manager.cluster.errors import ClusterTimeout, ClusterUnavailable, NoResponders, RequestRefused
from manager.cluster.in_process import answer_of, handle_message
from manager.cluster.membership import Member, Membership
from manager.cluster.messages import ClusterMessage, decode, encode
from manager.cluster.nats_leases import Callbacks, LeaseCampaign, LeaseStore
from manager.cluster.port import REQUEST_TIMEOUT_S
from manager.cluster.timing import PRESENCE_ANSWER_S, ClusterTiming

M = TypeVar("M", bound=ClusterMessage)
R = TypeVar("R", bound=ClusterMessage)

EPOCH_S = 1_800_000_000.0
"""Seconds since the Unix epoch when the virtual clock is at 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How messages fare.

    Attributes:
        fastest_s: Seconds that a message takes at least.
        slowest_s: Seconds that a message takes at most.
        loss: Share of messages that are lost.
        doubling: Share of messages that come twice.
        charges_cpu: Whether the processor time of an answer delays it, and those after it.
    """

    fastest_s: float = 0.0003
    slowest_s: float = 0.003
    loss: float = 0.0
    doubling: float = 0.0
    charges_cpu: bool = False


@dataclass(slots=True)
class _Record:
    revision: int
    record: LeaseRecord
    lapses_at: float


@dataclass(slots=True, eq=False)
class _Listener:
    """One subscription of a manager."""

    node: "SimulatedCluster"
    subject: str
    take: Callable[[bytes], Awaitable[None]]

    async def close(self) -> None:
        self.node.nats.listeners.get(self.subject, {}).pop(self, None)


@dataclass(slots=True, eq=False)
class _Responder:
    node: "SimulatedCluster"
    subject: str
    answer: Callable[[bytes], Awaitable[ClusterMessage]]

    async def close(self) -> None:
        if self.node.nats.responders.get(self.subject) is self:
            del self.node.nats.responders[self.subject]


@dataclass(slots=True)
class Traffic:
    """What went over the network: messages by subject, with answers, and who sent or got how many."""

    messages: Counter[str] = field(default_factory=Counter)
    size: Counter[str] = field(default_factory=Counter)
    by_manager: Counter[str] = field(default_factory=Counter)
    cpu_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class SimulatedNats:
    """The server, and the network to it."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        self.random = random.Random(seed)
        self.traffic = Traffic()
        self.nodes: dict[str, SimulatedCluster] = {}
        self.listeners: dict[str, dict[_Listener, None]] = {}
        self.responders: dict[str, _Responder] = {}
        self.is_up = True
        self._records: dict[str, _Record] = {}
        self._revision = 0

    @property
    def now(self) -> float:
        """The virtual time."""
        return asyncio.get_running_loop().time()

    def stop(self) -> None:
        """The server dies, and forgets all leases."""
        self.is_up = False
        self._records.clear()
        for node in tuple(self.nodes.values()):
            node.disconnect()

    def start(self) -> None:
        """The server is there again; managers notice within two seconds."""
        self.is_up = True
        for node in self.nodes.values():
            node.connect_within(2.0)

    def deliveries(self) -> list[float]:
        """After how many seconds a message arrives: nothing if it is lost, two if it is doubled."""
        network = self.network
        if self.random.random() < network.loss:
            return []
        copies = 2 if self.random.random() < network.doubling else 1
        return [self.random.uniform(network.fastest_s, network.slowest_s) for _ in range(copies)]

    def count(self, subject: str, size: int, *managers: str) -> None:
        """Notes a message."""
        kind = subject.rsplit(".", 1)[0] if subject.startswith("dc.mgr.") else subject
        self.traffic.messages[kind] += 1
        self.traffic.size[kind] += size
        self.traffic.by_manager.update(managers)

    async def read(self, lease: str) -> tuple[LeaseRecord | None, int]:
        """As `LeaseStore.read`."""
        await self._round_trip("leases")
        found = self._records.get(lease)
        if found is None or self.now >= found.lapses_at:
            return None, 0
        return found.record, found.revision

    async def write(self, lease: str, write: Write, ttl_s: float) -> int | None:
        """As `LeaseStore.write`."""
        await self._round_trip("leases")
        found = self._records.get(lease)
        revision = 0 if found is None or self.now >= found.lapses_at else found.revision
        if revision != write.expected:
            return None
        self._revision += 1
        self._records[lease] = _Record(self._revision, write.record, self.now + ttl_s)
        return self._revision

    async def delete(self, revision: int) -> None:
        """As `LeaseStore.delete`."""
        await self._round_trip("leases")
        for lease, record in tuple(self._records.items()):
            if record.revision == revision:
                del self._records[lease]

    async def _round_trip(self, subject: str) -> None:
        delays = self.deliveries()
        self.count(subject, 0)
        await asyncio.sleep(2 * delays[0] if delays else 1e9)


class _Store:
    """The records of leases, as one manager reaches them."""

    def __init__(self, node: "SimulatedCluster", ttl_s: float) -> None:
        self._node = node
        self._ttl_s = ttl_s

    async def read(self, lease: str) -> tuple[LeaseRecord | None, int]:
        self._node.must_be_connected()
        return await self._node.nats.read(lease)

    async def write(self, lease: str, write: Write) -> int | None:
        self._node.must_be_connected()
        return await self._node.nats.write(lease, write, self._ttl_s)

    async def delete(self, revision: int) -> None:
        self._node.must_be_connected()
        await self._node.nats.delete(revision)


class SimulatedCluster:
    """What one simulated manager has of all of them (`manager.cluster.port`)."""

    def __init__(self, nats: SimulatedNats, own: Member, timing: ClusterTiming) -> None:
        self.nats = nats
        self._own = own
        self._timing = timing
        self._tasks = BackgroundTasks()
        self._membership = Membership(own, timing.presence_ttl_s)
        self._is_connected = False
        self._busy_until = 0.0
        self._answers_soon = False
        self._listeners: list[_Listener | _Responder] = []
        self._member_watchers: list[tuple[Callable[[Member], None], Callable[[Member], None]]] = []
        self._connection_watchers: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self._campaigns: list[LeaseCampaign] = []
        nats.nodes[own.id] = self
        self._tasks.spawn(self._beat(), "heartbeats")
        self.connect_within(0.2)

    @property
    def own(self) -> Member:
        """See the port."""
        return self._own

    @property
    def members(self) -> Mapping[str, Member]:
        """See the port."""
        return self._membership.members

    @property
    def is_connected(self) -> bool:
        """See the port."""
        return self._is_connected

    # The connection

    def connect_within(self, seconds: float) -> None:
        """Connects after a random part of that time."""
        delay_s = self.nats.random.uniform(0.0, seconds)
        asyncio.get_running_loop().call_later(delay_s, self._connect)

    def _connect(self) -> None:
        if not self.nats.is_up or self._is_connected or self._own.id not in self.nats.nodes:
            return
        self._is_connected = True
        self._membership.connected(self.nats.now)
        for campaign in self._campaigns:
            campaign.connected()
        self._announce(asks=True)
        for connected, _ in self._connection_watchers:
            connected()

    def disconnect(self) -> None:
        """The connection breaks."""
        if not self._is_connected:
            return
        self._is_connected = False
        self._membership.disconnected()
        for campaign in self._campaigns:
            campaign.disconnected()
        for _, disconnected in self._connection_watchers:
            disconnected()

    async def die(self) -> None:
        """The manager's process ends, without a farewell."""
        self.nats.nodes.pop(self._own.id, None)
        self._is_connected = False
        for each in self._listeners:
            await each.close()
        await self._tasks.close()

    def must_be_connected(self) -> None:
        """Raises `ClusterUnavailable`."""
        if not self._is_connected:
            raise ClusterUnavailable("NATS is away")

    # Messages and requests

    async def publish(self, subject: str, message: ClusterMessage) -> None:
        """See the port."""
        payload = encode(message)
        self.must_be_connected()
        for listener in tuple(self.nats.listeners.get(subject, ())):
            self.nats.count(subject, len(payload), self._own.id, listener.node.own.id)
            for delay_s in self.nats.deliveries():
                asyncio.get_running_loop().call_later(
                    delay_s, listener.node.deliver, partial(listener.take, payload), subject
                )

    def deliver(self, take: Callable[[], Awaitable[None]], subject: str) -> None:
        """A message has arrived."""
        if self._is_connected:
            self._tasks.spawn(_awaited(take), f"take {subject}")

    async def subscribe(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[None]]
    ) -> _Listener:
        """See the port."""

        async def take(payload: bytes) -> None:
            await handle_message(subject, payload, kind, handler)

        listener = _Listener(self, subject, take)
        self.nats.listeners.setdefault(subject, {})[listener] = None
        self._listeners.append(listener)
        return listener

    async def request(
        self,
        subject: str,
        message: ClusterMessage,
        reply: type[R],
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> R:
        """See the port."""
        payload = encode(message)
        self.must_be_connected()
        responder = self.nats.responders.get(subject)
        if responder is None or not responder.node.is_connected:
            await asyncio.sleep(self.nats.network.slowest_s)
            raise NoResponders(f"nothing responds to {subject}")
        self.nats.count(subject, len(payload), self._own.id, responder.node.own.id)
        answered: asyncio.Future[bytes | RequestRefused] = (
            asyncio.get_running_loop().create_future()
        )
        for delay_s in self.nats.deliveries():
            asyncio.get_running_loop().call_later(
                delay_s,
                responder.node.deliver,
                partial(responder.node.respond_to, responder, payload, self, answered),
                subject,
            )
        try:
            async with asyncio.timeout(timeout_s):
                answer = await answered
        except TimeoutError as error:
            raise ClusterTimeout(f"{subject} was not answered within {timeout_s} s") from error
        if isinstance(answer, RequestRefused):
            raise answer
        return decode(answer, reply)

    async def respond_to(
        self,
        responder: _Responder,
        payload: bytes,
        asker: "SimulatedCluster",
        answered: "asyncio.Future[bytes | RequestRefused]",
    ) -> None:
        """Handles one request, and sends the answer."""
        began_at = time.thread_time()
        answer: bytes | RequestRefused
        try:
            answer = encode(await responder.answer(payload))
        except RequestRefused as refusal:
            answer = refusal
        took_s = time.thread_time() - began_at
        self.nats.traffic.cpu_s[responder.subject] += took_s
        self.nats.count(
            responder.subject,
            len(answer) if isinstance(answer, bytes) else 0,
            self._own.id,
            asker.own.id,
        )
        delay_s = self._delay(took_s)
        for way_s in self.nats.deliveries():
            asyncio.get_running_loop().call_later(
                delay_s + way_s, asker.take_answer, answered, answer
            )

    def _delay(self, took_s: float) -> float:
        """How long an answer is delayed by its own processor time, and by that of those before it."""
        if not self.nats.network.charges_cpu:
            return 0.0
        self._busy_until = max(self._busy_until, self.nats.now) + took_s
        return self._busy_until - self.nats.now

    def take_answer(
        self,
        answered: "asyncio.Future[bytes | RequestRefused]",
        answer: bytes | RequestRefused,
    ) -> None:
        """An answer has arrived; one that nobody waits for any more is dropped."""
        if self._is_connected and not answered.done():
            answered.set_result(answer)

    async def respond(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[ClusterMessage]]
    ) -> _Responder:
        """See the port."""

        async def answer(payload: bytes) -> ClusterMessage:
            return await answer_of(subject, payload, kind, handler)

        responder = self.nats.responders[subject] = _Responder(self, subject, answer)
        self._listeners.append(responder)
        return responder

    # Who is alive, and what one manager holds

    def watch_members(
        self, joined: Callable[[Member], None], left: Callable[[Member], None]
    ) -> None:
        """See the port."""
        self._member_watchers.append((joined, left))

    def watch_connection(
        self, connected: Callable[[], None], disconnected: Callable[[], None]
    ) -> None:
        """See the port."""
        self._connection_watchers.append((connected, disconnected))
        if self._is_connected:
            connected()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._timing.heartbeat_s)
            self._announce()
            for member in self._membership.expired(self.nats.now):
                for _, left in self._member_watchers:
                    left(member)

    def _announce(self, *, asks: bool = False) -> None:
        if not self._is_connected:
            return
        for node in tuple(self.nats.nodes.values()):
            if node is not self:
                self.nats.count("presence", 0, self._own.id, node.own.id)
                for delay_s in self.nats.deliveries():
                    asyncio.get_running_loop().call_later(delay_s, node.hear, self._own, asks)

    def hear(self, member: Member, asks: bool) -> None:
        """A heartbeat has arrived."""
        if not self._is_connected:
            return
        if self._membership.heard(member, self.nats.now):
            for joined, _ in self._member_watchers:
                joined(member)
        if asks and not self._answers_soon:
            self._answers_soon = True
            asyncio.get_running_loop().call_later(PRESENCE_ANSWER_S, self._answer_newcomers)

    def _answer_newcomers(self) -> None:
        self._answers_soon = False
        self._announce()

    def campaign(
        self, lease: str, elected: Callable[[int], None], lost: Callable[[], None]
    ) -> LeaseCampaign:
        """See the port."""
        campaign = LeaseCampaign(
            cast(LeaseStore, _Store(self, self._timing.lease.ttl_s)),
            lease,
            Candidacy(self._own.id, self._timing.lease),
            Callbacks(elected=elected, lost=lost, emptied=_nothing, closed=_closed),
            clock=lambda: EPOCH_S + self.nats.now,
            monotonic=lambda: self.nats.now,
        )
        if self._is_connected:
            campaign.connected()
        self._campaigns.append(campaign)
        self._tasks.spawn(campaign.run(), f"campaign for {lease}")
        return campaign


async def _awaited(take: Callable[[], Awaitable[None]]) -> None:
    await take()


async def _nothing() -> None:
    """The simulated server forgets leases only when it stops."""


async def _closed(campaign: LeaseCampaign, *, was_held: bool) -> None:
    """Simulated managers end without giving leases back."""
