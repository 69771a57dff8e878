"""What every HTTP server of the project does alike, before any of its routes is asked.

Compressed bodies are refused: no client needs them, and aiohttp would inflate even
what it only reads to throw away, a thousand bytes for each that was sent. Connections that ask for
nothing, or do not take what they have asked for, are closed, since any client can open one and each
costs memory. A client that hangs up is no error: it is counted, and not logged. No
answer names the versions of the software.
"""

import contextlib
import secrets
import socket
from typing import Any, Final

from aiohttp import web, web_response
from aiohttp.typedefs import Handler

from common.content_encoding import is_encoding
from common.log_events import HEADER, bound_ids, correlation_ids, ids_of_header

IDLE_TIMEOUT_S: Final = 30.0
"""How long a connection may go without asking for anything, unless it is configured otherwise."""
IDLE_TIMEOUT_DESCRIPTION: Final = (
    "Seconds after which the server closes a connection that has sent nothing, only part of the head of "
    "a request, or no further request. WebSockets are not affected."
)
UNREAD_TIMEOUT_S: Final = 120.0
"""How long a client may take nothing of an answer."""
CLIENT_CLOSED_REQUEST: Final = 499
"""Status that counts requests whose client has hung up, as nginx does; no client receives it."""
ONLY_IDENTITY: Final = {"Accept-Encoding": "identity"}
"""Header of an answer of 415, which says what would be accepted (RFC 9110, section 15.5.16)."""

# aiohttp has no option for the answers that no application makes, to what is not even HTTP.
web_response.SERVER_SOFTWARE = "discord-cloud"  # type: ignore[attr-defined]  # not exported


def handler_arguments(idle_timeout_s: float) -> dict[str, Any]:
    """The `handler_args` of a `web.Application`, which apply to mounted applications as well.

    Args:
        idle_timeout_s: seconds that a connection may take to send the head of its next request.
    """
    # aiohttp's "keep-alive" timer also runs before the first request, and until a head is complete.
    return {"auto_decompress": False, "keepalive_timeout": idle_timeout_s}


def end_unread_answers(app: web.Application, after_s: float = UNREAD_TIMEOUT_S) -> None:
    """Has the kernel end connections whose client takes nothing of an answer for so many seconds.

    Otherwise a client that stops reading would keep its connection and memory for ever. Nothing
    happens where the kernel cannot do that. WebSockets have rules of their own.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)

    async def bound(request: web.Request, response: web.StreamResponse) -> None:
        transport = request.transport
        connection = None if transport is None else transport.get_extra_info("socket")
        if option is None or connection is None or isinstance(response, web.WebSocketResponse):
            return
        # The client may be gone by now.
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, option, int(after_s * 1000))

    app.on_response_prepare.append(bound)


def has_encoded_body(request: web.BaseRequest) -> bool:
    """Whether the request has a body that is compressed or encoded otherwise."""
    named = request.headers.getall("Content-Encoding", [])
    return request.body_exists and any(is_encoding(value) for value in named)


def has_hung_up(request: web.BaseRequest) -> bool:
    """Whether the client of a request has disconnected, so that no answer can be delivered."""
    return request.transport is None or request.transport.is_closing()


@web.middleware
async def bind_request_ids(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Binds the id of the request to all lines that are logged for it, and those that came with it.

    Without an id of its client a request gets one here.
    """
    own = correlation_ids().get("request") or secrets.token_hex(8)
    with bound_ids(**{"request": own, **ids_of_header(request.headers.get(HEADER, ""))}):
        return await handler(request)


@web.middleware
async def ignore_hang_ups(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ends the request of a client that has hung up, before or during the answer.

    aiohttp would log a traceback of what a handler meets then. An error of any other connection than
    the client's is passed on.
    """
    try:
        return await handler(request)
    except (ConnectionError, web.RequestPayloadError):
        if not has_hung_up(request):
            raise
        return web.Response(status=CLIENT_CLOSED_REQUEST)
