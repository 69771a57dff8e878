"""What all routes of the manager have in common: errors as JSON, some headers, a count of requests.

Applications mounted below the manager's (upload service and emulator, when all run in one process)
handle their own errors and are left alone.
"""

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from common.http_answers import COMMON_HEADERS, PREFLIGHT_HEADERS, failure
from common.http_server import ONLY_IDENTITY, bind_request_ids, has_encoded_body, ignore_hang_ups
from manager.http.responses import answer
from manager.metrics import ManagerMetrics

log = structlog.get_logger(__name__)


def install(app: web.Application, metrics: ManagerMetrics) -> None:
    """Adds error handling, common headers and metrics to every route of `app`."""

    def is_ours(request: web.Request) -> bool:
        return request.match_info.apps[-1] is app

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_ours(request):
            return await handler(request)
        response = await _answer(request, handler)
        metrics.requests.labels(_route(request), response.status).inc()
        return response

    async def add_common_headers(request: web.Request, response: web.StreamResponse) -> None:
        if is_ours(request):
            response.headers.update(COMMON_HEADERS)

    app.middlewares.extend((bind_request_ids, answer_errors, ignore_hang_ups))
    app.on_response_prepare.append(add_common_headers)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=PREFLIGHT_HEADERS)
    if has_encoded_body(request):
        refusal = failure(415, "the body must be sent as it is, without any Content-Encoding")
        refusal.headers.update(ONLY_IDENTITY)
        return refusal
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _from_http_exception(error)
    except web.RequestPayloadError:
        # What it wraps quotes the body, which may hold a password or a token.
        return failure(400, "the body is not encoded as its headers say")
    except Exception as error:  # noqa: BLE001 - logged, and answered without its text
        return _from_error(request, error)


def _from_http_exception(error: web.HTTPException) -> web.StreamResponse:
    response = failure(error.status, error.reason)
    for name in ("Allow", "Location"):
        if name in error.headers:
            response.headers[name] = error.headers[name]
    return response


def _from_error(request: web.Request, error: Exception) -> web.Response:
    known = answer(error)
    if known is None:
        # The path only: the query may hold a password or a token.
        log.error("request-failed", method=request.method, path=request.path, exc_info=error)
        return failure(500, "internal error: the manager's log says more")
    if known.status >= 500:
        log.warning("request-failed", path=request.path, reason=str(error))
    return known


def _route(request: web.Request) -> str:
    """The route's pattern, never the path: unknown paths must not become label values."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"
