"""The gateway in front of PostgREST: requires an API key, serves `/rest/v1`, and fails on request.

Tests stage outages here, each fault for one request: the next one, or the next of a function.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import aiohttp
from aiohttp import web

_PREFIX = "/rest/v1"
_FORWARDED = ("Accept", "Authorization", "Content-Type", "Prefer")
_MAX_BODY_BYTES = 64 * 1024 * 1024
_DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


class GatewayFault(Enum):
    """The faults that a request can have."""

    RESET_BEFORE = auto()
    """The connection breaks before anything is done."""
    RESET_AFTER = auto()
    """Everything is done, then the connection breaks."""
    HANG = auto()
    """Nothing is done, and no answer comes until the gateway stops."""
    HANG_AFTER = auto()
    """Everything is done, but no answer comes until the gateway stops."""
    UNAVAILABLE = auto()
    """Status 503, as when PostgREST restarts."""
    BROKEN = auto()
    """Status 502 with a page of HTML, as from a proxy in between."""
    GARBLED = auto()
    """Everything is done, but the answer is cut in the middle."""
    NESTED = auto()
    """The call is executed, but the answer is nested deeper than any client reads."""
    NESTED_ERROR = auto()
    """Nothing is done, and the answer of status 502 is nested as deeply."""


@dataclass
class Gateway:
    """The gateway, and what tests may look at and ask of it. May be used from another thread."""

    socket: Path
    keys: frozenset[str]

    def __post_init__(self) -> None:
        self._awaited: dict[str, threading.Event] = {}
        self.faults: deque[GatewayFault] = deque()
        """Faults of the next requests, one each."""
        self.faults_of: defaultdict[str, deque[GatewayFault]] = defaultdict(deque)
        """Faults of the next calls of a function, before those of all requests."""
        self.calls: deque[str] = deque()
        """Names of the functions that were called, faults included, in order."""

    def called(self, function: str) -> threading.Event:
        """Set by the next call of a function, as soon as it comes in."""
        return self._awaited.setdefault(function, threading.Event())

    def application(self) -> web.Application:
        """The gateway as a web application."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.cleanup_ctx.append(self._connected)
        app.on_shutdown.append(self._release)
        app.router.add_route("*", _PREFIX + "/{path:.*}", self._serve)
        return app

    async def _connected(self, _app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.UnixConnector(path=str(self.socket))
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            self._session = session
            self._ended = asyncio.Event()
            yield

    async def _release(self, _app: web.Application) -> None:
        self._ended.set()

    async def _hang(self) -> web.Response:
        await self._ended.wait()
        return web.Response(status=503)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("apikey") not in self.keys:
            return web.json_response({"message": "Invalid API key"}, status=401)
        function = request.path.rpartition("/")[2]
        self.calls.append(function)
        if waiting := self._awaited.pop(function, None):
            waiting.set()
        fault = self._next_fault(function)
        try:
            body = await request.read()
        except ConnectionError:
            # Its client has died, and nobody hears the answer.
            return _unavailable(request)
        if fault is GatewayFault.HANG:
            return await self._hang()
        if fault in _BEFORE:
            return _BEFORE[fault](request)
        response = await self._forward(request, body)
        if fault is GatewayFault.HANG_AFTER:
            return await self._hang()
        return _AFTER[fault](request) if fault in _AFTER else response

    def _next_fault(self, function: str) -> GatewayFault | None:
        faults = self.faults_of[function] or self.faults
        return faults.popleft() if faults else None

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
        url = f"http://postgrest{request.path_qs.removeprefix(_PREFIX)}"
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=body
            ) as answer:
                content_type = {"Content-Type": answer.headers.get("Content-Type", "text/plain")}
                content = await answer.read()
                return web.Response(status=answer.status, body=content, headers=content_type)
        except aiohttp.ClientError:
            return _unavailable(request)


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _unavailable(_request: web.Request) -> web.Response:
    return web.json_response({"message": "no upstream"}, status=503)


def _broken(_request: web.Request) -> web.Response:
    return web.Response(text="<html>Bad Gateway</html>", status=502)


def _garbled(_request: web.Request) -> web.Response:
    return web.Response(body=b'{"cut', content_type="application/json")


def _nested(_request: web.Request) -> web.Response:
    return web.Response(body=_DEEP, content_type="application/json")


def _nested_error(_request: web.Request) -> web.Response:
    return web.Response(body=_DEEP, content_type="application/json", status=502)


_BEFORE = {
    GatewayFault.NESTED_ERROR: _nested_error,
    GatewayFault.RESET_BEFORE: _reset,
    GatewayFault.UNAVAILABLE: _unavailable,
    GatewayFault.BROKEN: _broken,
}
_AFTER = {
    GatewayFault.RESET_AFTER: _reset,
    GatewayFault.GARBLED: _garbled,
    GatewayFault.NESTED: _nested,
}
