"""docs/http.md has every route, and every status that it lists with a route is one that the route answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import WSServerHandshakeError, web
from pydantic import SecretStr
from yarl import URL

from catalog.port import OverwriteOnConflict
from catalog.records import File, ServiceKind
from discord_emulator.app import create_app as create_emulator
from discord_emulator.settings import EmulatorSettings
from manager.app_keys import ACCOUNTS, CONTENT_LINKS
from manager.http.responses import STATUSES
from manager.services.credentials import add_credential, new_credential_text
from tests.commits import commit_file
from tests.manager.cloud import Cloud, running_cloud
from tests.manager.links.making import link_to, make_link
from tests.manager.sockets.stage import PASSWORD, SERVICE_PASSWORD
from upload_service.app import UploadService
from upload_service.settings import UploadServiceSettings

PAGE = (Path(__file__).parents[3] / "docs" / "http.md").read_text()
TESTED_ELSEWHERE = {
    ("GET /health", 503),
    ("POST /account/links", 409),
    ("POST /account/folder-links", 409),
    ("POST /folder-link/uploads", 429),
    ("POST /admin/invitations", 409),
    ("GET /download", 307),
    ("GET /redirected-download", 404),
    ("POST /gateway/chunks", 403),
    ("POST /gateway/chunks", 404),
}
"""What it takes more for than a request: `test_health.py`, the tests below `links` and `gateways`, and
those of the gateway."""
ROUTE = re.compile(r"`((?:GET|POST|PATCH|DELETE) [^`]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request; in what it sends, `{…}` stands for a value of the scene."""

    path: str = ""
    method: str | None = None
    user: str | None = None
    query: dict[str, str] = field(default_factory=dict)
    body: object = None
    form: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


ALICE = {"username": "alice", "password": PASSWORD}
CHANGE = {"username": "alice", "previousPassword": PASSWORD, "newPassword": "correct staple"}
FILE = {"path": "/docs", "name": "a.txt"}
MISSING = {"path": "/docs", "name": "b.txt"}
SHARING = {"path": "/docs", "user": "bob", "right": "read"}
NOBODY = {"Authorization": "Bearer a.b.c"}
CONDITIONS = {
    200: {},
    206: {"Range": "bytes=0-1"},
    304: {"If-None-Match": "*"},
    412: {"If-Match": '"other"'},
    416: {"Range": "bytes=99999-"},
}
CALLS: dict[str, dict[int, Call]] = {
    "POST /register": {
        200: Call(body={"username": "carol", "password": PASSWORD, "adminToken": "{alice}"}),
        400: Call(body={"username": "carol", "password": "short"}),
        403: Call(body={"username": "carol", "password": PASSWORD}),
    },
    "POST /login": {
        200: Call(body=ALICE),
        400: Call(body={"username": "alice"}),
        403: Call(body=ALICE | {"password": "wrong horse"}),
    },
    "POST /account/token": {
        200: Call(body={"renewal": "{renewal}"}),
        401: Call(body={"renewal": "a.b.c"}),
    },
    "GET /account/sessions": {
        200: Call(user="alice"),
        401: Call(),
        403: Call(user="bob", path="/admin/users/1/sessions"),
        404: Call(user="alice", path="/admin/users/999/sessions"),
    },
    "POST /account/app-passwords": {
        200: Call(user="alice", body={"name": "backup"}),
        400: Call(user="alice", body={}),
        401: Call(body={"name": "backup"}),
        403: Call(user="app password", body={"name": "backup"}),
        404: Call(user="alice", body={"name": "backup", "folder": "/no"}),
    },
    "POST /update-password": {
        200: Call(body=CHANGE),
        400: Call(body=CHANGE | {"newPassword": "short"}),
        403: Call(body=CHANGE | {"previousPassword": "wrong horse"}),
    },
    "GET /token-status": {
        200: Call(query={"token": "{alice}"}),
        401: Call(query={"token": "a.b.c"}),
    },
    "GET /download": {
        status: Call(user="alice", query=FILE, headers=headers)
        for status, headers in CONDITIONS.items()
    }
    | {
        400: Call(user="alice", query={"path": "/docs"}),
        401: Call(query=FILE),
        403: Call(user="bob", query=FILE),
        404: Call(user="alice", query=MISSING),
    },
    "POST /download-files": {
        200: Call(user="alice", body={"files": ["/docs/a.txt", "/docs/b.txt"]}),
        400: Call(user="alice", body={"files": []}),
        401: Call(body={"files": ["/docs/a.txt"]}),
    },
    "GET /bulk-download": {
        200: Call(user="alice", query={"path": "/docs"}),
        400: Call(user="alice"),
        401: Call(method="POST", form="path=/docs&auth={alice}"),
        403: Call(user="bob", query=FILE),
        404: Call(user="alice", query=MISSING),
    },
    "GET /signed-download": {
        400: Call(),
        403: Call(query={"q": "forged"}),
        404: Call(query={"q": "{link to nothing}"}),
    },
    "GET /signed-download-metadata": {
        200: Call(query={"q": "{link}"}),
        400: Call(),
        403: Call(query={"q": "forged"}),
        404: Call(query={"q": "{link to nothing}"}),
    },
    "POST /account/links": {
        200: Call(user="alice", body=FILE),
        400: Call(user="alice", body=FILE | {"max_downloads": 0}),
        401: Call(body=FILE),
        403: Call(user="bob", body=FILE),
        404: Call(user="alice", body=MISSING),
    },
    "PATCH /account/links/{link_id}": {
        200: Call(user="alice", path="/account/links/{link id}", body={"label": "a"}),
        400: Call(user="alice", path="/account/links/{link id}", body={"label": 1}),
        401: Call(path="/account/links/{link id}", body={"label": "a"}),
        404: Call(user="bob", path="/account/links/{link id}", body={"label": "a"}),
    },
    "GET /folder-link": {
        400: Call(),
        403: Call(query={"q": "forged"}),
        404: Call(query={"q": "{folder link}", "name": "none"}),
    },
    "POST /folder-link/uploads": {
        200: Call(query={"q": "{upload link}"}, body={"name": "empty", "size": 0}),
        400: Call(query={"q": "{upload link}"}, body={"name": "a/b", "size": 0}),
        403: Call(query={"q": "{folder link}"}, body={"name": "a", "size": 0}),
        404: Call(
            query={"q": "{upload link}"},
            path="/folder-link/uploads/none",
            body={},
        ),
        503: Call(query={"q": "{upload link}"}, body={"name": "a", "size": 1}),
    },
    "GET /admin/usage": {
        200: Call(user="alice"),
        400: Call(user="alice", query={"order": "none"}),
        401: Call(),
        403: Call(user="bob"),
    },
    "POST /admin/invitations": {
        200: Call(user="alice", body={}),
        400: Call(user="alice", body={"max_uses": 0}),
        401: Call(body={}),
        403: Call(user="bob", body={}),
        404: Call(user="alice", body={"groups": ["none"]}),
    },
    "POST /account/folder-links": {
        200: Call(user="alice", body={"path": "/docs"}),
        400: Call(user="alice", body={"path": "/docs", "max_files": 0}),
        401: Call(body={"path": "/docs"}),
        403: Call(user="confined", body={"path": "/"}),
        404: Call(user="alice", body={"path": "/none"}),
    },
    "GET /admin/services/credentials": {
        200: Call(user="alice"),
        401: Call(),
        403: Call(user="bob"),
    },
    "GET /admin/links": {
        200: Call(user="alice", query={"user": "bob"}),
        401: Call(query={"user": "bob"}),
        403: Call(user="bob", query={"user": "bob"}),
        404: Call(user="alice", query={"user": "nobody"}),
    },
    "POST /page/content-access": {200: Call(user="alice"), 401: Call()},
    "GET /files/{object_id}": {
        200: Call(path="{content}"),
        403: Call(path="/files/no-id"),
        404: Call(path="{no content}"),
    },
    "POST /graphql": {
        200: Call(user="alice", body={"query": "{ keys { name } }"}),
        400: Call(user="alice", body={"query": 1}),
        401: Call(body={"query": "{ keys { name } }"}),
    },
    "GET /page/metadata": {
        200: Call(user="alice", query=FILE),
        400: Call(user="alice", query={"path": "/docs"}),
        401: Call(query=FILE),
        403: Call(user="bob", query=FILE),
        404: Call(user="alice", query=MISSING),
    },
    "GET /health": {204: Call()},
    "GET /status": {200: Call(user="alice"), 401: Call()},
    "GET /metrics": {
        200: Call(headers={"Authorization": f"Bearer {SERVICE_PASSWORD}"}),
        401: Call(),
        403: Call(user="gateway"),
    },
    "GET /redirected-download": {403: Call()},
    "POST /gateway/chunks": {400: Call(user="gateway"), 401: Call()},
    "GET /account/storage": {200: Call(user="alice"), 401: Call()},
    "GET /account/trash": {
        200: Call(user="alice"),
        400: Call(user="alice", query={"before": "x"}),
        401: Call(),
        403: Call(user="confined"),
    },
    "POST /account/trash/restore": {
        200: Call(user="alice", body={"items": [{"kind": "file", "id": 99}]}),
        400: Call(user="alice", body={"items": []}),
        401: Call(body={}),
        403: Call(user="confined", body={"items": [{"kind": "file", "id": 99}]}),
    },
    "POST /account/trash/delete": {
        200: Call(user="alice", body={"items": [{"kind": "folder", "id": 99}]}),
        400: Call(user="alice", body={"items": [{"kind": "link", "id": 1}]}),
        401: Call(body={}),
        403: Call(user="confined", path="/account/trash/empty", body={}),
    },
    "GET /versions/{file_id}": {
        200: Call(user="alice", path="/versions/4"),
        401: Call(path="/versions/4"),
        403: Call(user="bob", path="/versions/4"),
        404: Call(user="alice", path="/versions/99"),
    },
    "POST /versions/{file_id}/{version_id}/restore": {
        200: Call(user="alice", path="/versions/4/1/restore"),
        401: Call(path="/versions/4/1/restore"),
        403: Call(user="bob", path="/versions/4/1", method="DELETE"),
        404: Call(user="alice", path="/versions/4/99", method="DELETE"),
    },
    "GET /admin/users/{user}/storage": {
        200: Call(path="/admin/users/1/storage", user="alice"),
        401: Call(path="/admin/users/1/storage"),
        403: Call(path="/admin/users/1/storage", user="bob"),
        404: Call(path="/admin/users/99/storage", user="alice"),
    },
    "POST /admin/users/{user}/quota": {
        200: Call(path="/admin/users/1/quota", user="alice", body={"bytes": 10**12}),
        400: Call(path="/admin/users/1/quota", user="alice", body={"bytes": 0}),
        401: Call(path="/admin/users/1/quota", body={}),
        403: Call(path="/admin/users/1/quota", user="bob", body={}),
        404: Call(path="/admin/users/99/quota", user="alice", body={}),
    },
    "GET /admin/audit": {
        200: Call(user="alice"),
        400: Call(user="alice", query={"action": "nothing"}),
        401: Call(),
        403: Call(user="bob"),
    },
    "POST /folders/sharing": {409: Call(user="alice", body=SHARING)},
    "GET /account/shared": {409: Call(user="alice")},
    "GET /groups": {
        200: Call(user="alice"),
        400: Call(user="alice", method="POST", path="/admin/groups", body={"name": ""}),
        401: Call(),
        403: Call(user="bob", method="POST", path="/admin/groups", body={"name": "family"}),
        404: Call(user="alice", path="/admin/groups/family"),
    },
    "GET /": {
        101: Call(query={"type": "client", "key": "{alice}"}),
        400: Call(query={"type": "other"}),
        401: Call(query={"type": "client", "key": "a.b.c"}),
        403: Call(query={"type": "upload", "key": "{gateway}"}),
    },
}
"""For each route that has a table of statuses, a request for each of them."""
PERSONAL_CALLS: dict[str, dict[int, Call]] = {
    "POST /folders/sharing": {
        200: Call(user="alice", body=SHARING),
        400: Call(user="alice", body=SHARING | {"right": "own"}),
        401: Call(body=SHARING),
        403: Call(user="bob", body={"path": "/own", "everybody": True, "right": "read"}),
        404: Call(user="alice", body=SHARING | {"path": "/no"}),
    },
    "GET /account/shared": {200: Call(user="alice"), 401: Call(), 403: Call(user="confined")},
}
"""Those that take a manager whose users have homes."""


def documented_statuses() -> Iterator[tuple[str, int]]:
    """Each route with a table of its statuses, and each of these."""
    for section in re.split(r"^##+ ", PAGE, flags=re.MULTILINE):
        route = ROUTE.search(section)
        for status in re.findall(r"^\| (\d{3}) \|", section, re.MULTILINE):
            if route and "What all routes" not in section:
                yield route[1], int(status)


def documented_routes(part: str) -> set[str]:
    """The routes of a part of the table."""
    table = PAGE.partition(f"| **{part}** |")[2].partition("\n\n")[0].partition("| **")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()[1:] if "|" in line]
    return {route for cell in first_cells for route in ROUTE.findall(cell)}


def routes_of(app: web.Application) -> set[str]:
    """What an application answers; `HEAD` comes with `GET`."""
    return {
        f"{route.method} {re.sub(':[^{}]*', '', route.resource.canonical)}"
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }


def test_every_route_of_the_manager_is_listed(cloud: Cloud) -> None:
    """None is missing, and none is made up."""
    assert documented_routes("Manager") == routes_of(cloud.app)


def test_every_route_of_the_upload_service_is_listed(tmp_path: Path) -> None:
    """Any path takes chunks, as the address may have one of its own; forms and the rest lie below."""
    settings = UploadServiceSettings(
        manager_address="http://127.0.0.1:9",
        service_credential=SecretStr(SERVICE_PASSWORD),
        own_address="http://127.0.0.1:9",
        reports_folder=tmp_path,
    )
    paths = {route.partition(" ")[2] for route in routes_of(UploadService(settings).intake)}
    below = {re.sub("^/{[a-z]+}", "", path) for path in paths}
    documented = {route.partition(" ")[2] for route in documented_routes("Upload service")}
    assert documented == {f"{{address}}{path}" for path in below}


def test_every_route_of_the_fault_control_is_listed(tmp_path: Path) -> None:
    """What the emulator has beside Discord's own routes."""
    app = create_emulator(EmulatorSettings(data=tmp_path, fault_control=True))
    ours = {route for route in routes_of(app) if "/emulator/" in route}
    assert documented_routes("Emulator") == ours


def test_every_listed_status_is_called_for() -> None:
    """A status that the page gains or loses is gained or lost here as well."""
    tables = [*CALLS.items(), *PERSONAL_CALLS.items()]
    called_for = {(route, status) for route, calls in tables for status in calls}
    assert called_for | TESTED_ELSEWHERE == set(documented_statuses())


def test_every_status_of_an_error_is_explained() -> None:
    """A route may answer no error that the page does not know."""
    explained = {int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)}
    assert set(STATUSES.values()) <= explained


@pytest.mark.parametrize("route", CALLS)
async def test_routes_answer_with_the_listed_statuses(cloud: Cloud, route: str) -> None:
    """Each for the reason that the page gives."""
    scene = await scene_of(cloud)
    method, path = route.split()
    answered = [await status_of(cloud, call, method, path, scene) for call in CALLS[route].values()]
    assert answered == list(CALLS[route])


@pytest.mark.parametrize("route", PERSONAL_CALLS)
async def test_routes_answer_so_where_users_have_homes(tmp_path: Path, route: str) -> None:
    """As above."""
    calls = PERSONAL_CALLS[route]
    method, path = route.split()
    async with running_cloud(tmp_path, spaces="personal") as cloud:
        scene = await personal_scene_of(cloud)
        answered = [await status_of(cloud, call, method, path, scene) for call in calls.values()]
    assert answered == list(calls)


async def personal_scene_of(cloud: Cloud) -> dict[str, str]:
    """Two users with a folder each in their homes."""
    scene = {name: await cloud.token(name) for name in ("alice", "bob")}
    for name, folder in (("alice", "docs"), ("bob", "own")):
        headers = {"Authorization": f"Bearer {scene[name]}"}
        # The first request of a user makes the home.
        assert (await cloud.client.get("/account/shared", headers=headers)).status == 200
        user = await cloud.catalog.user_by_name(name)
        assert user is not None
        await cloud.store(f"/{name} {user.id}/{folder}/a.txt", b"content", owner=name)
    confined = await app_password(cloud, scene["alice"], name="confined", folder="/docs")
    return scene | {"confined": confined}


async def app_password(cloud: Cloud, token: str, **wanted: str) -> str:
    """Makes one for the user of a token."""
    headers = {"Authorization": f"Bearer {token}"}
    made = await cloud.client.post("/account/app-passwords", json=wanted, headers=headers)
    return str((await made.json())["app_password"])


async def scene_of(cloud: Cloud) -> dict[str, str]:
    """Two users, a file of the first one, and links; by name in calls."""
    scene = {name: await cloud.token(name) for name in ("alice", "bob")}
    await cloud.store("/docs/a.txt", b"content")
    linked = await cloud.store("/docs/linked.txt", b"content")
    deleted = await cloud.store("/docs/deleted.txt", b"content")
    await replace_content(cloud, await cloud.store("/docs/versioned.txt", b"content"))
    links = {
        "link": await link_to(cloud.app, linked),
        "link to nothing": await link_to(cloud.app, deleted),
    }
    accounts = cloud.app[ACCOUNTS]
    renewable = await accounts.login("alice", PASSWORD, is_renewable=True)
    wanted = await app_password(cloud, scene["alice"], name="of the scene")
    confined = await app_password(cloud, scene["alice"], name="confined", folder="/docs")
    made, _ = await make_link(cloud.app, linked)
    await cloud.catalog.delete_file(deleted.id)
    credential = new_credential_text()
    await add_credential(cloud.catalog, "gateway", ServiceKind.GATEWAY, credential, now=0.0)
    return (
        scene
        | links
        | {
            "renewal": renewable.renewal or "",
            "app password": wanted,
            "confined": confined,
            "link id": str(made.id),
            "folder link": await folder_link(cloud, scene["alice"], for_uploads=False),
            "upload link": await folder_link(cloud, scene["alice"], for_uploads=True),
            "gateway": credential,
            "content": cloud.app[CONTENT_LINKS].file(linked.object_id),
            "no content": cloud.app[CONTENT_LINKS].file(uuid4()),
        }
    )


async def folder_link(cloud: Cloud, token: str, *, for_uploads: bool) -> str:
    """What the address of a new link to the folder holds."""
    headers = {"Authorization": f"Bearer {token}"}
    body = {"path": "/docs", "for_uploads": for_uploads}
    made = await cloud.client.post("/account/folder-links", json=body, headers=headers)
    return str((await made.json())["link"]["url"]).partition("?q=")[2]


async def replace_content(cloud: Cloud, file: File) -> None:
    """Empties a file, which keeps its content as a version."""
    content = await cloud.stored(b"")
    await commit_file(
        cloud.catalog,
        content.id,
        ("docs",),
        file.name,
        owner_id=file.owner_id,
        on_conflict=OverwriteOnConflict(file.id),
        keep_versions=1,
    )


async def status_of(cloud: Cloud, call: Call, method: str, path: str, scene: dict[str, str]) -> int:
    """What a call is answered with."""
    headers = dict(call.headers)
    if call.user is not None:
        headers["Authorization"] = f"Bearer {scene[call.user]}"
    query = {name: filled(value, scene) for name, value in call.query.items()}
    if path == "/" and query:
        return await status_of_websocket(cloud, query)
    body = filled(call.body, scene)
    if call.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    response = await cloud.client.request(
        call.method or method,
        URL(filled(call.path, scene) or path, encoded=True).update_query(query),
        json=body,
        data=filled(call.form, scene),
        headers=headers,
    )
    return response.status


async def status_of_websocket(cloud: Cloud, query: dict[str, str]) -> int:
    """101 for a connection that is open, else why it is not."""
    try:
        async with cloud.client.ws_connect("/", params=query):
            return 101
    except WSServerHandshakeError as error:
        return error.status


def filled(value: Any, scene: dict[str, str]) -> Any:
    """A part of a call with the values of the scene in it."""
    match value:
        case str():
            return re.sub(r"[{](.*?)[}]", lambda match: scene.get(match[1], match[0]), value)
        case dict():
            return {key: filled(each, scene) for key, each in value.items()}
        case _:
            return value
