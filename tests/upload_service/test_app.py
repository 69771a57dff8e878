"""The service as a whole: serving alone, and trouble with the manager."""

import asyncio
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from client_sdk.backoff import Backoff
from tests.upload_service.staging import Manager, service_settings, serving
from upload_service.app import UploadService, serve


async def test_it_serves_alone_until_cancelled(tmp_path: Path) -> None:
    """`serve` listens, tells where, links its slots, and goes when it is told to."""
    manager = Manager()
    app = web.Application()
    app.router.add_get("/", manager.accept)
    async with serving(app) as url, aiohttp.ClientSession() as session:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        settings = service_settings(url, port=0)
        serving_alone = asyncio.create_task(serve(settings, on_ready=ready.set_result))
        async with session.get(f"{await ready}/health") as response:
            assert response.status == 204
        assert (await manager.links.get()).query["type"] == "upload"
        serving_alone.cancel()
        await asyncio.wait({serving_alone})
        assert serving_alone.cancelled()


async def test_it_keeps_trying_when_the_manager_refuses_or_is_away() -> None:
    """Neither a wrong password nor a missing manager ends the service."""
    attempts: asyncio.Queue[str] = asyncio.Queue()

    async def refuse(request: web.Request) -> web.Response:
        attempts.put_nowait(request.query["key"])
        return web.Response(status=401 if attempts.qsize() < 2 else 503)

    app = web.Application()
    app.router.add_get("/", refuse)
    async with serving(app) as url:
        settings = service_settings(url, service_password=SecretStr("wrong & odd"))
        service = UploadService(settings, backoff=lambda: Backoff(first_s=0.001, cap_s=0.001))
        async with service.run():
            assert [await attempts.get() for _ in range(4)] == ["wrong & odd"] * 4
