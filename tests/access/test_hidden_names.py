"""What administrators are told of files and folders that they may not see: all but names."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import ClientSession

from catalog.records import User
from tests.access.test_access import routes_of
from tests.manager.frontend import Frontend
from tests.manager.sockets.stage import running_stage
from tests.manager.spaces.conftest import Cloud

SECRETS = ("diary", "lonely")


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A manager whose users have homes."""
    async with (
        running_stage(tmp_path, spaces="personal") as stage,
        AsyncExitStack() as peers,
        ClientSession() as session,
    ):
        yield Cloud(stage, session, peers)


async def folder_id(user: Frontend, path: str) -> int:
    """The id by which the user knows a folder."""
    packets = ("c2s:folder-status-request", "s2c:folder-status")
    found: int = (await user.get(*packets, path=path))["folder_id"]
    return found


@pytest.fixture
async def alice(cloud: Cloud) -> User:
    """A user who has links, app passwords and events about what is in her home, and in the common space."""
    alice = await cloud.frontend("alice")
    await cloud.frontend("bob")
    admin = await cloud.user("root")
    await cloud.catalog.set_role(admin.id, is_admin=True)
    for name in ("lonely.txt", "lonely too.txt"):
        await cloud.put_at("alice", f"/diary/{name}")
    await alice.order("c2s:create-folder", path="/Common/open")
    for link in (
        {"path": "/diary", "label": "diary"},
        {"path": "/diary", "label": "diary", "for_uploads": True},
        {"path": "/Common/open", "label": "mail", "for_uploads": True},
    ):
        assert (await cloud.post("alice", "/account/folder-links", **link))[0] == 200
    file = {"path": "/diary", "name": "lonely.txt", "label": "lonely"}
    assert (await cloud.post("alice", "/account/links", **file))[0] == 200
    app_password = {"name": "phone", "folder": "/diary"}
    assert (await cloud.post("alice", "/account/app-passwords", **app_password))[0] == 200
    await cloud.share("alice", "/diary", "read", user="bob")
    ids = [await folder_id(alice, path) for path in ("/diary", "/Common/open")]
    await alice.order("c2s:delete-file", folder_id=ids[0], name="lonely too.txt")
    await alice.order("c2s:delete-folder", folder_id=ids[1])
    return await cloud.user("alice")


async def test_no_answer_to_an_administrator_names_what_is_hidden(
    cloud: Cloud, alice: User
) -> None:
    """Not one of all routes for administrators, whoever it is about."""
    routes = [name.removeprefix("GET ") for name in routes_of(cloud.stage.app)]
    asked = [route for route in routes if route.startswith("/admin/")]
    assert len(asked) > 9
    for route in asked:
        path = re.sub(r"{user(_id)?}", str(alice.id), route)
        _, answer = await cloud.get("root", path, user="alice")
        assert not [secret for secret in SECRETS if secret in str(answer)], (route, answer)


async def test_what_is_told_of_hidden_links(cloud: Cloud, alice: User) -> None:
    """Kind, dates, use and state, by which an administrator can revoke them."""
    _, answer = await cloud.get("root", "/admin/links", user="alice")
    (link,) = answer["links"]
    assert (link["is_hidden"], link["state"], link["downloads"]) == (True, "active", 0)
    assert (link["path"], link["name"], link["label"], link["url"]) == (None, None, "", None)
    _, answer = await cloud.get("root", "/admin/folder-links", user="alice")
    told = [(each["is_hidden"], each["for_uploads"], each["label"]) for each in answer["links"]]
    assert told == [(False, True, "mail"), (True, True, ""), (True, False, "")]
    headers = {"Authorization": f"Bearer {await cloud.stage.token('root')}"}
    url = f"{cloud.stage.url}/admin/links/{link['id']}"
    async with cloud.session.delete(url, headers=headers) as revoked:
        assert revoked.status == 200


async def test_what_is_told_of_hidden_places(cloud: Cloud, alice: User) -> None:
    """An app password is confined, and events have no subject; those about visible places have it."""
    _, answer = await cloud.get("root", f"/admin/users/{alice.id}/app-passwords")
    (password,) = answer["app_passwords"]
    assert (password["folder"], password["is_confined"]) == (None, True)
    _, answer = await cloud.get("root", "/admin/audit", user="alice")
    told = {each["action"]: (each["subject"], each["is_hidden"]) for each in answer["events"]}
    assert told["file-removed"] == told["folder-shared"] == (None, True)
    assert told["folder-removed"] == ("/Common/open", False)
