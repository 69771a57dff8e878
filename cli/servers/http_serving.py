"""Listens, serves an aiohttp application, and runs a program until a signal stops it."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import structlog
from aiohttp import web

from catalog.errors import CatalogError
from cli.errors import (
    CannotListen,
    CatalogUnusable,
    CommandError,
    DataFolderInUse,
    DataFolderUnusable,
)
from common.tasks import cancel_and_wait
from discord_emulator.store import EmulatorFolderInUse

REQUESTS_GRACE_S = 0.5
"""Seconds that requests in progress are given at a stop, and again once they are cancelled."""
REPEATED_SIGNAL_S = 3.0
"""Seconds in which further signals are ignored: a terminal and a wrapper may both send one."""
READ_BUFFER_BYTES = 256 * 1024
"""Buffer of each connection for the part of a request body that has not been read yet."""
BACKLOG = 512
STARTING_S = 2.0
"""Seconds that clients wait while a program starts, before they are answered with 503."""
_IDLE_S = 0.1
"""Seconds that connections of clients that were told so have to end."""
RETRY_AFTER_S = 1
"""Seconds after which those clients are to ask again."""

log = structlog.get_logger(__name__)

Connections = Callable[[web.AppRunner], Callable[[], asyncio.BaseProtocol]]
"""Returns, for a runner that is set up, the factory of the protocol of each new connection."""


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address; connections wait until they are served. Raises `CannotListen`."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error


def _cannot_listen(host: str, port: int, error: OSError) -> CannotListen:
    if error.errno == errno.EADDRINUSE:
        return CannotListen(
            f"port {port} is taken: stop the program that uses it, or choose another port"
        )
    return CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}")


def start_error(error: OSError, host: str, port: int) -> CommandError:
    """What an error of the operating system means for a server that is to listen on this address."""
    if isinstance(error, EmulatorFolderInUse):
        return DataFolderInUse(str(error))
    if error.filename is not None:
        return DataFolderUnusable(f"cannot use {error.filename}: {error.strerror}")
    return _cannot_listen(host, port, error)


def url_of(listening: socket.socket) -> str:
    """The URL of a listening socket for clients on this machine."""
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104 - as above
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def plain_connections(runner: web.AppRunner) -> Callable[[], asyncio.BaseProtocol]:
    """The protocol factory of aiohttp."""
    server = runner.server
    assert server is not None  # noqa: S101 - the caller has set the runner up
    return server


@contextlib.asynccontextmanager
async def serving(
    app: web.Application,
    listening: socket.socket,
    *,
    connections: Connections = plain_connections,
) -> AsyncIterator[None]:
    """Start an application, serve it on the socket, and stop both at the end.

    Raises `CommandError`.
    """
    # Paths and queries hold tokens, so there is no access log.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=REQUESTS_GRACE_S, read_bufsize=READ_BUFFER_BYTES
    )
    loop = asyncio.get_running_loop()
    try:
        await _set_up(runner, listening)
        server = await loop.create_server(connections(runner), sock=listening, backlog=BACKLOG)
        with contextlib.closing(server):
            yield
    finally:
        await runner.cleanup()


async def until_stopped(
    program: Coroutine[Any, Any, None], *, on_stop: Callable[[], None] = lambda: None
) -> None:
    """Run a program until SIGINT or SIGTERM cancels it, which is no error.

    Another signal after `REPEATED_SIGNAL_S` seconds kills the process.

    Args:
        program: The coroutine to run.
        on_stop: Called at the first signal.

    Raises:
        CancelledError: The caller itself was cancelled.
        BaseException: Whatever the program raises.
    """
    task = asyncio.create_task(program, name="program")
    with _stop_signals(task, on_stop):
        try:
            await asyncio.wait({task})
        finally:
            await cancel_and_wait(task)
    if not task.cancelled():
        task.result()


@contextlib.contextmanager
def _stop_signals(task: asyncio.Task[None], on_stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def remove_handlers() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    def stop() -> None:
        if not task.cancelling():
            on_stop()
            task.cancel()
            loop.call_later(REPEATED_SIGNAL_S, remove_handlers)

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        # After a stop the loop still has to end its threads, which a signal must not cut short.
        if not task.cancelling():
            remove_handlers()


async def _set_up(runner: web.AppRunner, listening: socket.socket) -> None:
    announcing = asyncio.create_task(_announce_start(listening), name="announce start")
    try:
        await runner.setup()
    except CatalogError as error:
        raise CatalogUnusable(f"cannot open the catalog: {error}") from error
    except OSError as error:
        host, port = listening.getsockname()[:2]
        raise start_error(error, host, port) from error
    finally:
        await cancel_and_wait(announcing)


async def _announce_start(listening: socket.socket) -> None:
    """Answer clients with 503 while the program starts, if that takes long; runs until cancelled.

    The program may be waiting for its catalog, and clients that get no answer would take it for hung.
    """
    await asyncio.sleep(STARTING_S)
    log.info("starting-takes-long", told_clients=f"503 until it is over, at {url_of(listening)}")
    answering = web.Server(_answer_starting, access_log=None)
    server = await asyncio.get_running_loop().create_server(answering, sock=listening.dup())
    try:
        await asyncio.Event().wait()
    finally:
        server.close()
        # 0 would be no limit at all, and an idle connection would hold the start up.
        await answering.shutdown(_IDLE_S)


async def _answer_starting(_request: web.BaseRequest) -> web.Response:
    body = {"error": True, "error_details": "the manager is starting: try again shortly"}
    headers = {"Retry-After": str(RETRY_AFTER_S), "Access-Control-Allow-Origin": "*"}
    return web.json_response(body, status=503, headers=headers)
