"""The routes `/health`, `/status` and `/metrics`: whether and how the manager works.

Load balancers and containers ask for the health often and without a login. Reading the catalog costs next
to nothing, so it is tried on request, once for all requests at the same time. Writing takes the lock of the
database and waits for the disk, which clients without a login must not cause: the manager tries it at
intervals of its own, and a request gets the latest outcome.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from catalog.errors import CatalogError, CatalogUnavailable
from catalog.port import Catalog
from catalog.records import JobState, ServiceKind
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.broadcast.hub import Hub
from manager.cluster.elected import ElectedLoops
from manager.cluster.port import Cluster
from manager.errors import BookingsUnavailable
from manager.files.conversion import optional_timestamp
from manager.gc.reaper import Reaper
from manager.gc.unknown_messages import UnknownMessages
from manager.metrics import CONTENT_TYPE, ManagerMetrics, UncertainPostTotals
from manager.processing.jobs import ProcessingManager
from manager.services.booking_ledger import LedgerSnapshot
from manager.services.bookings import Bookings
from manager.services.channel_limits import ChannelLimitsKeeper, ChunkSizes
from manager.services.credentials import ServiceAccess
from manager.services.registry import UploadSlotRegistry
from manager.services.webhooks import WebhookDirectory

log = structlog.get_logger(__name__)

SHOWN_FAILURES = 20
"""Files whose processing failed permanently that an administrator is shown at most."""

PROBE_INTERVAL_S = 15.0
"""Between the end of one write probe and the next."""
FAILED_PROBE_INTERVAL_S = 1.0
"""The same after a write probe that failed: the manager is not unhealthy for longer than its catalog is."""
OVERDUE_S = 30.0
"""A catalog that takes longer than this for a write probe does not take writes."""
READ_TIMEOUT_S = 4.0
"""Clients time out after five seconds, and shall get the reason before."""


class CatalogHealth:
    """Probes the catalog.

    Args:
        catalog: What is probed.
        monotonic: Seconds that never jump.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._monotonic = monotonic
        self._sleep = sleep
        self._write_problem: str | None = None
        self._probing_since: float | None = None
        self._read: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises `CatalogError` unless reads work now and the last write probe went well."""
        since = self._probing_since
        if since is not None and self._monotonic() - since > OVERDUE_S:
            raise CatalogUnavailable("a write does not come to an end")
        if self._write_problem is not None:
            raise CatalogUnavailable(self._write_problem)
        if self._read is None or self._read.done():
            self._read = asyncio.create_task(self._catalog.check_reads(), name="read probe")
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                await asyncio.shield(self._read)
        except TimeoutError:
            raise CatalogUnavailable("a read does not come to an end") from None

    async def run(self) -> None:
        """Probes writes until cancelled."""
        while True:
            self._probing_since = self._monotonic()
            self._note(await self._problem_of_writes())
            self._probing_since = None
            is_well = self._write_problem is None
            await self._sleep(PROBE_INTERVAL_S if is_well else FAILED_PROBE_INTERVAL_S)

    async def _problem_of_writes(self) -> str | None:
        try:
            await self._catalog.check_writes()
        except CatalogError as error:
            return f"{error} ({error.code})"
        return None

    def _note(self, problem: str | None) -> None:
        """Keeps the outcome; the log has one line when it changes, not one for each probe."""
        if problem is not None and self._write_problem is None:
            log.error("catalog-not-writable", reason=problem)
        if problem is None and self._write_problem is not None:
            log.info("catalog-writable")
        self._write_problem = problem


class ServicesSection:
    """The status of clients, upload services and bookings."""

    def __init__(self, hub: Hub, registry: UploadSlotRegistry, bookings: Bookings) -> None:
        self._hub = hub
        self._registry = registry
        self._bookings = bookings

    async def snapshot(self) -> dict[str, Any]:
        """All of them at the moment."""
        try:
            ledger = await self._bookings.snapshot()
        except BookingsUnavailable:
            # While a new allocator is elected, too, people want to see the rest.
            ledger = LedgerSnapshot(services=(), bookings=())
        names = {client.id: client.user.name for client in self._hub}
        return {
            "clients": len(names),
            "services": [
                {
                    "id": service.service,
                    "address": slot.address,
                    "state": service.state.value,
                    "user": names.get(service.holder or ""),
                }
                for service in ledger.services
                if (slot := self._registry.find(service.service)) is not None
            ],
            "bookings": [
                {
                    "user": names.get(booking.client),
                    "desired": booking.desired,
                    "amount": booking.amount,
                }
                for booking in ledger.bookings
            ],
        }


class MessagesSection:
    """The status of webhooks, what messages take, and the number of useless messages on Discord."""

    def __init__(
        self,
        webhooks: WebhookDirectory,
        reaper: Reaper,
        unknown_messages: UnknownMessages,
        uncertain_posts: UncertainPostTotals,
        limits: ChannelLimitsKeeper,
        chunk_sizes: ChunkSizes,
    ) -> None:
        self._webhooks = webhooks
        self._limits = limits
        self._chunk_sizes = chunk_sizes
        self._reaper = reaper
        self._unknown_messages = unknown_messages
        self._uncertain_posts = uncertain_posts

    def snapshot(self) -> dict[str, Any]:
        """All of it at the moment."""
        unknown = self._unknown_messages
        return {
            "webhooks": {
                "usable": len(self._webhooks.usable),
                "unknown": len(self._webhooks.unknown),
                "quarantined": [
                    {"id": str(each.webhook_id), "reason": each.reason, "is_gone": each.is_gone}
                    for each in self._webhooks.quarantined.values()
                ],
            },
            "chunk_size": self._chunk_sizes.of_upload(takes_large=True),
            "channels": [
                {
                    "id": str(known.channel_id),
                    "attachment_bytes": known.attachment_bytes,
                    "request_bytes": known.request_bytes,
                    "attachments": known.attachments,
                    "learned_at": optional_timestamp(known.learned_at),
                    "refused_at": optional_timestamp(known.refused_at),
                }
                for known in map(self._limits.record_of, self._limits.channels)
            ],
            "messages": {
                "stuck": self._reaper.stuck,
                "uncertain_posts": self._uncertain_posts.number,
                "has_bot": unknown.has_bot,
                "unknown_found": unknown.found,
                "swept_at": optional_timestamp(unknown.swept_at),
            },
        }


class ProcessingSection:
    """The status of processing."""

    def __init__(self, catalog: Catalog, processing: ProcessingManager) -> None:
        self._catalog = catalog
        self._processing = processing

    async def snapshot(self, *, is_admin: bool) -> dict[str, Any]:
        """Services and jobs; administrators also get the failures."""
        jobs = await self._catalog.count_jobs()
        shown: dict[str, Any] = {
            "services": sum(each.is_in_service for each in self._processing),
            **{state.value: number for state, number in jobs.items()},
        }
        if is_admin:
            failed = await self._catalog.jobs(JobState.FAILED, limit=SHOWN_FAILURES)
            shown["failed_files"] = [
                {"id": str(job.object_id), "attempts": job.attempts, "error": job.error}
                for job in failed
            ]
        return shown


class ClusterSection:
    """The status of the managers, also as metrics."""

    def __init__(
        self, cluster: Cluster, maintenance: ElectedLoops, metrics: ManagerMetrics
    ) -> None:
        self._cluster = cluster
        self._maintenance = maintenance
        metrics.managers.set_function(lambda: len(cluster.members))
        metrics.nats_connected.set_function(lambda: cluster.is_connected)
        metrics.lease_held.labels(maintenance.lease).set_function(lambda: maintenance.is_elected)

    def snapshot(self) -> dict[str, Any]:
        """Which manager answers, which others there are, and which one does what one does for all."""
        members = self._cluster.members
        maintaining = members.get(self._maintenance.holder or "")
        return {
            "manager": self._cluster.own.name,
            "managers": sorted(member.name for member in members.values()),
            "is_connected": self._cluster.is_connected,
            "maintenance": None if maintaining is None else maintaining.name,
        }


def status_route(
    accounts: Accounts,
    services: ServicesSection,
    messages: MessagesSection,
    jobs: ProcessingSection,
    cluster: ClusterSection,
) -> web.RouteDef:
    """`/status`: how the manager works, for its users."""

    async def status(request: web.Request) -> web.Response:
        login = await accounts.login_of(request)
        user = login.user
        # What administrators see besides names files, which an app password may not even be able to read.
        is_admin = user.is_admin and login.app_password_id is None
        return success(
            **await services.snapshot(),
            **messages.snapshot(),
            processing=await jobs.snapshot(is_admin=is_admin),
            cluster=cluster.snapshot(),
            you={"id": user.id, "name": user.name, "is_admin": user.is_admin},
        )

    return web.get("/status", status, allow_head=False)


def monitoring_routes(
    health: CatalogHealth, metrics: ManagerMetrics, access: ServiceAccess
) -> list[web.RouteDef]:
    """`/health`, and `/metrics`, for services that have a credential for metrics."""

    async def check_health(_: web.Request) -> web.Response:
        await health.check()
        return web.Response(status=204)

    async def show_metrics(request: web.Request) -> web.Response:
        await access.check_bearer(request, ServiceKind.METRICS)
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    return [
        web.get("/health", check_health),
        web.get("/metrics", show_metrics, allow_head=False),
    ]
