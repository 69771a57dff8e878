"""The answers of HTTP servers to clients: JSON, `{"error": bool, …}`, and the headers of every answer."""

from typing import Any, Final

import msgspec
from aiohttp import web

COMMON_HEADERS: Final = {
    # No answer is a script or a page because it looks like one.
    "X-Content-Type-Options": "nosniff",
    # Frontends of any origin may read it.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, "
        "Discord-Cloud-Modified-At, ETag, Last-Modified, Retry-After"
    ),
}
PREFLIGHT_HEADERS: Final = {
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        # The star covers all but Authorization; browsers that do not know it go by the names.
        "*, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, "
        "If-Unmodified-Since, Range"
    ),
    # Without this, browsers do not let a page from the internet use a manager in a private network.
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "86400",
}


RETRY_AFTER_S: Final = 2
"""When to ask again while the catalog or Discord is unavailable; clients spread it themselves."""
LASTING_HEADER: Final = "Discord-Cloud-Lasting"
"""Header that marks an error as lasting; its value is the code of the error."""


def success(**fields: Any) -> web.Response:  # noqa: ANN401 - whatever JSON can say
    """200 with the fields beside `"error": false`. Never cached: answers contain tokens and rights."""
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
