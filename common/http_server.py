"""What every HTTP server of the project does alike, before any of its routes is asked.

Bodies are taken as they are sent: nobody here needs compressed ones, and aiohttp would inflate even
what it only reads to throw away, a thousand bytes for each that was sent. Connections that ask for
nothing are closed, since everybody can open one and each costs memory.
"""

from typing import Any, Final

from aiohttp import web

IDLE_TIMEOUT_S: Final = 30.0
"""How long a connection may go without asking for anything, unless it is configured otherwise."""
IDLE_TIMEOUT_DESCRIPTION: Final = (
    "Seconds after which a connection is closed that has sent nothing, or only a part of the head of a "
    "request, or no further request. WebSockets are not affected."
)
ONLY_IDENTITY: Final = {"Accept-Encoding": "identity"}
"""Header of an answer of 415, which says what would be accepted (RFC 9110, section 15.5.16)."""


def handler_arguments(idle_timeout_s: float) -> dict[str, Any]:
    """The `handler_args` of a `web.Application`, which hold for whatever is mounted in it, too.

    Args:
        idle_timeout_s: seconds that a connection may take to send the head of its next request.
    """
    # aiohttp's "keep-alive" timer also runs before the first request, and until a head is complete.
    return {"auto_decompress": False, "keepalive_timeout": idle_timeout_s}


def has_encoded_body(request: web.BaseRequest) -> bool:
    """Whether the request has a body that is compressed or encoded otherwise."""
    named = request.headers.getall("Content-Encoding", [])
    return request.body_exists and any(is_encoding(value) for value in named)


def is_encoding(value: str) -> bool:
    """Whether the value of a `Content-Encoding` header names any encoding that has to be undone."""
    return any(coding.strip().lower() not in {"", "identity"} for coding in value.split(","))
