"""The event loop of the servers: files are sent by the kernel."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
import uvloop
from aiohttp import ClientSession, web

from common.sendfile_loop import SendfileLoop

CONTENT = os.urandom(3 * 2**20)


def run(program: Callable[[], Awaitable[None]]) -> None:
    """Run a program on the loop."""

    async def main() -> None:
        async with asyncio.timeout(60):
            await program()

    uvloop.run(main(), loop_factory=SendfileLoop)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is larger than what a socket holds."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.WriteTransport, socket.socket]]:
    """A transport, and the socket at its other end, which nobody reads yet."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - the method of sockets
    theirs.setblocking(False)  # noqa: FBT003
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    with theirs:
        try:
            # Those of uvloop are no instances of asyncio's classes.
            yield cast("asyncio.WriteTransport", transport), theirs
        finally:
            transport.abort()


async def received(connection: socket.socket, size: int) -> bytes:
    """So many bytes, taken as they come."""
    content = bytearray()
    while len(content) < size:
        content += await asyncio.get_running_loop().sock_recv(connection, 2**16)
    return bytes(content)


@pytest.mark.parametrize(
    ("offset", "count"), [(0, None), (7, None), (5, 2**20), (len(CONTENT) - 3, 3), (4, 0)]
)
def test_a_part_of_a_file_arrives(file: Path, offset: int, count: int | None) -> None:
    """Whatever the reader has room for at a time."""
    wanted = CONTENT[offset:][:count]

    async def program() -> None:
        async with connected() as (transport, theirs):
            with file.open("rb") as opened:
                sending = asyncio.get_running_loop().sendfile(transport, opened, offset, count)
                sent, content = await asyncio.gather(sending, received(theirs, len(wanted)))
        assert (sent, content) == (len(wanted), wanted)

    run(program)


def test_a_file_that_became_shorter_ends_early(file: Path) -> None:
    """The answer says how much was sent."""

    async def program() -> None:
        async with connected() as (transport, theirs):
            with file.open("rb") as opened:
                sending = asyncio.get_running_loop().sendfile(
                    transport, opened, 0, len(CONTENT) + 9
                )
                sent, content = await asyncio.gather(sending, received(theirs, len(CONTENT)))
        assert (sent, content) == (len(CONTENT), CONTENT)

    run(program)


def test_a_reader_who_leaves_is_an_error(file: Path) -> None:
    """Nobody waits for a connection that is gone."""

    async def program() -> None:
        async with connected() as (transport, theirs):
            with file.open("rb") as opened:
                sending = asyncio.ensure_future(
                    asyncio.get_running_loop().sendfile(transport, opened)
                )
                await received(theirs, 1)
                theirs.close()
                with pytest.raises(ConnectionError):
                    await sending

    run(program)


def test_nothing_is_sent_out_of_turn(file: Path) -> None:
    """Where earlier bytes wait for the reader, the caller has to send the file behind them."""

    async def program() -> None:
        async with connected() as (transport, _):
            transport.write(CONTENT)
            with file.open("rb") as opened, pytest.raises(NotImplementedError):
                await asyncio.get_running_loop().sendfile(transport, opened)

    run(program)


def test_aiohttp_sends_its_files_so(file: Path) -> None:
    """Whole files and ranges are answered as ever."""

    async def answer_file(_: web.Request) -> web.FileResponse:
        return web.FileResponse(file)

    async def program() -> None:
        app = web.Application()
        app.router.add_get("/", answer_file)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        async with ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/") as answer:
                assert await answer.read() == CONTENT
            async with session.get("/", headers={"Range": "bytes=10-2000000"}) as answer:
                assert await answer.read() == CONTENT[10:2000001]
        await runner.cleanup()

    run(program)
