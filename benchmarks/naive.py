"""A child process: the upload service as one would write it first, for comparison.

It takes the form apart with `request.multipart()`, reads each chunk whole, hashes and encrypts it
where it stands, and posts it with `FormData`.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from itertools import cycle

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.process import announce
from protocol.values import CHUNK_SIZE

_SESSION = web.AppKey("session", aiohttp.ClientSession)


class NaiveService:
    """Takes chunks for any upload."""

    def __init__(self, webhook_urls: list[str]) -> None:
        self._webhook_urls = cycle(webhook_urls)
        self._cipher = AESGCM(os.urandom(32))

    async def take(self, request: web.Request) -> web.Response:
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


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with aiohttp.ClientSession() as app[_SESSION]:
        yield


async def _serve() -> None:
    service = NaiveService(json.loads(os.environ["WEBHOOK_URLS"]))
    app = web.Application(client_max_size=2 * CHUNK_SIZE)
    app.cleanup_ctx.append(_session)
    app.router.add_post("/", service.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    announce(url="http://{}:{}".format(*runner.addresses[0][:2]))
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve())
