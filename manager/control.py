"""What is alive while peers are connected, put together: who works with whom, from start to stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog

from catalog.port import Catalog
from common.addresses import ClientAddresses
from common.service_password import ServicePassword
from common.tasks import BackgroundTasks, supervised
from manager.accounts.accounts import Accounts
from manager.accounts.administration import UserAdministration
from manager.accounts.credentials import Passwords
from manager.accounts.logins import LoginRevocation
from manager.broadcast.changes import ChangeFeed
from manager.broadcast.hub import Hub
from manager.broadcast.ordered_queue import Announcer
from manager.connections.liveness import ServicePulse
from manager.connections.websocket import Reception
from manager.context import (
    ManagerParts,
)
from manager.downloads.content_links import ContentLinks
from manager.downloads.signed_links import SignedLinks
from manager.metrics import ManagerMetrics
from manager.processing.pictures import Pictures
from manager.processing.services import JobTerms, ProcessingDesk
from manager.processing.thumbnailers import Thumbnailers
from manager.retrying import USUAL_PATIENCE, CatalogPatience
from manager.services.fleet import UploadFleet
from manager.services.uncertain_posts import UncertainPostTally
from manager.services.webhooks import WebhookDirectory
from manager.settings import ManagerSettings
from manager.tickets.tokens import TicketSigner
from manager.tickets.uploads import TicketManager, ticket_policy
from manager.uploads.booking_desk import BookingDesk
from manager.uploads.booking_ledger import BookingLedger
from manager.uploads.destinations import UploadPlaces
from manager.uploads.holds import TemporaryHolds
from manager.uploads.journal import ChunkJournal
from manager.uploads.readability import ReadabilityCheck
from manager.uploads.session import UploadDesk

log = structlog.get_logger(__name__)

GOING_AWAY = 1001


class ControlPlane:
    """Everything that is alive only while peers are connected; what must last is in the catalog."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        accounts: Accounts,
        passwords: Passwords,
        settings: ManagerSettings,
        webhooks: WebhookDirectory,
        holds: TemporaryHolds,
        readability: ReadabilityCheck,
        metrics: ManagerMetrics,
        nudge_reaper: Callable[[], None],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        patience: CatalogPatience = USUAL_PATIENCE,
    ) -> None:
        """Puts the parts together; nothing runs before `run`."""
        self._tasks = BackgroundTasks()
        self._hub = Hub()
        self._logins = LoginRevocation(self._hub, self._tasks)
        bookings = BookingDesk(
            BookingLedger(settings.booking_idle_s), self._hub, monotonic=monotonic
        )
        content_links = ContentLinks.of(settings.keyring, clock)
        announcer = Announcer(self._hub, self._tasks)
        changes = ChangeFeed(self._hub, catalog, patience, content_links, announcer)
        pulse = ServicePulse(self._tasks)
        fleet = UploadFleet(bookings, self._hub, webhooks, settings, self._tasks, pulse)
        thumbnailers = Thumbnailers(catalog, self._hub, settings, self._tasks)
        journal = ChunkJournal(catalog, self._tasks, patience, nudge_reaper)
        uploads = UploadDesk(
            catalog=catalog,
            patience=patience,
            holds=holds,
            fleet=fleet,
            changes=changes,
            journal=journal,
            places=UploadPlaces(catalog),
            readability=readability,
            tasks=self._tasks,
            clock=clock,
            nudge_reaper=nudge_reaper,
        )
        tickets = TicketManager(
            catalog=catalog,
            patience=patience,
            holds=holds,
            readability=readability,
            fleet=fleet,
            signer=TicketSigner.of(settings.keyring, clock),
            policy=ticket_policy(settings),
            tasks=self._tasks,
            clock=clock,
            monotonic=monotonic,
            nudge_reaper=nudge_reaper,
        )
        processing = ProcessingDesk(
            catalog=catalog,
            hub=self._hub,
            changes=changes,
            tickets=tickets,
            links=content_links,
            terms=JobTerms(
                lease_s=settings.processing_lease_s, max_attempts=settings.processing_attempts
            ),
            tasks=self._tasks,
            clock=clock,
        )
        self._parts = ManagerParts(
            administration=UserAdministration(
                catalog, passwords, self._logins, changes, monotonic=monotonic
            ),
            catalog=catalog,
            bookings=bookings,
            changes=changes,
            content_links=content_links,
            fleet=fleet,
            journal=journal,
            links=SignedLinks.of(settings.keyring),
            pictures=Pictures(thumbnailers),
            processing=processing,
            pulse=pulse,
            thumbnailers=thumbnailers,
            tickets=tickets,
            uncertain_posts=UncertainPostTally(metrics),
            uploads=uploads,
            webhooks=webhooks,
            chunk_size=settings.chunk_size,
            name_policy=settings.name_policy,
        )
        self._reception = Reception(
            self._parts,
            accounts=accounts,
            service_password=ServicePassword(
                settings.service_password.get_secret_value(),
                ClientAddresses(settings.trusted_proxies),
                monotonic,
            ),
            hub=self._hub,
            logins=self._logins,
            tasks=self._tasks,
            metrics=metrics,
            bot_token=settings.bot_token_for_services,
            public_url=settings.manager_public_url,
        )

    @property
    def logins(self) -> LoginRevocation:
        """Who may stay connected."""
        return self._logins

    @property
    def thumbnailers(self) -> Thumbnailers:
        """The thumbnail services that are connected."""
        return self._parts.thumbnailers

    @property
    def tickets(self) -> TicketManager:
        """Uploads with tickets."""
        return self._parts.tickets

    @property
    def uncertain_posts(self) -> int:
        """Posts whose answer was lost, as the upload services tell."""
        return self._parts.uncertain_posts.number

    @property
    def processing(self) -> ProcessingDesk:
        """The processing services and their jobs."""
        return self._parts.processing

    @property
    def pictures(self) -> Pictures:
        """Thumbnails that are made on demand."""
        return self._parts.pictures

    @property
    def content_links(self) -> ContentLinks:
        """Links to content that has no name."""
        return self._parts.content_links

    @property
    def reception(self) -> Reception:
        """Lets peers in."""
        return self._reception

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Works for the length of the context; ends what still runs at its end."""
        self._tasks.spawn(supervised("processing", self._parts.processing.run), "processing")
        try:
            yield
        finally:
            self._parts.bookings.close()
            await self._tasks.close()

    async def close_peers(self) -> None:
        """Says goodbye to every peer; they reconnect to whoever comes next."""
        connections = [client.connection for client in self._hub]
        connections += [slot.connection for slot in self._parts.fleet]
        connections += [service.connection for service in self._parts.thumbnailers]
        connections += [service.connection for service in self._parts.processing]
        goodbyes = (peer.close(GOING_AWAY, "the manager stops") for peer in connections)
        await asyncio.gather(*goodbyes, return_exceptions=True)

    def snapshot(self) -> dict[str, Any]:
        """Services and bookings, for people."""
        ledger = self._parts.bookings.snapshot()
        names = {client.id: client.user.name for client in self._hub}
        return {
            "clients": len(names),
            "services": [
                {
                    "id": service.service,
                    "address": self._parts.fleet.slot(service.service).address,
                    "state": service.state.value,
                    "user": names.get(service.holder or ""),
                }
                for service in ledger.services
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
