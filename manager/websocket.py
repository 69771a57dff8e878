"""Accepts the WebSockets of all peers, and serves each until its connection ends."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from catalog.records import ServiceKind
from common.addresses import ClientAddresses
from common.log_events import bind_ids, correlation_ids
from common.tasks import BackgroundTasks
from manager.accounts.accounts import Accounts
from manager.accounts.logins import LoginRevocation, close_revoked_login
from manager.accounts.packet_scopes import ScopeGuard
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.connection import PeerConnection, PeerSocket, Reply
from manager.connections.dispatch import Dispatcher
from manager.errors import InvalidRequest
from manager.http.parameters import base_url_of, origin_of
from manager.metrics import ManagerMetrics
from manager.processing.jobs import ProcessingManager, ProcessingSession
from manager.processing.thumbnails import ThumbnailServiceRegistry, ThumbnailSession
from manager.services.credentials import ServiceAccess, ServiceIdentity
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.spaces.packets import PacketPlaces, shown_answer
from protocol import generic
from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    CHANNEL_DEMAND,
    COPY,
    LARGE_CHUNKS,
    MESSAGE_LIMITS,
    MESSAGES,
    MODIFICATION_TIMES,
    OBJECT_KEYS,
    ORGANISE,
    OVERVIEW,
    PROCESSING,
    REJECTIONS,
    RESUME,
    SEARCH,
    STARS,
    TICKET_HOLDERS,
    TICKETS,
    WEBHOOKS,
    format_extensions,
    parse_extensions,
)
from protocol.packet import Packet
from protocol.values import is_uuid

MAX_ADDRESS_LENGTH = 2048
_CLIENT_EXTENSIONS = frozenset(
    {
        *(ADMINISTER, BUNDLE, COPY, LARGE_CHUNKS, MODIFICATION_TIMES, ORGANISE, OVERVIEW),
        *(REJECTIONS, RESUME, SEARCH, STARS),
    }
)
_UPLOAD_EXTENSIONS = frozenset(
    {
        *(WEBHOOKS, CHANNEL_DEMAND, MESSAGE_LIMITS, MESSAGES, OBJECT_KEYS, RESUME, BUNDLE),
        *(TICKETS, TICKET_HOLDERS, MODIFICATION_TIMES),
    }
)


class PeerType(StrEnum):
    """What a peer is."""

    CLIENT = "client"
    UPLOAD = "upload"
    THUMBNAIL = "thumbnail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The parameters of a connection. `key`: a token or app password, or what a service logs in with."""

    type: PeerType
    key: str
    extensions: frozenset[str]
    query: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Handshake(type={self.type.value})"

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Handshake":
        """Takes them from a query. Raises `InvalidRequest`."""
        try:
            peer_type = PeerType(query.get("type", ""))
        except ValueError:
            choices = ", ".join(peer_type.value for peer_type in PeerType)
            raise InvalidRequest(f"type: must be one of {choices}") from None
        return cls(
            type=peer_type,
            key=query.get("key", ""),
            extensions=parse_extensions(query.get("extensions", "")),
            query=query,
        )

    def upload_address(self) -> str:
        """The URL that clients send chunks to. Raises `InvalidRequest`."""
        text = self.query.get("address", "")
        try:
            url = URL(text)
            is_usable = url.scheme in {"http", "https"} and bool(url.host)
        except ValueError:  # the URL, or its host, which is decoded only here
            is_usable = False
        if not is_usable or len(text) > MAX_ADDRESS_LENGTH:
            raise InvalidRequest("address: must be the http or https URL that clients can reach")
        return text

    def process(self) -> str:
        """The process that a slot belongs to. Raises `InvalidRequest`."""
        process = self.query.get("process", "")
        if not is_uuid(process):
            raise InvalidRequest("process: must be the uuid of the upload service's process")
        return process


log = structlog.get_logger(__name__)

ServePeer = Callable[[web.Request, Handshake], Awaitable[web.WebSocketResponse]]
"""Serves a peer of one kind. Raises `InvalidRequest`, `InvalidToken`, `WrongServiceSecret`,
`WrongServiceKind`, `TooManyAttempts`, `CatalogError` before the WebSocket is accepted."""


class WebSocketEndpoint:
    """The handler of all requests for a WebSocket."""

    def __init__(self, serve: Mapping[PeerType, ServePeer]) -> None:
        """`serve`: what serves each kind of peer."""
        self._serve = serve

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one peer for as long as it is connected. Raises as `ServePeer` does."""
        handshake = Handshake.read(request.query)
        return await self._serve[handshake.type](request, handshake)

    def or_else(self, handler: Handler) -> Handler:
        """A handler of requests for a WebSocket that leaves all others to `handler`."""

        async def root(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self.handle(request)
            return await handler(request)

        return root


class SocketAcceptor:
    """Accepts WebSockets, once it is known that the peer may connect."""

    def __init__(self, tasks: BackgroundTasks, metrics: ManagerMetrics) -> None:
        self._tasks = tasks
        self._metrics = metrics

    async def accept(
        self,
        request: web.Request,
        handshake: Handshake,
        granted: frozenset[str],
        namespace: str,
    ) -> tuple[web.WebSocketResponse, PeerConnection]:
        """Accepts a socket, and sends the extensions that were granted if the peer asked for any.

        What is logged for the connection from now on has an id of it.
        """
        bind_ids(connection=correlation_ids().get("request"), request=None)
        socket = PeerSocket()
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


class ClientEndpoint:
    """Serves clients."""

    def __init__(
        self,
        sockets: SocketAcceptor,
        addresses: ClientAddresses,
        accounts: Accounts,
        logins: LoginRevocation,
        places: PacketPlaces,
        scopes: ScopeGuard,
        dispatcher: Dispatcher,
        *,
        on_join: Sequence[Callable[[ClientSession], None]],
        on_leave: Sequence[Callable[[ClientSession], None]],
        public_url: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            sockets: Accepts the connections.
            addresses: Identifies clients.
            accounts: Authenticates users.
            logins: Disconnects clients whose login has ended.
            places: Translates what clients name into places of the catalog.
            scopes: Refuses packets that an app password does not cover.
            dispatcher: Handles the packets.
            on_join: Called in this order when a client has connected, before any packet of it.
            on_leave: Called in this order when it has disconnected.
            public_url: URL of the manager for clients; None: that of their request.
        """
        self._sockets = sockets
        self._addresses = addresses
        self._accounts = accounts
        self._logins = logins
        self._places = places
        self._scopes = scopes
        self._dispatcher = dispatcher
        self._on_join = on_join
        self._on_leave = on_leave
        self._public_url = public_url

    async def serve(self, request: web.Request, handshake: Handshake) -> web.WebSocketResponse:
        """Serves a client that has a valid token or app password."""
        address = self._addresses.of_request(request)
        login = await self._accounts.authenticate(handshake.key, address=address)
        base_url = base_url_of(request, self._public_url)
        granted = handshake.extensions & _CLIENT_EXTENSIONS
        if REJECTIONS not in granted:
            granted -= {BUNDLE}
        socket, connection = await self._sockets.accept(request, handshake, granted, "c2s")
        if self._logins.is_revoked(login) or not self._accounts.is_signed(handshake.key):
            await close_revoked_login(connection)
            return socket
        client = ClientSession(
            id=str(uuid4()),
            login=login,
            connection=connection,
            base_url=base_url,
            address=address,
            extensions=granted,
        )
        bind_ids(client=client.id)
        for joined in self._on_join:
            joined(client)
        try:
            await connection.serve(lambda packet, reply: self._handle(client, packet, reply))
        finally:
            client.is_connected = False
            for left in self._on_leave:
                left(client)
        return socket

    async def _handle(self, client: ClientSession, packet: Packet, reply: Reply) -> Packet | None:
        if not client.is_connected:
            return None
        placed = await self._places.placed(client, packet)
        if (answer := await self._places.answer(client, packet)) is not None:
            return answer
        await self._scopes.check(client, placed)

        def reply_shown(answer: Packet) -> None:
            reply(shown_answer(client, packet, answer))

        answer = await self._dispatcher.handle(ClientRequest(client, reply_shown), placed)
        return None if answer is None else shown_answer(client, packet, answer)


class UploadServiceEndpoint:
    """Serves the slots of upload services."""

    def __init__(
        self,
        sockets: SocketAcceptor,
        access: ServiceAccess,
        registry: UploadSlotRegistry,
        dispatcher: Dispatcher,
        *,
        on_leave: Callable[[UploadSlot], None],
        bot_token: str | None,
        gives_master_key: bool,
    ) -> None:
        """Takes what it uses.

        Args:
            sockets: Accepts the connections.
            access: Lets services in.
            registry: Configures the slots, and gives them uploads.
            dispatcher: Handles the packets.
            on_leave: Called when a slot has disconnected.
            bot_token: What base-protocol services post with; None: none can be served.
            gives_master_key: Whether services are let in that need the master key.
        """
        self._sockets = sockets
        self._access = access
        self._registry = registry
        self._dispatcher = dispatcher
        self._on_leave = on_leave
        self._bot_token = bot_token
        self._gives_master_key = gives_master_key

    async def serve(self, request: web.Request, handshake: Handshake) -> web.WebSocketResponse:
        """Serves a slot that has a credential for uploads, or the service password."""
        identity = await self._access.check(request, handshake.key, ServiceKind.UPLOAD)
        address = handshake.upload_address()
        granted = handshake.extensions & _UPLOAD_EXTENSIONS
        if WEBHOOKS not in granted:
            granted = frozenset()
        if not {OBJECT_KEYS, MESSAGES} <= granted:
            granted -= {BUNDLE}
        process = identity.own(handshake.process()) if granted else None
        if (reason := self._why_not(granted, identity)) is not None:
            log.warning("upload-service-refused", address=address, reason=reason)
            raise InvalidRequest(f"extensions: {reason}")
        socket, connection = await self._sockets.accept(request, handshake, granted, "u2s")
        slot = UploadSlot(
            id=str(uuid4()),
            address=address,
            process=process,
            connection=connection,
            takes_tickets=TICKETS in granted,
            takes_holders=TICKET_HOLDERS in granted,
            takes_object_keys=OBJECT_KEYS in granted,
            can_resume=RESUME in granted,
            takes_bundles=BUNDLE in granted,
            tells_demand=CHANNEL_DEMAND in granted,
            takes_message_limits=MESSAGE_LIMITS in granted,
            credential_id=identity.credential_id,
        )
        bind_ids(service=slot.id)
        try:
            with self._access.connected(identity, connection):
                async with self._registry.registered(slot):
                    await connection.serve(lambda packet, _: self._dispatcher.handle(slot, packet))
        finally:
            self._on_leave(slot)
        return socket

    def _why_not(self, granted: frozenset[str], identity: ServiceIdentity) -> str | None:
        """Why a service that was granted these extensions cannot be served; None when it can."""
        if OBJECT_KEYS not in granted and identity.credential_id is not None:
            return (
                f"a service with a credential is sent no master key and needs the extension {OBJECT_KEYS}: "
                "upgrade it; services of the base protocol log in with SERVICE_PASSWORD"
            )
        if OBJECT_KEYS not in granted and not self._gives_master_key:
            return (
                f"this manager keeps its master key to itself and needs the extension {OBJECT_KEYS}: "
                "upgrade the upload service, or set BASE_UPLOAD_SERVICES on the manager"
            )
        if not granted and self._bot_token is None:
            return f"without a bot this manager needs the extension {WEBHOOKS}"
        return None


class ThumbnailServiceEndpoint:
    """Serves the thumbnail services of the base protocol."""

    def __init__(
        self,
        sockets: SocketAcceptor,
        access: ServiceAccess,
        registry: ThumbnailServiceRegistry,
        dispatcher: Dispatcher,
        *,
        bot_token: str | None,
        gives_master_key: bool,
    ) -> None:
        """Takes what it uses.

        Args:
            sockets: Accepts the connections.
            access: Lets services in.
            registry: Configures the services, and asks them.
            dispatcher: Handles the packets.
            bot_token: What such services read with; None: none can be served.
            gives_master_key: Whether services are let in that need the master key.
        """
        self._sockets = sockets
        self._access = access
        self._registry = registry
        self._dispatcher = dispatcher
        self._bot_token = bot_token
        self._gives_master_key = gives_master_key

    async def serve(self, request: web.Request, handshake: Handshake) -> web.WebSocketResponse:
        """Serves a service that has a credential for thumbnails, or the service password."""
        identity = await self._access.check(request, handshake.key, ServiceKind.THUMBNAIL)
        if not self._gives_master_key:
            raise _refused_thumbnail_service(
                "this manager keeps its master key to itself, which such a service needs: set "
                "BASE_UPLOAD_SERVICES on the manager"
            )
        if self._bot_token is None:
            raise _refused_thumbnail_service(
                "without a bot this manager takes no thumbnail services"
            )
        socket, connection = await self._sockets.accept(request, handshake, frozenset(), "t2s")
        service = ThumbnailSession(id=str(uuid4()), connection=connection)
        bind_ids(service=service.id)
        with self._access.connected(identity, connection):
            async with self._registry.registered(service, self._bot_token):
                await connection.serve(lambda packet, _: self._dispatcher.handle(service, packet))
        return socket


def _refused_thumbnail_service(reason: str) -> InvalidRequest:
    log.warning("thumbnail-service-refused", reason=reason)
    return InvalidRequest(f"type: {reason}")


class ProcessingServiceEndpoint:
    """Serves processing services, and leaves thumbnail services of the base protocol to `base`."""

    def __init__(
        self,
        sockets: SocketAcceptor,
        access: ServiceAccess,
        registry: ProcessingManager,
        dispatcher: Dispatcher,
        *,
        base: ThumbnailServiceEndpoint,
    ) -> None:
        self._sockets = sockets
        self._access = access
        self._registry = registry
        self._dispatcher = dispatcher
        self._base = base

    async def serve(self, request: web.Request, handshake: Handshake) -> web.WebSocketResponse:
        """Serves a service that has a credential for processing, or the service password."""
        granted = handshake.extensions & {PROCESSING}
        if not granted:
            return await self._base.serve(request, handshake)
        identity = await self._access.check(request, handshake.key, ServiceKind.PROCESSING)
        # It reads content at the address that it connects to, which may differ from the public one.
        own_url = origin_of(request)
        socket, connection = await self._sockets.accept(request, handshake, granted, "t2s")
        service = ProcessingSession(id=str(uuid4()), base_url=own_url, connection=connection)
        bind_ids(service=service.id)
        with self._access.connected(identity, connection):
            async with self._registry.registered(service):
                await connection.serve(lambda packet, _: self._dispatcher.handle(service, packet))
        return socket
