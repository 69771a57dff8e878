"""Puts the manager together, and runs it as a web application.

Starting goes from the catalog upward, stopping the other way round. aiohttp stops listening, and waits for
the handlers of requests, before it stops the manager, so that nothing is used after its end.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from aiohttp import web

from common.http_server import UNREAD_TIMEOUT_S, end_unread_answers, handler_arguments
from common.tasks import supervised
from manager import app_keys
from manager.accounts.accounts import SetupCode
from manager.accounts.credentials import Passwords
from manager.cluster.clock import SharedClock
from manager.cluster.elected import ElectedLoops
from manager.cluster.timing import ClusterTiming
from manager.composition.content import channel_of, compose_content
from manager.composition.downloads import compose_downloads, compose_links
from manager.composition.files import compose_files
from manager.composition.foundation import Clock, Environment, Foundation, OpenCatalog
from manager.composition.identities import compose_identities
from manager.composition.packets import compose_packets, compose_websockets
from manager.composition.routes import ManagerParts, compose_routes
from manager.composition.uploads import compose_processing, compose_slots, compose_uploads
from manager.connections.closing import close_all
from manager.files.search import index_older_texts
from manager.gateways.door import gateway_door
from manager.http import middleware
from manager.metrics import ManagerMetrics
from manager.retrying import CatalogRetry
from manager.settings import ManagerSettings
from manager.spaces.spaces import Spaces
from manager.status import CatalogHealth, ClusterSection

_UNREAD_MARGIN_S = 30.0


def create_app(
    settings: ManagerSettings,
    *,
    clock: Clock = time.time,
    monotonic: Clock = time.monotonic,
    passwords: Passwords | None = None,
    open_catalog: OpenCatalog | None = None,
    retry: CatalogRetry | None = None,
    cluster_timing: ClusterTiming | None = None,
) -> web.Application:
    """The manager as a web application, not started yet.

    Args:
        settings: Everything that can be configured.
        clock: Seconds since the Unix epoch.
        monotonic: Seconds that never jump.
        passwords: Hashes passwords; None: as slowly as it should be done.
        open_catalog: Opens the catalog; None: the one that the settings name.
        retry: How calls of the catalog are retried; None: as configured.
        cluster_timing: How quickly several managers notice one another; None: as usual.
    """
    if settings.cluster_url is not None:
        clock = SharedClock(clock, monotonic)
    app = web.Application(handler_args=handler_arguments(settings.idle_connection_timeout_s))
    # Downloads have a limit of their own for readers that stall, which comes first.
    end_unread_answers(app, max(UNREAD_TIMEOUT_S, settings.download_stall_s + _UNREAD_MARGIN_S))
    metrics = app[app_keys.METRICS] = ManagerMetrics()
    middleware.install(app, metrics)
    app.middlewares.append(gateway_door(lambda: app[app_keys.SERVICE_ACCESS]))
    environment = Environment(
        settings=settings,
        clock=clock,
        monotonic=monotonic,
        passwords=passwords or Passwords(),
        open_catalog=open_catalog,
        retry=retry,
        cluster_timing=cluster_timing,
        metrics=metrics,
    )
    app.cleanup_ctx.append(partial(_run, environment=environment))
    return app


def is_ready(app: web.Application, *, slots: int) -> bool:
    """Whether so many upload slots are registered with a manager that runs."""
    return app[app_keys.UPLOAD_SLOTS].in_service >= slots


def setup_code(app: web.Application) -> SetupCode:
    """How to create the first user of a running manager."""
    return app[app_keys.SETUP_CODE]


def spaces_of(app: web.Application) -> Spaces:
    """What the users of a running manager see."""
    return app[app_keys.SPACES]


async def _run(app: web.Application, *, environment: Environment) -> AsyncIterator[None]:
    """Runs the manager as long as the application."""
    async with AsyncExitStack() as stack:
        parts, maintenance = await _compose(environment, stack)
        app.add_routes(await compose_routes(parts))
        _offer(app, parts)

        async def close_connections(_: web.Application) -> None:
            # The application waits for its handlers when it stops; those of WebSockets end with these.
            parts.downloads.delivery.end_all()
            await close_all(
                parts.base.hub,
                parts.slots.registry,
                parts.processing.thumbnail_services,
                parts.processing.manager,
            )

        app.on_shutdown.append(close_connections)
        upload_reports = parts.packets.upload_reports
        await parts.slots.allocation.start(
            parts.slots.registry,
            take_finish=upload_reports.finished_elsewhere,
            take_type=upload_reports.type_found_elsewhere,
        )
        background = {**_loops(parts), **await _loops_of_clock(parts.base)}
        for name, loop in background.items():
            parts.base.loops.spawn(supervised(name, loop), name)
        stack.push_async_callback(maintenance.close)
        maintenance.start()
        yield


async def _compose(
    environment: Environment, stack: AsyncExitStack
) -> tuple[ManagerParts, ElectedLoops]:
    """Makes all subjects, and what only one of several managers does."""
    base = await Foundation.opened(environment, stack)
    content = await compose_content(base)
    # What runs ends before what it has learned is saved at last, and after what is made from here on.
    stack.push_async_callback(base.loops.close)
    stack.push_async_callback(base.tasks.close)
    identities = await compose_identities(base)
    files = await compose_files(base, identities)
    slots = await compose_slots(base, content)
    uploads = await compose_uploads(base, content, identities, files, slots)
    processing = compose_processing(base, content, files, uploads)
    links = compose_links(base, identities)
    downloads = compose_downloads(base, content, identities, processing)
    packets = await compose_packets(
        base, content, identities, files, slots, uploads, processing, links
    )
    maintenance = ElectedLoops(
        base.cluster,
        "maintenance",
        {
            "audit_sweep": base.audit.sweep,
            "compaction": uploads.compactor.run,
            "folder_links": links.folders.run,
            "links": links.files.run,
            "reaper": content.reaper.run,
            "sessions": identities.sessions.run,
            "size_probes": slots.size_prober.run,
            "sweep": content.unknown_messages.run,
            "text_index": partial(index_older_texts, base.catalog_of_users),
            "watch": content.unknown_messages.keep_watching,
        },
    )
    parts = ManagerParts(
        base=base,
        content=content,
        identities=identities,
        files=files,
        slots=slots,
        uploads=uploads,
        processing=processing,
        links=links,
        downloads=downloads,
        packets=packets,
        websockets=compose_websockets(base, identities, slots, uploads, processing, packets),
        health=CatalogHealth(base.catalog_of_users, monotonic=base.monotonic),
        cluster_section=ClusterSection(base.cluster, maintenance, base.metrics),
    )
    return parts, maintenance


def _loops(parts: ManagerParts) -> dict[str, Callable[[], Awaitable[None]]]:
    """What runs in every manager until it stops, by name."""
    base, content, who = parts.base, parts.content, parts.identities
    return {
        "allocation": parts.slots.allocation.run,
        "audit": base.audit.run,
        "changes": parts.files.changes.run,
        "gateways": parts.downloads.gateways.run,
        "channel_limits": content.limits.run,
        "health": parts.health.run,
        "kept_uploads": parts.uploads.kept.run,
        "logins": who.logins.run,
        "temporary_references": content.temporary_references.run,
        "processing": parts.processing.manager.run,
        "quarantines": content.quarantines.run,
        "service_credentials": who.access.run,
        "shared_records": content.shared_records.run,
        "signing_keys": who.key_keeper.run,
        "webhooks": partial(content.webhooks.learn, partial(channel_of, base.http)),
    }


async def _loops_of_clock(base: Foundation) -> dict[str, Callable[[], Awaitable[None]]]:
    """Sets a clock that several managers share, and returns what keeps it right."""
    if base.change_log is None or not isinstance(base.clock, SharedClock):
        return {}
    await base.retry.committing(partial(base.clock.adjust, base.change_log))
    return {"clock": partial(base.clock.run, base.change_log)}


def _offer(app: web.Application, parts: ManagerParts) -> None:
    """Lets the program around the manager, and tests, find what it is made of."""
    content, who, packets = parts.content, parts.identities, parts.packets
    app[app_keys.ACCOUNTS] = who.accounts
    app[app_keys.AUDIT] = parts.base.audit
    app[app_keys.CATALOG] = parts.base.catalog_of_users
    app[app_keys.CONTENT_LINKS] = parts.files.content_links
    app[app_keys.DISPATCHERS] = (
        packets.clients,
        packets.slots,
        packets.thumbnails,
        packets.processing,
    )
    app[app_keys.LINKS] = parts.links.files
    app[app_keys.LOGINS] = who.logins
    app[app_keys.REAPER] = content.reaper
    app[app_keys.SERVICE_ACCESS] = who.access
    app[app_keys.SETUP_CODE] = who.setup
    app[app_keys.SIGNING_KEYS] = who.key_keeper
    app[app_keys.SIZE_PROBER] = parts.slots.size_prober
    app[app_keys.SPACES] = parts.base.spaces
    app[app_keys.TEMPORARY_REFERENCES] = content.temporary_references
    app[app_keys.THUMBNAIL_CACHE] = parts.processing.thumbnails
    app[app_keys.THUMBNAIL_SERVICES] = parts.processing.thumbnail_services
    app[app_keys.TICKET_UPLOADS] = parts.uploads.tickets
    app[app_keys.UNKNOWN_MESSAGES] = content.unknown_messages
    app[app_keys.UPLOAD_SLOTS] = parts.slots.registry
    app[app_keys.WEBHOOKS] = content.webhooks
