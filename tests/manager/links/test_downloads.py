"""`/signed-download` and `-metadata`: a link is all that is needed, for as long as it holds."""

import asyncio

import pytest
from aiohttp import ClientResponse

from catalog.port import OverwriteOnConflict
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from tests.commits import commit_file
from tests.manager.links.making import link_to


async def _get(
    cloud, payload: str, *, route: str = "/signed-download", method: str = "GET", **headers: str
) -> ClientResponse:
    response: ClientResponse = await cloud.client.request(
        method, route, params={"q": payload}, headers=headers
    )
    return response


async def test_whoever_has_the_link_has_the_file(cloud, content):
    """The file comes without a user, as `/download` would send it."""
    await cloud.token()
    link = await link_to(cloud.app, await cloud.store("/docs/a b.txt", content))
    response = await _get(cloud, link)
    assert response.status == 200
    assert await response.read() == content
    assert 'filename="a b.txt"' in response.headers["Content-Disposition"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_ranges_and_head(cloud, content):
    """Parts, several parts, HEAD and conditions work as with `/download`."""
    await cloud.token()
    link = await link_to(cloud.app, await cloud.store("/docs/a.txt", content))
    head = await _get(cloud, link, method="HEAD")
    assert (head.status, head.headers["Content-Length"]) == (200, "3500")
    part = await _get(cloud, link, Range="bytes=990-1009")
    assert (part.status, await part.read()) == (206, content[990:1010])
    parts = await _get(cloud, link, Range="bytes=0-0,3499-")
    assert parts.headers["Content-Type"].startswith("multipart/byteranges")
    behind = await _get(cloud, link, Range="bytes=3500-")
    assert behind.status == 416
    unchanged = await _get(cloud, link, **{"If-None-Match": head.headers["ETag"]})
    assert unchanged.status == 304


async def _archive(cloud, **headers: str) -> ClientResponse:
    headers = {"Authorization": f"Bearer {await cloud.token()}", **headers}
    response: ClientResponse = await cloud.client.get(
        "/bulk-download", params={"path": "/docs"}, headers=headers
    )
    return response


ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize(
    ("limits", "headers"),
    [({"downloads_per_address": 2}, {}), ({"downloads_per_user": 2}, ELSEWHERE)],
    ids=["address", "link"],
)
async def test_slow_readers_of_a_link_do_not_take_all_places(
    tmp_path, running_cloud, content, limits, headers
):
    """Those of one address, and all of one link, have a share; other downloads go on, archives too."""
    options = {"trusted_proxies": "127.0.0.0/8", "download_wait_s": 0, "max_downloads": 4, **limits}
    # Else the first one, which waits for its second chunk, would meet the other's fault with its third.
    options["read_ahead_bytes_per_download"] = 0
    async with running_cloud(tmp_path, **options) as cloud:
        await cloud.token()
        link = await link_to(cloud.app, await cloud.store("/docs/a.txt", content))
        slow = [Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1) for _ in range(2)]
        readers = []
        for fault in slow:
            cloud.emulator.faults.add(fault)
            readers.append(await _get(cloud, link))
            await fault.reached.wait()
        assert (await _get(cloud, link, **headers)).status == 503
        for answer in (await _archive(cloud, **ELSEWHERE), await _archive(cloud, **ELSEWHERE)):
            assert answer.status == 200
            assert await answer.read()
        for fault in slow:
            fault.release()
        assert [await reader.read() for reader in readers] == [content] * 2


async def test_readers_wait_for_a_place(tmp_path, running_cloud, content):
    """More than have a place at once get their content all the same, one after the other."""
    async with running_cloud(tmp_path, downloads_per_address=2) as cloud:
        await cloud.token()
        link = await link_to(cloud.app, await cloud.store("/docs/a.txt", content))
        answers = await asyncio.gather(*(_get(cloud, link) for _ in range(20)))
        assert {await answer.read() for answer in answers} == {content}


async def test_metadata(cloud, content):
    """Name, folder and size are told to whoever has the link."""
    await cloud.token()
    link = await link_to(cloud.app, await cloud.store("/docs/deep/a.txt", content))
    response = await _get(cloud, link, route="/signed-download-metadata")
    assert response.status == 200
    assert await response.json() == {
        "error": False,
        "name": "a.txt",
        "path": "/docs/deep",
        "size": 3500,
    }
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_metadata_of_a_file_in_the_root(cloud):
    """The root is `/`."""
    await cloud.token()
    link = await link_to(cloud.app, await cloud.store("/a.txt", b"x"))
    response = await _get(cloud, link, route="/signed-download-metadata")
    assert (await response.json())["path"] == "/"


ROUTES = ("/signed-download", "/signed-download-metadata")


@pytest.mark.parametrize("route", ROUTES)
async def test_link_dies_with_the_content(cloud, content, route):
    """New content kills the link; another name or place does not; deleting does."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    link = await link_to(cloud.app, file)
    await cloud.catalog.rename_file(file.id, "b.txt")
    assert (await _get(cloud, link, route=route)).status == 200
    replacement = await cloud.store("/docs/new.txt", b"new")
    await commit_file(
        cloud.catalog,
        (await cloud.stored(b"newer")).id,
        ("docs",),
        "b.txt",
        owner_id=1,
        is_public=False,
        on_conflict=OverwriteOnConflict(file.id),
    )
    assert (await _get(cloud, link, route=route)).status == 404
    other = await link_to(cloud.app, replacement)
    await cloud.catalog.delete_file(replacement.id)
    assert (await _get(cloud, other, route=route)).status == 404


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "payload", ["x", "A" * 54, "A" * 59, "a.b.c", "é" * 54, "../../etc/passwd", "A" * 5000]
)
async def test_forged_links(cloud, route, payload):
    """What this manager has not signed is 403."""
    response = await _get(cloud, payload, route=route)
    assert response.status == 403
    assert (await response.json())["error"] is True


@pytest.mark.parametrize("route", ROUTES)
async def test_no_link(cloud, route):
    """Without a payload the parameter is named."""
    response = await cloud.client.get(route)
    assert response.status == 400
    assert "q is missing" in (await response.json())["error_details"]
