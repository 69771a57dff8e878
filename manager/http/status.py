"""`/health`, `/status`, `/metrics`, and what stands at `/`."""

from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from catalog.records import JobState
from manager.http.parameters import token_of
from manager.http.parts import parts_of
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
    quarantined = [
        {"id": str(each.webhook_id), "reason": each.reason, "is_gone": each.is_gone}
        for each in parts.webhooks.quarantined.values()
    ]
    webhooks = {
        "usable": len(parts.webhooks.usable),
        "unknown": len(parts.webhooks.unknown),
        "quarantined": quarantined,
    }
    jobs = await parts.catalog.count_jobs()
    processing: dict[str, Any] = {
        "services": sum(each.is_in_service for each in parts.control.processing),
        **{state.value: number for state, number in jobs.items()},
    }
    if user.is_admin:
        given_up = await parts.catalog.jobs(JobState.FAILED, limit=SHOWN_FAILURES)
        processing["failed_files"] = [
            {"id": str(job.object_id), "attempts": job.attempts, "error": job.error}
            for job in given_up
        ]
    you = {"id": user.id, "name": user.name, "is_admin": user.is_admin}
    return success(**parts.control.snapshot(), webhooks=webhooks, processing=processing, you=you)
