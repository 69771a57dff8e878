"""Bodies of responses straight from the socket into a buffer.

aiohttp hands out every piece of a body as an object of its own, copied three times on its way: out of the
event loop's memory, through the parser, and by its reader to where it belongs. That is a fifth of the CPU
time of a large download. So the socket talks to a `BodyReceiver` while the body of a response with a known
length comes in, and its bytes go around aiohttp.

aiohttp counts the bytes of a body, to know where the next response begins and how long none has come. So it
is given as many blank bytes as have passed it by, and the receiver, which waits for the body as any reader
does, takes them off again: time limits, lost connections and cancellation work as ever. Nothing private is
touched.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from aiohttp import ClientResponse
from aiohttp.client_proto import ResponseHandler

PIECE_BYTES: Final = 512 * 1024
"""Received at once, at most."""
_BLANK: Final = bytes(PIECE_BYTES)
_NOWHERE: Final = memoryview(b"")


class BodyReceiver(asyncio.BufferedProtocol):
    """Receives a body. Made by `receiving`.

    Args:
        response: Nothing else may read its body.
    """

    def __init__(self, response: ClientResponse) -> None:
        self._content = response.content
        self._length = response.content_length
        self._handler: ResponseHandler | None = None
        """aiohttp's protocol; None if its bytes do not go around it."""
        self._is_between = False
        self._target = _NOWHERE
        self._wanted_bytes = 0
        self._left_bytes = 0
        self._step_between(response)

    async def receive(self, buffer: memoryview, *, at_least: int = 1) -> int:
        """Receive the next bytes of the body; returns how many: 0 only at its end.

        Args:
            buffer: Where to; not empty.
            at_least: Bytes that are waited for, unless the body ends before.

        Raises:
            aiohttp.ClientError, TimeoutError: The connection broke, or nothing came for too long.
        """
        received = 0
        while received < at_least:
            count = await self._receive_some(buffer[received:], at_least - received)
            if not count:
                break
            received += count
        return received

    async def _receive_some(self, buffer: memoryview, at_least: int) -> int:
        # What aiohttp has already comes first. It reads on when that is taken.
        piece = self._content.read_nowait(len(buffer))
        self._pause()
        if not piece and self._is_between:
            return await self._receive_directly(buffer, at_least)
        piece = piece or await self._content.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    async def _receive_directly(self, buffer: memoryview, at_least: int) -> int:
        self._target, self._wanted_bytes = buffer, at_least
        self._left_bytes = (self._length or 0) - self._content.total_bytes
        received = 0
        self._resume()
        try:
            while received < at_least and (blank := await self._content.readany()):
                received += len(blank)
        finally:
            self._target = _NOWHERE
            self._pause()
        return received

    def _step_between(self, response: ClientResponse) -> None:
        """Let the socket talk to this protocol, where that is possible."""
        is_encoded = {"Content-Encoding", "Transfer-Encoding"} & response.headers.keys()
        if self._length is None or is_encoded or response.connection is None:
            return
        handler, transport = response.connection.protocol, response.connection.transport
        if handler is None or transport is None or transport.is_closing():
            return
        self._handler, self._is_between = handler, True
        # An event loop chooses how it reads when reading begins.
        self._pause()
        transport.set_protocol(self)
        self._content.on_eof(self._step_aside)

    def close(self) -> None:
        """Leave what has not been received to aiohttp."""
        if self._is_between:
            self._step_aside()
            self._resume()

    def _step_aside(self) -> None:
        """Let the socket talk to aiohttp again."""
        self._is_between = False
        handler = self._handler
        if handler is None or handler.transport is None or handler.transport.is_closing():
            return
        handler.transport.pause_reading()
        handler.transport.set_protocol(handler)
        handler.transport.resume_reading()

    def _pause(self) -> None:
        """Read nothing as long as there is nowhere to put it."""
        if self._is_between and self._handler is not None and self._handler.connected:
            self._handler.pause_reading()

    def _resume(self) -> None:
        if self._handler is not None and self._handler.connected:
            self._handler.resume_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the transport puts what it reads next."""
        # No byte of the next response.
        return self._target[: min(PIECE_BYTES, self._left_bytes)]

    def buffer_updated(self, nbytes: int) -> None:
        """The transport has read something."""
        self._target = self._target[nbytes:]
        self._wanted_bytes -= nbytes
        self._left_bytes -= nbytes
        if self._handler is not None:
            self._handler.data_received(_BLANK[:nbytes])
        if self._wanted_bytes <= 0:
            self._pause()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Not called: the connection is older."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._handler is not None:
            self._handler.connection_lost(exc)

    def eof_received(self) -> None:
        """The server sends nothing more."""
        if self._handler is not None:
            self._handler.eof_received()

    def pause_writing(self) -> None:
        """The server does not keep up with what it is sent."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """The server has caught up."""
        if self._handler is not None:
            self._handler.resume_writing()


@contextlib.contextmanager
def receiving(response: ClientResponse) -> Iterator[BodyReceiver]:
    """Receive the body of a response, within the response's own context."""
    receiver = BodyReceiver(response)
    try:
        yield receiver
    finally:
        receiver.close()
