"""What every port does alike, asked of each server program."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from common.content_encoding import is_encoding
from common.http_server import bind_request_ids, end_unread_answers
from common.log_events import HEADER, correlation_ids
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.testing import running_emulator
from tests.manager.cloud import running_cloud
from tests.upload_service.staging import staged

SHORT_S = 0.1


@dataclass(frozen=True)
class Server:
    """A server program that listens.

    Attributes:
        url: where.
        healthy: a path that is answered with success.
        posts: paths that take bodies, with the type of the body.
    """

    url: str
    healthy: str
    posts: dict[str, str]


@asynccontextmanager
async def manager(folder: Path, **settings: Any) -> AsyncIterator[Server]:
    """The manager."""
    async with running_cloud(folder, **settings) as cloud:
        kinds = dict.fromkeys(["/login", "/register", "/graphql", "/bulk-download"], "json")
        yield Server(str(cloud.client.make_url("")).rstrip("/"), "/health", kinds)


@asynccontextmanager
async def upload_service(folder: Path, **settings: Any) -> AsyncIterator[Server]:
    """An upload service, received around aiohttp."""
    async with staged(folder, **settings) as stage:
        yield Server(stage.url, "/health", {"/": "form", "/ticket": "form"})


@asynccontextmanager
async def emulator(folder: Path, **settings: Any) -> AsyncIterator[Server]:
    """The Discord emulator."""
    async with running_emulator(folder, **settings) as running:
        (webhook,) = running.webhooks
        path = f"/api/v10/webhooks/{webhook.id}/{webhook.token}"
        yield Server(running.base_url, path, {path: "json"})


PROGRAMS = [manager, upload_service, emulator]
TYPES = {"json": "application/json", "form": "multipart/form-data; boundary=b"}


class Connection:
    """A connection whose bytes are written by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """Sends a request and reads the answer; gives its status."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = [f"{method} {path} HTTP/1.1", "Host: x", "User-Agent: DiscordBot (x, 1)", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*head, "", ""]).encode() + body)
        return await self.answer()

    async def answer(self) -> int:
        """Reads an answer; gives its status."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        _, _, length = head.partition("content-length:")
        await self.reader.readexactly(int(length.split()[0]) if length else 0)
        return int(head.split()[1])


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Connection]:
    """A connection to the server."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_no_answer_says_which_versions_run_here(program, tmp_path):
    """Neither that of a route, nor that to an unknown one, nor that to what is no request at all."""
    async with program(tmp_path) as server:
        for request in (f"GET {server.healthy} HTTP/1.1", "GET /unknown HTTP/1.1", "no request"):
            async with connected(server) as connection:
                connection.writer.write(f"{request}\r\nHost: x\r\n\r\n".encode())
                head = (await connection.reader.readuntil(b"\r\n\r\n")).decode()
            names = [line for line in head.splitlines() if line.lower().startswith("server:")]
            assert names in ([], ["Server: discord-cloud"])
            assert "python" not in head.lower()


@pytest.mark.parametrize("program", PROGRAMS)
async def test_encoded_bodies_are_refused_and_never_inflated(program, tmp_path):
    """415 on every route, whether the body is what it says; the connection goes on behind it.

    What is no gzip at all would end the connection, if anything inflated it.
    """
    async with program(tmp_path) as server, connected(server) as connection:
        for path, kind in server.posts.items():
            for body in (gzip.compress(b"{}"), b"no gzip at all"):
                status = await connection.ask(
                    "POST", path, body, Content_Encoding="gzip", Content_Type=TYPES[kind]
                )
                assert status == 415
        assert await connection.ask("GET", server.healthy) in {200, 204}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_an_encoding_that_changes_nothing_is_no_encoding(program, tmp_path):
    """`identity` is what everybody sends."""
    async with program(tmp_path) as server, connected(server) as connection:
        for path, kind in server.posts.items():
            status = await connection.ask(
                "POST", path, b"x", Content_Encoding="identity", Content_Type=TYPES[kind]
            )
            assert status != 415


@pytest.mark.parametrize(
    ("value", "encoded"),
    [("", False), ("identity", False), ("GZIP", True), ("identity, br", True), ("x-new", True)],
)
def test_what_counts_as_an_encoding(value, encoded):
    """All but none and identity: what nobody knows cannot be taken as it is, either."""
    assert is_encoding(value) is encoded


async def nothing(_connection: Connection, _server: Server) -> None:
    """Sends nothing at all."""


async def half_a_head(connection: Connection, _server: Server) -> None:
    """Sends a request that never becomes one."""
    connection.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")


async def a_request(connection: Connection, server: Server) -> None:
    """Sends a request and stays."""
    assert await connection.ask("GET", server.healthy) in {200, 204}


async def a_request_and_half_a_head(connection: Connection, server: Server) -> None:
    """Sends a request, then another one that never becomes one."""
    await a_request(connection, server)
    await half_a_head(connection, server)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("begin", [nothing, half_a_head, a_request, a_request_and_half_a_head])
async def test_connections_that_ask_for_nothing_are_closed(
    program,
    begin: Callable[[Connection, Server], Awaitable[None]],
    tmp_path,
):
    """Before the first byte, within a head, and between requests."""
    async with (
        program(tmp_path, idle_connection_timeout_s=SHORT_S) as server,
        connected(server) as connection,
    ):
        await begin(connection, server)
        assert await connection.reader.read() == b""


async def test_a_request_under_way_is_not_idle(tmp_path):
    """However long its answer takes."""
    async with running_emulator(tmp_path, idle_connection_timeout_s=SHORT_S) as running:
        (webhook,) = running.webhooks
        path = f"/api/v10/webhooks/{webhook.id}/{webhook.token}"
        server = Server(running.base_url, path, {})
        fault = Fault(kind=FaultKind.SLOW, route=Operation.WEBHOOK)
        running.faults.add(fault)
        async with connected(server) as slow, connected(server) as silent:
            asking = asyncio.create_task(slow.ask("GET", path))
            await fault.reached.wait()
            async with connected(server) as later:
                assert await silent.reader.read() == await later.reader.read() == b""
            fault.release()
            assert await asking == 200


async def test_a_websocket_is_not_idle(tmp_path):
    """It lives by its own rules, also when nobody says anything for longer."""
    async with running_cloud(tmp_path, idle_connection_timeout_s=SHORT_S) as cloud:
        query = {"type": "client", "key": await cloud.token()}
        server = Server(str(cloud.client.make_url("")).rstrip("/"), "/health", {})
        async with (
            cloud.client.ws_connect("/", params=query, autoping=False) as socket,
            connected(server) as first,
        ):
            assert await first.reader.read() == b""
            async with connected(server) as second:
                assert await second.reader.read() == b""
            await socket.ping(b"still there?")
            received = [await socket.receive()]
            while received[-1].type is WSMsgType.TEXT:
                received.append(await socket.receive())
            assert received[-1].type is WSMsgType.PONG


async def test_an_answer_that_nobody_reads_ends():
    """The connection breaks, however little of it is still to be sent; WebSockets are left alone."""
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(2**20))
        finally:
            ended.set()

    async def converse(request: web.Request) -> web.WebSocketResponse:
        conversation = web.WebSocketResponse()
        await conversation.prepare(request)
        assert request.transport is not None
        connection = request.transport.get_extra_info("socket")
        option = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        await conversation.send_str(str(option))
        await conversation.close()
        return conversation

    app = web.Application()
    end_unread_answers(app, 0.3)
    app.router.add_get("/", answer)
    app.router.add_get("/socket", converse)
    async with TestClient(TestServer(app)) as client:
        server = Server(str(client.make_url("")).rstrip("/"), "/", {})
        async with connected(server) as connection:
            connection.writer.transport.pause_reading()  # type: ignore[attr-defined] # it can read
            connection.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await ended.wait()
        async with client.ws_connect("/socket") as conversation:
            assert await conversation.receive_str() == "0"


async def test_ids_that_come_with_a_request_are_bound_for_its_length():
    """A request without an id gets one, also below another application that binds ids."""

    async def bound(_request: web.Request) -> web.Response:
        return web.json_response(dict(correlation_ids()))

    below = web.Application(middlewares=[bind_request_ids])
    below.router.add_get("/", bound)
    app = web.Application(middlewares=[bind_request_ids])
    app.add_subapp("/below", below)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/below/", headers={HEADER: "request=r,upload=u,user=x"})
        assert await response.json() == {"request": "r", "upload": "u"}
        made = [await (await client.get("/below/")).json() for _ in range(2)]
    assert [each.keys() for each in made] == [{"request"}, {"request"}]
    assert made[0] != made[1]
    assert correlation_ids() == {}
