"""Links to folders: made, listed and ended by users, and opened by whoever has one."""

import io
import zipfile
from itertools import count
from typing import Any

import pytest

from discord_emulator.testing import VirtualClock
from manager.audit.actions import AuditAction

NOW = 1_800_000_000.0
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(NOW)


@pytest.fixture
async def cloud(tmp_path, running_cloud, clock):
    """A manager with Alice, who has a folder with files, and Bob, who has one in it."""
    async with running_cloud(tmp_path, clock=clock, link_life_s=3600, user_links=5) as running:
        for user in ("alice", "bob"):
            await running.token(user)
        await running.store("/docs/a <b>.txt", b"content")
        await running.store("/docs/sub/c.png", b"\x89PNG", mime_type="image/png")
        await running.store("/docs/of-bob.txt", b"hidden", owner="bob")
        await running.store("/other/d.txt", b"elsewhere")
        yield running


@pytest.fixture
async def ask(cloud):
    """Sends a request as a user; answers status and JSON."""
    tokens = {name: await cloud.token(name) for name in ("alice", "bob")}

    async def send(method, path, body=None, *, user="alice", **query):
        headers = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        response = await cloud.client.request(
            method, path, json=body, params=query, headers=headers
        )
        return response.status, await response.json()

    return send


@pytest.fixture
def make(ask):
    """Makes a link."""

    async def run(path="/docs", user="alice", **options):
        body = {"path": path} | options
        status, answer = await ask("POST", "/account/folder-links", body, user=user)
        assert status == 200, answer
        return answer["link"]

    return run


@pytest.fixture
def visit(cloud):
    """Opens a link without an account; answers the response and its body."""

    async def run(link, headers=None, **query):
        token = link["url"].partition("?q=")[2]
        response = await cloud.client.get(
            "/folder-link", params={"q": token, **query}, headers=headers, allow_redirects=False
        )
        return response, await response.read()

    return run


async def test_a_link_with_all_options(make, ask, clock):
    """Is answered with what there is to know about it, and listed with the address to its maker alone."""
    link = await make(label="für Öma", expires_in_s=60, password="open")
    assert link == {
        "id": link["id"],
        "url": link["url"],
        "state": "active",
        "path": "/docs",
        "label": "für Öma",
        "is_hidden": False,
        "has_password": True,
        "created_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-15T08:01:00.000Z",
        "revoked_at": None,
        "last_used_at": None,
    } | {key: value for key, value in link.items() if key.startswith(("max_", "received_", "for_"))}
    clock.advance(1)
    second = await make()
    assert (await ask("GET", "/account/folder-links"))[1]["links"] == [second, link]
    assert (await ask("GET", "/account/folder-links", after=second["id"]))[1]["links"] == [link]
    assert (await ask("GET", "/account/folder-links", user="bob"))[1]["links"] == []
    _, answer = await ask("GET", "/admin/folder-links", user="alice")
    assert answer.get("links") is None
    assert (await ask("GET", "/admin/folder-links?user=alice"))[1]["links"] == [
        each | {"url": None} for each in (second, link)
    ]
    assert (await ask("GET", "/admin/folder-links?user=alice", user="bob"))[0] == 403


@pytest.mark.parametrize(
    "wrong", [{"label": "a\nb"}, {"expires_in_s": 0}, {"password": "abc"}, {"other": 1}], ids=str
)
async def test_wrong_options_make_nothing(ask, wrong):
    """Neither does a folder that is not there."""
    assert (await ask("POST", "/account/folder-links", {"path": "/docs"} | wrong))[0] == 400
    assert (await ask("POST", "/account/folder-links", {"path": "/none"}))[0] == 404
    assert (await ask("GET", "/account/folder-links"))[1]["links"] == []


async def test_a_link_is_changed_and_revoked_by_its_maker(make, ask, visit):
    """What is left out stays; null takes a limit away. A revoked one opens nothing."""
    link = await make(label="old", password="open")
    path = f"/account/folder-links/{link['id']}"
    changed = (await ask("PATCH", path, {"label": "new", "password": None, "expires_in_s": None}))[
        1
    ]
    expected = {"label": "new", "has_password": False, "expires_at": None}
    assert changed["link"] == link | expected
    assert (await ask("PATCH", path, {"label": "theirs"}, user="bob"))[0] == 404
    assert (await ask("DELETE", path, user="bob"))[0] == 404
    assert (await ask("DELETE", path))[0] == 200
    assert (await ask("GET", "/account/folder-links"))[1]["links"][0]["state"] == "revoked"
    response, body = await visit(link)
    assert (response.status, b"link-revoked" in body) == (403, True)
    other = await make()
    assert (await ask("DELETE", f"/admin/folder-links/{other['id']}", user="bob"))[0] == 403
    assert (await ask("DELETE", f"/admin/folder-links/{other['id']}"))[0] == 200
    assert (await visit(other))[0].status == 403


async def test_there_are_not_too_many(make, ask):
    """One that was revoked makes room."""
    links = [await make() for _ in range(5)]
    status, answer = await ask("POST", "/account/folder-links", {"path": "/docs"})
    assert (status, "5 links" in answer["error_details"]) == (409, True)
    await ask("DELETE", f"/account/folder-links/{links[0]['id']}")
    await make()


async def test_programs_get_an_archive_of_what_its_maker_may_share(make, visit):
    """Of the folder, or of one in it; what others own is not in it."""
    link = await make()
    response, body = await visit(link)
    assert response.headers["Content-Type"] == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert sorted(names) == ["a <b>.txt", "sub/", "sub/c.png"]
    _, body = await visit(link, path="/sub")
    assert zipfile.ZipFile(io.BytesIO(body)).namelist() == ["c.png"]
    response, body = await visit(link, BROWSER, **{"as": "zip"})
    assert response.headers["Content-Type"] == "application/zip"


async def test_json_lists_a_folder(make, visit):
    """Page by page, with the folders first."""
    link = await make()
    _, body = await visit(link, JSON)
    assert body == (
        b'{"error":false,"name":"docs","path":"/","folders":["sub"],"files":[{"name":"a <b>.txt",'
        b'"size":7,"type":"text/plain","updated_at":"2027-01-15T08:00:00.000Z"}],"next":null}'
    )
    _, body = await visit(link, JSON, path="/sub")
    assert b'"path":"/sub","folders":[],"files":[{"name":"c.png"' in body
    for page in ("x", "-1", "1" * 9):
        assert (await visit(link, JSON, page=page))[0].status == 400
    _, body = await visit(link, JSON, page="3")
    assert b'"folders":[],"files":[]' in body


async def test_a_browser_gets_a_page(make, visit):
    """In its language; with everything escaped, no script, and nothing from elsewhere."""
    link = await make()
    response, body = await visit(link, BROWSER)
    page = body.decode()
    assert "<h1>docs</h1>" in page
    assert 'lang="en"' in page
    assert "a &lt;b&gt;.txt" in page
    assert "<b>" not in page
    assert "of-bob" not in page
    policy = response.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"
    _, body = await visit(link, BROWSER | {"Accept-Language": "fr, de;q=0.9, en;q=0.5"})
    assert 'lang="de"' in body.decode()
    assert "Alles herunterladen" in body.decode()
    _, body = await visit(link, BROWSER, path="/sub")
    assert 'aria-label="Path"' in body.decode()
    _, body = await visit(link, BROWSER, path="/sub", name="c.png", **{"as": "preview"})
    assert '<img src="?q=' in body.decode()


async def test_long_folders_have_pages(make, visit, cloud):
    """With the way to the next and the previous one."""
    for number in range(201):
        await cloud.catalog.make_folders(("many", f"f{number}"))
    link = await make("/many")
    first, second = [(await visit(link, BROWSER, page=page))[1].decode() for page in ("0", "1")]
    assert ('rel="next"' in first, 'rel="prev"' in first) == (True, False)
    assert ('rel="next"' in second, 'rel="prev"' in second) == (False, True)
    assert ">f199<" in first
    assert ">f200<" in second


async def test_single_files(make, visit, cloud):
    """With ranges; what its maker may not share, and what lies elsewhere, does not exist."""
    link = await make()
    response, body = await visit(link, name="a <b>.txt")
    assert (response.status, body) == (200, b"content")
    assert response.headers["Content-Disposition"].startswith("attachment")
    response, body = await visit(link, {"Range": "bytes=0-2"}, name="a <b>.txt")
    assert (response.status, body) == (206, b"con")
    assert (await visit(link, name="of-bob.txt"))[0].status == 404
    assert (await visit(link, name="d.txt"))[0].status == 404
    for path in ("/../other", "/sub/../../other", "//", "other"):
        assert (await visit(link, path=path, name="d.txt"))[0].status in {400, 404}
    assert (await visit(link, path="/none"))[0].status == 404
    assert (await visit(link, name="a/b"))[0].status == 400
    assert (await visit(link, path="/sub", name="c.png", view="thumbnail"))[0].status == 404
    bob = await cloud.catalog.user_by_name("bob")
    mine = await cloud.catalog.file_at(("docs",), "a <b>.txt")
    await cloud.catalog.set_owner(mine.id, bob.id)
    assert (await visit(link, name="a <b>.txt"))[0].status == 404


async def test_a_password_is_asked_for(make, visit, cloud):
    """By a page that tells nothing; it is remembered by a cookie, or sent each time."""
    link = await make(password="open sesame")
    response, body = await visit(link, BROWSER)
    assert (response.status, b"docs" in body) == (403, False)
    assert b'type="password"' in body
    assert (await visit(link))[0].status == 403
    assert (await visit(link, name="a <b>.txt"))[0].status == 403
    assert (await visit(link, {"Authorization": "Basic Om9wZW4gc2VzYW1l"}))[0].status == 200
    token = {"q": link["url"].partition("?q=")[2]}
    for password, status in (("wrong", 403), ("open sesame", 303)):
        response = await cloud.client.post(
            "/folder-link", params=token, data={"password": password}, allow_redirects=False
        )
        assert response.status == status
    response, body = await visit(link, BROWSER)
    assert (response.status, b"<h1>docs</h1>" in body) == (200, True)
    _, body = await visit(link, {"User-Agent": "Discordbot/2.0"})
    assert b"docs" not in body


async def test_a_link_ends(make, visit, cloud, clock, ask):
    """By its time, with its folder, or when it was never made; each says why, to browsers with a page."""
    link = await make(expires_in_s=60)
    kept = await make()
    folder = await cloud.catalog.folder_at(("docs",))
    clock.advance(60)
    assert b"link-expired" in (await visit(link))[1]
    _, body = await visit(link, BROWSER | {"Accept-Language": "de"})
    assert "abgelaufen" in body.decode()
    await cloud.catalog.delete_folder(folder.id)
    assert (await visit(kept))[0].status == 404
    states = [each["state"] for each in (await ask("GET", "/account/folder-links"))[1]["links"]]
    assert sorted(states) == ["expired", "folder-deleted"]
    response = await cloud.client.get("/folder-link?q=AAAA")
    assert response.status == 403
    assert (await cloud.client.get("/folder-link")).status == 400


async def test_what_is_done_is_recorded(make, visit, cloud, ask):
    """A use once an hour for an address; refusals with their reason."""
    link = await make()
    for _ in range(2):
        await visit(link)
    assert (await ask("GET", "/account/folder-links"))[1]["links"][0]["last_used_at"] is not None
    await ask("DELETE", f"/account/folder-links/{link['id']}")
    await visit(link)
    _, answer = await ask("GET", "/admin/audit")
    actions = [each["action"] for each in answer["events"] if each["subject"] == link["id"]]
    assert actions.count(AuditAction.LINK_USED) == 1
    assert actions.count(AuditAction.LINK_MADE) == 1
    assert actions.count(AuditAction.LINK_REVOKED) == 1
    assert actions.count(AuditAction.LINK_REFUSED) == 1


async def test_app_passwords_make_links_as_far_as_they_go(ask, cloud, make):
    """One for reading makes none; one for a folder makes, sees and ends those to folders in it."""
    outside, inside, numbers = await make("/other"), await make(), count()

    async def ask_with(method, path, body=None, **scope) -> Any:
        _, answer = await ask(
            "POST",
            "/account/app-passwords",
            {"name": f"app {next(numbers)}"} | scope,
        )
        headers = {"Authorization": f"Bearer {answer['app_password']}"}
        response = await cloud.client.request(method, path, json=body, headers=headers)
        return response.status, await response.json()

    route = "/account/folder-links"
    assert (await ask_with("POST", route, {"path": "/docs"}, read_only=True))[0] == 403
    assert (await ask_with("POST", route, {"path": "/other"}, folder="/docs"))[0] == 403
    assert (await ask_with("POST", route, {"path": "/docs/sub"}, folder="/docs"))[0] == 200
    _, answer = await ask_with("GET", route, folder="/docs")
    assert {each["path"] for each in answer["links"]} == {"/docs", "/docs/sub"}
    assert (await ask_with("DELETE", f"{route}/{outside['id']}", folder="/docs"))[0] == 403
    assert (await ask_with("DELETE", f"{route}/{inside['id']}", folder="/docs"))[0] == 200
