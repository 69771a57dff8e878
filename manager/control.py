"""The manager's WebSocket side: lets peers in, and ties their connections to what the manager does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import structlog
from aiohttp import web

from catalog.port import Catalog
from manager.administering import UserAdministration
from manager.changes import ChangeFeed
from manager.content_links import ContentLinks
from manager.context import (
    ClientContext,
    ManagerParts,
    ProcessingContext,
    SlotContext,
    ThumbnailerContext,
)
from manager.dispatch import (
    handle_client_packet,
    handle_processing_packet,
    handle_slot_packet,
    handle_thumbnailer_packet,
)
from manager.domain.bookings import BookingLedger
from manager.errors import InvalidRequest
from manager.identity.accounts import Accounts
from manager.identity.service_gate import ServiceGate
from manager.metrics import ManagerMetrics
from manager.peers.announcing import Announcer
from manager.peers.clients import ClientSession
from manager.peers.connection import PeerConnection, new_socket
from manager.peers.handshake import Handshake, PeerType
from manager.peers.hub import Hub
from manager.peers.logins import Logins, say_login_is_over
from manager.peers.pulse import ServicePulse
from manager.peers.services import UploadSlot
from manager.processing.pictures import Pictures
from manager.processing.services import JobTerms, ProcessingDesk, ProcessingService
from manager.processing.thumbnailers import Thumbnailer, Thumbnailers
from manager.retrying import USUAL_PATIENCE, CatalogPatience
from manager.settings import ManagerSettings
from manager.signed_links import SignedLinks
from manager.supervision import supervised
from manager.tasks import BackgroundTasks
from manager.tickets.terms import ticket_terms
from manager.tickets.tokens import TicketSigner
from manager.tickets.uploads import TicketDesk
from manager.uploads.booking_desk import BookingDesk
from manager.uploads.fleet import UploadFleet
from manager.uploads.holds import TemporaryHolds
from manager.uploads.journal import ChunkJournal
from manager.uploads.places import UploadPlaces
from manager.uploads.running import UploadDesk
from manager.webhooks import WebhookDirectory
from protocol import generic
from protocol.extensions import (
    ADMINISTER,
    ORGANISE,
    PROCESSING,
    TICKETS,
    WEBHOOKS,
    format_extensions,
)

log = structlog.get_logger(__name__)

GOING_AWAY = 1001


class ControlPlane:
    """Everything that is alive only while peers are connected; what must last is in the catalog."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        accounts: Accounts,
        settings: ManagerSettings,
        webhooks: WebhookDirectory,
        holds: TemporaryHolds,
        metrics: ManagerMetrics,
        nudge_reaper: Callable[[], None],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        patience: CatalogPatience = USUAL_PATIENCE,
    ) -> None:
        """Puts the parts together; nothing runs before `run`."""
        self._accounts = accounts
        self._gate = ServiceGate(settings, monotonic)
        self._bot_token = settings.bot_token
        self._metrics = metrics
        self._tasks = BackgroundTasks()
        self._hub = Hub()
        self._logins = Logins(self._hub, self._tasks)
        bookings = BookingDesk(
            BookingLedger(settings.booking_idle_s), self._hub, monotonic=monotonic
        )
        content_links = ContentLinks.of(settings.keyring, clock)
        announcer = Announcer(self._hub, self._tasks)
        changes = ChangeFeed(self._hub, catalog, patience, content_links, announcer)
        fleet = UploadFleet(bookings, self._hub, webhooks, settings, self._tasks)
        thumbnailers = Thumbnailers(catalog, self._hub, settings, self._tasks)
        journal = ChunkJournal(catalog, self._tasks, patience)
        uploads = UploadDesk(
            catalog=catalog,
            patience=patience,
            holds=holds,
            fleet=fleet,
            changes=changes,
            journal=journal,
            places=UploadPlaces(),
            tasks=self._tasks,
            clock=clock,
            nudge_reaper=nudge_reaper,
        )
        tickets = TicketDesk(
            catalog=catalog,
            patience=patience,
            holds=holds,
            fleet=fleet,
            signer=TicketSigner.of(settings.keyring, clock),
            terms=ticket_terms(settings),
            tasks=self._tasks,
            clock=clock,
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
        self._public_url = settings.manager_public_url
        self._parts = ManagerParts(
            administration=UserAdministration(
                catalog, accounts, self._logins, changes, monotonic=monotonic
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
            pulse=ServicePulse(fleet, thumbnailers, processing, tasks=self._tasks),
            thumbnailers=thumbnailers,
            tickets=tickets,
            uploads=uploads,
            webhooks=webhooks,
            chunk_size=settings.chunk_size,
            name_policy=settings.name_policy,
        )

    @property
    def logins(self) -> Logins:
        """Who may stay connected."""
        return self._logins

    @property
    def gate(self) -> ServiceGate:
        """Who knows the password of services."""
        return self._gate

    @property
    def thumbnailers(self) -> Thumbnailers:
        """The thumbnail services that are connected."""
        return self._parts.thumbnailers

    @property
    def tickets(self) -> TicketDesk:
        """Uploads with tickets."""
        return self._parts.tickets

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

    def base_url(self, request: web.Request) -> str:
        """URL of the manager as whoever sent the request reaches it, without a slash at its end.

        Raises `InvalidRequest`.
        """
        return self._public_url or _origin_of(request)

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

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one peer for as long as it is connected.

        Raises `InvalidRequest`, `InvalidToken`, `TooManyAttempts`.
        """
        handshake = Handshake.read(request.query)
        match handshake.type:
            case PeerType.CLIENT:
                return await self._serve_client(request, handshake)
            case PeerType.UPLOAD:
                return await self._serve_upload_slot(request, handshake)
            case PeerType.THUMBNAIL:
                return await self._serve_thumbnailer(request, handshake)

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

    async def _serve_client(
        self, request: web.Request, handshake: Handshake
    ) -> web.WebSocketResponse:
        user = await self._accounts.authenticate(handshake.key)
        base_url = self.base_url(request)
        granted = handshake.extensions & {ADMINISTER, ORGANISE}
        socket, connection = await self._accept(request, handshake, granted, "c2s")
        if self._logins.is_over(user):
            await say_login_is_over(connection)
            return socket
        client = ClientSession(id=str(uuid4()), user=user, connection=connection, base_url=base_url)
        self._parts.fleet.introduce_to(client)
        self._parts.thumbnailers.introduce_to(client)
        self._parts.processing.introduce_to(client)
        self._hub.join(client)
        try:
            await connection.serve(
                lambda packet, reply: handle_client_packet(
                    ClientContext(client, self._parts, reply), packet
                )
            )
        finally:
            self._client_left(client)
        return socket

    def _client_left(self, client: ClientSession) -> None:
        client.is_connected = False
        self._hub.leave(client)
        for upload in tuple(client.uploads.values()):
            upload.client_left()
        self._parts.bookings.client_left(client.id)

    async def _serve_upload_slot(
        self, request: web.Request, handshake: Handshake
    ) -> web.WebSocketResponse:
        self._gate.check(request, handshake.key)
        address = handshake.upload_address()
        granted = handshake.extensions & {WEBHOOKS, TICKETS}
        if WEBHOOKS not in granted:
            granted = frozenset()
        process = handshake.process() if granted else None
        if process is None and self._bot_token is None:
            log.warning("refused an upload service that knows no webhooks", address=address)
            raise InvalidRequest(
                f"extensions: without a bot this manager needs the extension {WEBHOOKS}"
            )
        socket, connection = await self._accept(request, handshake, granted, "u2s")
        slot = UploadSlot(
            id=str(uuid4()),
            address=address,
            process=process,
            connection=connection,
            takes_tickets=TICKETS in granted,
        )
        context = SlotContext(slot, self._parts)
        try:
            async with self._parts.fleet.membership(slot):
                await connection.serve(lambda packet, _: handle_slot_packet(context, packet))
        finally:
            self._parts.tickets.slot_left(slot)
        return socket

    async def _serve_thumbnailer(
        self, request: web.Request, handshake: Handshake
    ) -> web.WebSocketResponse:
        self._gate.check(request, handshake.key)
        if PROCESSING in handshake.extensions:
            return await self._serve_processing(request, handshake)
        if self._bot_token is None:
            log.warning("refused a thumbnail service, as there is no bot whose token it needs")
            raise InvalidRequest("type: without a bot this manager takes no thumbnail services")
        socket, connection = await self._accept(request, handshake, frozenset(), "t2s")
        service = Thumbnailer(id=str(uuid4()), connection=connection)
        context = ThumbnailerContext(service, self._parts)
        async with self._parts.thumbnailers.membership(service, self._bot_token):
            await connection.serve(lambda packet, _: handle_thumbnailer_packet(context, packet))
        return socket

    async def _serve_processing(
        self, request: web.Request, handshake: Handshake
    ) -> web.WebSocketResponse:
        # It reads from where it connects to, which the public may not reach.
        own_url = _origin_of(request)
        granted = handshake.extensions & {PROCESSING}
        socket, connection = await self._accept(request, handshake, granted, "t2s")
        service = ProcessingService(id=str(uuid4()), base_url=own_url, connection=connection)
        context = ProcessingContext(service, self._parts)
        async with self._parts.processing.membership(service):
            await connection.serve(lambda packet, _: handle_processing_packet(context, packet))
        return socket

    async def _accept(
        self,
        request: web.Request,
        handshake: Handshake,
        granted: frozenset[str],
        namespace: str,
    ) -> tuple[web.WebSocketResponse, PeerConnection]:
        socket = new_socket()
        await socket.prepare(request)
        connection = PeerConnection(
            socket,
            request.transport,
            accepts=frozenset({namespace, "generic"}),
            extensions=granted,
            tasks=self._tasks,
            metrics=self._metrics,
        )
        if handshake.extensions:
            connection.send(generic.Primitives(string_value=format_extensions(granted)))
        return socket, connection


def _origin_of(request: web.Request) -> str:
    """Scheme, host and port as the sender has written them. Raises `InvalidRequest`."""
    try:
        return str(request.url.origin())
    except ValueError:
        raise InvalidRequest("Host: must be a name or an address, and a port") from None
