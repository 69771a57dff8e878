"""Requests of clients that behave badly: they send a part, read nothing, or hang up."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from yarl import URL

HEADERS = ("Host: x", "User-Agent: impatient")
WEBSOCKET = (
    "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)
"""Lines that open a WebSocket."""
FORM = "Content-Type: multipart/form-data; boundary=b\nContent-Length: 1000"
"""Lines of the head of a form."""
BEGUN = b'--b\r\nContent-Disposition: form-data; name="files[0]"; filename="a"\r\n\r\nabc'
"""How such a form begins."""


class Asking:
    """A connection over which something was asked."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def cut(self) -> None:
        """Hangs up, with a reset, so that the other end learns of it even if it reads nothing."""
        reset = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        self._writer.transport.abort()


@asynccontextmanager
async def asking(url: str | URL, request: str, body: bytes = b"") -> AsyncIterator[Asking]:
    """Sends a request: its method and further lines of its head, and a part of its body."""
    address = URL(str(url), encoded=True)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    method, *lines = request.splitlines()
    head = [f"{method} {address.raw_path_qs} HTTP/1.1", *HEADERS, *lines, "", ""]
    writer.write("\r\n".join(head).encode() + body)
    try:
        yield Asking(reader, writer)
    finally:
        writer.transport.abort()
