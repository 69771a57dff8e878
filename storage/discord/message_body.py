"""The body of a post: a message with one file, from the caller's buffer, copied nowhere."""

import asyncio
import secrets

import msgspec
from aiohttp import Payload
from aiohttp.abc import AbstractStreamWriter

PIECE_SIZE = 512 * 1024
"""Large enough that few calls are made, small enough that TLS does not double the memory."""


class FilePayload(Payload):
    """`multipart/form-data` of a webhook message: head, file and tail.

    The file goes out in pieces of the caller's buffer, under a meaningless name. Writing
    it once more sends the same bytes. The connection may keep references to them, so `abort_unsent` must be
    called before the buffer changes.

    Args:
        content: The file. It must not change until the post has ended.
        stall_s: Seconds in which one piece must have gone out; a longer one ends the request.

    Attributes:
        filename: Opaque ASCII; Discord strips other characters.
        is_written: Whether all of it was written to the connection in the last try.
    """

    _autoclose = True

    def __init__(self, content: memoryview, *, stall_s: float) -> None:
        boundary, filename = secrets.token_hex(16), f"{secrets.token_hex(8)}.bin"
        content_type = f"multipart/form-data; boundary={boundary}"
        super().__init__(content, content_type=content_type, filename=filename)
        self._content = content
        self._head = _head(boundary, filename)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._stall_s = stall_s
        self._size = len(self._head) + len(self._content) + len(self._tail)
        self._transport: asyncio.WriteTransport | None = None
        self.is_written = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text, for those who print requests."""
        return bytes(self._head + self._content + self._tail).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Writes the body. Raises TimeoutError when the other side stops taking it."""
        self._transport, self.is_written = writer.transport, False
        starts = range(0, len(self._content), PIECE_SIZE)
        pieces = [self._content[start : start + PIECE_SIZE] for start in starts]
        body: list[bytes | memoryview] = [self._head, *pieces, self._tail]
        for piece in body:
            async with asyncio.timeout(self._stall_s):
                await writer.write(piece)
        self.is_written = True

    def abort_unsent(self) -> None:
        """Breaks the connection if it still has bytes of the file to send.

        That is so after an answer that came too early, and after most failures. Closed in good
        order, a connection would send what it has first, by then with the next file's bytes in it.
        """
        transport = self._transport
        if transport is None:
            return
        if not self.is_written or transport.get_write_buffer_size():
            transport.abort()


def _head(boundary: str, filename: str) -> bytes:
    description = msgspec.json.encode({"attachments": [{"id": 0, "filename": filename}]})
    return b"".join(
        (
            f"--{boundary}\r\n".encode(),
            b'Content-Disposition: form-data; name="payload_json"\r\n',
            b"Content-Type: application/json\r\n\r\n",
            description,
            f"\r\n--{boundary}\r\n".encode(),
            b'Content-Disposition: form-data; name="files[0]"; ',
            f'filename="{filename}"\r\n'.encode("ascii"),
            b"Content-Type: application/octet-stream\r\n\r\n",
        )
    )
