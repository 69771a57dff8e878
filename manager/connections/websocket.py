"""Lets peers in, and ties their connections to what the manager does."""

from uuid import uuid4

import structlog
from aiohttp import web

from common.service_password import ServicePassword
from common.tasks import BackgroundTasks
from manager.accounts.accounts import Accounts
from manager.accounts.logins import LoginRevocation, close_revoked_login
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientSession
from manager.connections.connection import PeerConnection, new_socket
from manager.connections.handshake import Handshake, PeerType
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
from manager.errors import InvalidRequest
from manager.metrics import ManagerMetrics
from manager.processing.services import ProcessingService
from manager.processing.thumbnailers import Thumbnailer
from manager.services.upload_slots import UploadSlot
from protocol import generic
from protocol.extensions import (
    ADMINISTER,
    ORGANISE,
    PROCESSING,
    REJECTIONS,
    TICKET_HOLDERS,
    TICKETS,
    WEBHOOKS,
    format_extensions,
)

log = structlog.get_logger(__name__)


class Reception:
    """Every WebSocket of the manager begins here."""

    def __init__(
        self,
        parts: ManagerParts,
        *,
        accounts: Accounts,
        service_password: ServicePassword,
        hub: Hub,
        logins: LoginRevocation,
        tasks: BackgroundTasks,
        metrics: ManagerMetrics,
        bot_token: str | None,
        public_url: str | None,
    ) -> None:
        """`public_url` is where clients reach the manager; None: where they say that they do."""
        self._parts = parts
        self._accounts = accounts
        self._service_password = service_password
        self._hub = hub
        self._logins = logins
        self._tasks = tasks
        self._metrics = metrics
        self._bot_token = bot_token
        self._public_url = public_url

    @property
    def service_password(self) -> ServicePassword:
        """What services log in with."""
        return self._service_password

    def base_url(self, request: web.Request) -> str:
        """URL of the manager as whoever sent the request reaches it, without a slash at its end.

        Raises `InvalidRequest`.
        """
        return self._public_url or _origin_of(request)

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one peer for as long as it is connected.

        Raises `InvalidRequest`, `InvalidToken`, `WrongServicePassword`, `TooManyAttempts`.
        """
        handshake = Handshake.read(request.query)
        match handshake.type:
            case PeerType.CLIENT:
                return await self._serve_client(request, handshake)
            case PeerType.UPLOAD:
                return await self._serve_upload_slot(request, handshake)
            case PeerType.THUMBNAIL:
                return await self._serve_thumbnailer(request, handshake)

    async def _serve_client(
        self, request: web.Request, handshake: Handshake
    ) -> web.WebSocketResponse:
        user = await self._accounts.authenticate(handshake.key)
        base_url = self.base_url(request)
        granted = handshake.extensions & {ADMINISTER, ORGANISE, REJECTIONS}
        socket, connection = await self._accept(request, handshake, granted, "c2s")
        if self._logins.is_revoked(user):
            await close_revoked_login(connection)
            return socket
        client = ClientSession(
            id=str(uuid4()),
            user=user,
            connection=connection,
            base_url=base_url,
            extensions=granted,
        )
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
        self._service_password.check(request, handshake.key)
        address = handshake.upload_address()
        granted = handshake.extensions & {WEBHOOKS, TICKETS, TICKET_HOLDERS}
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
            hears_of_holders=TICKET_HOLDERS in granted,
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
        self._service_password.check(request, handshake.key)
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
