"""Takes a body as cheaply as possible, and keeps of it only what the answer must say.

The head of the first file's part and the length of the whole tell the file's size, so nothing is
searched or copied. A post is taken to carry one file, as its last part.
"""

import re

from aiohttp import web

from discord_emulator.payload import attachment_name
from discord_emulator.records import ReceivedFile

_MAX_HEAD = 16 * 1024
_FILE_HEAD = re.compile(rb'filename="([^"]*)".*?\r\n\r\n', re.DOTALL)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


async def swallow(request: web.Request) -> ReceivedFile:
    """Reads and discards a multipart body; returns what its file was."""
    head = bytearray()
    total = 0
    while piece := await request.content.readany():
        total += len(piece)
        if len(head) < _MAX_HEAD:
            head += piece[:_MAX_HEAD]
    found = _FILE_HEAD.search(head)
    name = found.group(1).decode(errors="replace") if found else "unknown"
    before = found.end() if found else 0
    return ReceivedFile(
        filename=attachment_name(name),
        size=max(0, total - before - _tail_length(request)),
        content_type="application/octet-stream",
    )


def _tail_length(request: web.Request) -> int:
    boundary = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    return len(f"\r\n--{boundary.group(1)}--\r\n") if boundary else 0
