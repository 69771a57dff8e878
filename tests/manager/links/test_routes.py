"""`/account/links` and `/admin/links`: users manage their links, administrators those of everybody."""

from itertools import count

import pytest

from discord_emulator.testing import VirtualClock

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(NOW)


@pytest.fixture
async def cloud(tmp_path, running_cloud, clock):
    """A manager with Alice, who is its administrator, and Bob."""
    async with running_cloud(tmp_path, clock=clock, link_life_s=3600, user_links=5) as running:
        yield running


@pytest.fixture
async def ask(cloud):
    """Sends a request as a user; answers status and JSON."""
    tokens = {name: await cloud.token(name) for name in ("alice", "bob")}

    async def send(method, path, body=None, *, user="alice", **query):
        response = await cloud.client.request(
            method,
            path,
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {tokens[user]}"} if user else {},
        )
        return response.status, await response.json()

    return send


@pytest.fixture
async def file(cloud, ask):
    """A file of Alice's."""
    return await cloud.store("/docs/a.txt", b"content")


@pytest.fixture
def make(ask):
    """Makes a link."""

    async def run(user="alice", **options):
        body = {"path": "/docs", "name": "a.txt"} | options
        status, answer = await ask("POST", "/account/links", body, user=user)
        assert status == 200, answer
        return answer["link"]

    return run


async def test_a_link_with_all_options(cloud, ask, file, make):
    """Is answered with what there is to know about it, and opens the file."""
    link = await make(label="für Öma", expires_in_s=60, password="open", max_downloads=3)
    assert link == {
        "id": link["id"],
        "url": link["url"],
        "state": "active",
        "file_id": file.id,
        "path": "/docs",
        "name": "a.txt",
        "label": "für Öma",
        "is_hidden": False,
        "has_password": True,
        "max_downloads": 3,
        "downloads": 0,
        "follows_content": False,
        "created_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-15T08:01:00.000Z",
        "revoked_at": None,
        "last_used_at": None,
    }
    path = link["url"].removeprefix(str(cloud.client.make_url("")).rstrip("/"))
    response = await cloud.client.get(path, headers={"Authorization": "Basic OnBhc3M="})
    assert response.status == 403


async def test_a_link_has_defaults(cloud, file, make):
    """The configured life, and no other limit; null lets it last."""
    link = await make()
    assert link["expires_at"] == "2027-01-15T09:00:00.000Z"
    assert (link["has_password"], link["max_downloads"], link["label"]) == (False, None, "")
    lasting = await make(expires_in_s=None, follows_content=True)
    assert (lasting["expires_at"], lasting["follows_content"]) == (None, True)
    path = link["url"].removeprefix(str(cloud.client.make_url("")).rstrip("/"))
    assert await (await cloud.client.get(path)).read() == b"content"


async def test_a_file_is_named_by_its_id(ask, file):
    """Or by folder and name, but not by both or neither."""
    status, answer = await ask("POST", "/account/links", {"file_id": file.id})
    assert (status, answer["link"]["name"]) == (200, "a.txt")
    for body in ({}, {"file_id": file.id, "path": "/docs", "name": "a.txt"}, {"path": "/docs"}):
        assert (await ask("POST", "/account/links", body))[0] == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "x" * 101},
        {"label": "a\nb"},
        {"expires_in_s": 0},
        {"expires_in_s": -5},
        {"expires_in_s": 1e300},
        {"expires_in_s": "soon"},
        {"password": "abc"},
        {"password": "x" * 257},
        {"max_downloads": 0},
        {"max_downloads": 1.5},
        {"max_downloads": 2**63},
        {"follows_content": 1},
        {"other": 1},
    ],
    ids=str,
)
async def test_wrong_options_make_nothing(ask, file, wrong):
    """The error names the field, and no value."""
    body = {"path": "/docs", "name": "a.txt"} | wrong
    status, answer = await ask("POST", "/account/links", body)
    assert status == 400
    assert next(iter(wrong)) in answer["error_details"]
    assert (await ask("GET", "/account/links"))[1]["links"] == []


async def test_links_are_listed(ask, file, make, clock, cloud):
    """The newest first, of one file or of all, page by page; with the address, to their maker alone."""
    other = await cloud.store("/b.txt", b"other")
    first = await make(label="first")
    clock.advance(1)
    second = await make(label="second", path="/", name="b.txt")
    _, answer = await ask("GET", "/account/links")
    assert answer["links"] == [second, first]
    _, answer = await ask("GET", "/account/links", file_id=str(other.id))
    assert answer["links"] == [second]
    _, answer = await ask("GET", "/account/links", after=second["id"])
    assert answer["links"] == [first]
    assert (await ask("GET", "/account/links", after="x"))[0] == 400
    for file_id in ("x", "9" * 5000):
        assert (await ask("GET", "/account/links", file_id=file_id))[0] == 400
    assert (await ask("GET", "/account/links", user="bob"))[1]["links"] == []


async def test_a_link_is_changed(ask, file, make, clock):
    """What is left out stays; null takes a limit away."""
    link = await make(label="old", password="open", max_downloads=3)
    path = f"/account/links/{link['id']}"
    _, answer = await ask("PATCH", path, {"label": "new", "expires_in_s": 60})
    expected = link | {"label": "new", "expires_at": "2027-01-15T08:01:00.000Z"}
    assert answer["link"] == expected
    _, answer = await ask("PATCH", path, {"password": None, "max_downloads": None})
    assert answer["link"] == expected | {"has_password": False, "max_downloads": None}
    _, answer = await ask("PATCH", path, {"password": "another", "expires_in_s": None})
    assert (answer["link"]["has_password"], answer["link"]["expires_at"]) == (True, None)
    assert (await ask("PATCH", path, {"max_downloads": 0}))[0] == 400
    assert (await ask("PATCH", path, {"label": "theirs"}, user="bob"))[0] == 404
    assert (await ask("PATCH", "/account/links/none", {"label": "x"}))[0] == 404


async def test_a_link_is_revoked(ask, file, make):
    """By its maker, not by another user; again is no error."""
    link = await make()
    path = f"/account/links/{link['id']}"
    assert (await ask("DELETE", path, user="bob"))[0] == 404
    for _ in range(2):
        assert (await ask("DELETE", path))[0] == 200
    _, answer = await ask("GET", "/account/links")
    assert [each["state"] for each in answer["links"]] == ["revoked"]


async def test_only_who_may_share_makes_links(ask, file, cloud):
    """Reading or writing is not enough."""
    bob = await cloud.catalog.user_by_name("bob")
    body = {"file_id": file.id}
    assert (await ask("POST", "/account/links", body, user="bob"))[0] == 403
    await cloud.catalog.put_share(file.id, bob.id, can_write=True)
    assert (await ask("POST", "/account/links", body, user="bob"))[0] == 403
    assert (await ask("POST", "/account/links", {"file_id": 4711}))[0] == 404


async def test_there_are_not_too_many(ask, file, make):
    """One that was revoked makes room."""
    links = [await make() for _ in range(5)]
    status, answer = await ask("POST", "/account/links", {"file_id": file.id})
    assert status == 409
    assert "5 links" in answer["error_details"]
    await ask("DELETE", f"/account/links/{links[0]['id']}")
    await make()


async def test_administrators_see_and_revoke_all(ask, cloud, make):
    """But not what opens them; other users may not even ask."""
    await cloud.store("/of-bob.txt", b"content", owner="bob")
    link = await make(user="bob", path="/", name="of-bob.txt")
    _, answer = await ask("GET", "/admin/links?user=bob")
    assert answer["links"] == [link | {"url": None}]
    assert (await ask("GET", "/admin/links?user=nobody"))[0] == 404
    assert (await ask("GET", "/admin/links?user=alice", user="bob"))[0] == 403
    path = f"/admin/links/{link['id']}"
    assert (await ask("DELETE", path, user="bob"))[0] == 403
    assert (await ask("DELETE", path))[0] == 200
    assert (await ask("GET", "/account/links", user="bob"))[1]["links"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account/links"),
        ("POST", "/account/links"),
        ("PATCH", "/account/links/6f1c1f0e-8d0b-4a53-9a62-2f9d3f0c7b11"),
        ("DELETE", "/account/links/6f1c1f0e-8d0b-4a53-9a62-2f9d3f0c7b11"),
        ("GET", "/admin/links"),
        ("DELETE", "/admin/links/6f1c1f0e-8d0b-4a53-9a62-2f9d3f0c7b11"),
    ],
)
async def test_strangers_are_refused(ask, method, path):
    """Without a token there is nothing."""
    assert (await ask(method, path, user=None))[0] == 401


@pytest.fixture
async def ask_with(cloud, ask):
    """Sends a request with an app password of Alice's."""
    numbers = count()

    async def send(method, path, body=None, *, folder=None, is_read_only=False):
        _, answer = await ask(
            "POST",
            "/account/app-passwords",
            {"name": f"app {next(numbers)}", "read_only": is_read_only}
            | ({"folder": folder} if folder else {}),
        )
        response = await cloud.client.request(
            method, path, json=body, headers={"Authorization": f"Bearer {answer['app_password']}"}
        )
        return response.status, await response.json()

    return send


async def test_app_passwords_make_links_as_far_as_they_go(ask_with, cloud, file, make):
    """One for reading makes none; one for a folder makes, sees and ends those to files in it."""
    other = await cloud.store("/other/b.txt", b"other")
    outside, inside = await make(path="/other", name="b.txt"), await make()
    assert (await ask_with("POST", "/account/links", {"file_id": file.id}))[0] == 200
    read_only = {"is_read_only": True}
    assert (await ask_with("POST", "/account/links", {"file_id": file.id}, **read_only))[0] == 403
    assert (await ask_with("DELETE", f"/account/links/{inside['id']}", **read_only))[0] == 403
    confined = {"folder": "/docs"}
    assert (await ask_with("POST", "/account/links", {"file_id": other.id}, **confined))[0] == 403
    assert (await ask_with("DELETE", f"/account/links/{outside['id']}", **confined))[0] == 403
    _, answer = await ask_with("GET", "/account/links", **confined)
    assert {each["path"] for each in answer["links"]} == {"/docs"}
    assert (await ask_with("DELETE", f"/account/links/{inside['id']}", **confined))[0] == 200
    assert (await ask_with("GET", "/admin/links?user=alice"))[0] == 403
