"""`/health`, `/status`, `/metrics`, and what stands at `/`."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from catalog.records import JobState
from manager.files.conversion import timestamp
from manager.http.parameters import token_of
from manager.http.parts import Parts, parts_of
from manager.http.responses import success
from manager.metrics import CONTENT_TYPE

SHOWN_FAILURES = 20
"""How many of the files whose processing was given up an administrator is shown."""


def status_routes(page: Handler) -> list[web.RouteDef]:
    """The routes that tell how the manager is; `/metrics` opens with the service password.

    `page` answers requests for `/` that are no WebSockets.
    """

    async def root(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await parts_of(request).control.reception.websocket(request)
        return await page(request)

    return [
        web.get("/", root),
        web.get("/health", _health),
        web.get("/status", _status, allow_head=False),
        web.get("/metrics", _metrics, allow_head=False),
    ]


async def _health(request: web.Request) -> web.Response:
    await parts_of(request).health.check()
    return web.Response(status=204)


async def _metrics(request: web.Request) -> web.Response:
    parts = parts_of(request)
    parts.control.reception.service_password.check_bearer(request)
    return web.Response(body=parts.metrics.render(), headers={"Content-Type": CONTENT_TYPE})


async def _status(request: web.Request) -> web.Response:
    parts = parts_of(request)
    user = await parts.accounts.authenticate(token_of(request))
    return success(
        **parts.control.snapshot(),
        webhooks=_webhooks(parts),
        messages=_messages(parts),
        processing=await _processing(parts, is_admin=user.is_admin),
        you={"id": user.id, "name": user.name, "is_admin": user.is_admin},
    )


def _webhooks(parts: Parts) -> dict[str, Any]:
    return {
        "usable": len(parts.webhooks.usable),
        "unknown": len(parts.webhooks.unknown),
        "quarantined": [
            {"id": str(each.webhook_id), "reason": each.reason, "is_gone": each.is_gone}
            for each in parts.webhooks.quarantined.values()
        ],
    }


def _messages(parts: Parts) -> dict[str, Any]:
    """What lies on Discord in vain: what cannot be deleted, and what nobody knows."""
    unknown = parts.unknown_messages
    return {
        "stuck": parts.reaper.stuck,
        "uncertain_posts": parts.control.uncertain_posts,
        "has_bot": unknown.has_bot,
        "unknown_found": unknown.found,
        "swept_at": None if unknown.swept_at is None else timestamp(unknown.swept_at),
    }


async def _processing(parts: Parts, *, is_admin: bool) -> dict[str, Any]:
    jobs = await parts.catalog.count_jobs()
    shown: dict[str, Any] = {
        "services": sum(each.is_in_service for each in parts.control.processing),
        **{state.value: number for state, number in jobs.items()},
    }
    if is_admin:
        given_up = await parts.catalog.jobs(JobState.FAILED, limit=SHOWN_FAILURES)
        shown["failed_files"] = [
            {"id": str(job.object_id), "attempts": job.attempts, "error": job.error}
            for job in given_up
        ]
    return shown
