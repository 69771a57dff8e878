"""Login sessions over HTTP and WebSockets: listed, renewed, ended, and what ends with them."""

import asyncio
from typing import Any

import aiohttp
import pytest

from client_sdk.errors import CloudError
from discord_emulator.testing import VirtualClock
from manager.accounts.sessions import (
    RENEWAL_LEEWAY_S,
    SESSIONS_PER_USER,
    TOKEN_LIFE_S,
    TOUCH_INTERVAL_S,
    device_of,
)
from manager.app_keys import ACCOUNTS, LOGINS
from protocol import c2s
from protocol.extensions import ADMINISTER
from tests.manager.sockets.peers import PATIENCE_S, ClientPeer, client_query
from tests.manager.sockets.stage import PASSWORD, Stage, cheap_passwords, running_stage

DAY_S = 24 * 3600
LIFE_S = 30 * DAY_S


@pytest.fixture
def clock() -> VirtualClock:
    """The time of the manager and its catalog."""
    return VirtualClock()


@pytest.fixture
async def stage(tmp_path, clock):
    """A manager whose time stands still."""
    async with running_stage(tmp_path, clock=clock) as stage:
        await stage.catalog.create_first_user("alice", await cheap_passwords().hash(PASSWORD))
        yield stage


@pytest.fixture
async def http():
    """A client of HTTP."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ask(stage: Stage, http):
    """Asks a route of the manager; answers with the status and the JSON."""

    async def ask(method: str, path: str, token: str | None = None, **body: Any) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        options = {"json": body} if method == "POST" else {}
        async with http.request(method, stage.url + path, headers=headers, **options) as response:
            return response.status, await response.json()

    return ask


@pytest.fixture
def login(stage: Stage, ask):
    """Logs a user in over HTTP; the first is the administrator."""

    async def login(name="alice", *, password=PASSWORD, **options: Any) -> Any:
        if await stage.catalog.user_by_name(name) is None:
            await stage.token(name)
        status, answer = await ask("POST", "/login", username=name, password=password, **options)
        assert status == 200
        return answer

    return login


async def test_a_client_that_knows_nothing_of_it_is_logged_in_for_long(ask, login, clock):
    """User name and password give a token, and nothing else, that lives as long as the session."""
    answer = await login()
    assert answer.keys() == {"error", "token"}
    clock.advance(LIFE_S - 1)
    assert (await ask("GET", "/status", answer["token"]))[0] == 200
    clock.advance(1)
    assert (await ask("GET", "/status", answer["token"]))[0] == 401


async def test_a_client_may_ask_for_a_short_session(ask, login, clock):
    """For what it wants to do now; never for one longer than the manager's."""
    token = (await login(expires_in=60))["token"]
    long = (await login(expires_in=2 * LIFE_S))["token"]
    clock.advance(60)
    assert (await ask("GET", "/status", token))[0] == 401
    clock.advance(LIFE_S - 60)
    assert (await ask("GET", "/status", long))[0] == 401


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "60", True, 2**63])
async def test_a_session_lasts_whole_seconds(ask, wrong):
    """Any other life of a session is refused."""
    body = {"username": "alice", "password": PASSWORD, "expires_in": wrong}
    assert (await ask("POST", "/login", **body))[0] == 400


async def test_a_token_that_is_renewed_is_short(ask, login, clock):
    """It ends after a quarter of an hour; for as long as the session lives, the secret gets the next."""
    answer = await login(renewable=True)
    for _ in range(3):
        clock.advance(TOKEN_LIFE_S)
        assert (await ask("GET", "/status", answer["token"]))[0] == 401
        status, answer = await ask("POST", "/account/token", renewal=answer["renewal"])
        assert status == 200
        assert (await ask("GET", "/status", answer["token"]))[0] == 200
    clock.advance(LIFE_S)
    assert (await ask("POST", "/account/token", renewal=answer["renewal"]))[0] == 401


async def test_a_renewal_secret_used_again_ends_the_session(ask, login, clock):
    """Not at once, since an answer may be lost; but then for both who have it."""
    first = await login(renewable=True)
    _, second = await ask("POST", "/account/token", renewal=first["renewal"])
    clock.advance(RENEWAL_LEEWAY_S - 1)
    _, again = await ask("POST", "/account/token", renewal=first["renewal"])
    assert again["renewal"] == second["renewal"]
    clock.advance(1)
    assert (await ask("POST", "/account/token", renewal=first["renewal"]))[0] == 401
    assert (await ask("GET", "/status", second["token"]))[0] == 401
    assert (await ask("POST", "/account/token", renewal=second["renewal"]))[0] == 401


@pytest.mark.parametrize("renewal", ["", "nonsense", "a.b.c"])
async def test_nothing_else_renews(ask, login, renewal):
    """What was not signed as a renewal secret is refused, a token as well."""
    token = (await login())["token"]
    for text in (renewal, token):
        assert (await ask("POST", "/account/token", renewal=text))[0] in {400, 401}


async def test_sessions_are_listed_with_their_devices(ask, login, clock):
    """Those seen last first; the one that asks is marked."""
    here = await login(device="here")
    clock.advance(1)
    await login(device="there")
    _, answer = await ask("GET", "/account/sessions", here["token"])
    listed = [(each["device"], each["is_current"]) for each in answer["sessions"]]
    assert listed[:2] == [("there", False), ("here", True)]
    assert answer["sessions"][1]["address"] == "127.0.0.1"
    assert answer["sessions"][1]["expires_at"].endswith("Z")


async def test_a_use_is_noted_now_and_then(ask, login, clock, stage):
    """Not each time: a write every few minutes tells enough."""
    token = (await login(device="here"))["token"]
    began_at = clock()

    async def last_seen() -> Any:
        [session] = await stage.catalog.sessions_of(1)
        return session.last_seen_at

    clock.advance(TOUCH_INTERVAL_S - 1)
    await ask("GET", "/status", token)
    assert await last_seen() == began_at
    clock.advance(1)
    await ask("GET", "/status", token)
    async with asyncio.timeout(PATIENCE_S):
        while await last_seen() != clock():
            pass


async def test_logging_out_ends_the_session(ask, login, stage):
    """The token is worth nothing afterwards, and the connection that it opened ends."""
    token = (await login())["token"]
    async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)) as client:
        await client.caught_up()
        assert (await ask("POST", "/logout", token))[0] == 200
        await client.ended()
    assert (await ask("GET", "/status", token))[0] == 401
    assert (await ask("POST", "/logout", token))[0] == 401


async def test_a_session_is_ended_from_another_one(ask, login, stage):
    """One by its id, or all others at once; connections end, one's own stays."""
    here, there = (await login())["token"], (await login(device="there"))["token"]
    async with (
        ClientPeer.connected(stage.socket_url, "s2c", client_query(here)) as mine,
        ClientPeer.connected(stage.socket_url, "s2c", client_query(there)) as other,
    ):
        _, answer = await ask("GET", "/account/sessions", here)
        [wanted] = [each["id"] for each in answer["sessions"] if each["device"] == "there"]
        assert (await ask("DELETE", f"/account/sessions/{wanted}", here))[0] == 200
        await other.ended()
        assert (await ask("DELETE", f"/account/sessions/{wanted}", here))[0] == 404
        assert (await ask("DELETE", "/account/sessions/nonsense", here))[0] == 404
        await login()
        assert (await ask("DELETE", "/account/sessions", here))[1]["ended"] >= 1
        await mine.caught_up()
    _, answer = await ask("GET", "/account/sessions", here)
    assert [each["is_current"] for each in answer["sessions"]] == [True]


async def test_administrators_end_the_sessions_of_others(ask, login, stage):
    """And nobody else does: neither of others, nor with somebody else's id."""
    admin, bob = (await login())["token"], (await login("bob", device="bob's"))["token"]
    user = await stage.catalog.user_by_name("bob")
    theirs = f"/admin/users/{user.id}/sessions"
    assert (await ask("GET", theirs, bob))[0] == 403
    _, answer = await ask("GET", theirs, admin)
    [session_id] = [each["id"] for each in answer["sessions"] if each["device"] == "bob's"]
    assert (await ask("DELETE", f"/account/sessions/{session_id}", admin))[0] == 404
    assert (await ask("DELETE", f"{theirs}/{session_id}", admin))[0] == 200
    assert (await ask("GET", "/status", bob))[0] == 401
    assert (await ask("DELETE", theirs, admin))[0] == 200
    assert (await ask("GET", "/admin/users/999/sessions", admin))[0] == 404


async def test_another_password_ends_all_other_sessions(ask, login, stage):
    """The session in which it is changed goes on, with its token and its connection."""
    here, there = await login(renewable=True), await login()
    async with ClientPeer.connected(stage.socket_url, "s2c", client_query(here["token"])) as mine:
        body = {"username": "alice", "previousPassword": PASSWORD, "newPassword": "another one"}
        assert (await ask("POST", "/update-password", here["token"], **body))[0] == 200
        await mine.caught_up()
    assert (await ask("GET", "/status", there["token"]))[0] == 401
    assert (await ask("GET", "/status", here["token"]))[0] == 200
    _, renewed = await ask("POST", "/account/token", renewal=here["renewal"])
    assert (await ask("GET", "/status", renewed["token"]))[0] == 200


async def test_a_session_of_somebody_else_keeps_nothing(ask, login, stage):
    """Whose token comes along with a change of password is not taken for the user."""
    bob, alice = (await login("bob"))["token"], (await login())["token"]
    body = {"username": "alice", "previousPassword": PASSWORD, "newPassword": "another one"}
    assert (await ask("POST", "/update-password", bob, **body))[0] == 200
    assert (await ask("GET", "/status", alice))[0] == 401
    _, answer = await ask("GET", "/status", bob)
    assert answer["you"]["name"] == "bob"


async def test_a_password_set_by_an_administrator_ends_all_sessions(stage, ask, login):
    """All of them, whoever has one, and all app passwords, which may be a thief's."""
    bob = await login("bob", renewable=True)
    _, made = await ask("POST", "/account/app-passwords", bob["token"], name="thief's")
    user = await stage.catalog.user_by_name("bob")
    admin = await stage.client("alice", extensions=[ADMINISTER])
    assert (await admin.order(c2s.UserPasswordSet(user_id=user.id, password="a new one"))).success
    assert (await ask("GET", "/status", bob["token"]))[0] == 401
    assert (await ask("POST", "/account/token", renewal=bob["renewal"]))[0] == 401
    assert (await ask("GET", "/status", made["app_password"]))[0] == 401


async def test_a_connection_ends_when_another_manager_ends_its_session(stage, login):
    """Or its time is over: at the next look at the catalog."""
    client = await stage.client("alice")
    other = await stage.client("bob")
    user = await stage.catalog.user_by_name("alice")
    await stage.catalog.end_sessions_of(user.id, keep=None)
    await stage.app[LOGINS].check()
    await client.ended()
    await other.caught_up()


async def test_a_connection_outlives_its_token(stage, login, clock):
    """A short token opens it, and the session keeps it open; the session's end is its end."""
    token = (await login(renewable=True))["token"]
    async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)) as client:
        clock.advance(TOKEN_LIFE_S)
        await stage.app[LOGINS].check()
        await client.caught_up()
        with pytest.raises(CloudError):
            async with ClientPeer.connected(stage.socket_url, "s2c", client_query(token)):
                pass
        clock.advance(LIFE_S)
        await stage.app[LOGINS].check()
        await client.ended()


async def test_a_user_has_so_many_sessions(stage, clock):
    """One more ends the one used least lately, with its connection."""
    client = await stage.client("alice")
    for _ in range(SESSIONS_PER_USER):
        clock.advance(1)
        await stage.app[ACCOUNTS].login("alice", PASSWORD)
    await client.ended()


@pytest.mark.parametrize(
    ("name", "agent", "device"),
    [
        ("laptop", "Browser/1", "laptop"),
        (None, "Browser/1", "Browser/1"),
        (None, None, "unknown device"),
        (" \n\x00 ", None, "unknown device"),
        ("x" * 100, None, "x" * 64),
        ("a\ud800b\u202e", None, "ab"),
    ],
)
def test_devices_have_names_that_can_be_shown(name, agent, device):
    """Whatever a client calls itself, on one line, and not too long."""
    assert device_of(name, agent) == device
