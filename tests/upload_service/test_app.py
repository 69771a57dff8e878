"""The service as a whole: serving alone, and trouble with the manager."""

import asyncio
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from common.retry import Backoff
from common.service_secret import PER_ADDRESS
from tests.upload_service.staging import PASSWORD, Manager, service_settings, serving, staged
from upload_service.app import UploadService, serve


async def test_it_serves_alone_until_cancelled(tmp_path: Path) -> None:
    """`serve` listens, tells where, links its slots, and goes when it is told to."""
    manager = Manager()
    app = web.Application()
    app.router.add_get("/", manager.accept)
    async with serving(app) as url, aiohttp.ClientSession() as session:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        settings = service_settings(url, tmp_path, port=0)
        serving_alone = asyncio.create_task(serve(settings, on_ready=ready.set_result))
        async with session.get(f"{await ready}/health") as response:
            assert response.status == 204
        assert (await manager.links.get()).query["type"] == "upload"
        serving_alone.cancel()
        await asyncio.wait({serving_alone})
        assert serving_alone.cancelled()


async def test_it_keeps_trying_when_the_manager_refuses_or_is_away(tmp_path: Path) -> None:
    """Neither a wrong password nor a missing manager ends the service."""
    attempts: asyncio.Queue[str] = asyncio.Queue()

    async def refuse(request: web.Request) -> web.Response:
        attempts.put_nowait(request.query["key"])
        return web.Response(status=401 if attempts.qsize() < 2 else 503)

    app = web.Application()
    app.router.add_get("/", refuse)
    async with serving(app) as url:
        settings = service_settings(url, tmp_path, service_password=SecretStr("wrong & odd"))
        service = UploadService(settings, backoff=lambda: Backoff(first_s=0.001, cap_s=0.001))
        async with service.run():
            assert [await attempts.get() for _ in range(4)] == ["wrong & odd"] * 4


async def test_the_service_password_cannot_be_guessed_without_limit(tmp_path: Path) -> None:
    """Whoever tries too many is not listened to any more; who comes from elsewhere is, and says it right."""
    async with staged(tmp_path, trusted_proxies="127.0.0.1") as stage:

        async def ask(password: str, address: str) -> aiohttp.ClientResponse:
            headers = {"Authorization": f"Bearer {password}", "X-Forwarded-For": address}
            return await stage.session.get(f"{stage.url}/metrics", headers=headers)

        for number in range(PER_ADDRESS.burst):
            assert (await ask(f"guess {number}", "203.0.113.5")).status == 401
        refused = await ask(PASSWORD, "203.0.113.5")
        assert refused.status == 429
        assert int(refused.headers["Retry-After"]) > 0
        for _ in range(PER_ADDRESS.burst + 1):
            assert (await ask(PASSWORD, "203.0.113.6")).status == 200
