"""The child processes of the benchmarks: `python -m benchmarks.children <name>`.

Each is configured by its environment, and announces what the parent needs to know in lines of JSON.
A child imports only what it runs, because its memory is measured.
"""

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import uvloop
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.harness import ChildName, announce
from protocol.values import LARGEST_CHUNK_SIZE

if TYPE_CHECKING:
    from discord_emulator.emulator import Emulator

CHANNELS = 10
CONNECTS_AT_ONCE = 50
_SESSION = web.AppKey("session", aiohttp.ClientSession)


async def run_manager() -> None:
    """Run this project's manager."""
    from manager.app import create_app
    from manager.settings import ManagerSettings

    await _serve(create_app(ManagerSettings.model_validate({})))


async def run_gateway() -> None:
    """Run this project's gateway."""
    from gateway.app import create_app
    from gateway.settings import GatewaySettings

    settings = GatewaySettings.model_validate({})
    await _serve(create_app(settings), settings.port)


async def run_upload_service() -> None:
    """Run this project's upload service."""
    from upload_service.app import serve
    from upload_service.settings import UploadServiceSettings

    settings = UploadServiceSettings.model_validate({})
    await serve(settings, on_ready=lambda url: announce(url=url))


async def run_discord() -> None:
    """Run the Discord emulator, which discards content unless `KEEPS_CONTENT` is set."""
    from discord_emulator.testing import running_emulator

    sink = "KEEPS_CONTENT" not in os.environ
    with tempfile.TemporaryDirectory() as folder:
        async with running_emulator(
            Path(folder), limits="off", sink=sink, channels=CHANNELS
        ) as emulator:
            announce(**announcement_of(emulator))
            await asyncio.Event().wait()


def announcement_of(emulator: "Emulator") -> dict[str, Any]:
    """Return what others need to know of an emulator."""
    webhooks = [(str(one.id), one.token, str(one.channel_id)) for one in emulator.webhooks]
    return {"api_url": f"{emulator.base_url}/api/v10", "webhooks": webhooks}


async def run_naive_service() -> None:
    """Run an upload service as one would write it first, for comparison."""
    service = NaiveService(json.loads(os.environ["WEBHOOK_URLS"]))
    app = web.Application(client_max_size=2 * LARGEST_CHUNK_SIZE)
    app.cleanup_ctx.append(_session)
    app.router.add_post("/", service.receive)
    await _serve(app)


async def run_listeners() -> None:
    """Connect `CLIENTS` clients that count announcements, and `SILENT` ones that read nothing."""
    url, count = os.environ["CLIENT_URL"], int(os.environ["CLIENTS"])
    silent = int(os.environ["SILENT"])
    listeners = FolderListeners(count)
    connecting = asyncio.Semaphore(CONNECTS_AT_ONCE)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        asyncio.TaskGroup() as tasks,
    ):

        async def connected(*, listens: bool) -> aiohttp.ClientWebSocketResponse:
            async with connecting:
                socket = await http.ws_connect(url)
            if listens:
                # At once: while thousands connect, those that are there answer pings.
                tasks.create_task(listeners.listen(socket))
            return socket

        sockets = await asyncio.gather(
            *(connected(listens=number >= silent) for number in range(count + silent))
        )
        announce(connected=len(sockets) - silent)
        await asyncio.Event().wait()


class NaiveService:
    """Accepts chunks of any upload.

    It parses the form with `request.multipart()`, reads each chunk whole, hashes and encrypts it on
    the event loop, and posts it with `FormData`.
    """

    def __init__(self, webhook_urls: list[str]) -> None:
        self._webhook_urls = cycle(webhook_urls)
        self._cipher = AESGCM(os.urandom(32))

    async def receive(self, request: web.Request) -> web.Response:
        """Store one chunk and answer with its index."""
        fields: dict[str, str] = {}
        data: bytes = b""
        form = await request.multipart()
        while (part := await form.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            if part.name == "file":
                data = await part.read()
            else:
                fields[part.name or ""] = await part.text()
        digest = hashlib.sha256(data).hexdigest()
        nonce = os.urandom(12)
        await self._post(request.app[_SESSION], nonce + self._cipher.encrypt(nonce, data, None))
        return web.Response(text=fields["chunk"], headers={"X-Digest": digest})

    async def _post(self, session: aiohttp.ClientSession, content: bytes) -> None:
        form = aiohttp.FormData()
        form.add_field("payload_json", "{}", content_type="application/json")
        form.add_field("files[0]", content, filename="chunk.bin")
        async with session.post(
            next(self._webhook_urls), data=form, params={"wait": "true"}
        ) as response:
            response.raise_for_status()
            await response.read()


class FolderListeners:
    """Counts how many clients have received the announcement of each new folder."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._received: dict[str, int] = {}

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Read what the manager sends to one client."""
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT and '"s2c:folder-modify"' in message.data:
                self._count_in(message.json()["data"]["path"])

    def _count_in(self, path: str) -> None:
        self._received[path] = self._received.get(path, 0) + 1
        if self._received[path] == 1:
            announce(path=path, first_at=time.monotonic())
        if self._received[path] == self._count:
            announce(path=path, last_at=time.monotonic())


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession() as app[_SESSION]:
        yield


async def _serve(app: web.Application, port: int = 0) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, backlog=2048).start()
        announce(url="http://{}:{}".format(*runner.addresses[0][:2]))
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _run_server(program: Coroutine[None, None, None]) -> None:
    """Run a program of this project with its log configured as in production."""
    from cli.servers.process import LogSettings, load, logging_to_stderr

    with logging_to_stderr(load(LogSettings)):
        uvloop.run(program)


def main(name: ChildName) -> None:
    """Run the child of this name until it is terminated."""
    match name:
        case ChildName.MANAGER:
            _run_server(run_manager())
        case ChildName.UPLOAD_SERVICE:
            _run_server(run_upload_service())
        case ChildName.GATEWAY:
            _run_server(run_gateway())
        case ChildName.DISCORD:
            _run_server(run_discord())
        case ChildName.LISTENERS:
            uvloop.run(run_listeners())
        case ChildName.NAIVE_SERVICE:
            asyncio.run(run_naive_service())  # as one would write it first


if __name__ == "__main__":
    main(ChildName(sys.argv[1]))
