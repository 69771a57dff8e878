"""Bytes of a file straight from the socket into the buffer that they are sealed in.

aiohttp hands out every piece of a body as an object of its own, copied twice on the way. That is a
fifth of a chunk's CPU time, so while a file of known length comes in, the bytes go around aiohttp:
the socket talks to `ZeroCopyProtocol`. It passes everything on to aiohttp's own protocol, except when
a request has asked for the next bytes of its body with `receive_into`.

aiohttp counts the bytes of a body to know where the next request begins. So it is given as many
blank bytes as have passed it by; the request takes them off again. Nothing private is touched, and
a server without `ZeroCopyProtocol` works as well, only slower.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

READ_BUFFER_BYTES: Final = 512 * 1024
"""How much of a body aiohttp may hold before it stops reading."""
_PIECE_BYTES: Final = 512 * 1024
"""Of a file: fewer calls than with smaller pieces, and still in the cache when it is encrypted."""
_SCRATCH_BYTES: Final = 64 * 1024
"""Of everything else that a connection reads at once."""
_BLANK: Final = bytes(128 * 1024)
"""aiohttp copies each blank piece: small enough to leave the rest of the CPU's cache alone."""

TakePiece = Callable[[memoryview], None]


@dataclass(slots=True)
class _Transfer:
    """The next bytes of a body, on their way into a buffer."""

    buffer: memoryview
    content: StreamReader
    take: TakePiece
    done: asyncio.Future[None]
    received: int = 0

    def end(self, error: Exception | None) -> None:
        """Nothing more comes; None means that all is there."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class ZeroCopyProtocol(asyncio.BufferedProtocol):
    """Stands between a connection and aiohttp's protocol for it.

    Args:
        handler: aiohttp's protocol.
    """

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self._transfer: _Transfer | None = None
        self._scratch = memoryview(bytearray())

    async def receive_into(
        self, buffer: memoryview, content: StreamReader, take: TakePiece
    ) -> None:
        """Fill a buffer with the next bytes of a request's body.

        Args:
            buffer: as long as the bytes that are wanted; the body must have as many to come.
            content: the body, of which everything that has arrived must have been taken.
            take: called with each piece in the buffer, in order. What it raises ends the reception.

        Raises:
            OSError: if the connection breaks.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        transfer = self._transfer = _Transfer(buffer, content, take, done)
        try:
            await transfer.done
        finally:
            if self._transfer is transfer:
                self._leave(transfer, None)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the transport puts what it reads next."""
        if (transfer := self._transfer) is not None:
            # Pieces are small enough to stay in the CPU's cache.
            return transfer.buffer[transfer.received : transfer.received + _PIECE_BYTES]
        if not self._scratch:
            self._scratch = memoryview(bytearray(_SCRATCH_BYTES))
        return self._scratch

    def buffer_updated(self, nbytes: int) -> None:
        """The transport has read something."""
        transfer = self._transfer
        if transfer is None:
            self._handler.data_received(bytes(self._scratch[:nbytes]))
            return
        start, transfer.received = transfer.received, transfer.received + nbytes
        try:
            transfer.take(transfer.buffer[start : transfer.received])
        except Exception as error:  # noqa: BLE001 - it belongs to the request, not to the transport
            self._leave(transfer, error)
        else:
            if transfer.received == len(transfer.buffer):
                self._leave(transfer, None)

    def _leave(self, transfer: _Transfer, error: Exception | None) -> None:
        """Go back to aiohttp at once: what comes next is no longer for the buffer."""
        self._transfer = None
        remaining = transfer.received
        while remaining:
            blank = _BLANK[:remaining]
            self._handler.data_received(blank)
            transfer.content.read_nowait()
            remaining -= len(blank)
        transfer.end(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self._handler.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        transfer, self._transfer = self._transfer, None
        if transfer is not None:
            transfer.end(ConnectionResetError("connection lost"))
        self._handler.connection_lost(exc)

    def eof_received(self) -> bool | None:
        """The client sends nothing more."""
        self._handler.eof_received()
        return None

    def pause_writing(self) -> None:
        """The client does not keep up with what it is sent."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._handler.resume_writing()


def zero_copy_protocol_of(request: web.Request) -> ZeroCopyProtocol | None:
    """The protocol of the request's connection; None if it cannot be used for this body."""
    transport = request.transport
    if transport is None or request.content_length is None:
        return None
    if "Transfer-Encoding" in request.headers:
        return None
    protocol = transport.get_protocol()
    return protocol if isinstance(protocol, ZeroCopyProtocol) else None


def protocol_factory(runner: web.AppRunner) -> Callable[[], ZeroCopyProtocol]:
    """A factory of the protocol of each new connection, for `loop.create_server`.

    Args:
        runner: set up, and best made with `read_bufsize=READ_BUFFER_BYTES`.
    """
    server = runner.server
    assert server is not None  # noqa: S101 - the caller has set the runner up
    return lambda: ZeroCopyProtocol(server())


async def listen(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    """Serve an application, set up by its runner, with `ZeroCopyProtocol` on each connection.

    Raises:
        OSError: if the port cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    return await loop.create_server(protocol_factory(runner), host, port, backlog=128)
