"""Bodies of HTTP answers that are read into memory."""

from aiohttp import StreamReader


async def read_up_to(content: StreamReader, limit: int) -> bytes:
    """The body, or its first `limit` bytes if it is longer; `StreamReader.read` returns what has arrived."""
    body = bytearray()
    while len(body) < limit and (piece := await content.read(limit - len(body))):
        body += piece
    return bytes(body)
