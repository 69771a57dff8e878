"""The bookings and leases of a manager whose allocator is elsewhere, or may be.

One loop talks to the allocator: it sends what has gathered since the last answer as one call. So operations
take effect in their order, and many at once cost one message. Nothing is sent by those who call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from catalog.errors import CatalogError
from catalog.lease_fence_port import LeaseFence
from manager.cluster.errors import ClusterError
from manager.cluster.port import Cluster, Subscription
from manager.error_texts import log_level
from manager.errors import BookingsUnavailable, ClearRefused, NoFreeService
from manager.services.allocation import (
    ALLOCATOR_SUBJECT,
    LEDGER_SUBJECT,
    AllocatorAnswer,
    AnyOperation,
    AskHoldings,
    BookServices,
    ClearBooking,
    DemandTold,
    Doorbell,
    LedgerRequest,
    LedgerState,
    MoveUpload,
    OperationResult,
    SlotCard,
    StartUpload,
    doorbell_subject,
)
from manager.services.allocation_client import AllocationClient, Heard, PendingOperation
from manager.services.booking_ledger import Holdings, LedgerSnapshot
from manager.services.bookings import Mailbox
from manager.services.channel_leases import SendConfigurations
from manager.services.lease_terms import LOOK_EVERY_S, LeaseTerms
from manager.services.leases import Configure
from protocol import s2c
from protocol.values import REPLY_TIMEOUT_S

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = REPLY_TIMEOUT_S - 2.0
"""How long a caller waits for the allocator: longer than it takes to elect a new one."""
CALL_TIMEOUT_S = 2.0
"""After which a call is sent again."""
RETRY_S = 0.2
"""Until the next try while there is no allocator."""
POLL_S = 1.0
"""News are asked for at least so often, since a doorbell may not be heard; terms are looked at as often."""


class ServicesListener(Protocol):
    """Hears of the slots of other managers, and knows this manager's own."""

    def card_of(self, slot_id: str) -> SlotCard:
        """What other managers are to know of a slot of this one."""

    def remote_joined(self, card: SlotCard) -> None:
        """A slot of another manager can be used."""

    def remote_left(self, slot_id: str) -> None:
        """A slot of another manager is gone; what clients have was told them before."""


class AllocatorLink:
    """Talks to the allocator.

    Args:
        cluster: The way there.
        mailbox: The way to this manager's clients.
        fence: What ends leases of managers that are not heard of.
        monotonic: Seconds that never jump.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        cluster: Cluster,
        mailbox: Mailbox,
        *,
        fence: LeaseFence,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._cluster = cluster
        self._mailbox = mailbox
        self._sleep = sleep
        self._fence = fence
        self._now = monotonic
        self.state = AllocationClient(cluster.own.id)
        self.terms = LeaseTerms()
        self._looks_at = float("-inf")
        self._posting: frozenset[str] = frozenset()
        self._wake = asyncio.Event()
        self._waiting: dict[PendingOperation, asyncio.Future[OperationResult]] = {}
        self._services: ServicesListener | None = None
        self._configure: SendConfigurations | None = None

    def serve(self, services: ServicesListener) -> None:
        """Sets who hears of the slots of others."""
        self._services = services

    def subscribe(self, configure: SendConfigurations) -> None:
        """Sets what configures this manager's processes."""
        self._configure = configure

    def card_of(self, slot_id: str) -> SlotCard:
        """What other managers are to know of a slot of this one."""
        return self._served.card_of(slot_id)

    @property
    def _served(self) -> ServicesListener:
        if self._services is None:
            raise RuntimeError("the link to the allocator is used before slots are served")
        return self._services

    def wake(self) -> None:
        """Something is to be sent."""
        self._wake.set()

    async def ask(self, operation: AnyOperation) -> OperationResult:
        """Has the allocator do something. Raises `BookingsUnavailable` when it is not done in time."""
        ticket = self.state.ask(operation)
        answer: asyncio.Future[OperationResult] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = answer
        self.wake()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await answer
        except TimeoutError:
            raise BookingsUnavailable from None
        finally:
            del self._waiting[ticket]
            if not answer.done() or answer.cancelled():
                self.state.abandon(ticket)

    async def snapshot(self) -> LedgerSnapshot:
        """All services and bookings. Raises `BookingsUnavailable`."""
        try:
            answer = await self._cluster.request(LEDGER_SUBJECT, LedgerRequest(), LedgerState)
        except ClusterError as error:
            raise BookingsUnavailable from error
        return answer.snapshot()

    async def run(self) -> None:
        """Talks to the allocator until cancelled."""
        bell: Subscription = await self._cluster.subscribe(
            doorbell_subject(self._cluster.own.id), Doorbell, self._rung
        )
        try:
            while True:
                try:
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()
                except TimeoutError:
                    self.state.ring()
                self._wake.clear()
                while self.state.has_work:
                    await self._exchange()
        finally:
            await bell.close()

    async def _rung(self, _: Doorbell) -> None:
        self.state.ring()
        self.wake()

    async def _exchange(self) -> None:
        sent_at = self._now()
        try:
            answer = await self._cluster.request(
                ALLOCATOR_SUBJECT,
                self.state.next_message(),
                AllocatorAnswer,
                timeout_s=CALL_TIMEOUT_S,
            )
        except ClusterError as error:
            log.debug("allocator-away", code=error.code)
            await self._sleep(RETRY_S)
            return
        heard = self.state.received(answer)
        if heard.is_answered:
            self.terms.confirmed(self.state.decided_processes, sent_at)
            # They are configured now; others whose term begins again when terms are looked at.
            self._posting |= frozenset(heard.leases)
        self._pass_on(heard)
        # Whoever waits for a result answers its client before that hears of anything newer.
        await asyncio.sleep(0)
        if heard.ask_later:
            await self._sleep(RETRY_S)

    def _pass_on(self, heard: Heard) -> None:
        for card in heard.joined:
            self._served.remote_joined(card)
        for changed in heard.changes:
            packet = s2c.UploadBookingModify(effective_change=changed.change)
            self._mailbox.send_to(changed.client, packet)
        for ticket, result in heard.results:
            answer = self._waiting.get(ticket)
            if answer is not None and not answer.done():
                answer.set_result(result)
        for card in heard.left:
            self._served.remote_left(card.id)
        if self._configure is not None and (heard.leases or heard.is_count_new):
            self._configure([self.configuration(process) for process in heard.leases])

    def configuration(self, process: str) -> Configure:
        """What a process is to be configured with: no webhook once its term is over."""
        lease = self.state.lease(process)
        if not self.terms.may_post(process, self._now()):
            return Configure(process, (), 0, lease.gets_more)
        return Configure(process, lease.webhooks, lease.number, lease.gets_more)

    async def watch_terms(self) -> None:
        """Looks at terms until cancelled."""
        while True:
            await self._sleep(POLL_S)
            await self.look_at_terms()

    async def look_at_terms(self) -> None:
        """Stops processes whose term is over, and lets them go on when it was renewed.

        When the allocator is silent the fence is read first, if that has not just been done.
        """
        now = self._now()
        if self.terms.must_look(now) and now >= self._looks_at:
            self._looks_at = now + LOOK_EVERY_S
            await self._look_at_fence(now)
        self._apply_terms()

    async def _look_at_fence(self, asked_at: float) -> None:
        numbers = self.state.connected_leases
        try:
            fence = await self._fence.lease_fence()
        except CatalogError as error:
            log.log(log_level(error), "lease-fence-not-read", code=error.code)
        else:
            self.terms.looked(fence, numbers, asked_at)

    def _apply_terms(self) -> None:
        """Configures the processes whose terms have ended or begun."""
        now = self._now()
        posting = frozenset(
            process for process in self.state.connected_leases if self.terms.may_post(process, now)
        )
        changed, self._posting = posting ^ self._posting, posting
        concerned = sorted(changed & self.state.connected_leases.keys())
        for process in concerned:
            log.warning("lease-term-changed", process=process, may_post=process in posting)
        if self._configure is not None and concerned:
            self._configure([self.configuration(process) for process in concerned])


class RemoteBookings:
    """`Bookings`, decided by the allocator."""

    def __init__(self, link: AllocatorLink) -> None:
        self._link = link
        self._state = link.state

    def service_joined(self, service_id: str) -> None:
        """See `Bookings`."""
        self._state.service_joined(self._link.card_of(service_id))
        self._link.wake()

    def service_left(self, service_id: str) -> None:
        """See `Bookings`."""
        self._state.service_left(service_id)
        self._link.wake()

    def client_left(self, client_id: str) -> None:
        """See `Bookings`."""
        self._state.client_left(client_id)
        self._link.wake()

    def upload_ended(self, service_id: str) -> None:
        """See `Bookings`."""
        self._state.upload_ended(service_id)
        self._link.wake()

    async def request(self, client_id: str, desired: int) -> int:
        """See `Bookings`."""
        await self._link.ask(BookServices(client=client_id, desired=desired))
        return self._state.told(client_id)

    async def clear(self, client_id: str) -> None:
        """See `Bookings`."""
        result = await self._link.ask(ClearBooking(client=client_id))
        if result.code is not None:
            raise ClearRefused(result.code, result.text)

    async def start_upload(self, client_id: str, avoid: Collection[str] = ()) -> str:
        """See `Bookings`."""
        operation = StartUpload(client=client_id, avoid=tuple(avoid))
        return _slot_of(await self._link.ask(operation))

    async def move_upload(self, service_id: str, avoid: Collection[str]) -> str:
        """See `Bookings`."""
        run = self._state.run_on(service_id)
        operation = MoveUpload(slot=service_id, run=run, avoid=tuple(avoid))
        return _slot_of(await self._link.ask(operation))

    async def holdings(self, client_id: str) -> Holdings:
        """See `Bookings`."""
        held = await self._link.ask(AskHoldings(client=client_id))
        return Holdings(held.desired, held.idle, held.running)

    async def snapshot(self) -> LedgerSnapshot:
        """See `Bookings`."""
        return await self._link.snapshot()


def _slot_of(result: OperationResult) -> str:
    if result.code is not None:
        raise NoFreeService(result.code, result.text)
    return result.slot


class RemoteLeases:
    """`ChannelLeases`, decided by the allocator.

    Which webhooks there are is what the manager knows in which the allocator runs.
    """

    def __init__(
        self, link: AllocatorLink, set_webhooks: Callable[[Mapping[int, int]], None]
    ) -> None:
        self._link = link
        self._state = link.state
        self.set_webhooks = set_webhooks
        self.subscribe = link.subscribe

    @property
    def process_count(self) -> int:
        """See `ChannelLeases`."""
        return max(1, self._state.process_count)

    def slot_joined(self, process: str, slot: str, *, tells_demand: bool = False) -> None:
        """See `ChannelLeases`."""
        self._state.process_joined(process, slot, tells_demand=tells_demand)
        self._link.wake()

    def slot_left(self, process: str, slot: str) -> None:
        """See `ChannelLeases`."""
        self._state.process_left(process, slot)
        if process not in self._state.connected_leases:
            self._link.terms.left(process)
        self._link.wake()

    def demand_told(self, process: str, *, is_waiting: bool, uploads: Mapping[str, int]) -> None:
        """See `ChannelLeases`; the allocator counts the uploads itself."""
        del uploads
        self._state.say(DemandTold(process=process, is_waiting=is_waiting))
        self._link.wake()

    def confirmed(self, process: str, number: int) -> None:
        """See `ChannelLeases`."""
        if number:
            self._state.lease_confirmed(process, number)
            self._link.wake()

    def current(self, process: str) -> Configure:
        """See `ChannelLeases`."""
        return replace(self._link.configuration(process), number=0)

    def webhooks_of(self, process: str) -> tuple[int, ...]:
        """See `ChannelLeases`."""
        return self._link.configuration(process).webhook_ids

    def is_held_by(self, process: str, webhook_id: int) -> bool:
        """See `ChannelLeases`."""
        return self._state.may_use(process, webhook_id)
