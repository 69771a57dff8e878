"""What is recorded of what people do, and how administrators read it."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from catalog.records import AuditEvent, AuditQuery
from manager.app_keys import AUDIT
from protocol.extensions import ADMINISTER
from tests.manager.frontend import Frontend
from tests.manager.sockets.peers import client_query
from tests.manager.sockets.stage import PASSWORD, SERVICE_PASSWORD

WRONG = "wrong horse"
NEW = "newer horse"


async def recorded(app, catalog, *actions: str) -> list[AuditEvent]:
    """Events with one of these actions, oldest first."""
    await app[AUDIT].flush()
    found = await catalog.audit_events(AuditQuery(), before=None, limit=1000)
    return [event for event in found[::-1] if event.action in actions]


async def make_users(cloud) -> str:
    """Alice, who is the administrator, and Bob. Answers a token of Alice."""
    token: str = await cloud.token("alice")
    await cloud.token("bob")
    return token


async def page(cloud, token: str, **query: object) -> dict[str, Any]:
    """An answer of `/admin/audit`."""
    response = await cloud.client.get(
        f"/admin/audit?{urlencode(query)}", headers={"Authorization": f"Bearer {token}"}
    )
    assert response.status == 200, await response.text()
    answer: dict[str, Any] = await response.json()
    return answer


async def test_logins_and_refusals_are_recorded(running_cloud, tmp_path):
    """Who, from where, and whether it was right; neither log nor catalog has a password or a token."""
    async with running_cloud(tmp_path, trusted_proxies="127.0.0.0/8") as cloud:
        await make_users(cloud)
        headers = {"X-Forwarded-For": "203.0.113.9"}
        login = {"username": "bob", "password": PASSWORD}
        with capture_logs() as logs:
            answer = await cloud.client.post("/login", json=login, headers=headers)
            token = (await answer.json())["token"]
            await cloud.client.post("/login", json={**login, "password": WRONG}, headers=headers)
            change = {"username": "bob", "previousPassword": PASSWORD, "newPassword": NEW}
            await cloud.client.post("/update-password", json=change, headers=headers)
            metrics = {"Authorization": f"Bearer {WRONG}", **headers}
            await cloud.client.get("/metrics", headers=metrics)
        actions = ("login", "credentials-refused", "password-changed")
        rows = await recorded(cloud.app, cloud.catalog, *actions)
    assert [(row.action, row.outcome.value, row.actor, row.subject) for row in rows] == [
        ("login", "success", "bob", None),
        ("credentials-refused", "failure", "bob", "/login"),
        ("password-changed", "success", "bob", None),
        ("credentials-refused", "failure", None, "/metrics"),
    ]
    assert {row.address for row in rows} == {"203.0.113.9"}
    assert [row.actor_id is None for row in rows] == [False, True, False, True]
    for secret in (PASSWORD, WRONG, NEW, token, SERVICE_PASSWORD):
        assert secret not in str(rows)
        assert secret not in str(logs)


async def test_registrations_are_recorded(cloud):
    """The first user made the own account; the administrator made all others."""
    first = await cloud.client.post("/register", json={"username": "alice", "password": PASSWORD})
    assert first.status == 200
    token = await cloud.token("alice")
    other = {"username": "bob", "password": PASSWORD, "adminToken": token}
    assert (await cloud.client.post("/register", json=other)).status == 200
    rows = await recorded(cloud.app, cloud.catalog, "user-created")
    assert [(row.actor, row.subject) for row in rows] == [("alice", "alice"), ("alice", "bob")]
    assert token not in str(rows)


async def test_what_users_do_to_files_is_recorded(world, alice, bob):
    """Shares and their end, transfers and removals, with the path and the other user."""
    file = await world.put("/a/x.txt")
    await world.put("/a/y.txt")
    share = {"path": "/a", "name": "x.txt", "target_user": bob.user.id}
    await alice.order("c2s:file-share", **share, can_write=True)
    await alice.order("c2s:file-share", **share, is_deleting=True)
    await alice.order("c2s:transfer-ownership", file_id=file.id, target_user_id=bob.user.id)
    folder_id = await world.folder_id("/a")
    await bob.order("c2s:delete-file", folder_id=folder_id, name="x.txt")
    await alice.order("c2s:delete-folder", folder_id=folder_id)
    actions = ("file-shared", "file-unshared", "file-transferred", "file-removed", "folder-removed")
    rows = await recorded(world.stage.app, world.catalog, *actions)
    assert [(row.action, row.actor, row.subject, json.loads(row.details)) for row in rows] == [
        ("file-shared", "alice", "/a/x.txt", {"user": "bob", "can_write": True}),
        ("file-unshared", "alice", "/a/x.txt", {"user": "bob"}),
        ("file-transferred", "alice", "/a/x.txt", {"to": "bob"}),
        ("file-removed", "bob", "/a/x.txt", {"size": 0}),
        ("folder-removed", "alice", "/a", {}),
    ]
    assert {row.address for row in rows} == {"127.0.0.1"}


async def test_what_is_refused_is_not_recorded_as_done(world, alice, bob):
    """A file that was not deleted, or shared, has no event."""
    await world.put("/x.txt")
    await bob.refusal("c2s:delete-file", folder_id=None, name="x.txt")
    await bob.refusal("c2s:file-share", path="/", name="x.txt", target_user=bob.user.id)
    assert await recorded(world.stage.app, world.catalog, "file-shared", "file-removed") == []


async def test_administration_is_recorded(world, alice, bob):
    """Roles, passwords and removals, with the user concerned; no password is in an event."""
    root = await world.user("root")
    await world.catalog.set_role(root.id, is_admin=True)
    query = {**client_query(await world.stage.token("root")), "extensions": ADMINISTER}
    frontend = Frontend(await world.socket(query), root, extension=ADMINISTER)
    await frontend.next("generic:primitives")
    await world.put("/x.txt", owner="bob")
    await frontend.order("c2s:user-role-set", user_id=alice.user.id, is_admin=True)
    await frontend.order("c2s:user-password-set", user_id=alice.user.id, password=NEW)
    removal = {"user_id": bob.user.id, "heir_id": alice.user.id}
    await frontend.ask("c2s:user-remove", **removal)
    actions = ("role-changed", "password-reset", "user-locked", "user-removed")
    rows = await recorded(world.stage.app, world.catalog, *actions)
    assert [(row.action, row.actor, row.subject, json.loads(row.details)) for row in rows] == [
        ("role-changed", "root", "alice", {"is_admin": True}),
        ("password-reset", "root", "alice", {}),
        ("user-locked", "root", "bob", {"heir": "alice"}),
        ("user-removed", "root", "bob", {"heir": "alice"}),
    ]
    assert NEW not in str(rows)


async def test_api_keys_are_recorded(cloud):
    """That they were made and revoked, by whom, for which service; no key is in an event."""
    token = await cloud.token("alice")

    async def ask(credentials: str, query: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {credentials}"}
        response = await cloud.client.post("/graphql", json={"query": query}, headers=headers)
        answer: dict[str, Any] = await response.json()
        assert "errors" not in answer
        data: dict[str, Any] = answer["data"]
        return data

    made = await ask(token, 'mutation { createKey(name: "blog") { key } }')
    key = made["createKey"]["key"]
    await ask(token, 'mutation { revokeKey(name: "nothing") }')
    await ask(token, 'mutation { revokeKey(name: "blog") }')
    rows = await recorded(cloud.app, cloud.catalog, "api-key-created", "api-key-revoked")
    assert [(row.action, row.actor, row.subject) for row in rows] == [
        ("api-key-created", "alice", "blog"),
        ("api-key-revoked", "alice", "blog"),
    ]
    assert key not in str(rows)


async def test_the_first_start_records_its_keys(cloud):
    """The master key and the signing key by their ids; nobody did it, from nowhere."""
    rows = await recorded(cloud.app, cloud.catalog, "master-key-changed", "signing-key-made")
    keys = await cloud.catalog.list_signing_keys()
    subjects = [cloud.settings.keyring.primary.key_id.hex(), keys[-1].key_id.hex()]
    assert [row.subject for row in rows] == subjects
    assert {(row.actor, row.address) for row in rows} == {(None, None)}


async def test_administrators_read_the_log(cloud):
    """Newest first, page by page, with filters; what was recorded a moment ago is in it."""
    token = await make_users(cloud)
    for number in range(5):
        bad = {"username": f"user{number}", "password": WRONG}
        await cloud.client.post("/login", json=bad)
    answer = await page(cloud, token, action="credentials-refused", limit=2)
    assert [event["actor"] for event in answer["events"]] == ["user4", "user3"]
    assert answer["actions"] == sorted(answer["actions"])
    following = await page(
        cloud, token, action="credentials-refused", limit=2, after=answer["next"]
    )
    assert [event["actor"] for event in following["events"]] == ["user2", "user1"]
    last = await page(cloud, token, action="credentials-refused", after=following["next"])
    assert [event["actor"] for event in last["events"]] == ["user0"]
    assert last["next"] is None
    (event,) = (await page(cloud, token, user="USER3"))["events"]
    assert event["details"] == {"reason": "wrong-credentials"}
    assert (event["outcome"], event["subject"], event["count"]) == ("failure", "/login", 1)
    assert (await page(cloud, token, until="2001-01-01T00:00:00Z"))["events"] == []
    assert (await page(cloud, token, since=event["first_at"]))["events"] != []


@pytest.mark.parametrize(
    "query",
    [
        "action=nothing",
        "user=a%20b",
        "since=yesterday",
        "limit=0",
        "limit=101",
        "after=AAAA",
        "after=%00",
    ],
)
async def test_a_wrong_filter_is_refused(cloud, query):
    """With the parameter's name, and never with 500."""
    headers = {"Authorization": f"Bearer {await cloud.token('alice')}"}
    response = await cloud.client.get(f"/admin/audit?{query}", headers=headers)
    assert response.status == 400
    assert query.partition("=")[0] in (await response.json())["error_details"]


async def test_nobody_else_reads_the_log(cloud):
    """No login, a wrong one, or a user who is no administrator."""
    await make_users(cloud)
    for token, status in ((None, 401), ("a.b.c", 401), (await cloud.token("bob"), 403)):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = await cloud.client.get("/admin/audit", headers=headers)
        assert response.status == status
