"""A chunk's buffer is used again as soon as its post has ended; no connection may still send it.

uvloop keeps views of what it has yet to send, and asyncio's loop copies some of it.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from storage.discord.http import DiscordHttp
from storage.discord.routes import WebhookCredentials
from storage.errors import DiscordRefused
from storage.pool import WebhookPool

SIZE = 10 * 2**20 - 1024
OVER = b"\r\n--" + b"0" * 32 + b"--\r\n"


@dataclass
class EarlyDiscord:
    """Answers its first request with a status of choice, before it has read the body.

    Attributes:
        status: of the first answer; every other one is a success. None: a success from the
            first; 0: no answer.
        late: what the first connection brought after that answer.
    """

    status: int | None
    connections: int = 0
    late: bytearray = field(default_factory=bytearray)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handles a connection."""
        self.connections += 1
        try:
            while head := await _head(reader):
                self.reached.set()
                if self.connections == 1 and self.status is not None:
                    if self.status:
                        writer.write(_answer(self.status, b"{}"))
                    await self._drain_late(reader)
                    return
                length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
                body = await reader.readexactly(length)
                writer.write(_answer(200, _message(body)))
        finally:
            writer.close()

    async def _drain_late(self, reader: asyncio.StreamReader) -> None:
        await self.go.wait()
        try:
            while piece := await reader.read(2**16):
                self.late += piece
        except ConnectionError:
            pass
        self.is_over.set()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _answer(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nRetry-After: 0\r\nX-RateLimit-Scope: user\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _message(body: bytes) -> bytes:
    size = len(body.partition(b"octet-stream\r\n\r\n")[2]) - len(OVER)
    attachment = {"id": "5", "size": size, "url": "x"}
    return json.dumps({"id": "9", "channel_id": "1", "attachments": [attachment]}).encode()


async def reuse(
    discord: EarlyDiscord, posting: Callable[[WebhookPool, memoryview], Awaitable[None]]
) -> None:
    """Posts a chunk, puts other bytes into its buffer, and lets the server read on."""
    server = await asyncio.start_server(discord.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    buffer = memoryview(bytearray(b"C" * SIZE))
    async with server, DiscordHttp(api_url=f"http://127.0.0.1:{port}") as http:
        pool = WebhookPool(http, lambda *_: None)
        pool.set_webhooks([WebhookCredentials(1, "t", 2)])
        await posting(pool, buffer)
        buffer[:] = b"P" * SIZE
        discord.go.set()
        if discord.status is not None:
            await discord.is_over.wait()


@pytest.mark.parametrize("status", [500, 429])
async def test_a_failed_try_sends_no_later_bytes(status):
    """After an answer that came too early the chunk goes by another connection alone."""

    async def post(pool: WebhookPool, buffer: memoryview) -> None:
        assert (await pool.post(buffer)).stored_size == SIZE

    discord = EarlyDiscord(status)
    await reuse(discord, post)
    assert discord.late.count(b"P") == 0
    assert discord.connections == 2


async def test_a_refused_post_sends_no_later_bytes():
    """Nor does a post that ends with an error."""

    async def post(pool: WebhookPool, buffer: memoryview) -> None:
        with pytest.raises(DiscordRefused):
            await pool.post(buffer)

    discord = EarlyDiscord(400)
    await reuse(discord, post)
    assert discord.late.count(b"P") == 0


async def test_a_cancelled_post_sends_no_later_bytes():
    """Nor does a post that was given up in the middle."""

    async def post(pool: WebhookPool, buffer: memoryview) -> None:
        # The server reads nothing yet, so the post cannot end by itself.
        task = asyncio.create_task(pool.post(buffer))
        await discord.reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    discord = EarlyDiscord(0)
    await reuse(discord, post)
    assert discord.late.count(b"P") == 0


async def test_a_connection_that_has_sent_everything_is_kept():
    """One after another, chunks go by the same connection."""

    async def post(pool: WebhookPool, buffer: memoryview) -> None:
        for _ in range(3):
            await pool.post(buffer)

    discord = EarlyDiscord(None)
    await reuse(discord, post)
    assert discord.connections == 1
