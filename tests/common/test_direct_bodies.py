"""Bodies of responses go around aiohttp: no byte is lost, added or mixed up, and connections stay usable."""

import asyncio
import gzip
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from common.direct_bodies import PIECE_BYTES, receiving
from tests.certificates import server_context, write_certificate

CONTENT = os.urandom(3 * 2**20 + 7)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(
    handler: Handler,
    certificate: Path | None = None,
    *,
    silence_s: float | None = None,
    read_bufsize: int = 2**18,
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A server with one handler, and a session that has one connection to it at a time."""
    tls = None if certificate is None else server_context(certificate)
    trusted = ssl.create_default_context(cafile=certificate) if certificate else True
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    ((_, port, *_),) = runner.addresses
    connector = aiohttp.TCPConnector(limit=1, ssl=trusted)
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=silence_s),
            read_bufsize=read_bufsize,
        ) as session:
            yield session, f"{'http' if tls is None else 'https'}://localhost:{port}/"
    finally:
        await runner.cleanup()


def tell_peers(peers: set[object]) -> Handler:
    """A handler that answers with the content, and notes the connections."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        peers.add(request.get_extra_info("peername"))
        return web.Response(body=CONTENT)

    return answer


async def stall(request: web.BaseRequest) -> web.StreamResponse:
    """A handler that sends half of the content, and then nothing until the client leaves."""
    response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
    await response.prepare(request)
    await response.write(CONTENT[: len(CONTENT) // 2])
    await asyncio.Event().wait()
    return response


async def received(response: aiohttp.ClientResponse, step: int, at_least: int = 1) -> bytes:
    """The body, taken in steps of at most so many bytes."""
    content, buffer = bytearray(), memoryview(bytearray(step))
    with receiving(response) as body:
        while count := await body.receive(buffer, at_least=at_least):
            assert count >= at_least or len(content) + count == len(CONTENT)
            content += buffer[:count]
    return bytes(content)


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(
    ("step", "at_least"),
    [(2**20, 1), (1_000_003, 1_000_003), (PIECE_BYTES, 70_000), (2**23, 2**23)],
)
async def test_bodies_come_whole_one_after_the_other(
    tmp_path: Path, step: int, at_least: int, *, is_secure: bool
) -> None:
    """Over one connection, which then serves readers of aiohttp as before."""
    peers: set[object] = set()
    file = write_certificate(tmp_path / "pem", ends_in=timedelta(1)) if is_secure else None
    async with served(tell_peers(peers), file) as (session, url):
        for _ in range(3):
            async with session.get(url) as response:
                assert await received(response, step, at_least) == CONTENT
        async with session.get(url) as response:
            assert await response.read() == CONTENT
    assert len(peers) == 1


async def test_what_aiohttp_has_already_comes_first() -> None:
    """However much that is: the server is ahead."""
    peers: set[object] = set()
    async with (
        served(tell_peers(peers), read_bufsize=2**16) as (session, url),
        session.get(url) as response,
    ):
        begin = await response.content.readexactly(100_000)
        assert begin + await received(response, 10_007) == CONTENT


async def test_the_rest_is_left_to_aiohttp() -> None:
    """Whoever stops in the middle can read on, or ask for something else."""
    async with served(tell_peers(set())) as (session, url):
        buffer = memoryview(bytearray(len(CONTENT)))
        async with session.get(url) as response:
            with receiving(response) as body:
                count = await body.receive(buffer, at_least=2**20)
            assert bytes(buffer[:count]) + await response.read() == CONTENT
        async with session.get(url) as response:
            with receiving(response) as body:
                assert await body.receive(buffer[:10], at_least=10) == 10
        async with session.get(url) as response:
            assert await received(response, 2**20) == CONTENT


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_bodies_of_unknown_length_and_encoded_ones_are_read_as_ever(
    *, is_compressed: bool
) -> None:
    """Nobody but aiohttp knows where they end, or what they mean."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if is_compressed:
            headers = {"Content-Encoding": "gzip"}
            return web.Response(body=gzip.compress(CONTENT, 1), headers=headers)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(CONTENT)
        return response

    async with served(answer) as (session, url), session.get(url) as response:
        assert await received(response, 2**18) == CONTENT


async def test_a_body_without_bytes() -> None:
    """It has ended before it begins."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    async with served(answer) as (session, url), session.get(url) as response:
        assert await received(response, 10) == b""


async def test_a_connection_that_breaks_is_noticed() -> None:
    """As by any reader, also when the receiver waits for the rest."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:1000])
        assert request.transport is not None
        request.transport.close()
        return response

    async with served(answer) as (session, url), session.get(url) as response:
        with pytest.raises(aiohttp.ClientError):
            await received(response, len(CONTENT), len(CONTENT))


async def test_a_server_that_falls_silent_is_given_up() -> None:
    """After the session's time limit, which counts from the last byte."""
    async with served(stall, silence_s=0.5) as (session, url):
        # On a busy machine the head may be as late as that.
        with pytest.raises(TimeoutError):
            async with session.get(url) as response:
                await received(response, len(CONTENT), len(CONTENT))


async def test_a_receiver_that_is_cancelled_leaves_the_session_usable() -> None:
    """Its connection is closed, as half of a body is still to come."""
    async with served(stall) as (session, url):

        async def receive(half: asyncio.Event) -> None:
            buffer = memoryview(bytearray(len(CONTENT)))
            async with session.get(url) as response:
                with receiving(response) as body:
                    await body.receive(buffer, at_least=len(CONTENT) // 2)
                    half.set()
                    await body.receive(buffer)

        for _ in range(2):
            half = asyncio.Event()
            task = asyncio.create_task(receive(half))
            await half.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
