"""The emulator as a web application, on its own port or below a prefix of another application."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from common.http_server import (
    bind_request_ids,
    end_unread_answers,
    handler_arguments,
    ignore_hang_ups,
)
from discord_emulator.emulator import EMULATOR, Emulator
from discord_emulator.errors import PlainError
from discord_emulator.faults import FaultRoutes
from discord_emulator.guard import Guard
from discord_emulator.routes import BotRoutes, CdnRoutes, WebhookRoutes
from discord_emulator.settings import EmulatorSettings

__all__ = ["EMULATOR", "Emulator", "create_app", "serve"]

log = structlog.get_logger(__name__)

REQUESTS_GRACE_S = 1.0
"""Seconds that running requests are given at a stop, and again when they are then cancelled."""
_API_PREFIXES = ("/api", "/api/v10")
_NO_ROUTE = frozenset({404, 405})


def create_app(
    settings: EmulatorSettings,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> web.Application:
    """Return the application; `app[EMULATOR]` is the emulator that a program can work with.

    Opens the data folder, and makes what is missing there, at once; locks it for this process at
    start-up.

    Args:
        settings: what is configured.
        clock: returns seconds since the Unix epoch; ids and expiry follow it.
        monotonic: returns seconds that never jump; rate limits and bans follow it.
    """
    emulator = Emulator(settings, clock, monotonic)
    app = web.Application(
        middlewares=[bind_request_ids, ignore_hang_ups, _answer_unknown_routes],
        handler_args=handler_arguments(settings.idle_connection_timeout_s),
    )
    app[EMULATOR] = emulator
    end_unread_answers(app)
    guard = Guard(emulator)
    for api in _API_PREFIXES:
        WebhookRoutes(emulator).add_to(app.router, api, guard)
        BotRoutes(emulator).add_to(app.router, api, guard)
    CdnRoutes(emulator).add_to(app.router, guard)
    if settings.fault_control:
        FaultRoutes(emulator.faults).add_to(app.router)
    app.cleanup_ctx.append(_run)
    app.on_shutdown.append(_release_faults)
    return app


async def serve(
    settings: EmulatorSettings, *, on_ready: Callable[[str], None] = lambda _url: None
) -> None:
    """Serve the emulator on its own port until cancelled.

    Writes the webhooks' URLs to `webhook-urls` in the data folder, one on each line.

    Args:
        settings: what is configured.
        on_ready: called with the public URL as soon as requests are answered.

    Raises:
        OSError: the port or the data folder cannot be used.
    """
    app = create_app(settings)
    emulator = app[EMULATOR]
    # Webhook tokens are part of the path, so there is no access log.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=REQUESTS_GRACE_S)
    await runner.setup()
    try:
        await start_site(runner, emulator)
        emulator.write_webhook_urls()
        log.info("emulator-ready", url=emulator.public_url, webhooks=len(emulator.webhooks))
        on_ready(emulator.public_url)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def start_site(runner: web.AppRunner, emulator: Emulator) -> None:
    """Listen where the settings say, and set the emulator's `base_url`."""
    settings = emulator.settings
    await web.TCPSite(runner, settings.host, settings.port).start()
    port = runner.addresses[0][1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    emulator.base_url = f"http://{host}:{port}"


async def _run(app: web.Application) -> AsyncIterator[None]:
    async with app[EMULATOR].run():
        yield


async def _release_faults(app: web.Application) -> None:
    app[EMULATOR].faults.clear()


@web.middleware
async def _answer_unknown_routes(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status in _NO_ROUTE:
            return PlainError(error.status, 0, f"{error.status}: {error.reason}").response()
        raise
