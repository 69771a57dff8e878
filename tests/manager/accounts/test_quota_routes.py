"""What users store and may store, over HTTP."""

import pytest

from catalog.records import StorageQuota
from manager.app_keys import AUDIT

NOTHING = {"bytes": 0, "files": 0}
UNLIMITED = {"bytes": None, "files": None}


async def ask(cloud, method: str, path: str, name: str | None, **options):
    """Status and answer of a request by a user, or by nobody."""
    headers = {} if name is None else {"Authorization": f"Bearer {await cloud.token(name)}"}
    response = await cloud.client.request(method, path, headers=headers, **options)
    return response.status, await response.json()


async def test_users_see_what_they_store(cloud):
    """Their quota, what they own, and what is on its way."""
    await cloud.token("alice")
    await cloud.store("a.txt", b"x" * 30)
    _, answer = await ask(cloud, "GET", "/account/storage", "alice")
    assert answer == {
        "error": False,
        "quota": UNLIMITED,
        "stored": {"bytes": 30, "files": 1},
        "temporary": NOTHING,
    }


async def test_administrators_see_and_set_quotas(cloud):
    """Of each user; it is recorded, and holds from the next upload on."""
    await cloud.token("alice")
    await cloud.token("bob")
    bob = await cloud.catalog.user_by_name("bob")
    path = f"/admin/users/{bob.id}"
    status, answer = await ask(cloud, "POST", f"{path}/quota", "alice", json={"bytes": 100})
    assert (status, answer["quota"]) == (200, {"bytes": 100, "files": None})
    assert (await cloud.catalog.user_storage(bob.id)).quota == StorageQuota(bytes=100)
    _, answer = await ask(cloud, "GET", f"{path}/storage", "alice")
    assert (answer["quota"]["bytes"], answer["stored"]) == (100, NOTHING)
    await ask(cloud, "POST", f"{path}/quota", "alice", json={"bytes": None, "files": 3})
    assert (await cloud.catalog.user_storage(bob.id)).quota == StorageQuota(files=3)
    await cloud.app[AUDIT].flush()
    _, answer = await ask(cloud, "GET", "/admin/audit?action=quota-set", "alice")
    assert [(each["actor"], each["subject"], each["details"]) for each in answer["events"]] == [
        ("alice", "bob", {"bytes": None, "files": 3}),
        ("alice", "bob", {"bytes": 100, "files": None}),
    ]


async def test_nobody_else_does(cloud):
    """A user neither sees nor sets a quota through the routes of administrators, not even the own one."""
    await cloud.token("alice")
    await cloud.token("bob")
    bob = await cloud.catalog.user_by_name("bob")
    for method, path in (("GET", "storage"), ("POST", "quota")):
        for name, expected in (("bob", 403), (None, 401)):
            status, _ = await ask(cloud, method, f"/admin/users/{bob.id}/{path}", name, json={})
            assert status == expected
    assert (await ask(cloud, "GET", "/account/storage", None))[0] == 401


@pytest.mark.parametrize(
    "body", [{"bytes": 0}, {"bytes": -1}, {"files": 1.5}, {"files": "9"}, {"bytes": 2**60}]
)
async def test_wrong_numbers_change_nothing(cloud, body):
    """A quota is a whole number from 1 on, or null."""
    await cloud.token("alice")
    alice = await cloud.catalog.user_by_name("alice")
    path = f"/admin/users/{alice.id}/quota"
    assert (await ask(cloud, "POST", path, "alice", json=body))[0] == 400
    assert (await cloud.catalog.user_storage(alice.id)).quota == StorageQuota()


async def test_a_user_who_is_not_there_has_no_quota(cloud):
    """404, for both."""
    await cloud.token("alice")
    assert (await ask(cloud, "GET", "/admin/users/99/storage", "alice"))[0] == 404
    assert (await ask(cloud, "POST", "/admin/users/99/quota", "alice", json={}))[0] == 404


async def test_new_users_have_the_quota_of_the_settings(running_cloud, tmp_path):
    """Not the first one, who is the administrator."""
    async with running_cloud(tmp_path, user_quota_bytes=1000, user_quota_files=5) as cloud:
        first = {"username": "alice", "password": "correct horse"}
        assert (await cloud.client.post("/register", json=first)).status == 200
        other = {"username": "bob", "password": "correct horse", "adminToken": await cloud.token()}
        assert (await cloud.client.post("/register", json=other)).status == 200
        _, own = await ask(cloud, "GET", "/account/storage", "alice")
        _, theirs = await ask(cloud, "GET", "/account/storage", "bob")
    assert own["quota"] == UNLIMITED
    assert theirs["quota"] == {"bytes": 1000, "files": 5}
