"""Carrying out a fault: broken connections and bodies that break off."""

import socket
import struct
from pathlib import Path

from aiohttp import web

from discord_emulator.errors import (
    ApiError,
    ContentUnavailable,
    PlainError,
    RateLimited,
    UnknownMessage,
    UnknownWebhook,
)
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation

_LINGER_NOT = struct.pack("ii", 1, 0)


class StoredFile(web.FileResponse):
    """An attachment's content, sent by the kernel unless a fault needs its bytes."""

    def __init__(self, path: Path, headers: dict[str, str]) -> None:
        super().__init__(path, headers=headers)
        self.path = path


def ordered_error(fault: Fault, operation: Operation) -> ApiError | None:
    """Returns the error that a fault answers with; None when it is of another kind."""
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            return RateLimited(fault.scope, fault.retry_after_s)
        case FaultKind.ERROR:
            return PlainError(fault.status, fault.code, f"{fault.status}: ordered")
        case FaultKind.NOT_FOUND:
            return ContentUnavailable() if operation is Operation.CDN else UnknownMessage()
        case FaultKind.WEBHOOK_GONE:
            return UnknownWebhook()
        case _:
            return None


async def swallow_body(request: web.Request) -> None:
    """Reads a request to its end and forgets it."""
    while await request.content.readany():
        pass


def reset(request: web.Request) -> web.Response:
    """Breaks the connection (RST, where sockets allow it). The response returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
    return web.Response()


async def send_broken(
    request: web.Request, response: web.StreamResponse, fault: Fault
) -> web.StreamResponse:
    """Sends an answer's head and the beginning of its body, then does what the fault says."""
    body = _body(request, response)
    broken = web.StreamResponse(status=response.status, headers=response.headers)
    broken.content_length = len(body)
    await broken.prepare(request)
    sent = len(body) // 2 if fault.after_bytes is None else fault.after_bytes
    await broken.write(body[:sent])
    if fault.kind is FaultKind.TRUNCATED:
        return _hang_up(request, broken)
    await fault.wait()
    await broken.write(body[sent:])
    await broken.write_eof()
    return broken


def _hang_up(request: web.Request, broken: web.StreamResponse) -> web.StreamResponse:
    # A plain close, so that the bytes sent so far arrive: a reset could overtake them.
    if request.transport is not None:
        request.transport.close()
    return broken


def _body(request: web.Request, response: web.StreamResponse) -> bytes:
    if isinstance(response, StoredFile):
        return _file_body(request, response)
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return response.body
    return b""


def _file_body(request: web.Request, response: StoredFile) -> bytes:
    content = response.path.read_bytes()
    if "Range" not in request.headers:
        return content
    start, stop, _ = request.http_range.indices(len(content))
    response.set_status(206)
    response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return content[start:stop]
