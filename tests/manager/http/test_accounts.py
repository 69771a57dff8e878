"""`/login`, `/register`, `/token-status`: statuses and answers as the protocol has them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse

PASSWORD = "correct horse"
ALICE = {"username": "alice", "password": PASSWORD}


async def _register(cloud: Any, **changes) -> ClientResponse:
    response: ClientResponse = await cloud.client.post("/register", json={**ALICE, **changes})
    return response


async def _login(cloud: Any, **changes) -> str:
    response = await cloud.client.post("/login", json={**ALICE, **changes})
    return str((await response.json())["token"])


async def test_first_user_becomes_administrator(cloud):
    """The first user needs nobody's leave, and no answer ever holds a hash."""
    response = await _register(cloud)
    assert response.status == 200
    assert await response.json() == {"error": False, "user_id": 1, "is_admin": True}


async def test_later_users_need_an_administrator(cloud):
    """Without a token, or with that of a plain user, nobody else can register."""
    await _register(cloud)
    refused = await _register(cloud, username="bob")
    assert refused.status == 403
    assert (await refused.json())["error"] is True
    admin_token = await _login(cloud)
    accepted = await _register(cloud, username="bob", adminToken=admin_token)
    assert accepted.status == 200
    assert (await accepted.json())["is_admin"] is False
    bobs_token = await _login(cloud, username="bob")
    assert (await _register(cloud, username="eve", adminToken=bobs_token)).status == 403
    assert (await _register(cloud, username="eve", adminToken="a.b.c")).status == 403


async def test_taken_name(cloud):
    """A user name is taken whatever its case."""
    await _register(cloud)
    admin_token = await _login(cloud)
    response = await _register(cloud, username="ALICE", adminToken=admin_token)
    assert response.status == 400
    assert "taken" in (await response.json())["error_details"]


async def test_get_forms(cloud):
    """Frontends of the base protocol register and log in with a GET."""
    assert (await cloud.client.get("/register", params=ALICE)).status == 200
    response = await cloud.client.get("/login", params=ALICE)
    assert response.status == 200
    answer = await response.json()
    assert answer["error"] is False
    assert len(answer["token"].split(".")) == 3
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"password": PASSWORD}, "username"),
        ({"username": "alice"}, "password"),
        ({"username": "al ice", "password": PASSWORD}, "username"),
        ({"username": "x" * 17, "password": PASSWORD}, "username"),
        ({"username": "alice", "password": "short"}, "password"),
        ({"username": "alice", "password": 12345678}, "password"),
        ({"username": ["alice"], "password": PASSWORD}, "username"),
        ([], "JSON"),
        ("alice", "JSON"),
    ],
)
@pytest.mark.parametrize("route", ["/login", "/register"])
async def test_malformed(cloud, route, body, named):
    """Malformed parameters are named, and never quoted."""
    response = await cloud.client.post(route, json=body)
    assert response.status == 400
    details = (await response.json())["error_details"]
    assert named in details
    assert PASSWORD not in details


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"a": 1} x', b"[" * 100_000])
async def test_bodies_that_are_no_json(cloud, body):
    """Whatever is posted, the answer is a clear 400."""
    response = await cloud.client.post("/login", data=body)
    assert response.status == 400
    assert (await response.json())["error"] is True


@pytest.mark.parametrize("username", ["alice", "nobody"])
async def test_wrong_password(cloud, username):
    """A wrong password and an unknown user are told apart by nobody."""
    await _register(cloud)
    response = await cloud.client.post(
        "/login", json={"username": username, "password": "wrong horse"}
    )
    assert response.status == 403
    assert await response.json() == {
        "error": True,
        "error_details": "wrong user name or password",
    }


async def test_token_status(cloud):
    """A token tells its user until the password changes, on the very next request."""
    await _register(cloud)
    token = await _login(cloud)
    valid = await cloud.client.get("/token-status", params={"token": token})
    assert (valid.status, await valid.json()) == (200, {"error": False, "user_id": 1})
    await cloud.catalog.set_password(1, "another hash")
    dead = await cloud.client.get("/token-status", params={"token": token})
    assert dead.status == 401
    answer = await dead.json()
    assert (answer["error"], answer["user_id"]) == (True, None)


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "é.b.c", "a" * 5000])
async def test_no_token(cloud, token):
    """Anything else is no token."""
    params = {} if token is None else {"token": token}
    response = await cloud.client.get("/token-status", params=params)
    assert response.status == 401


async def test_slow_body(cloud, monkeypatch):
    """Who sends a body for ever is told that it took too long."""
    monkeypatch.setattr("manager.http.parameters.BODY_TIMEOUT_S", 0.01)

    async def body() -> AsyncIterator[bytes]:
        yield b'{"username": '
        await asyncio.Event().wait()

    response = await cloud.client.post("/login", data=body())
    assert response.status == 400
    assert "too long" in (await response.json())["error_details"]


async def test_many_logins_at_once(cloud):
    """A flood of logins is served or told to come back; nothing else happens to it."""
    await _register(cloud)
    responses = await asyncio.gather(*(cloud.client.post("/login", json=ALICE) for _ in range(100)))
    assert {response.status for response in responses} <= {200, 503}
    assert sum(response.status == 200 for response in responses) >= 66
