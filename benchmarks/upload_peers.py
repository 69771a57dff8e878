"""The two ends of a benchmarked upload: a sender, and a stub of the manager."""

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from aiohttp import web

from protocol import codec, s2u, u2s
from protocol.extensions import (
    MESSAGE_LIMITS,
    MESSAGES,
    OBJECT_KEYS,
    WEBHOOKS,
    format_extensions,
)
from protocol.generic import Boolean, Primitives
from protocol.packet import Packet
from storage.discord.sizes import ATTACHMENT_STEPS, DOCUMENTED_LIMITS, REQUEST_STEPS
from storage.keys import MasterKey

_BOUNDARY = "----benchmark-boundary-7d5a1f"
_ACCEPTS = frozenset({"u2s", "generic"})
_LIMITS = s2u.LeaseLimits(
    attachment_bytes=ATTACHMENT_STEPS[4],
    request_bytes=REQUEST_STEPS[-1],
    attachments=DOCUMENTED_LIMITS.attachments,
)
"""What a manager has learned of a Discord as it is now."""
_EXTENSIONS = frozenset({WEBHOOKS, OBJECT_KEYS, MESSAGES, MESSAGE_LIMITS})


@dataclass(frozen=True, slots=True)
class ChunkLoad:
    """What to send: the chunks 0 to count - 1 of an upload, `concurrency` at a time."""

    url: str
    upload_id: str
    count: int
    chunk_size: int
    concurrency: int


def send_all(load: ChunkLoad) -> None:
    """Send every chunk once, as fast as the service accepts them.

    Plain sockets in threads are used, so that the sender copies nothing.

    Raises:
        RuntimeError: a chunk was not answered with its index.
    """
    content = memoryview(os.urandom(load.chunk_size))
    indexes = _SharedIterator(iter(range(load.count)))
    with ThreadPoolExecutor(load.concurrency) as threads:
        senders = [
            threads.submit(_send_some, load, indexes, content) for _ in range(load.concurrency)
        ]
        for sender in senders:
            sender.result()


class _SharedIterator:
    """An iterator that several threads may take from."""

    def __init__(self, source: Iterator[int]) -> None:
        self._source = source
        self._lock = Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._source)


def _send_some(load: ChunkLoad, indexes: _SharedIterator, content: memoryview) -> None:
    parts = urlsplit(load.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        for index in indexes:
            head, tail = _form(load.upload_id, index)
            length = len(head) + len(content) + len(tail)
            connection.sendall(_request(length) + head)
            connection.sendall(content)
            connection.sendall(tail)
            _expect(connection, str(index))


def _form(upload_id: str, index: int) -> tuple[bytes, bytes]:
    fields = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("id", upload_id), ("chunk", index))
    )
    file = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return (fields + file).encode(), f"\r\n--{_BOUNDARY}--\r\n".encode()


def _request(length: int) -> bytes:
    return (
        "POST / HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def _expect(connection: socket.socket, body: str) -> None:
    answer = b""
    while not answer.endswith(b"\r\n\r\n" + body.encode()):
        piece = connection.recv(4096)
        answer += piece
        if not piece or (b"\r\n" in answer and not answer.startswith(b"HTTP/1.1 200 ")):
            raise RuntimeError(f"chunk {body} was answered with {answer[:200]!r}")


class StubManager:
    """Leases all webhooks to the one service that connects, gives it uploads, accepts all chunks.

    Args:
        api_url: base of Discord's API.
        webhooks: (id, token, channel id) of each webhook.
    """

    def __init__(self, api_url: str, webhooks: list[tuple[str, str, str]]) -> None:
        self._configuration = s2u.WebhookConfiguration(
            webhooks=tuple(
                s2u.WebhookLease(id=id_, token=token, channel_id=channel, limits=_LIMITS)
                for id_, token, channel in webhooks
            ),
            api_url=api_url,
            requests_per_s=100_000,
        )
        self._ready: asyncio.Future[web.WebSocketResponse] = asyncio.Future()
        self._finish: asyncio.Queue[u2s.UploadFinish] = asyncio.Queue()
        self._answers: asyncio.Queue[Boolean] = asyncio.Queue()
        self.url = ""

    async def start_upload(self, size: int, chunk_size: int) -> str:
        """Wait for the service, start an upload and return its id."""
        socket = await self._ready
        upload_id = str(uuid4())
        key = MasterKey(os.urandom(32)).object_key(UUID(upload_id))
        start = s2u.UploadStartWithKey(
            name="benchmark.bin",
            path="/",
            size=size,
            client=str(uuid4()),
            upload_id=upload_id,
            chunk_size=chunk_size,
            object_key=s2u.EncodedObjectKey(
                key=base64.b64encode(key.secret).decode(), key_id=key.key_id.hex()
            ),
        )
        await self._request(socket, start)
        return upload_id

    async def finished(self) -> u2s.UploadFinish:
        """Wait until the service reports how the upload ended."""
        return await self._finish.get()

    async def _request(self, socket: web.WebSocketResponse, packet: Packet) -> None:
        await socket.send_str(codec.encode(packet))
        answer = await self._answers.get()
        assert answer.success, answer.message

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the service's connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(codec.encode(Primitives(string_value=format_extensions(_EXTENSIONS))))
        configured = asyncio.create_task(self._configure(socket))
        async for message in socket:
            await self._handle(socket, message.data)
        await configured
        return socket

    async def _configure(self, socket: web.WebSocketResponse) -> None:
        await self._request(socket, self._configuration)
        self._ready.set_result(socket)

    async def _handle(self, socket: web.WebSocketResponse, text: str) -> None:
        frame = codec.decode(text, accepts=_ACCEPTS, extensions=_EXTENSIONS)
        match frame.packet:
            case u2s.MessageStored() as message:
                entered = s2u.MessageEntered(accepted=(True,) * len(message.chunks))
                await socket.send_str(codec.encode(entered, reply_uuid=frame.uuid))
            case u2s.UploadFinish() as finish:
                self._finish.put_nowait(finish)
            case Boolean() as reply:
                self._answers.put_nowait(reply)


@asynccontextmanager
async def stub_manager(
    api_url: str, webhooks: list[tuple[str, str, str]]
) -> AsyncIterator[StubManager]:
    """Serve a stub of the manager on a free port."""
    manager = StubManager(api_url, webhooks)
    app = web.Application()
    app.router.add_get("/", manager.accept)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    manager.url = "ws://{}:{}".format(*runner.addresses[0][:2])
    try:
        yield manager
    finally:
        await runner.cleanup()
