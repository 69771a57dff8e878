"""The gateway, put together."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from common.addresses import ClientAddresses
from common.guesses import TooManyAttempts
from common.http_answers import COMMON_HEADERS, PREFLIGHT_HEADERS, RETRY_AFTER_S, failure
from common.http_server import (
    ONLY_IDENTITY,
    UNREAD_TIMEOUT_S,
    bind_request_ids,
    end_unread_answers,
    handler_arguments,
    has_encoded_body,
    ignore_hang_ups,
)
from common.manager_urls import ManagerUrls
from common.service_secret import ServiceSecretGuard, WrongServiceSecret
from common.tasks import BackgroundTasks
from gateway.errors import GatewayError, ManagerAway, ManagerRefused, ManagerUnusable
from gateway.manager_client import ManagerClient
from gateway.metrics import CONTENT_TYPE, GatewayMetrics
from gateway.sending import GatewaySender
from gateway.settings import GatewaySettings
from reading.answers import reading_answer
from reading.archives import ArchiveSender
from reading.chunk_cache import ChunkCache
from reading.delivery import BodySender, Delivery
from reading.file_stream import FileStreamSender
from reading.manifest import SERVED
from storage.discord.http import DiscordHttp

log = structlog.get_logger(__name__)

READY_S: Final = 2.0
"""Seconds for which an answer about the manager counts: anybody may ask for it."""
_UNREAD_MARGIN_S: Final = 30.0


class Readiness:
    """Whether clients should be sent here: not while every manager is away, and not during a stop."""

    def __init__(self, manager: ManagerClient, monotonic: Callable[[], float]) -> None:
        self._manager = manager
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._looked_at = float("-inf")
        self._is_reachable = False
        self.is_stopping = False

    async def is_ready(self) -> bool:
        """Asks a manager, unless one was asked lately."""
        async with self._lock:
            if self._monotonic() >= self._looked_at + READY_S:
                self._is_reachable = await self._manager.is_reachable()
                self._looked_at = self._monotonic()
        return self._is_reachable and not self.is_stopping


DELIVERY = web.AppKey("delivery", Delivery)
METRICS = web.AppKey("metrics", GatewayMetrics)
READINESS = web.AppKey("readiness", Readiness)


def create_app(
    settings: GatewaySettings,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> web.Application:
    """A gateway as a web application, not started yet.

    Args:
        settings: What is configured.
        clock: Seconds since the Unix epoch.
        monotonic: Seconds that never jump.
    """
    app = web.Application(handler_args=handler_arguments(settings.idle_connection_timeout_s))
    end_unread_answers(app, max(UNREAD_TIMEOUT_S, settings.download_stall_s + _UNREAD_MARGIN_S))
    app[METRICS] = GatewayMetrics()
    app.middlewares.extend((bind_request_ids, _answer_errors, ignore_hang_ups))
    app.on_response_prepare.append(_add_common_headers)
    app.cleanup_ctx.append(partial(_run, settings=settings, clock=clock, monotonic=monotonic))
    return app


async def drain(app: web.Application, grace_s: float) -> None:
    """Lets downloads end that run, for so many seconds, and takes no others. Readers resume the rest."""
    app[READINESS].is_stopping = True
    try:
        async with asyncio.timeout(grace_s):
            await app[DELIVERY].all_ended()
    except TimeoutError:
        log.warning("downloads-cut-at-stop", count=app[DELIVERY].running)


async def _run(
    app: web.Application,
    *,
    settings: GatewaySettings,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
) -> AsyncIterator[None]:
    """Composes the gateway, adds its routes, and runs it as long as the application runs."""
    async with AsyncExitStack() as stack:
        metrics = app[METRICS]
        credential = settings.service_credential.get_secret_value()
        manager = await stack.enter_async_context(
            ManagerClient(
                ManagerUrls(settings.manager_urls), credential, metrics.manager_failures.inc
            )
        )
        # Only its connections are used: a gateway asks Discord's API for nothing.
        http = await stack.enter_async_context(DiscordHttp())
        tasks = BackgroundTasks()
        stack.push_async_callback(tasks.close)
        addresses = ClientAddresses(settings.trusted_proxies)
        delivery = settings.delivery(metrics, addresses, monotonic, GatewayError)
        metrics.running.set_function(lambda: delivery.running)
        memory = settings.read_ahead_memory()
        sender = GatewaySender(
            manager,
            http,
            BodySender(delivery, memory),
            ArchiveSender(delivery, clock, memory, settings.temp_folder),
            FileStreamSender(delivery, memory),
            ChunkCache(settings.range_cache_bytes),
            addresses,
            metrics,
            tasks,
        )
        readiness = Readiness(manager, monotonic)

        async def cut_downloads(_: web.Application) -> None:
            delivery.end_all()

        app.on_shutdown.append(cut_downloads)
        app[DELIVERY], app[READINESS] = delivery, readiness
        secret = ServiceSecretGuard(credential, addresses, monotonic)

        async def serve(request: web.Request) -> web.StreamResponse:
            if readiness.is_stopping:
                raise ManagerAway
            return await sender.answer(request)

        async def health(_: web.Request) -> web.Response:
            return web.Response(status=204)

        async def ready(_: web.Request) -> web.Response:
            return web.Response(status=204 if await readiness.is_ready() else 503)

        async def render_metrics(request: web.Request) -> web.Response:
            secret.check_bearer(request)
            return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE})

        app.add_routes(
            [
                web.get("/health", health),
                web.get("/ready", ready),
                web.get("/metrics", render_metrics),
                *(
                    web.get(path, serve) if method == "GET" else web.post(path, serve)
                    for method, path in SERVED
                ),
            ]
        )
        yield


async def _add_common_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(COMMON_HEADERS)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await _answered(request, handler)
    resource = request.match_info.route.resource
    route = "unknown" if resource is None else resource.canonical
    request.app[METRICS].requests.labels(route, response.status).inc()
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=PREFLIGHT_HEADERS)
    if has_encoded_body(request):
        refusal = failure(415, "the body must be sent as it is, without any Content-Encoding")
        refusal.headers.update(ONLY_IDENTITY)
        return refusal
    try:
        return await handler(request)
    except web.HTTPException as error:
        return failure(error.status, error.reason)
    except Exception as error:  # noqa: BLE001 - logged, and answered without its text
        return _from_error(request, error)


def _from_error(request: web.Request, error: Exception) -> web.Response:
    match error:
        case ManagerRefused():
            return web.Response(status=error.status, headers=error.headers, body=error.body)
        case ManagerAway():
            response = failure(503, str(error))
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
            return response
        case ManagerUnusable():
            log.error("manager-unusable", reason=error.reason)
            return failure(502, str(error))
        case WrongServiceSecret():
            response = failure(401, str(error))
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        case TooManyAttempts():
            response = failure(429, str(error))
            response.headers["Retry-After"] = str(error.retry_after_s)
            return response
    known = reading_answer(error)
    if known is None:
        # The path only: the query may hold a password or a token.
        log.error("request-failed", method=request.method, path=request.path, exc_info=error)
        return failure(500, "internal error: the gateway's log says more")
    if known.status >= 500:
        log.warning("request-failed", path=request.path, reason=str(error))
    return known
