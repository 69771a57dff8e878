"""The upload service, put together."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

import structlog
from aiohttp import web

from client_sdk.service_peer import service_url
from common.addresses import ClientAddresses
from common.manager_urls import ManagerUrls, split_urls
from common.retry import QUICK_TRIES, RECONNECT_CAP_S, Backoff
from common.service_secret import ServiceSecretGuard
from common.tasks import cancel_and_wait
from protocol.values import LARGEST_CHUNK_SIZE
from upload_service.active_uploads import ActiveUploads
from upload_service.buffers import (
    BUFFER_UNIT_BYTES,
    BufferPool,
    Lane,
    keep_freed_memory,
    room_for,
)
from upload_service.bundles import ActiveBundles
from upload_service.demand import DemandReporter
from upload_service.forwarding import Forwarder, ReportQueue
from upload_service.intake import Intake
from upload_service.metrics import Metrics
from upload_service.report_journal import ReportJournal
from upload_service.settings import UploadServiceSettings
from upload_service.slots import Slot, WebhookLeases
from upload_service.ticket_upload import TicketBackend
from upload_service.tickets import TicketIntake
from upload_service.zero_copy import READ_BUFFER_BYTES, listen

log = structlog.get_logger(__name__)

UNATTRIBUTED_BODIES: Final = 2
"""How many bodies that begin with the file are received at once, besides the chunks in flight; of those
that are known to have 10 MiB at most, twice as many."""
LONGEST_DELAY_S: Final = 5.0
"""Between two attempts to have the manager take a report."""
CHUNKS_GRACE_S: Final = 2.0
"""Seconds that chunks are given at a stop to come in and to get their turn at Discord, at most."""
_STOPS: Final = "the service stops"
REQUESTS_GRACE_S: Final = 2.0
"""Seconds that requests are given at a stop once nothing is under way to Discord any more."""


def _delays() -> Backoff:
    return Backoff(cap_s=LONGEST_DELAY_S)


def _delays_of_links() -> Backoff:
    return Backoff(cap_s=RECONNECT_CAP_S, quick_tries=QUICK_TRIES)


class UploadService:
    """One process of the upload service.

    Memory for chunks is bounded by slots times chunks in flight, and by twice the files that are
    taken with tickets at once, whatever the size of files and however long Discord is away.

    Args:
        settings: what is configured.
        backoff: makes the delays between attempts to reach the manager, or to report to it; None for
            the usual ones.

    Attributes:
        intake: the HTTP side, to be served, or mounted under a prefix with `add_subapp`.
    """

    def __init__(
        self, settings: UploadServiceSettings, *, backoff: Callable[[], Backoff] | None = None
    ) -> None:
        self._settings = settings
        self._link_backoff = backoff or _delays_of_links
        backoff = backoff or _delays
        self._pool = BufferPool(BUFFER_UNIT_BYTES)
        self._uploads = ActiveUploads()
        self._bundles = ActiveBundles()
        self._reports = ReportQueue(ReportJournal(settings.reports_folder), backoff)
        self._metrics = Metrics()
        self._forwarder = Forwarder(self._reports, self._metrics)
        credential = settings.service_credential.get_secret_value()
        self._managers = ManagerUrls(
            _link_urls(settings, credential),
            # One budget of requests is shared by all slots, so they stay together.
            is_in_use=lambda: any(slot.linked for slot in self._slots),
        )
        self._leases = WebhookLeases()
        self._slots: list[Slot] = self._made_slots()
        addresses = ClientAddresses(settings.trusted_proxies)
        self._tickets = TicketIntake(
            backend=TicketBackend(self._slots, backoff),
            forwarder=self._forwarder,
            pool=self._pool,
            at_once=settings.ticket_uploads,
            addresses=addresses,
            stall_timeout_s=settings.stall_timeout_s,
            metrics=self._metrics,
            backoff=backoff,
        )
        self.intake = Intake(
            uploads=self._uploads,
            bundles=self._bundles,
            forwarder=self._forwarder,
            unattributed=Lane(
                self._pool, UNATTRIBUTED_BODIES * self._pool.units_of(room_for(LARGEST_CHUNK_SIZE))
            ),
            stall_timeout_s=settings.stall_timeout_s,
            metrics=self._metrics,
            secret=ServiceSecretGuard(credential, addresses, time.monotonic),
            tickets=self._tickets,
            idle_timeout_s=settings.idle_connection_timeout_s,
        ).application()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Keep the slots' links to the manager.

        At the end, chunks under way to Discord are finished, and the manager answers the reports of
        them, within the configured grace. Reports that it has not answered stay on disk.

        Raises:
            OSError: the folder for reports cannot be used.
        """
        keep_freed_memory()
        slots = self._slots
        with self._reports.kept_on_disk():
            async with self._leases:
                self._metrics.links.set_function(lambda: sum(slot.linked for slot in slots))
                self._metrics.reports.set_function(lambda: self._reports.unanswered)
                demand = DemandReporter(
                    self._leases.demand, lambda: (link for slot in slots for link in slot.links)
                )
                links = [asyncio.create_task(slot.run(), name="slot") for slot in slots]
                links.append(asyncio.create_task(demand.run(), name="report-channel-demand"))
                try:
                    yield
                finally:
                    await self._drain()
                    await cancel_and_wait(*links)

    async def _drain(self) -> None:
        """End what runs, and wait as long as the grace lasts until all reports are answered.

        The manager is told that an upload ends here once all chunks that were under way are stored.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._settings.drain_grace_s
        self._tickets.end_all(_STOPS)
        patience_s = min(CHUNKS_GRACE_S, self._settings.drain_grace_s / 2)
        await asyncio.gather(
            self._uploads.close(_STOPS, patience_s=patience_s),
            self._bundles.close(_STOPS, patience_s=patience_s),
        )
        await self._forwarder.drain(ends_at - loop.time())
        await self._tickets.drain(ends_at - loop.time())
        try:
            async with asyncio.timeout_at(ends_at):
                await self._reports.all_answered()
        except TimeoutError:
            log.warning("reports-left-on-disk", count=self._reports.unanswered)

    def _made_slots(self) -> list[Slot]:
        return [
            Slot(
                number,
                managers=self._managers,
                uploads=self._uploads,
                bundles=self._bundles,
                leases=self._leases,
                reports=self._reports,
                lane=Lane(self._pool, self._settings.chunks_in_flight),
                inactivity_timeout_s=self._settings.inactivity_timeout_s,
                backoff=self._link_backoff,
            )
            for number in range(self._settings.slots)
        ]


async def serve(
    settings: UploadServiceSettings, *, on_ready: Callable[[str], None] = lambda _url: None
) -> None:
    """Run an upload service alone on its own port, until cancelled.

    Args:
        settings: what is configured.
        on_ready: called with the URL that is listened on, once it is.

    Raises:
        OSError: if the port cannot be listened on, or the folder for reports cannot be used.
    """
    service = UploadService(settings)
    runner = web.AppRunner(
        service.intake,
        access_log=None,
        shutdown_timeout=REQUESTS_GRACE_S,
        read_bufsize=READ_BUFFER_BYTES,
    )
    await runner.setup()
    try:
        server = await listen(runner, settings.host, settings.port)
        async with service.run(), server:
            host, port = server.sockets[0].getsockname()[:2]
            on_ready(f"http://{host}:{port}")
            await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _link_urls(settings: UploadServiceSettings, credential: str) -> list[str]:
    # Slots with one `process` share one budget of requests to Discord.
    process = str(uuid4())
    return [
        service_url(url, "upload", credential, address=settings.own_address, process=process)
        for url in split_urls(settings.manager_address)
    ]
