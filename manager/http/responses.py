"""The JSON answers of the manager, `{"error": bool, …}`, and headers that every answer has."""

from typing import Any

import msgspec
from aiohttp import web

COMMON_HEADERS = {
    # No answer is a script or a page because it looks like one.
    "X-Content-Type-Options": "nosniff",
    # Frontends of any origin may read it.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Last-Modified, "
        "Retry-After"
    ),
}
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        # The star covers all but Authorization; browsers that do not know it go by the names.
        "*, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, "
        "If-Unmodified-Since, Range"
    ),
    # A page from the internet may reach a manager in the private network only with this.
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "86400",
}


def success(**fields: Any) -> web.Response:  # noqa: ANN401 - whatever JSON can say
    """200 with the fields beside `"error": false`. Never cached: answers hold tokens and rights."""
    return _json(200, {"error": False, **fields})


def failure(status: int, details: str, **fields: Any) -> web.Response:  # noqa: ANN401 - as above
    """An error as JSON; `details` is for people and holds no secret."""
    return _json(status, {"error": True, "error_details": details, **fields})


def _json(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
