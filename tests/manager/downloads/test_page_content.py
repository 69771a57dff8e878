"""Content for the web page: a cookie opens it for some minutes, to its user alone."""

from typing import Any

import pytest

from discord_emulator.testing import VirtualClock
from manager.downloads.page_content import ACCESS_S, COOKIE


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(1_800_000_000.0)


@pytest.fixture
async def cloud(tmp_path, running_either, clock):
    """A manager whose clock stands; content is read from it, or from a gateway of it."""
    async with running_either(tmp_path, clock=clock) as running:
        yield running


async def cookie_of(cloud, name="alice") -> tuple[str, str]:
    """What the page of a user gets: where content is, and the cookie that opens it."""
    headers = {"Authorization": f"Bearer {await cloud.token(name)}"}
    response = await cloud.client.post("/page/content-access", headers=headers)
    answer = await response.json()
    cookie = response.cookies[COOKIE]
    assert (cookie["path"], cookie["max-age"]) == (answer["path"], str(ACCESS_S))
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")
    cloud.client.session.cookie_jar.clear()
    return answer["path"], cookie.value


async def get(cloud, path: str, cookie: str, **headers: str) -> Any:
    """Asks as a picture or a player does."""
    headers["Cookie"] = f"{COOKIE}={cookie}"
    return await cloud.reader.get(path, headers=headers)


async def test_the_page_gets_content(cloud, content):
    """Whole and in parts; no other origin may embed it."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    path, cookie = await cookie_of(cloud)
    response = await get(cloud, f"{path}/{file.id}", cookie)
    assert await response.read() == content
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    part = await get(cloud, f"{path}/{file.id}", cookie, Range="bytes=10-19")
    assert (part.status, await part.read()) == (206, content[10:20])


@pytest.mark.parametrize("name", ["thumbnail", "first-page"])
async def test_the_page_gets_views(cloud, content, name):
    """Of files that have them, never as a document of this origin, and only for who may read the file."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    file = await cloud.store("/docs/a.txt", content)
    path, cookie = await cookie_of(cloud)
    assert (await get(cloud, f"{path}/{file.id}/{name}", cookie)).status == 404
    view = await cloud.stored(b"<script>picture", mime_type="text/html")
    await cloud.catalog.put_view(file.object_id, name, view.id)
    response = await get(cloud, f"{path}/{file.id}/{name}", cookie)
    assert await response.read() == b"<script>picture"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["Content-Disposition"].startswith("attachment")
    bob_path, bob = await cookie_of(cloud, "bob")
    assert (await get(cloud, f"{bob_path}/{file.id}/{name}", bob)).status == 403
    query = {"path": "/docs", "name": "a.txt"}
    answer = await cloud.client.get("/page/metadata", params=query, headers=headers)
    assert (await answer.json())["views"] == [name]


async def test_the_page_gets_metadata_without_the_words(cloud, content):
    """Which are long, and for searches alone."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    file = await cloud.store("/docs/a.txt", content)
    await cloud.catalog.claim_job("w", lease_s=60, max_attempts=3)
    found = {"title": "A title", "text": "many words"}
    assert await cloud.catalog.complete_job(
        file.object_id, worker="w", metadata=found, recipe_version=1
    )
    query = {"path": "/docs", "name": "a.txt"}
    answer = await cloud.client.get("/page/metadata", params=query, headers=headers)
    assert (await answer.json())["metadata"] == {"title": "A title"}


async def test_it_ends_after_minutes(cloud, content, clock):
    """A copied address opens nothing, with or without the cookie of that time; a new one goes on."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    path, cookie = await cookie_of(cloud)
    assert (await cloud.client.get(f"{path}/{file.id}")).status == 401
    clock.advance(ACCESS_S - 1)
    assert (await get(cloud, f"{path}/{file.id}", cookie)).status == 200
    clock.advance(1)
    assert (await get(cloud, f"{path}/{file.id}", cookie)).status == 401
    _, renewed = await cookie_of(cloud)
    assert (await get(cloud, f"{path}/{file.id}", renewed)).status == 200


async def test_it_is_the_users_own(cloud, content):
    """Not another user's, and as far as the user may read; not after the end of the session either."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    alice_path, alice = await cookie_of(cloud)
    bob_path, bob = await cookie_of(cloud, "bob")
    assert (await get(cloud, f"{alice_path}/{file.id}", bob)).status == 401
    assert (await get(cloud, f"{bob_path}/{file.id}", bob)).status == 403
    assert (await get(cloud, f"{bob_path}/999999", bob)).status == 404
    user = await cloud.catalog.user_by_name("alice")
    await cloud.catalog.end_sessions_of(user.id, keep=None)
    assert (await get(cloud, f"{alice_path}/{file.id}", alice)).status == 401


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "A" * 48, "A" * 5000, "%ff"])
async def test_forged_cookies_open_nothing(cloud, content, cookie):
    """Whatever is sent."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    assert (await get(cloud, f"/content/1/{file.id}", cookie)).status == 401


async def test_logging_out_takes_it_away(cloud):
    """The browser forgets the cookie; strangers get none."""
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    response = await cloud.client.delete("/page/content-access", headers=headers)
    assert response.cookies[COOKIE]["max-age"] == "0"
    assert (await cloud.client.post("/page/content-access")).status == 401
