"""Bodies are read as a whole, whatever pieces they arrive in, and no further than wanted."""

import pytest
from aiohttp import ClientSession, web

from common.http_bodies import read_up_to
from tests.manager.sockets.stage import serving

BODY = bytes(range(256)) * 4_000


@pytest.mark.parametrize("limit", [2 * len(BODY), len(BODY), 100_000, 5, 0])
async def test_a_body_is_read_up_to_the_limit(limit: int):
    """More of it than a single read gives, and never more than asked for."""

    async def send(_request: web.Request) -> web.Response:
        return web.Response(body=BODY)

    app = web.Application()
    app.router.add_get("/", send)
    async with serving(app) as url, ClientSession() as http, http.get(url) as response:
        assert await read_up_to(response.content, limit) == BODY[:limit]
