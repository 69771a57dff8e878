"""Invitations: made by administrators, and good for registering."""

import asyncio

import pytest

from catalog.records import StorageQuota
from discord_emulator.testing import VirtualClock
from tests.manager.sockets.stage import PASSWORD

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(NOW)


@pytest.fixture
async def cloud(tmp_path, running_cloud, clock):
    """A manager with Alice, who is its administrator, and Bob."""
    async with running_cloud(tmp_path, clock=clock, user_quota_bytes=1000) as running:
        yield running


@pytest.fixture
async def ask(cloud):
    """Sends a request as a user; answers status and JSON."""
    tokens = {name: await cloud.token(name) for name in ("alice", "bob")}

    async def send(method, path, body=None, *, user="alice"):
        headers = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        response = await cloud.client.request(method, path, json=body, headers=headers)
        return response.status, await response.json()

    return send


@pytest.fixture
def invite(ask):
    """Makes an invitation; answers it, and what its address holds."""

    async def run(**options):
        status, answer = await ask("POST", "/admin/invitations", options)
        assert status == 200, answer
        return answer["invitation"], answer["invitation"]["url"].partition("?invitation=")[2]

    return run


@pytest.fixture
def register(ask):
    """Registers somebody by an invitation."""

    async def run(invitation, name="carol", password=PASSWORD):
        body = {"username": name, "password": password, "invitation": invitation}
        return await ask("POST", "/register", body, user=None)

    return run


async def test_an_invited_person_registers(cloud, ask, invite, register):
    """With a name and password of the own choice, the quota and the groups of the invitation, and no role."""
    await cloud.catalog.create_group("guests")
    made, token = await invite(label="Öma", quota={"bytes": 50}, groups=["Guests"], max_uses=2)
    assert made == {
        "id": made["id"],
        "label": "Öma",
        "state": "active",
        "quota": {"bytes": 50, "files": None},
        "groups": ["guests"],
        "max_uses": 2,
        "uses": 0,
        "created_at": "2027-01-15T08:00:00.000Z",
        "expires_at": "2027-01-22T08:00:00.000Z",
        "revoked_at": None,
        "url": made["url"],
    }
    status, answer = await register(token)
    assert (status, answer["is_admin"]) == (200, False)
    carol = await cloud.catalog.user_by_name("carol")
    assert (await cloud.catalog.user_storage(carol.id)).quota == StorageQuota(bytes=50)
    assert [each.name for each in await cloud.catalog.groups_of(carol.id)] == ["guests"]
    assert (await ask("POST", "/login", {"username": "carol", "password": PASSWORD}))[0] == 200
    _, answer = await ask("GET", "/admin/invitations")
    del made["url"]
    assert answer["invitations"] == [made | {"uses": 1}]


async def test_who_is_invited_without_a_quota_has_that_of_all(cloud, invite, register):
    """Null says that there is none."""
    for number, (options, quota) in enumerate((({}, 1000), ({"quota": None}, None))):
        _, token = await invite(**options)
        assert (await register(token, f"user{number}"))[0] == 200
        user = await cloud.catalog.user_by_name(f"user{number}")
        assert (await cloud.catalog.user_storage(user.id)).quota == StorageQuota(bytes=quota)


async def test_an_invitation_is_good_once(invite, register):
    """A name that is taken, or a password that is too short, uses nothing up."""
    _, token = await invite()
    assert (await register(token, "alice"))[0] == 400
    assert (await register(token, password="short"))[0] == 400
    assert (await register(token))[0] == 200
    status, answer = await register(token, "dave")
    assert (status, "not valid any more" in answer["error_details"]) == (403, True)


async def test_so_many_at_once(cloud, invite, register):
    """No more than the invitation says."""
    _, token = await invite(max_uses=2)
    answers = await asyncio.gather(*(register(token, f"user{number}") for number in range(4)))
    assert sorted(status for status, _ in answers) == [200, 200, 403, 403]


async def test_invitations_end(ask, invite, register, clock, cloud):
    """Revoked, expired, or with the role of who made them."""
    revoked, first = await invite()
    assert (await ask("DELETE", f"/admin/invitations/{revoked['id']}"))[0] == 200
    _, second = await invite(expires_in_s=60)
    clock.advance(60)
    for token in (first, second, "made up"):
        assert (await register(token))[0] == 403
    states = [each["state"] for each in (await ask("GET", "/admin/invitations"))[1]["invitations"]]
    assert sorted(states) == ["expired", "revoked"]
    bob = await cloud.catalog.user_by_name("bob")
    await cloud.catalog.set_role(bob.id, is_admin=True)
    _, answer = await ask("POST", "/admin/invitations", {}, user="bob")
    await cloud.catalog.set_role(bob.id, is_admin=False)
    assert (await register(answer["invitation"]["url"].partition("?invitation=")[2]))[0] == 403


async def test_guesses_are_limited(register):
    """For the address that they come from."""
    statuses = [(await register("made up"))[0] for _ in range(25)]
    assert statuses[0] == 403
    assert statuses[-1] == 429


async def test_only_administrators_invite(ask, invite):
    """Others see and end none."""
    made, _ = await invite()
    assert (await ask("POST", "/admin/invitations", {}, user="bob"))[0] == 403
    assert (await ask("GET", "/admin/invitations", user="bob"))[0] == 403
    assert (await ask("DELETE", f"/admin/invitations/{made['id']}", user="bob"))[0] == 403
    assert (await ask("DELETE", "/admin/invitations/none"))[0] == 404


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"max_uses": 0}, 400),
        ({"expires_in_s": 0}, 400),
        ({"expires_in_s": None}, 400),
        ({"label": "a\nb"}, 400),
        ({"quota": {"bytes": 0}}, 400),
        ({"groups": ["none"]}, 404),
        ({"other": 1}, 400),
    ],
    ids=str,
)
async def test_wrong_options_make_nothing(ask, wrong, status):
    """The error names the field."""
    assert (await ask("POST", "/admin/invitations", wrong))[0] == status
    assert (await ask("GET", "/admin/invitations"))[1]["invitations"] == []


async def test_all_of_it_is_recorded(ask, invite, register):
    """Making and ending one, and by which a user has registered."""
    made, token = await invite(max_uses=2)
    await register(token)
    await ask("DELETE", f"/admin/invitations/{made['id']}")
    _, answer = await ask("GET", "/admin/audit")
    events = {each["action"]: each for each in answer["events"]}
    assert events["invitation-made"]["subject"] == made["id"]
    assert events["invitation-revoked"]["subject"] == made["id"]
    assert events["user-created"]["details"]["invitation"] == made["id"]
    assert events["user-created"]["actor"] == "carol"
