"""uvloop's event loop, with the one method that uvloop lacks: `sendfile`.

aiohttp sends a file by `loop.sendfile` where there is one. Otherwise it reads the file in pieces, in a
thread, and writes each of them to the socket: two copies and a change of threads for each piece.
"""

import asyncio
import os
from typing import IO, cast

import uvloop

from common.tasks import settled


class SendfileLoop(uvloop.Loop):
    """An event loop in which the kernel sends files over connections without TLS."""

    async def sendfile(
        self,
        transport: asyncio.BaseTransport,
        file: IO[bytes],
        offset: int = 0,
        count: int | None = None,
        *,
        fallback: bool = True,
    ) -> int:
        """Send a part of a file; returns how many bytes that were: fewer if the file ends before.

        Args:
            transport: Where to.
            file: The file.
            offset: The first byte.
            count: How many bytes; None for all up to the end.
            fallback: Not used: callers have a fallback of their own.

        Raises:
            NotImplementedError: The connection cannot do that now, and nothing has been sent. By this
                exception aiohttp knows that it has to send the file in pieces.
            OSError: The connection broke, or the file cannot be read.
        """
        connection = transport.get_extra_info("socket")
        if connection is None or transport.get_extra_info("sslcontext") is not None:
            raise NotImplementedError("the connection encrypts what it sends")
        # Those of uvloop are no instances of asyncio's classes.
        writing = cast("asyncio.WriteTransport", transport)
        await asyncio.sleep(0)  # what was written before goes out first
        if writing.get_write_buffer_size() or writing.is_closing():
            raise NotImplementedError("the connection has not sent what was written before")
        # A descriptor of our own: that of a connection that ends meanwhile may belong to another one.
        descriptor = os.dup(connection.fileno())
        try:
            return await self._send_all(descriptor, file.fileno(), offset, count)
        finally:
            os.close(descriptor)

    async def _send_all(self, connection: int, file: int, offset: int, count: int | None) -> int:
        left = os.fstat(file).st_size - offset if count is None else count
        begin = offset
        while left > 0:
            # In a thread, since the disk may take its time.
            sent = await settled(asyncio.to_thread(_send_some, connection, file, offset, left))
            if sent is None:
                await self._writable(connection)
            elif sent == 0:
                break
            else:
                offset, left = offset + sent, left - sent
        return offset - begin

    async def _writable(self, connection: int) -> None:
        ready = asyncio.Event()
        self.add_writer(connection, ready.set)
        try:
            await ready.wait()
        finally:
            self.remove_writer(connection)


def _send_some(connection: int, file: int, offset: int, count: int) -> int | None:
    """Send what the connection takes at once; None if it takes nothing now, 0 at the end of the file."""
    try:
        return os.sendfile(connection, file, offset, count)
    except BlockingIOError:
        return None
