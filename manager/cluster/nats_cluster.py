"""The port over NATS: core messages for what may be lost, one JetStream stream for the leases.

The connection is made anew whenever it breaks, rather than mended by the client library: then a server
that comes back empty is like any other, and nothing that was written before is sent afterwards.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from common.nats_address import parse_cluster_url
from common.retry import Backoff
from common.tasks import BackgroundTasks, cancel_and_wait
from manager.cluster.election import Candidacy
from manager.cluster.errors import (
    ClusterError,
    ClusterTimeout,
    ClusterUnavailable,
    NoResponders,
    RequestRefused,
)
from manager.cluster.in_process import answer_of, handle_message
from manager.cluster.membership import Member, Membership
from manager.cluster.messages import ClusterMessage, decode, encode
from manager.cluster.nats_leases import Callbacks, LeaseCampaign, LeaseStore, ensure_stream
from manager.cluster.port import REQUEST_TIMEOUT_S
from manager.cluster.timing import PRESENCE_ANSWER_S, ClusterTiming

M = TypeVar("M", bound=ClusterMessage)
R = TypeVar("R", bound=ClusterMessage)

MAX_REQUESTS: Final = 2000
"""Requests that one manager handles at the same time, of one subject; more are refused as `busy`."""
CONNECT_TIMEOUT_S: Final = 2
PING_INTERVAL_S: Final = 2
LONGEST_DELAY_S: Final = 2.0
_REFUSED: Final = "Dc-Refused"
"""Header of an answer that is a refusal: its reason."""

log = structlog.get_logger(__name__)


class _Presence(ClusterMessage, frozen=True, kw_only=True):
    """A heartbeat. `asks`: the sender has just come, and the others answer at once."""

    member: Member
    asks: bool = False
    leaves: bool = False


class _Released(ClusterMessage, frozen=True, kw_only=True):
    """A lease was given back."""

    lease: str


class _LeasesLost(ClusterMessage, frozen=True, kw_only=True):
    """Somebody has found that NATS has no leases any more."""

    by: str


class _NatsSubscription:
    """A subscription on every connection that there will be."""

    def __init__(
        self,
        cluster: "NatsCluster",
        subject: str,
        handle: Callable[[Msg], Awaitable[None]],
    ) -> None:
        self._cluster = cluster
        self.subject = subject
        self.handle = handle

    async def close(self) -> None:
        await self._cluster.unsubscribe(self)


class NatsCluster:
    """A cluster of all managers that use the same NATS and the same namespace. Made by `open`."""

    def __init__(
        self,
        servers: Sequence[str],
        namespace: str,
        own: Member,
        *,
        timing: ClusterTiming,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._servers = list(servers)
        self._prefix = f"dc.{namespace}"
        self._own = own
        self._timing = timing
        self._clock = clock
        self._monotonic = monotonic
        self._tasks = BackgroundTasks()
        self._client: Client | None = None
        self._closed = asyncio.Event()
        self._answers_newcomers = False
        self._subscriptions: dict[_NatsSubscription, Any] = {}
        self._membership = Membership(own, timing.presence_ttl_s)
        self._member_watchers: list[tuple[Callable[[Member], None], Callable[[Member], None]]] = []
        self._connection_watchers: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self._leases = LeaseStore(self._connected_client, self._prefix, timing.lease.ttl_s)
        self._campaigns: dict[LeaseCampaign, asyncio.Task[None]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        own: Member,
        *,
        timing: ClusterTiming | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> AsyncIterator["NatsCluster"]:
        """Connects in the background, and takes leave at the end. NATS need not be there yet.

        Args:
            url: Addresses of the servers, separated by commas, with credentials if they need some.
                The path is the namespace: only managers of the same one meet.
            own: This manager.
            timing: None: the usual one.
            clock: Seconds since the Unix epoch.
            monotonic: Seconds that never jump, those of the event loop's timers.
        """
        servers, namespace = parse_cluster_url(url)
        cluster = cls(
            servers,
            namespace,
            own,
            timing=timing or ClusterTiming(),
            clock=clock,
            monotonic=monotonic,
        )
        await cluster.subscribe("presence", _Presence, cluster._heard)
        await cluster.subscribe("released", _Released, cluster._released)
        await cluster.subscribe("leases-lost", _LeasesLost, cluster._take_loss)
        for work, name in (
            (cluster._connecting(), "connect to NATS"),
            (cluster._beating(), "heartbeats of managers"),
        ):
            cluster._tasks.spawn(work, name)
        try:
            yield cluster
        finally:
            await cluster._close()

    @property
    def own(self) -> Member:
        """This manager."""
        return self._own

    @property
    def members(self) -> Mapping[str, Member]:
        """See the port."""
        return self._membership.members

    @property
    def is_connected(self) -> bool:
        """See the port."""
        return self._client is not None

    # Messages and requests.

    async def publish(self, subject: str, message: ClusterMessage) -> None:
        """See the port."""
        payload = encode(message)
        client = self._connected_client()
        try:
            await client.publish(self._full(subject), payload)
        except nats.errors.Error as error:
            raise ClusterUnavailable(str(error)) from error

    async def subscribe(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[None]]
    ) -> _NatsSubscription:
        """See the port."""

        async def handle(message: Msg) -> None:
            await handle_message(subject, message.data, kind, handler)

        return await self._add(subject, handle)

    async def request(
        self,
        subject: str,
        message: ClusterMessage,
        reply: type[R],
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> R:
        """See the port."""
        answer = await self._asked(self._full(subject), encode(message), timeout_s)
        reason = (answer.headers or {}).get(_REFUSED)
        if reason is not None:
            raise RequestRefused(reason, answer.data.decode(errors="replace"))
        return decode(answer.data, reply)

    async def respond(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[ClusterMessage]]
    ) -> _NatsSubscription:
        """See the port."""
        running = 0

        async def handle(message: Msg) -> None:
            if running >= MAX_REQUESTS:
                await self._refuse(message, "busy", "too many requests at once")
            else:
                self._tasks.spawn(answer(message), f"answer {subject}")

        async def answer(message: Msg) -> None:
            nonlocal running
            running += 1
            try:
                answered = await answer_of(subject, message.data, kind, handler)
                await self._reply(message, encode(answered), {})
            except RequestRefused as refusal:
                await self._refuse(message, refusal.reason, str(refusal))
            except ClusterError as error:
                await self._refuse(message, error.code, str(error))
            finally:
                running -= 1

        return await self._add(subject, handle)

    async def _refuse(self, message: Msg, reason: str, text: str) -> None:
        await self._reply(message, text.encode(), {_REFUSED: reason})

    async def _reply(self, message: Msg, payload: bytes, headers: dict[str, str]) -> None:
        if message.reply and self._client is not None:
            with suppress(nats.errors.Error):
                await self._client.publish(message.reply, payload, headers=headers or None)

    async def _asked(self, subject: str, payload: bytes, timeout_s: float) -> Msg:
        """The answer, unless the connection breaks first."""
        client, closed = self._connected_client(), self._closed
        asking = asyncio.ensure_future(client.request(subject, payload, timeout=timeout_s))
        breaking = asyncio.ensure_future(closed.wait())
        try:
            await asyncio.wait({asking, breaking}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise ClusterUnavailable("the connection to NATS broke before the answer came")
            return asking.result()
        except nats.errors.NoRespondersError as error:
            raise NoResponders(f"nothing responds to {subject}") from error
        except (nats.errors.TimeoutError, TimeoutError) as error:
            raise ClusterTimeout(f"{subject} was not answered within {timeout_s} s") from error
        except nats.errors.Error as error:
            raise ClusterUnavailable(str(error)) from error
        finally:
            await cancel_and_wait(asking, breaking)

    async def _add(
        self, subject: str, handle: Callable[[Msg], Awaitable[None]]
    ) -> _NatsSubscription:
        subscription = _NatsSubscription(self, subject, handle)
        self._subscriptions[subscription] = None
        if self._client is not None:
            with suppress(nats.errors.Error):
                await self._establish(self._client, subscription)
                await _registered(self._client)
        return subscription

    async def _establish(self, client: Client, subscription: _NatsSubscription) -> None:
        subject = self._full(subscription.subject)
        established = await client.subscribe(subject, cb=subscription.handle)
        if subscription in self._subscriptions:
            self._subscriptions[subscription] = established
        else:
            await established.unsubscribe()

    async def _establish_all(self, client: Client) -> None:
        """Also what is subscribed meanwhile."""
        self._subscriptions = dict.fromkeys(self._subscriptions)
        while missing := [each for each, made in self._subscriptions.items() if made is None]:
            for subscription in missing:
                await self._establish(client, subscription)
            await _registered(client)

    async def unsubscribe(self, subscription: _NatsSubscription) -> None:
        """Ends a subscription. May be repeated."""
        established = self._subscriptions.pop(subscription, None)
        if established is not None:
            with suppress(nats.errors.Error):
                await established.unsubscribe()

    # Who is alive, and whether NATS is there.

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
        if self._client is not None:
            connected()

    async def _heard(self, presence: _Presence) -> None:
        if presence.leaves:
            self._gone(self._membership.left(presence.member.id))
        elif self._membership.heard(presence.member, self._monotonic()):
            log.info("manager-joined", manager=presence.member.name)
            for joined, _ in self._member_watchers:
                joined(presence.member)
        if presence.asks and presence.member.id != self._own.id and not self._answers_newcomers:
            self._answers_newcomers = True
            self._tasks.spawn(self._answer_newcomers(), "announce to new managers")

    async def _answer_newcomers(self) -> None:
        """Announces this manager once for all that come together: each announcement goes to everybody."""
        await asyncio.sleep(PRESENCE_ANSWER_S)
        self._answers_newcomers = False
        await self._announce()

    def _gone(self, member: Member | None) -> None:
        if member is None:
            return
        log.info("manager-left", manager=member.name)
        for _, left in self._member_watchers:
            left(member)

    async def _beating(self) -> None:
        while True:
            await asyncio.sleep(self._timing.heartbeat_s)
            await self._announce()
            for member in self._membership.expired(self._monotonic()):
                self._gone(member)

    async def _announce(self, *, asks: bool = False, leaves: bool = False) -> None:
        with suppress(ClusterUnavailable):
            presence = _Presence(member=self._own, asks=asks, leaves=leaves)
            await self.publish("presence", presence)

    async def _connecting(self) -> None:
        backoff = Backoff(first_s=0.2, quick_tries=5, cap_s=LONGEST_DELAY_S)
        is_known_away = False
        while True:
            try:
                await self._connection(backoff)
                is_known_away = False
            except (OSError, nats.errors.Error, TimeoutError, msgspec.DecodeError) as error:
                level = log.debug if is_known_away else log.warning
                level("nats-away", reason=str(error) or type(error).__name__)
                is_known_away = True
            await backoff.wait()

    async def _connection(self, backoff: Backoff) -> None:
        """One connection, from its beginning to its end."""
        client, closed = Client(), asyncio.Event()

        async def ended() -> None:
            closed.set()

        try:
            await client.connect(
                servers=self._servers,
                name=self._own.name,
                allow_reconnect=False,
                connect_timeout=CONNECT_TIMEOUT_S,
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=2,
                closed_cb=ended,
                disconnected_cb=ended,
                error_cb=_note_error,
            )
            await ensure_stream(client)
            await self._establish_all(client)
            self._client, self._closed = client, closed
            backoff.reset()
            await self._connected()
            await closed.wait()
        finally:
            self._client = None
            closed.set()
            self._disconnected()
            with suppress(OSError, nats.errors.Error):
                await client.close()

    async def _connected(self) -> None:
        log.info("nats-connected", manager=self._own.name)
        self._membership.connected(self._monotonic())
        for campaign in self._campaigns:
            campaign.connected()
        await self._announce(asks=True)
        for connected, _ in self._connection_watchers:
            connected()

    def _disconnected(self) -> None:
        self._membership.disconnected()
        for campaign in self._campaigns:
            campaign.disconnected()
        for _, disconnected in self._connection_watchers:
            disconnected()

    # Leases.

    def campaign(
        self, lease: str, elected: Callable[[int], None], lost: Callable[[], None]
    ) -> LeaseCampaign:
        """See the port."""
        campaign = LeaseCampaign(
            self._leases,
            lease,
            Candidacy(self._own.id, self._timing.lease),
            Callbacks(
                elected=elected,
                lost=lost,
                emptied=self._leases_lost,
                closed=self._campaign_closed,
            ),
            clock=self._clock,
            monotonic=self._monotonic,
        )
        if self._client is not None:
            campaign.connected()
        self._campaigns[campaign] = self._tasks.spawn(campaign.run(), f"campaign for {lease}")
        return campaign

    async def _leases_lost(self) -> None:
        # The others must know before there is a stream again, in which they would find nothing.
        lost = _LeasesLost(by=self._own.id)
        await self._take_loss(lost)
        with suppress(nats.errors.Error, TimeoutError, ClusterUnavailable):
            await self.publish("leases-lost", lost)
            await ensure_stream(self._connected_client())

    async def _take_loss(self, lost: _LeasesLost) -> None:
        del lost
        for campaign in self._campaigns:
            campaign.emptied()

    async def _campaign_closed(self, campaign: LeaseCampaign, *, was_held: bool) -> None:
        if (task := self._campaigns.pop(campaign, None)) is not None:
            await cancel_and_wait(task)
        if was_held:
            with suppress(ClusterUnavailable):
                await self.publish("released", _Released(lease=campaign.lease))

    async def _released(self, released: _Released) -> None:
        for campaign in self._campaigns:
            if campaign.lease == released.lease:
                campaign.released()

    # The parts of it.

    def _connected_client(self) -> Client:
        if self._client is None:
            raise ClusterUnavailable("NATS is away")
        return self._client

    def _full(self, subject: str) -> str:
        return f"{self._prefix}.{subject}"

    async def _close(self) -> None:
        for campaign in tuple(self._campaigns):
            await campaign.close()
        await self._announce(leaves=True)
        client = self._client
        if client is not None:
            with suppress(nats.errors.Error, TimeoutError):
                await client.flush(CONNECT_TIMEOUT_S)
        await self._tasks.close()


async def _registered(client: Client) -> None:
    """Returns when the server has the subscriptions that were made: it passes on no earlier message."""
    # nats-py sends the first ping before the subscriptions, which wait for its next turn.
    await client.flush()
    await client.flush()


async def _note_error(error: Exception) -> None:
    log.debug("nats-error", reason=str(error) or type(error).__name__)
