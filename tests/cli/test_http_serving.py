"""How an application is served from its start on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import aiohttp
import pytest
from aiohttp import web

from cli.servers.http_serving import listen, serving, url_of


async def test_a_start_that_takes_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks meanwhile hears when to ask again, and is served at the same address then."""
    monkeypatch.setattr("cli.servers.http_serving.STARTING_S", 0.01)
    may_start, is_over = asyncio.Event(), asyncio.Event()

    async def wait(_app: web.Application) -> AsyncIterator[None]:
        await may_start.wait()
        yield

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    app.cleanup_ctx.append(wait)

    async def serve(listening: object) -> None:
        async with serving(app, listening):  # type: ignore[arg-type] # a socket
            await is_over.wait()

    with closing(listen("127.0.0.1", 0)) as listening:
        url = url_of(listening)
        program = asyncio.create_task(serve(listening))
        async with aiohttp.ClientSession() as http:
            for path in ("/", "/anything"):
                async with http.get(f"{url}{path}") as response:
                    assert response.status == 503
                    assert response.headers["Retry-After"] == "1"
                    assert "starting" in (await response.json())["error_details"]
            may_start.set()
            while (status := await _status(http, url)) == 503:
                pass
        assert status == 200
        is_over.set()
        await program


async def test_a_client_that_keeps_its_connection_open_holds_no_start_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a load balancer does that asks for the health: the program starts all the same."""
    monkeypatch.setattr("cli.servers.http_serving.STARTING_S", 0.01)
    may_start = asyncio.Event()

    async def wait(_app: web.Application) -> AsyncIterator[None]:
        await may_start.wait()
        yield

    app = web.Application()
    app.cleanup_ctx.append(wait)
    started = asyncio.Event()

    async def serve(listening: object) -> None:
        async with serving(app, listening):  # type: ignore[arg-type] # a socket
            started.set()

    with closing(listen("127.0.0.1", 0)) as listening:
        program = asyncio.create_task(serve(listening))
        async with aiohttp.ClientSession() as http:
            async with http.get(url_of(listening)) as response:
                assert response.status == 503
            may_start.set()
            async with asyncio.timeout(10):
                await started.wait()
        await program


async def _status(http: aiohttp.ClientSession, url: str) -> int:
    try:
        async with http.get(url) as response:
            return response.status
    except aiohttp.ClientConnectionError:
        # The connection of before ends when the program has started.
        return 503
