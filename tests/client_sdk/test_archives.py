"""Archives of folders whose end does not arrive."""

import io
import random
import zipfile

import aiohttp
import pytest
from aiohttp import web

from client_sdk import ClientSettings, DownloadFailed
from client_sdk.downloads import pieces_of_archive
from client_sdk.http import ManagerHttp
from common.manager_urls import ManagerUrls
from tests.manager.sockets.stage import serving


def archive() -> bytes:
    """One that takes several pieces."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        opened.writestr("a.bin", random.Random(1).randbytes(1_000_000))
    return written.getvalue()


async def received(body: bytes) -> bytes:
    """What a client gets of a body that ends as a whole one does."""

    async def send(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(body)
        return response

    app = web.Application()
    app.router.add_get("/bulk-download", send)
    async with serving(app) as url, aiohttp.ClientSession() as session:
        settings = ClientSettings()
        http = ManagerHttp(session, ManagerUrls([url]), "token", settings, settings.rate())
        return b"".join([piece async for piece in pieces_of_archive(http, "/")])


async def test_a_whole_archive_is_taken() -> None:
    """Byte for byte."""
    assert await received(archive()) == archive()


@pytest.mark.parametrize("missing", [1, 22, 500_000, len(archive())])
async def test_an_archive_without_its_end_broke_off(missing: int) -> None:
    """Also when a proxy has passed it on as a whole one."""
    with pytest.raises(DownloadFailed):
        await received(archive()[:-missing])
