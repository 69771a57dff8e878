"""What is said when no connection comes about, and which certificates are trusted."""

import asyncio
import contextlib
import json
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from yarl import URL

from client_sdk import (
    Client,
    ClientSettings,
    CloudError,
    InvalidInput,
    UnexpectedAnswer,
    Unreachable,
)
from client_sdk.endpoint import gateway_location
from tests.certificates import server_context, write_certificate
from tests.client_sdk.conftest import TOKEN, ScriptedManager

Serve = Callable[[bytes | None, ssl.SSLContext | None], Awaitable[int]]
SETTINGS = ClientSettings(stall_timeout_s=0.2)
VALID = timedelta(days=1)
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"
OTHER_WEBSITE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nhtml"
ONLY_GET = b"HTTP/1.1 501 Unsupported method\r\nContent-Length: 4\r\n\r\nhtml"
MOVED = b"HTTP/1.1 301 Moved\r\nLocation: https://cloud.example%s\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that answer every connection alike; None answers nothing."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(answer: bytes | None, tls: ssl.SSLContext | None = None) -> int:
            async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                request = await reader.readline()
                while await reader.readline() not in {b"\r\n", b""}:
                    pass
                if answer is None:
                    await reader.read()
                else:
                    writer.write(answer.replace(b"%s", request.split()[1]))
                writer.close()

            server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
            await stack.enter_async_context(server)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield start


async def problems(url: str, settings: ClientSettings = SETTINGS) -> list[str]:
    """What is said of an address, asked by HTTP and by WebSocket; it never holds a secret."""
    found = []
    for opening in (_log_in(url, settings), _connect(url, settings)):
        with pytest.raises(CloudError) as caught:
            await opening
        assert TOKEN not in str(caught.value)
        assert url in str(caught.value)
        assert isinstance(caught.value, Unreachable | UnexpectedAnswer)
        found.append(str(caught.value))
    return found


async def _log_in(url: str, settings: ClientSettings) -> None:
    async with Client(url, settings=settings) as cloud:
        await cloud.login("alice", "correct horse")


async def _connect(url: str, settings: ClientSettings) -> None:
    async with Client(url, TOKEN, settings=settings):
        pass


async def test_nothing_listens() -> None:
    """The port is what has to be checked."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for problem in await problems(url):
            assert problem.endswith(
                "nothing listens there: is it running, and is it the right port?"
            )


async def test_an_unknown_host() -> None:
    """The name is what has to be checked, or the network."""
    for problem in await problems("http://no-such-host.invalid:4000"):
        assert re.search(r"no host of this name|name cannot be looked up", problem)


async def test_no_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection and says nothing is told from one that is not there."""
    monkeypatch.setattr("client_sdk.connection.OPEN_TIMEOUT_S", 0.2)
    for problem in await problems(f"http://127.0.0.1:{await serve(None, None)}"):
        assert "it does not answer" in problem


async def test_another_protocol(serve: Serve) -> None:
    """Something that is no web server listens at the port."""
    for problem in await problems(f"http://127.0.0.1:{await serve(SSH, None)}"):
        assert "does not speak HTTP/1.1: is it the right port?" in problem


async def test_another_web_server(serve: Serve) -> None:
    """A web server that is none of ours is named, with what it answered."""
    for problem in await problems(f"http://127.0.0.1:{await serve(OTHER_WEBSITE, None)}"):
        assert "is not the manager (HTTP 404): check the address and its port" in problem


async def test_a_web_server_without_post(serve: Serve) -> None:
    """One that knows neither POST nor WebSockets is not taken for a manager that fails."""
    told, *_ = await problems(f"http://127.0.0.1:{await serve(ONLY_GET, None)}")
    assert "is not the manager (HTTP 501): check the address and its port" in told


async def test_an_address_that_leads_elsewhere(serve: Serve) -> None:
    """A password is not sent on to where a server points; the user is told that place."""
    port = await serve(MOVED, None)
    for problem in await problems(f"http://127.0.0.1:{port}"):
        assert problem.endswith("leads to https://cloud.example: use that address")


async def test_tls_where_there_is_none(manager: ScriptedManager) -> None:
    """Https to a manager that speaks http."""
    port = urlsplit(manager.url).port
    for problem in await problems(f"https://localhost:{port}"):
        assert "does not speak TLS" in problem
        assert "http://" in problem


async def test_no_tls_where_there_is_some(serve: Serve, tmp_path: Path) -> None:
    """Http to a server that speaks https, which hangs up."""
    tls = server_context(write_certificate(tmp_path / "pem", ends_in=VALID))
    for problem in await problems(f"http://localhost:{await serve(OTHER_WEBSITE, tls)}"):
        assert "if it speaks TLS, its address begins with https://" in problem


async def test_a_certificate_that_nobody_trusts(serve: Serve, tmp_path: Path) -> None:
    """The setting and the option are named that would help."""
    tls = server_context(write_certificate(tmp_path / "pem", ends_in=VALID))
    for problem in await problems(f"https://localhost:{await serve(OTHER_WEBSITE, tls)}"):
        assert "no authority that is trusted here" in problem
        assert "`ca_cert`, or with --ca-cert" in problem


@pytest.mark.parametrize(
    ("host", "ends_in", "words"),
    [
        ("localhost", timedelta(days=-1), "has expired"),
        ("localhost", timedelta(days=30), "is not valid yet"),
        ("other.example", VALID, "is for another host"),
    ],
)
async def test_a_certificate_that_is_wrong(
    serve: Serve, tmp_path: Path, host: str, ends_in: timedelta, words: str
) -> None:
    """What is wrong with it is said, as no further certificate would help."""
    file = write_certificate(tmp_path / "pem", host=host, ends_in=ends_in)
    port = await serve(OTHER_WEBSITE, server_context(file))
    settings = ClientSettings(ca_cert=file)
    for problem in await problems(f"https://localhost:{port}", settings):
        assert f"its certificate {words}" in problem
        assert "ca_cert" not in problem


async def test_a_proxy_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be checked then is the proxy, not the manager."""
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:1")
    for problem in await problems("http://cloud.invalid:4000"):
        assert "through the proxy that HTTP_PROXY or HTTPS_PROXY names: nothing listens" in problem
        assert "secret" not in problem


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_without_certificates(tmp_path: Path, content: str | None) -> None:
    """It is named, before anything is sent."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidInput, match=r"ca\.pem"):
        await _log_in("https://localhost:1", ClientSettings(ca_cert=file))


async def test_files_go_over_tls_with_a_certificate_of_ones_own(tmp_path: Path) -> None:
    """`ca_cert` counts for the manager and for the upload services, also when they are reached anew."""
    file = write_certificate(tmp_path / "pem", ends_in=VALID)
    manager = ScriptedManager()
    runner = web.AppRunner(manager.app())
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(file)).start()
        manager.url = f"https://localhost:{runner.addresses[0][1]}"
        settings = ClientSettings(ca_cert=file, retry_first_s=0.0)
        async with Client(manager.url, TOKEN, settings=settings) as cloud:
            await cloud.upload(b"content", "/file.bin")
            await manager.drop_all()
            assert (await cloud.folder_status("/")).exists
            assert await cloud.read("/file.bin") == b"content"
    finally:
        await runner.cleanup()


async def test_an_answer_that_comes_in_pieces_is_read_as_a_whole(serve: Serve):
    """A long answer arrives as the network cuts it; where it is cut means nothing."""
    body = json.dumps({"error": False, "padding": "x" * 500_000, "token": TOKEN}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    port = await serve(head.encode() + body, None)
    async with Client(f"http://127.0.0.1:{port}", settings=SETTINGS) as cloud:
        assert await cloud.login("alice", "correct horse") == TOKEN


@pytest.mark.parametrize(
    ("asked", "location", "followed"),
    [
        ("http://m:4000/download", "http://g:4003/x?token=a%2Fb", True),
        ("http://m:4000/download", "https://g/x?token=a", True),
        ("https://m/download", "https://g/x?token=a", True),
        ("https://m/download", "http://g/x?token=a", False),
        ("http://m/download", "file:///etc/passwd", False),
        ("http://m/download", "/elsewhere", False),
        ("http://m/download", "http://[", False),
        ("http://m/download", None, False),
    ],
)
def test_where_a_gateway_is_followed_to(asked, location, followed):
    """To any host, but from https to nothing else."""
    headers = {} if location is None else {"Location": location}
    found = gateway_location(URL(asked), headers)
    assert found == (URL(location, encoded=True) if followed else None)
