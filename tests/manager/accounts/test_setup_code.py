"""Only a client with the setup code makes the first user, the administrator; no open web page can."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse
from structlog.testing import capture_logs

from manager.app import setup_code
from tests.manager.cloud import Cloud, running_cloud

ALICE = {"username": "alice", "password": "correct horse"}
CHOSEN = "open sesame"
PAGE = "https://cloud.example"


@pytest.fixture
async def cloud(tmp_path):
    """A new manager behind a proxy, which makes a setup code as it does by default."""
    async with running_cloud(tmp_path, setup_code=None, trusted_proxies="127.0.0.0/8") as running:
        yield running


async def _code(cloud: Cloud) -> str:
    code = await setup_code(cloud.app).expected()
    assert code is not None
    return code


async def _register(cloud: Cloud, *, address: str = "198.51.100.1", **more: Any) -> ClientResponse:
    headers = {"X-Forwarded-For": address}
    return await cloud.client.post("/register", json={**ALICE, **more}, headers=headers)


async def _anybody(cloud: Cloud) -> bool:
    return bool(await cloud.catalog.search_users("", limit=1))


@pytest.mark.parametrize("code", [{}, {"setupCode": ""}, {"setupCode": None}])
async def test_without_the_code_nobody_is_made(cloud, code):
    """The answer says that it is needed, to programs too."""
    response = await _register(cloud, **code)
    assert response.status == 403
    answer = await response.json()
    assert answer["needs_setup_code"] is True
    assert "setup code that the manager shows" in answer["error_details"]
    assert not await _anybody(cloud)


@pytest.mark.parametrize("code", ["wrong", "\ud800", "é", "x" * 10_000])
async def test_a_wrong_code_makes_nobody(cloud, code):
    """Whatever it is; and the answer does not tell the right one."""
    response = await _register(cloud, setupCode=code)
    assert response.status in {400, 403}
    assert await _code(cloud) not in await response.text()
    assert not await _anybody(cloud)


async def test_whoever_has_the_code_is_the_administrator(cloud):
    """Blanks around it, as copying brings them, do no harm; once there is a user it is worth nothing."""
    code = await _code(cloud)
    response = await _register(cloud, setupCode=f" {code}\n")
    assert response.status == 200
    assert (await response.json())["is_admin"] is True
    late = await _register(cloud, username="mallory", setupCode=code)
    assert late.status == 403
    assert "needs_setup_code" not in await late.json()


async def test_of_two_with_the_code_one_is_the_administrator(cloud):
    """At the same moment, too."""
    code = await _code(cloud)
    answers = await asyncio.gather(
        *(_register(cloud, username=name, setupCode=code) for name in ("ann", "bob"))
    )
    assert sorted(answer.status for answer in answers) == [200, 403]


@pytest.mark.parametrize("legacy", [False, True])
async def test_an_image_of_a_foreign_page_makes_nobody(tmp_path, legacy):
    """A browser sends a GET for every image that a page names, without asking its user."""
    async with running_cloud(tmp_path, setup_code=None, legacy_get_login=legacy) as cloud:
        response = await cloud.client.get("/register", params=ALICE)
        assert response.status == (403 if legacy else 405)
        assert not await _anybody(cloud)


PLAIN = {"Content-Type": "text/plain"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("headers", [PLAIN, FORM, {"Content-Type": ""}, {}])
async def test_a_form_of_a_foreign_page_makes_nobody(tmp_path, headers):
    """A browser sends these types without asking first, so they are refused, code or no code."""
    async with running_cloud(tmp_path) as cloud:
        body = b'{"username": "alice", "password": "correct horse"}'
        response = await cloud.client.post("/register", data=body, headers=headers)
        assert response.status == 415
        assert "application/json" in (await response.json())["error_details"]
        assert not await _anybody(cloud)
        headers = {"Content-Type": "application/JSON; charset=utf-8"}
        assert (await cloud.client.post("/register", data=body, headers=headers)).status == 200


@pytest.mark.parametrize(
    "route", ["/login", "/register", "/update-password", "/graphql", "/bulk-download"]
)
async def test_every_json_route_demands_json(cloud, route):
    """Other types are refused before anything is read."""
    headers = {**PLAIN, "Authorization": f"Bearer {await cloud.token()}"}
    response = await cloud.client.post(route, data=b"{}", headers=headers)
    assert response.status == 415


async def test_guesses_at_the_code_are_limited(cloud):
    """Also with the right code an address has to wait then; asking without one is no guess."""
    for _ in range(30):
        assert (await _register(cloud)).status == 403
    for _ in range(20):
        assert (await _register(cloud, setupCode="wrong")).status == 403
    assert (await _register(cloud, setupCode=await _code(cloud))).status == 429
    elsewhere = await _register(cloud, address="203.0.113.9", setupCode=await _code(cloud))
    assert elsewhere.status == 200


async def test_guesses_from_many_addresses_are_limited_together(cloud):
    """However many addresses guess, the code sees no more than a password would."""
    statuses = [
        (await _register(cloud, address=f"203.0.113.{each}", setupCode="wrong")).status
        for each in range(150)
    ]
    assert 429 in statuses
    assert statuses.count(403) < 110


async def test_the_code_outlives_a_restart(tmp_path):
    """What the log has shown opens the manager also after it was started anew."""
    async with running_cloud(tmp_path, setup_code=None) as cloud:
        code = await _code(cloud)
    async with running_cloud(tmp_path, setup_code=None) as cloud:
        assert (await _register(cloud, setupCode=code)).status == 200


async def test_a_chosen_code(tmp_path):
    """The operator's own opens the manager, and no other."""
    async with running_cloud(tmp_path, setup_code=CHOSEN) as cloud:
        assert (await _register(cloud, setupCode="open barley")).status == 403
        assert (await _register(cloud, setupCode=CHOSEN)).status == 200


async def test_an_old_frontend_sends_the_code_in_the_query(tmp_path):
    """Where passwords may be sent like that, the code may be, too."""
    async with running_cloud(tmp_path, setup_code=CHOSEN, legacy_get_login=True) as cloud:
        params = {**ALICE, "setupCode": CHOSEN}
        assert (await cloud.client.get("/register", params=params)).status == 200


@pytest.mark.parametrize(("setting", "needs_code"), [(None, True), (CHOSEN, True), ("none", False)])
async def test_the_page_learns_what_to_ask_for(tmp_path, setting, needs_code):
    """An administrator, and a code if one is needed; and never again once there is one."""
    async with running_cloud(tmp_path, setup_code=setting) as cloud:
        response = await cloud.client.get("/page/first-start")
        asked = {
            "error": False,
            "needs_administrator": True,
            "needs_setup_code": needs_code,
            "chooses_spaces": True,
        }
        assert await response.json() == asked
        await cloud.token()
        response = await cloud.client.get("/page/first-start")
        nothing = {
            "needs_administrator": False,
            "needs_setup_code": False,
            "chooses_spaces": False,
        }
        assert await response.json() == asked | nothing


async def _told(cloud: Cloud) -> list[Any]:
    with capture_logs() as logs:
        await setup_code(cloud.app).log(PAGE)
    # Requests to Discord are logged beside it, for debugging.
    return [entry for entry in logs if entry["log_level"] != "debug"]


async def test_the_log_tells_the_code_until_there_is_a_user(cloud):
    """With a link that fills it into the page; afterwards there is nothing to tell."""
    code = await _code(cloud)
    (told,) = await _told(cloud)
    assert (told["event"], told["code"]) == ("setup-code", code)
    assert told["link"] == f"{PAGE}/?setup={code}" == await setup_code(cloud.app).link(PAGE)
    await cloud.token()
    assert await _told(cloud) == []
    assert await setup_code(cloud.app).link(PAGE) is None


@pytest.mark.parametrize(("setting", "event"), [(CHOSEN, "setup-code"), ("none", "no-setup-code")])
async def test_the_log_does_not_tell_a_chosen_code(tmp_path, setting, event):
    """It says that one is needed, or that everybody may be the first."""
    async with running_cloud(tmp_path, setup_code=setting) as cloud:
        (told,) = await _told(cloud)
        assert told["event"] == event
        assert CHOSEN not in str(told)
        assert await setup_code(cloud.app).link(PAGE) == f"{PAGE}/"
