"""The routes for people and their tokens: statuses and answers as the protocol has them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientResponse
from argon2 import PasswordHasher
from structlog.testing import capture_logs

from catalog.errors import CatalogUnavailable
from manager.accounts.credentials import Passwords
from tests.manager.sockets.stage import cheap_passwords

PASSWORD = "correct horse"
ALICE = {"username": "alice", "password": PASSWORD}
JSON = {"Content-Type": "application/json"}


async def _register(cloud: Any, **changes) -> ClientResponse:
    response: ClientResponse = await cloud.client.post("/register", json={**ALICE, **changes})
    return response


async def _login(cloud: Any, **changes) -> str:
    response = await cloud.client.post("/login", json={**ALICE, **changes})
    return str((await response.json())["token"])


async def test_first_user_becomes_administrator(cloud):
    """The first user needs no token, and no response ever contains a hash."""
    response = await _register(cloud)
    assert response.status == 200
    assert await response.json() == {"error": False, "user_id": 1, "is_admin": True}


async def test_later_users_need_an_administrator(cloud):
    """Without the token of an administrator there is no second registration."""
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


async def test_administrator_who_is_shut_out_meanwhile_registers_nobody(cloud, monkeypatch):
    """There is no way to leave an account behind for oneself."""
    token = await cloud.token()
    hash_only = Passwords.hash

    async def hash_and_shut_out(passwords: Passwords, password: str) -> str:
        password_hash = await hash_only(passwords, password)
        await cloud.catalog.set_password(1, "another hash")
        return password_hash

    monkeypatch.setattr(Passwords, "hash", hash_and_shut_out)
    response = await _register(cloud, username="bob", adminToken=token)
    assert response.status == 403
    assert await cloud.catalog.user_by_name("bob") is None


async def test_taken_name(cloud):
    """A user name is taken whatever its case."""
    await _register(cloud)
    admin_token = await _login(cloud)
    response = await _register(cloud, username="ALICE", adminToken=admin_token)
    assert response.status == 400
    assert "taken" in (await response.json())["error_details"]


async def test_get_forms(tmp_path, running_cloud):
    """Frontends of the base protocol register, log in and change passwords with a GET."""
    async with running_cloud(tmp_path, legacy_get_login=True) as cloud:
        assert (await cloud.client.get("/register", params=ALICE)).status == 200
        response = await cloud.client.get("/login", params=ALICE)
        assert response.status == 200
        answer = await response.json()
        assert answer["error"] is False
        assert len(answer["token"].split(".")) == 3
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Cache-Control"] == "no-store"
        assert (await cloud.client.get("/update-password", params=CHANGE)).status == 200


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
    response = await cloud.client.post("/login", data=body, headers=JSON)
    assert response.status == 400
    assert (await response.json())["error"] is True


@pytest.mark.parametrize("username", ["alice", "nobody"])
async def test_wrong_password(cloud, username):
    """The response to a wrong password and to an unknown user is the same."""
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

    response = await cloud.client.post("/login", data=body(), headers=JSON)
    assert response.status == 400
    assert "too long" in (await response.json())["error_details"]


async def test_many_logins_at_once(cloud):
    """A flood of logins is served or told to come back; nothing else happens to it."""
    await _register(cloud)
    responses = await asyncio.gather(*(cloud.client.post("/login", json=ALICE) for _ in range(100)))
    assert {response.status for response in responses} == {200, 429}
    assert (await cloud.client.post("/login", json=ALICE)).status == 200


NEW = "new battery staple"
CHANGE = {"username": "alice", "previousPassword": PASSWORD, "newPassword": NEW}


async def _change(cloud, **changes) -> ClientResponse:
    body = {**CHANGE, **changes}
    response: ClientResponse = await cloud.client.post("/update-password", json=body)
    return response


async def test_update_password(cloud):
    """The new password counts from now on, and what was logged in with the old one is dead."""
    await _register(cloud)
    token = await _login(cloud)
    response = await _change(cloud)
    assert response.status == 200
    assert await response.json() == {"error": False}
    assert response.headers["Cache-Control"] == "no-store"
    status = await cloud.client.get("/token-status", params={"token": token})
    assert status.status == 401
    assert (await cloud.client.post("/login", json=ALICE)).status == 403
    assert len((await _login(cloud, password=NEW)).split(".")) == 3


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_update_password_needs_the_previous_one(cloud, name):
    """A wrong previous password changes nothing, and tells nothing about the user."""
    await _register(cloud)
    token = await _login(cloud)
    response = await _change(cloud, username=name, previousPassword="wrong horse")
    assert response.status == 403
    assert "wrong user name or password" in (await response.json())["error_details"]
    assert (await cloud.client.get("/token-status", params={"token": token})).status == 200


async def test_of_two_changes_with_one_password_the_first_counts(cloud):
    """Whoever knew the old password does not undo a change that was made meanwhile."""
    await _register(cloud)
    passwords = ["first battery staple", "second battery staple"]
    changes = [_change(cloud, newPassword=password) for password in passwords]
    statuses = [response.status for response in await asyncio.gather(*changes)]
    assert sorted(statuses) == [200, 403]
    logins = [
        await cloud.client.post("/login", json={**ALICE, "password": password})
        for password in passwords
    ]
    assert [login.status for login in logins] == statuses


@pytest.mark.parametrize("missing", ["username", "previousPassword", "newPassword"])
@pytest.mark.parametrize("value", [None, "", "short", 7])
async def test_malformed_new_password(cloud, missing, value):
    """Each parameter is checked, named and not quoted; nothing is changed."""
    await _register(cloud)
    bad = "a b" if (missing, value) == ("username", "short") else value
    response = await _change(cloud, **{missing: bad})
    assert response.status == 400
    assert missing in (await response.json())["error_details"]
    assert (await cloud.client.post("/login", json=ALICE)).status == 200


@pytest.mark.parametrize("route", ["/login", "/register", "/update-password"])
async def test_passwords_are_not_taken_from_queries(cloud, route):
    """Unless the settings say so: they end up in the logs of proxies."""
    response = await cloud.client.get(route, params={**ALICE, **CHANGE})
    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert (await response.json())["error"] is True
    assert (await _register(cloud)).status == 200


async def _guess(cloud, route="/login", *, address="198.51.100.1", **changes) -> ClientResponse:
    body = {**ALICE, **CHANGE, "password": "wrong horse", "previousPassword": "wrong horse"}
    headers = {"X-Forwarded-For": address}
    response: ClientResponse = await cloud.client.post(
        route, json={**body, **changes}, headers=headers
    )
    return response


@pytest.mark.parametrize("route", ["/login", "/update-password", "/register"])
async def test_guesses_are_limited(cloud, route):
    """After a number of wrong tries an address is told when to come back, on each of the routes."""
    await _register(cloud)
    for _ in range(20):
        assert (await _guess(cloud, route, adminToken="a.b.c")).status == 403
    refused = await _guess(cloud, route, adminToken="a.b.c")
    assert refused.status == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15
    assert "too many attempts" in (await refused.json())["error_details"]
    assert (await cloud.client.post("/login", json=ALICE)).status == 429


async def test_guesses_elsewhere_do_not_lock_out(tmp_path, running_cloud):
    """Behind a proxy, guesses are counted per client, so that an attacker locks out no other client."""
    async with running_cloud(tmp_path, trusted_proxies="127.0.0.0/8") as cloud:
        await _register(cloud)
        statuses = [(await _guess(cloud, address="198.51.100.1")).status for _ in range(25)]
        assert statuses[-1] == 429
        owner = await _guess(cloud, address="203.0.113.9", password=PASSWORD)
        assert owner.status == 200


async def test_wrong_names_lock_out_nobody_who_has_logged_in_there(cloud):
    """However many wrong logins come from an address, users who are known at it get in."""
    await _register(cloud)
    await _login(cloud)
    statuses = [(await _guess(cloud, username=f"nobody{each}")).status for each in range(25)]
    assert statuses == [403] * 20 + [429] * 5
    assert (await cloud.client.post("/login", json=ALICE)).status == 200


async def test_refused_logins_are_logged(tmp_path, running_cloud):
    """Who was meant, from where and why: enough to shut an address out. Never a password."""
    async with running_cloud(tmp_path, trusted_proxies="127.0.0.0/8") as cloud:
        await _register(cloud)
        with capture_logs() as logs:
            await _guess(cloud)
            await _guess(cloud, "/update-password", username="nobody")
            await _guess(cloud, "/register", adminToken="a.b.c")
            await _guess(cloud, password=PASSWORD)
    told = [entry for entry in logs if entry.get("action") == "credentials-refused"]
    assert [(each["subject"], each["actor"], each["details"]["reason"]) for each in told] == [
        ("/login", "alice", "wrong-credentials"),
        ("/update-password", "nobody", "wrong-credentials"),
        ("/register", None, "registration-closed"),
    ]
    assert {each["address"] for each in told} == {"198.51.100.1"}
    assert not any(secret in str(logs) for secret in ("wrong horse", PASSWORD, NEW, "a.b.c"))


async def test_attempts_that_are_not_let_through_do_not_fill_the_log(cloud):
    """Of any number of them in a row from one address one line tells."""
    await _register(cloud)
    with capture_logs() as logs:
        for _ in range(40):
            await _guess(cloud)
    refused = [each for each in logs if each.get("action") == "credentials-refused"]
    reasons = [each["details"]["reason"] for each in refused]
    assert reasons == ["wrong-credentials"] * 20 + ["too-many-attempts"]


OLD = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)


async def test_a_login_renews_an_outdated_hash(cloud):
    """Passwords are kept with today's parameters; other logins of the user go on."""
    await cloud.catalog.create_first_user("alice", OLD.hash(PASSWORD))
    tokens = [await _login(cloud)]
    renewed = (await cloud.catalog.user_by_name("alice")).password_hash
    assert not cheap_passwords().is_outdated(renewed)
    tokens.append(await _login(cloud))
    assert (await cloud.catalog.user_by_name("alice")).password_hash == renewed
    for token in tokens:
        status = await cloud.client.get("/token-status", params={"token": token})
        assert status.status == 200


async def test_a_login_does_not_fail_with_the_renewal_of_its_hash(cloud, monkeypatch):
    """The password is right, so a catalog that cannot be written changes nothing for the user."""

    async def fail(*_args, **_kwargs):
        raise CatalogUnavailable("disk full")

    await cloud.catalog.create_first_user("alice", OLD.hash(PASSWORD))
    monkeypatch.setattr(cloud.catalog, "replace_password_hash", fail)
    assert (await cloud.client.post("/login", json=ALICE)).status == 200
    assert (await _guess(cloud)).status == 403


async def test_malformed_requests_are_no_guesses(cloud):
    """What never reached a password does not count."""
    await _register(cloud)
    for _ in range(30):
        assert (await _guess(cloud, password="x")).status == 400
    assert (await cloud.client.post("/login", json=ALICE)).status == 200
    admin_token = await _login(cloud)
    for _ in range(30):
        assert (await _register(cloud, adminToken=admin_token)).status == 400
    assert (await cloud.client.post("/login", json=ALICE)).status == 200
