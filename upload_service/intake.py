"""The HTTP side: chunks come in here. The one place where errors become answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from aiohttp import web

from common.guesses import TooManyAttempts
from common.http_server import (
    bind_request_ids,
    end_unread_answers,
    handler_arguments,
    has_encoded_body,
)
from common.service_secret import ServiceSecretGuard, WrongServiceSecret
from protocol.values import is_uuid
from upload_service.active_uploads import ActiveUploads
from upload_service.buffers import Lane
from upload_service.bundles import ActiveBundle, ActiveBundles, BundleReceiver
from upload_service.chunk_receiver import (
    MAX_BODY_BYTES,
    ChunkReceiver,
    RequestBody,
)
from upload_service.errors import (
    BodyCut,
    BodyTooLarge,
    ChunkError,
    EncodedBody,
    MethodNotAllowed,
    UnknownUpload,
)
from upload_service.forwarding import Forwarder
from upload_service.metrics import Metrics
from upload_service.multipart import form_boundary
from upload_service.parcels import Parcel
from upload_service.stall import StallGuard
from upload_service.tickets import TicketIntake
from upload_service.zero_copy import zero_copy_protocol_of

log = structlog.get_logger(__name__)

_CORS: Final = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT: Final = {
    **_CORS,
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type",
    # A page from the internet may reach a service in the private network only with this.
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "86400",
}


class Intake:
    """Takes chunks over HTTP.

    Args:
        uploads: the uploads that run here.
        bundles: the bundles that run here.
        forwarder: stores what was received.
        unattributed: the lane of bodies that begin with the file.
        stall_timeout_s: seconds that a body may stand still.
        metrics: what is counted.
        secret: opens /metrics.
        tickets: takes whole files.
        idle_timeout_s: seconds after which a connection without a request is closed.
    """

    def __init__(
        self,
        *,
        uploads: ActiveUploads,
        bundles: ActiveBundles,
        forwarder: Forwarder,
        unattributed: Lane,
        stall_timeout_s: float,
        metrics: Metrics,
        secret: ServiceSecretGuard,
        tickets: TicketIntake,
        idle_timeout_s: float,
    ) -> None:
        self._uploads = uploads
        self._bundles = bundles
        self._forwarder = forwarder
        self._unattributed = unattributed
        self._stall_timeout_s = stall_timeout_s
        self._metrics = metrics
        self._tickets = tickets
        self._idle_timeout_s = idle_timeout_s
        self._secret = secret

    def application(self) -> web.Application:
        """The routes: /health, /metrics, /ticket, /bundle/…, and chunks on all other paths.

        May be mounted under a prefix.
        """
        app = web.Application(
            middlewares=[bind_request_ids],
            handler_args=handler_arguments(self._idle_timeout_s),
        )
        end_unread_answers(app)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._exposition)
        # A gateway may leave the path of the address in front, as it does for chunks.
        for path in ("/ticket", "/{below:.+}/ticket"):
            app.router.add_route("*", path, self._ticket)
        for path in ("/bundle/{bundle}", "/{below:.+}/bundle/{bundle}"):
            app.router.add_route("*", path, self._dispatch_bundle)
        # Clients use the address as it is given to them, with or without a slash at its end.
        app.router.add_route("*", "", self._dispatch)
        app.router.add_route("*", "/{path:.*}", self._dispatch)
        return app

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(status=204, headers=_CORS)

    async def _exposition(self, request: web.Request) -> web.Response:
        try:
            self._secret.check_bearer(request)
        except WrongServiceSecret as error:
            return _refusal(str(error), 401, {"WWW-Authenticate": "Bearer"})
        except TooManyAttempts as error:
            return _refusal(str(error), 429, {"Retry-After": str(error.retry_after_s)})
        self._metrics.buffers.set(self._unattributed.pool.allocated)
        self._metrics.running.set(len(self._uploads))
        return web.Response(
            body=self._metrics.exposition(), headers={"Content-Type": self._metrics.content_type}
        )

    async def _ticket(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=_PREFLIGHT)
        return await self._tickets.handle(request)

    async def _dispatch(self, request: web.Request) -> web.Response:
        return await self._answered(request, self._take)

    async def _dispatch_bundle(self, request: web.Request) -> web.Response:
        return await self._answered(request, self._take_bundle)

    async def _answered(
        self, request: web.Request, take: Callable[[web.Request], Awaitable[int]]
    ) -> web.Response:
        """The answer to a request that sends chunks, of which `take` says how it went."""
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=_PREFLIGHT)
        try:
            return web.Response(text=str(await take(request)), headers=_CORS)
        except ChunkError as error:
            self._metrics.failed(error.code)
            return _refusal(str(error), error.status)
        except Exception:
            log.exception("chunk-failed")
            self._metrics.failed("internal")
            return _refusal("the service failed; the chunk may be sent again", 500)

    async def _take(self, request: web.Request) -> int:
        """Receive a chunk and have it stored, or compare it to what is stored; gives its index.

        Raises:
            ChunkError: The chunk is not stored.
        """
        if request.method != "POST":
            raise MethodNotAllowed
        if has_encoded_body(request):
            raise EncodedBody
        boundary = form_boundary(request.headers.get("Content-Type", ""))
        length = request.content_length or 0
        if length > MAX_BODY_BYTES:
            raise BodyTooLarge("the body is larger than any chunk")
        body = RequestBody(request.content, length, zero_copy_protocol_of(request))
        try:
            with self._metrics.receiving.track_inprogress():
                async with StallGuard(self._stall_timeout_s) as guard:
                    receiver = ChunkReceiver(self._uploads, self._unattributed, guard, boundary)
                    received = await receiver.receive(body)
        except (OSError, web.RequestPayloadError):
            raise BodyCut("the connection broke before the form was complete") from None
        if isinstance(received, Parcel):
            await asyncio.shield(self._forwarder.begin(received))
            return received.chunks[0].index
        received.upload.chunks.require_alive()
        received.upload.chunks.compare(received.index, received.digest)
        return received.index

    async def _take_bundle(self, request: web.Request) -> int:
        """Receive a bundle and have it stored, unless it is; gives how many of its files came.

        Raises:
            ChunkError: The bundle is not stored.
        """
        if request.method != "POST":
            raise MethodNotAllowed("bundles")
        if has_encoded_body(request):
            raise EncodedBody
        bundle_id = request.match_info["bundle"].lower()
        if not is_uuid(bundle_id):
            raise UnknownUpload
        bundle = self._bundles.find(UUID(bundle_id))
        try:
            with self._metrics.receiving.track_inprogress():
                async with StallGuard(self._stall_timeout_s) as guard:
                    with guard.paused():
                        is_wanted = await bundle.is_wanted()
                    if not is_wanted:
                        return await _discarded(request, guard)
                    parcel = await _received(bundle, request, guard)
        except (OSError, web.RequestPayloadError):
            raise BodyCut("the connection broke before the bundle was complete") from None
        if parcel is None:
            bundle.complete()
            return 0
        forwarding = self._forwarder.begin(parcel)
        forwarding.add_done_callback(partial(bundle.forwarded, parcel))
        await asyncio.shield(forwarding)
        return len(parcel.chunks)


async def _received(bundle: ActiveBundle, request: web.Request, guard: StallGuard) -> Parcel | None:
    """Receive the body of a bundle; None when it holds no file. Raises `ChunkError`."""
    with bundle.receiving(guard):
        with guard.paused():
            held = await bundle.buffer()
        try:
            receiver = BundleReceiver(bundle, held, guard)
            async for piece in request.content.iter_any():
                receiver.feed(piece)
                # Many files may be sealed of one piece: others get their turn in between.
                await asyncio.sleep(0)
            return receiver.finish()
        except BaseException:
            held.release()
            raise


async def _discarded(request: web.Request, guard: StallGuard) -> int:
    """Read the body of a bundle that is stored already, so that its sender reads the answer."""
    taken = 0
    async for piece in request.content.iter_any():
        guard.progress()
        taken += len(piece)
        if taken > MAX_BODY_BYTES:
            raise BodyTooLarge("the body is larger than any bundle")
    return 0


def _refusal(text: str, status: int, headers: Mapping[str, str] = _CORS) -> web.Response:
    return web.json_response({"error": text}, status=status, headers=headers)
