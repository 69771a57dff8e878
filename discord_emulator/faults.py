"""Faults on demand: what goes wrong, where and how often; carrying it out; and ordering it over HTTP."""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from discord_emulator.errors import (
    ApiError,
    ContentUnavailable,
    LimitScope,
    PlainError,
    RateLimited,
    UnknownMessage,
    UnknownRoute,
    UnknownWebhook,
)
from discord_emulator.messages import json_answer, parse_json, read_text
from discord_emulator.operations import Operation

_NO_LINGER = struct.pack("ii", 1, 0)
"""The socket option that makes a close send RST."""


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    """429 of `scope`, with `retry_after_s` seconds to wait."""
    ERROR = "error"
    """The HTTP `status` with the JSON `code`; with `after_commit` the request was carried out."""
    RESET = "reset"
    """The connection breaks once the body is read; with `after_commit` it was carried out."""
    SLOW = "slow"
    """Nothing happens until `release`; with `after_commit` the answer waits instead."""
    TRUNCATED = "truncated"
    """The answer's body breaks off after `after_bytes`."""
    STALLED = "stalled"
    """The answer's body stops after `after_bytes` and continues after `release`."""
    NOT_FOUND = "not_found"
    """The message (10008) or the file on the CDN is gone, for this request."""
    WEBHOOK_GONE = "webhook_gone"
    """The webhook is unknown (10015), for this request."""


class FaultOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, eq=False):
    """A fault as a test orders it.

    Attributes:
        kind: what goes wrong.
        route: the operation that it affects; None for any.
        times: how many requests it affects; None: all until it is removed.
        skip: how many matching requests pass before.
        after_commit: whether the request is carried out first (error, reset, slow).
        webhook_id: only requests of this webhook; None for any.
        message_id: only requests for this message; None for any.
        attachment_id: only requests for this attachment; None for any.
        scope: of a rate limit.
        retry_after_s: of a rate limit, in seconds.
        status: of an error, the HTTP status.
        code: of an error, Discord's JSON code.
        after_bytes: bytes of a truncated or stalled body; None: half of it.
    """

    kind: FaultKind
    route: Operation | None = None
    times: int | None = 1
    skip: int = 0
    after_commit: bool = False
    webhook_id: int | None = None
    message_id: int | None = None
    attachment_id: int | None = None
    scope: LimitScope = LimitScope.USER
    retry_after_s: float = 1.0
    status: int = 500
    code: int = 0
    after_bytes: int | None = None

    def __post_init__(self) -> None:
        """Accept names instead of enumerated values."""
        self.kind = FaultKind(self.kind)
        self.route = None if self.route is None else Operation(self.route)
        self.scope = LimitScope(self.scope)


class Fault(FaultOrder, kw_only=True, eq=False):
    """An ordered fault and its state. Made with the fields of `FaultOrder`.

    Attributes:
        hits: how many requests it has affected.
        reached: set when it has affected a request (slow and stalled: and the request waits).
    """

    hits: int = 0
    reached: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    _gate: asyncio.Event = msgspec.field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let the requests continue that wait at this fault, now and later."""
        self._gate.set()

    async def wait(self) -> None:
        """Wait for `release`."""
        self.reached.set()
        await self._gate.wait()

    def matches(self, operation: Operation, match_info: Mapping[str, str]) -> bool:
        """Return whether the fault applies to a request."""
        if self.route not in (None, operation):
            return False
        wanted = (
            ("webhook_id", self.webhook_id),
            ("message_id", self.message_id),
            ("attachment_id", self.attachment_id),
        )
        return all(match_info.get(k) == str(v) for k, v in wanted if v is not None)


class Faults:
    """The faults that are ordered; the oldest that matches a request applies."""

    def __init__(self) -> None:
        self._ordered: dict[int, Fault] = {}
        self._next_id = 1

    @property
    def pending(self) -> dict[int, Fault]:
        """The faults that will still affect requests, by number."""
        return {n: fault for n, fault in self._ordered.items() if not self._is_spent(fault)}

    def add(self, fault: Fault) -> int:
        """Order a fault and return its number."""
        number = self._next_id
        self._next_id += 1
        self._ordered[number] = fault
        return number

    def release(self, number: int) -> bool:
        """Let the requests continue that wait at a fault; False when there is no such fault."""
        fault = self._ordered.get(number)
        if fault is None:
            return False
        fault.release()
        return True

    def clear(self) -> None:
        """Remove all faults and let the requests continue that wait at one."""
        for fault in self._ordered.values():
            fault.release()
        self._ordered.clear()

    def take(self, operation: Operation, match_info: Mapping[str, str]) -> Fault | None:
        """Return the fault that applies to a request, and count the hit; None without one."""
        for fault in self._ordered.values():
            if self._is_spent(fault) or not fault.matches(operation, match_info):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.hits += 1
            if fault.kind not in (FaultKind.SLOW, FaultKind.STALLED):
                fault.reached.set()
            return fault
        return None

    @staticmethod
    def _is_spent(fault: Fault) -> bool:
        return fault.times is not None and fault.hits >= fault.times


class StoredFile(web.FileResponse):
    """An attachment's content, sent by the kernel unless a fault needs its bytes."""

    def __init__(self, path: Path, headers: dict[str, str]) -> None:
        super().__init__(path, headers=headers)
        self.path = path


def ordered_error(fault: Fault, operation: Operation) -> ApiError | None:
    """Return the error that a fault answers with; None when the fault is of another kind."""
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


async def discard_rest(request: web.Request) -> None:
    """Read a request to its end and discard it."""
    while await request.content.readany():
        pass


def reset(request: web.Request) -> web.Response:
    """Break the connection (RST, where sockets allow it). The response is never sent."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return web.Response()


async def send_broken(
    request: web.Request, response: web.StreamResponse, fault: Fault
) -> web.StreamResponse:
    """Send an answer's head and the beginning of its body, then cut or stall it."""
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


class FaultRoutes:
    """Order, list, release and clear faults over HTTP. Loopback addresses only."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        faults = "/emulator/faults"
        router.add_post(faults, _loopback_only(self.order))
        router.add_get(faults, _loopback_only(self.pending), allow_head=False)
        router.add_delete(faults, _loopback_only(self.clear))
        router.add_post(f"{faults}/{{number:[0-9]+}}/release", _loopback_only(self.release))

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Order a fault; answer with its number."""
        order = parse_json(await read_text(request.content), FaultOrder)
        fault = Fault(**msgspec.structs.asdict(order))
        return json_answer({"id": self._faults.add(fault)})

    async def pending(self, _request: web.Request) -> web.StreamResponse:
        """Answer with the faults that will still affect requests, and their hits."""
        return json_answer(
            [
                {"id": number, "kind": fault.kind, "route": fault.route, "hits": fault.hits}
                for number, fault in self._faults.pending.items()
            ]
        )

    async def clear(self, _request: web.Request) -> web.StreamResponse:
        """Remove all faults."""
        self._faults.clear()
        return web.Response(status=204)

    async def release(self, request: web.Request) -> web.StreamResponse:
        """Let the requests continue that wait at a fault."""
        if not self._faults.release(int(request.match_info["number"])):
            raise UnknownRoute
        return web.Response(status=204)


def _loopback_only(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104 - not bound to
                raise UnknownRoute
            return await handler(request)
        except ApiError as error:
            return error.response()

    return guarded
