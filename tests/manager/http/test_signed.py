"""`/signed-download` and `-metadata`: a link is all that is needed, for as long as it holds."""

import pytest
from aiohttp import ClientResponse

from catalog.port import OverwriteOnConflict
from manager.http.parts import PARTS


async def _link(cloud, file) -> str:
    link: str = cloud.app[PARTS].get().links.sign(file)
    return link


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
    link = await _link(cloud, await cloud.store("/docs/a b.txt", content))
    response = await _get(cloud, link)
    assert response.status == 200
    assert await response.read() == content
    assert 'filename="a b.txt"' in response.headers["Content-Disposition"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_ranges_and_head(cloud, content):
    """Parts, several parts, HEAD and conditions work as with `/download`."""
    await cloud.token()
    link = await _link(cloud, await cloud.store("/docs/a.txt", content))
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


async def test_metadata(cloud, content):
    """Name, folder and size are told to whoever has the link."""
    await cloud.token()
    link = await _link(cloud, await cloud.store("/docs/deep/a.txt", content))
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
    link = await _link(cloud, await cloud.store("/a.txt", b"x"))
    response = await _get(cloud, link, route="/signed-download-metadata")
    assert (await response.json())["path"] == "/"


ROUTES = ("/signed-download", "/signed-download-metadata")


@pytest.mark.parametrize("route", ROUTES)
async def test_link_dies_with_the_content(cloud, content, route):
    """New content kills the link; another name or place does not; deleting does."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    link = await _link(cloud, file)
    await cloud.catalog.rename_file(file.id, "b.txt")
    assert (await _get(cloud, link, route=route)).status == 200
    replacement = await cloud.store("/docs/new.txt", b"new")
    await cloud.catalog.commit_file(
        (await cloud.stored(b"newer")).id,
        ("docs",),
        "b.txt",
        owner_id=1,
        is_public=False,
        on_conflict=OverwriteOnConflict(file.id),
    )
    assert (await _get(cloud, link, route=route)).status == 404
    other = await _link(cloud, replacement)
    await cloud.catalog.delete_file(replacement.id)
    assert (await _get(cloud, other, route=route)).status == 404


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "payload", ["x", "A" * 54, "a.b.c", "é" * 54, "../../etc/passwd", "A" * 5000]
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
