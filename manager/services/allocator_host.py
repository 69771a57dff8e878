"""Runs the allocator in the manager that is elected for it, and tells managers when there are news."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from catalog.errors import CatalogError
from catalog.lease_fence_port import LeaseFence
from common.tasks import BackgroundTasks
from manager.cluster.errors import ClusterError, RequestRefused
from manager.cluster.membership import Member
from manager.cluster.port import Campaign, Cluster, Subscription
from manager.error_texts import log_level
from manager.services.allocation import (
    ALLOCATOR_SUBJECT,
    LEDGER_SUBJECT,
    AllocatorAnswer,
    Asked,
    Doorbell,
    LedgerRequest,
    LedgerState,
    doorbell_subject,
)
from manager.services.allocator import Allocator

log = structlog.get_logger(__name__)

LEASE = "allocator"
"""Name of the lease; its epoch is the fencing number of all that is decided."""

NOT_ELECTED = "not-elected"

FENCE_RETRY_S = 1.0


class AllocatorHost:
    """This manager's part in the election, and the allocator while it holds the office."""

    def __init__(
        self,
        cluster: Cluster,
        tasks: BackgroundTasks,
        *,
        fence: LeaseFence,
        idle_s: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`fence`: in the catalog; `idle_s`: as of `BookingLedger`; `monotonic`: its clock, in seconds."""
        self._fence = fence
        self._sleep = sleep
        self._cluster = cluster
        self._tasks = tasks
        self._idle_s = idle_s
        self._now = monotonic
        self._webhooks: Mapping[int, int] = {}
        self._epoch = 0
        self._allocator: Allocator | None = None
        self._campaign: Campaign | None = None
        self._subscriptions: list[Subscription] = []
        self._changing_office = asyncio.Lock()
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def is_elected(self) -> bool:
        """Whether this manager decides now."""
        return self._allocator is not None

    def start(self) -> None:
        """Stands for election from now on."""
        self._cluster.watch_members(lambda _: None, self._member_left)
        self._campaign = self._cluster.campaign(LEASE, self._elected, self._lost)

    async def close(self) -> None:
        """Gives the office back, so that another manager gets it at once."""
        if self._campaign is not None:
            await self._campaign.close()
        await self._take_office(None)

    def set_webhooks(self, channels: Mapping[int, int]) -> None:
        """Sets the webhooks that may be leased: webhook id to channel id."""
        self._webhooks = channels
        if self._allocator is not None:
            self._allocator.set_webhooks(channels)
            self._after_change()

    def _elected(self, epoch: int) -> None:
        log.info("allocator-elected", epoch=epoch)
        self._epoch = epoch
        self._allocator = Allocator(
            epoch, self._cluster.members, idle_s=self._idle_s, now=self._now()
        )
        self._allocator.set_webhooks(self._webhooks)
        self._after_change()
        self._tasks.spawn(self._take_office(self._allocator), "take the allocator's office")

    def _lost(self) -> None:
        log.warning("allocator-office-lost", epoch=self._epoch)
        self._allocator = None
        self._stop_alarm()
        self._tasks.spawn(self._take_office(None), "leave the allocator's office")

    async def _take_office(self, allocator: Allocator | None) -> None:
        """Answers requests as this allocator, or answers none."""
        async with self._changing_office:
            for subscription in self._subscriptions:
                await subscription.close()
            self._subscriptions.clear()
            if allocator is not None and allocator is self._allocator:
                self._subscriptions += [
                    await self._cluster.respond(ALLOCATOR_SUBJECT, Asked, self._answer),
                    await self._cluster.respond(LEDGER_SUBJECT, LedgerRequest, self._ledger),
                ]

    def _member_left(self, member: Member) -> None:
        if self._allocator is not None:
            self._allocator.manager_left(member.id, self._now())
            self._after_change()

    def _in_office(self) -> Allocator:
        """The allocator. Raises `RequestRefused` when this manager does not hold the office any more."""
        if self._allocator is None or self._campaign is None or self._campaign.epoch is None:
            raise RequestRefused(NOT_ELECTED, "this manager is not the allocator any more")
        return self._allocator

    async def _answer(self, asked: Asked) -> AllocatorAnswer:
        allocator = self._in_office()
        if asked.report is not None:
            answer = allocator.report(asked.report, self._now())
        elif asked.call is not None:
            answer = allocator.call(asked.call, self._now())
        else:
            raise RequestRefused("nothing-asked", "neither a call nor a report was sent")
        self._after_change()
        return answer

    async def _ledger(self, _: LedgerRequest) -> LedgerState:
        return LedgerState.of(self._in_office().snapshot())

    def _after_change(self) -> None:
        """Rings whoever there are news for, and sets the alarm for what is due next."""
        allocator = self._allocator
        if allocator is None:
            return
        number = allocator.take_fence()
        if number is not None:
            self._tasks.spawn(self._raise_fence(allocator, number), "raise the fence of leases")
        for manager in allocator.take_rings(self._now()):
            self._tasks.spawn(self._ring(manager), "ring a manager")
        self._stop_alarm()
        deadline = allocator.next_deadline()
        if deadline is not None:
            delay_s = max(0.0, deadline - self._now())
            self._alarm = asyncio.get_running_loop().call_later(delay_s, self._tick)

    async def _raise_fence(self, allocator: Allocator, number: int) -> None:
        try:
            await self._fence.raise_lease_fence(number)
        except CatalogError as error:
            log.log(log_level(error), "lease-fence-not-raised", code=error.code)
            await self._sleep(FENCE_RETRY_S)
            allocator.fence_not_raised()
        else:
            allocator.fence_raised(self._now())
        if allocator is self._allocator:
            self._after_change()

    async def _ring(self, manager: str) -> None:
        try:
            await self._cluster.publish(doorbell_subject(manager), Doorbell(epoch=self._epoch))
        except ClusterError as error:
            # The manager asks every second anyway.
            log.debug("doorbell-not-rung", code=error.code)

    def _tick(self) -> None:
        self._alarm = None
        if self._allocator is not None:
            self._allocator.tick(self._now())
            self._after_change()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
