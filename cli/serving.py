"""Serves an application until a signal asks to stop."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator, Iterator

from aiohttp import web

from catalog.errors import CatalogError
from cli.server_errors import CannotListen, CatalogUnusable

STOP_GRACE_S = 1.0
"""Seconds that requests under way are given at a stop."""
READ_BUFFER_BYTES = 256 * 1024
"""What is held of a request's body that is not taken yet, in each connection."""
BACKLOG = 512


def listen(host: str, port: int) -> socket.socket:
    """Listens on an address; who connects waits until somebody serves it. Raises `CannotListen`."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotListen(_why(error, host, port)) from error


def url_of(listening: socket.socket) -> str:
    """The URL at which this machine reaches a listening socket."""
    host, port = listening.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104 - as above
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def serving(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    """Starts an application, serves it on the socket, and stops both at the end.

    Raises `CatalogUnusable`.
    """
    # Paths and queries hold tokens, so there is no access log.
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=STOP_GRACE_S, read_bufsize=READ_BUFFER_BYTES
    )
    try:
        await _set_up(runner)
        await web.SockSite(runner, listening, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set. A second SIGINT interrupts at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def request_stop() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, request_stop)
    loop.add_signal_handler(signal.SIGTERM, request_stop)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)


async def _set_up(runner: web.AppRunner) -> None:
    try:
        await runner.setup()
    except CatalogError as error:
        raise CatalogUnusable(f"cannot open the catalog: {error}") from error


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken: stop who uses it, or choose another port"
    return f"cannot listen on {host} port {port}: {error.strerror}"
