"""A stand-in for the manager: leases the sink's webhooks to one service and says yes to everything."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiohttp import web

from protocol import codec, s2u, u2s
from protocol.extensions import WEBHOOKS
from protocol.generic import Boolean, Primitives
from protocol.packet import Packet

_ACCEPTS = frozenset({"u2s", "generic"})


class StandInManager:
    """Gives uploads to the one service that connects.

    Args:
        api_url: base of Discord's API.
        webhooks: (id, token, channel id) of each webhook.
    """

    def __init__(self, api_url: str, webhooks: list[tuple[str, str, str]]) -> None:
        self._configuration = s2u.WebhookConfiguration(
            crypto=s2u.Crypto(enabled=True, key=base64.b64encode(os.urandom(32)).decode()),
            webhooks=tuple(
                s2u.WebhookLease(id=id_, token=token, channel_id=channel)
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
        """Wait for the service and start an upload; gives its id."""
        socket = await self._ready
        upload_id = str(uuid4())
        order = s2u.UploadStart(
            name="benchmark.bin",
            path="/",
            size=size,
            client=str(uuid4()),
            upload_id=upload_id,
            chunk_size=chunk_size,
        )
        await self._ask(socket, order)
        return upload_id

    async def finished(self) -> u2s.UploadFinish:
        """Wait until the service says how the upload ended."""
        return await self._finish.get()

    async def _ask(self, socket: web.WebSocketResponse, packet: Packet) -> None:
        await socket.send_str(codec.encode(packet))
        answer = await self._answers.get()
        assert answer.success, answer.message

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the service's connection."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(codec.encode(Primitives(string_value=WEBHOOKS)))
        configured = asyncio.create_task(self._configure(socket))
        async for message in socket:
            await self._take(socket, message.data)
        await configured
        return socket

    async def _configure(self, socket: web.WebSocketResponse) -> None:
        await self._ask(socket, self._configuration)
        self._ready.set_result(socket)

    async def _take(self, socket: web.WebSocketResponse, text: str) -> None:
        frame = codec.decode(text, accepts=_ACCEPTS, extensions=frozenset({WEBHOOKS}))
        match frame.packet:
            case u2s.ChunkStored():
                yes = codec.encode(Boolean(success=True), reply_uuid=frame.uuid)
                await socket.send_str(yes)
            case u2s.UploadFinish() as finish:
                self._finish.put_nowait(finish)
            case Boolean() as answer:
                self._answers.put_nowait(answer)


@asynccontextmanager
async def stand_in_manager(
    api_url: str, webhooks: list[tuple[str, str, str]]
) -> AsyncIterator[StandInManager]:
    """Serve a stand-in manager on a free port."""
    manager = StandInManager(api_url, webhooks)
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
