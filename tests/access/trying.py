"""Tries the cells of the access table, one by one, at a manager that runs."""

import re
from itertools import count
from typing import Any

from aiohttp import FormData, WSServerHandshakeError, web
from aiohttp.test_utils import TestClient
from yarl import URL

from catalog.records import ServiceKind
from manager.services.credentials import add_credential, new_credential_text
from tests.access.callers import Caller, Scene
from tests.access.table import PASSWORD, Call, Outcome, Row

_addresses = count(1)


def new_address() -> dict[str, str]:
    """The header of a client that nothing was refused to yet: each cell comes from an address of its own."""
    number = next(_addresses)
    return {"X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}


async def status_of(
    scene: Scene,
    row: Row,
    caller: Caller,
    *,
    method: str | None = None,
    client: TestClient[web.Request, web.Application] | None = None,
) -> Outcome:
    """What a route answers to a caller.

    Args:
        scene: what it is about.
        row: the route.
        caller: who sends the request.
        method: another one than that of the row.
        client: of another application than the manager.
    """
    call = row.call
    key = await scene.key(caller)
    values = await _values_for(scene, call, caller, key)
    of_row, _, path = row.name.partition(" ")
    headers = await _headers_for(scene, call, key)
    query = {name: _filled(value, values) for name, value in call.query.items()}
    if "type" in query:
        return await _status_of_handshake(scene, query, headers)
    # What one caller was given is not sent by the next one.
    scene.cloud.client.session.cookie_jar.clear()
    async with (client or scene.cloud.client).request(
        method or of_row,
        URL(_filled(call.path or path, values), encoded=True).update_query(query),
        json=_filled(call.body, values),
        data=_form_of(call, values),
        headers=headers,
        allow_redirects=False,
    ) as response:
        await response.read()
        return response.status


async def _values_for(scene: Scene, call: Call, caller: Caller, key: str | None) -> dict[str, str]:
    values = scene.values | {"key": key or "", "caller_id": str(scene.user_of(caller).id)}
    for name in _names_in(call) - values.keys():
        values[name] = await _VALUES[name](scene)
    return values


async def _headers_for(scene: Scene, call: Call, key: str | None) -> dict[str, str]:
    headers = new_address()
    if key is not None and call.in_header:
        headers["Authorization"] = f"Bearer {key}"
    if call.has_cookie and (cookie := await _cookie(scene, key)):
        headers["Cookie"] = cookie
    if call.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return headers


def _form_of(call: Call, values: dict[str, str]) -> FormData | str | None:
    if call.parts is None:
        return None if call.form is None else str(_filled(call.form, values))
    form = FormData(default_to_multipart=True)
    for name, value in call.parts.items():
        form.add_field(name, value)
    return form


async def _status_of_handshake(
    scene: Scene, query: dict[str, str], headers: dict[str, str]
) -> Outcome:
    headers.pop("Authorization", None)
    try:
        async with scene.cloud.client.ws_connect("/", params=query, headers=headers):
            return 101
    except WSServerHandshakeError as error:
        return error.status


async def _cookie(scene: Scene, key: str | None) -> str | None:
    headers = {"Authorization": f"Bearer {key}"}
    async with scene.cloud.client.post("/page/content-access", headers=headers) as response:
        cookies = response.cookies
    return next((f"{name}={each.value}" for name, each in cookies.items()), None)


def _names_in(call: Call) -> set[str]:
    text = f"{call.path} {dict(call.query)} {call.body} {call.form}"
    return set(re.findall(r"{(\w+)}", text))


def _filled(value: Any, values: dict[str, str]) -> Any:
    match value:
        case str():
            return re.sub(r"{(\w+)}", lambda match: values[match[1]], value)
        case dict():
            return {key: _filled(each, values) for key, each in value.items()}
        case list():
            return [_filled(each, values) for each in value]
        case _:
            return value


async def _app_password_id(scene: Scene) -> str:
    await scene.app_password()
    listed = await scene.ask("GET", "/account/app-passwords", await scene.owner_token())
    return str(listed["app_passwords"][0]["id"])


async def _link(scene: Scene) -> dict[str, Any]:
    body = {"file_id": scene.file.id}
    answer = await scene.ask("POST", "/account/links", await scene.owner_token(), body)
    link: dict[str, Any] = answer["link"]
    return link


async def _link_id(scene: Scene) -> str:
    return str((await _link(scene))["id"])


async def _link_secret(scene: Scene) -> str:
    return URL((await _link(scene))["url"]).query["q"]


async def _folder_link(scene: Scene, *, for_uploads: bool = False) -> dict[str, Any]:
    body = {"path": scene.values["folder"], "for_uploads": for_uploads}
    answer = await scene.ask("POST", "/account/folder-links", await scene.owner_token(), body)
    link: dict[str, Any] = answer["link"]
    return link


async def _folder_link_id(scene: Scene) -> str:
    return str((await _folder_link(scene))["id"])


async def _folder_link_secret(scene: Scene) -> str:
    return URL((await _folder_link(scene))["url"]).query["q"]


async def _upload_link_secret(scene: Scene) -> str:
    return URL((await _folder_link(scene, for_uploads=True))["url"]).query["q"]


async def _victim(scene: Scene) -> str:
    return (await scene.victim()).name


async def _victim_id(scene: Scene) -> str:
    return str((await scene.victim()).id)


async def _new_name(scene: Scene) -> str:
    return scene.new_name()


async def _credential(scene: Scene) -> str:
    name = scene.new_name()
    text = new_credential_text()
    await add_credential(scene.cloud.catalog, name, ServiceKind.GATEWAY, text, now=0.0)
    return name


async def _renewal(scene: Scene) -> str:
    user = await scene.victim()
    body = {"username": user.name, "password": PASSWORD, "renewable": True}
    async with scene.cloud.client.post("/login", json=body) as response:
        return str((await response.json())["renewal"])


_VALUES = {
    "session_id": Scene.spare_session,
    "app_password_id": _app_password_id,
    "folder_link": _folder_link_secret,
    "folder_link_id": _folder_link_id,
    "upload_link": _upload_link_secret,
    "link_id": _link_id,
    "link": _link_secret,
    "victim": _victim,
    "victim_id": _victim_id,
    "new_name": _new_name,
    "credential": _credential,
    "renewal": _renewal,
}
