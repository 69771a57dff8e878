"""Who tries every route and packet, with which credential; and what they try it on."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any
from uuid import uuid4

from catalog.records import File, ServiceKind, User
from manager.app_keys import ACCOUNTS, CATALOG, CONTENT_LINKS, SERVICE_ACCESS
from manager.services.credentials import add_credential, new_credential_text
from tests.manager.cloud import Cloud
from tests.manager.sockets.stage import PASSWORD, SERVICE_PASSWORD, cheap_passwords

FOLDER = "/inside"
ELSEWHERE = "/elsewhere"


class Caller(StrEnum):
    """Who calls. The value heads a column of the documentation."""

    NOBODY = "nobody"
    WRONG = "wrong"
    ENDED = "ended"
    DELETED = "deleted"
    OWNER = "owner"
    OTHER = "other"
    ADMIN = "admin"
    READER = "reader"
    INSIDE = "inside"
    OUTSIDE = "outside"
    API_KEY = "API key"
    PASSWORD = "password"
    UPLOAD = "upload"
    PROCESSING = "processing"
    THUMBNAIL = "thumbnail"
    GATEWAY = "gateway"
    METRICS = "metrics"
    REVOKED = "revoked"


CLIENTS = (
    Caller.OWNER,
    Caller.OTHER,
    Caller.ADMIN,
    Caller.READER,
    Caller.INSIDE,
    Caller.OUTSIDE,
)
"""Who connects as a client."""
SERVICES = (Caller.UPLOAD, Caller.PROCESSING, Caller.THUMBNAIL)
"""Who connects as a service."""
MEANINGS: dict[Caller, str] = {
    Caller.NOBODY: "sends no credential",
    Caller.WRONG: "sends a token that this manager has not signed",
    Caller.ENDED: "sends the owner's token of a session that has ended",
    Caller.DELETED: "sends the token of a user who was removed",
    Caller.OWNER: "the user who owns the file, link, session and upload that a request is about",
    Caller.OTHER: "another user, who has no share of it",
    Caller.ADMIN: "an administrator, who has no share of it either",
    Caller.READER: "an app password of the owner's for reading",
    Caller.INSIDE: "an app password of the owner's for the folder with the file",
    Caller.OUTSIDE: "an app password of the owner's for another folder",
    Caller.API_KEY: "another service, with an API key",
    Caller.PASSWORD: "has `SERVICE_PASSWORD`",
    Caller.UPLOAD: "has a credential of the kind `upload`",
    Caller.PROCESSING: "has one of the kind `processing`",
    Caller.THUMBNAIL: "has one of the kind `thumbnail`",
    Caller.GATEWAY: "has one of the kind `gateway`",
    Caller.METRICS: "has one of the kind `metrics`",
    Caller.REVOKED: "has a credential of the kind `upload` that was revoked",
}

_numbers = count(1)


@dataclass
class Scene:
    """An owner with a file in `/inside`, what hangs on it, and the credentials of all callers.

    Attributes:
        values: what stands for `{…}` in requests.
        connections: those of the owner, on which something runs.
        running: the id of an upload that runs on one of them.
    """

    cloud: Cloud
    admin: User
    owner: User
    other: User
    file: File
    values: dict[str, str] = field(default_factory=dict)
    connections: AsyncExitStack = field(default_factory=AsyncExitStack)
    running: str | None = None
    _keys: dict[Caller, str] = field(default_factory=dict)
    _owner_token: str = ""
    _spare_session: str = ""

    @classmethod
    async def made(cls, cloud: Cloud) -> "Scene":
        """A new one, with users of its own."""
        number = next(_numbers)
        catalog = cloud.app[CATALOG]
        if await catalog.user_by_name("root") is None:
            await catalog.create_first_user("root", await cheap_passwords().hash(PASSWORD))
            for folder in (FOLDER, ELSEWHERE):
                await catalog.make_folders((folder[1:],))
        admin, owner, other = [
            await _user(cloud, f"{name}{number}") for name in ("admin", "owner", "other")
        ]
        await catalog.set_role(admin.id, is_admin=True)
        file = await cloud.store(f"{FOLDER}/file{number}", b"content", owner=owner.name)
        view = await cloud.stored(b"view", mime_type="image/avif")
        await catalog.put_view(file.object_id, "thumbnail", view.id)
        scene = cls(cloud, admin, owner, other, file)
        scene.values = {
            "owner": owner.name,
            "owner_id": str(owner.id),
            "other": other.name,
            "file": file.name,
            "file_id": str(file.id),
            "folder": FOLDER,
            "content": cloud.app[CONTENT_LINKS].file(file.object_id),
            "view": cloud.app[CONTENT_LINKS].view(file.object_id, "thumbnail"),
        }
        return scene

    async def key(self, caller: Caller) -> str | None:
        """The credential of a caller; None for who has none."""
        if caller is Caller.NOBODY:
            return None
        if caller not in self._keys:
            self._keys[caller] = await _MAKERS[caller](self)
        return self._keys[caller]

    async def token(self, user: User) -> str:
        """A token of a new session."""
        return (await self.cloud.app[ACCOUNTS].login(user.name, PASSWORD)).token

    async def ask(self, method: str, path: str, key: str, body: object = None) -> dict[str, Any]:
        """The answer to a request that has to succeed."""
        headers = {"Authorization": f"Bearer {key}"}
        async with self.cloud.client.request(method, path, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
        assert response.status == 200, answer
        return answer

    async def app_password(self, **fields: object) -> str:
        """An app password of the owner's."""
        body = {"name": f"app {next(_numbers)}", **fields}
        key = await self.owner_token()
        text: str = (await self.ask("POST", "/account/app-passwords", key, body))["app_password"]
        return text

    async def owner_token(self) -> str:
        """The token with which the owner makes what requests are about."""
        if not self._owner_token:
            self._owner_token = await self.token(self.owner)
        return self._owner_token

    async def spare_session(self) -> str:
        """The id of a session of the owner's that may end."""
        listed = await self.ask("GET", "/account/sessions", await self.owner_token())
        if self._spare_session not in {each["id"] for each in listed["sessions"]}:
            token = await self.token(self.owner)
            listed = await self.ask("GET", "/account/sessions", token)
            own = next(each for each in listed["sessions"] if each["is_current"])
            self._spare_session = str(own["id"])
        return self._spare_session

    def user_of(self, caller: Caller) -> User:
        """The user who calls; the owner for callers without one."""
        return {Caller.OTHER: self.other, Caller.ADMIN: self.admin}.get(caller, self.owner)

    async def victim(self) -> User:
        """A user to whom something may be done."""
        return await _user(self.cloud, f"victim{next(_numbers)}")

    async def new_file(self) -> File:
        """Another file of the owner's in the folder."""
        return await self.cloud.store(
            f"{FOLDER}/file{next(_numbers)}", b"content", owner=self.owner.name
        )

    def new_name(self) -> str:
        """A name that nothing has yet."""
        return f"name{next(_numbers)}"


async def _user(cloud: Cloud, name: str) -> User:
    return await cloud.app[CATALOG].create_user(name, await cheap_passwords().hash(PASSWORD))


async def _ended(scene: Scene) -> str:
    token = await scene.token(scene.owner)
    await scene.ask("POST", "/logout", token)
    return token


async def _deleted(scene: Scene) -> str:
    user = await _user(scene.cloud, f"gone{next(_numbers)}")
    token = await scene.token(user)
    await scene.cloud.app[CATALOG].remove_user(user.id)
    return token


async def _api_key(scene: Scene) -> str:
    text = f"api-key-{uuid4()}"
    await scene.cloud.app[CATALOG].create_key(
        scene.new_name(), hashlib.sha256(text.encode()).digest(), created_by=scene.admin.id
    )
    return text


def _credential(kind: ServiceKind) -> Callable[[Scene], Awaitable[str]]:
    async def make(scene: Scene) -> str:
        text = new_credential_text()
        await add_credential(scene.cloud.catalog, scene.new_name(), kind, text, now=0.0)
        return text

    return make


async def _revoked(scene: Scene) -> str:
    text, name = new_credential_text(), scene.new_name()
    await add_credential(scene.cloud.catalog, name, ServiceKind.UPLOAD, text, now=0.0)
    await scene.cloud.app[SERVICE_ACCESS].refresh()
    await scene.cloud.catalog.revoke_service_credential(name)
    await scene.cloud.app[SERVICE_ACCESS].refresh()
    return text


async def _wrong(_: Scene) -> str:
    return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA"


async def _password(_: Scene) -> str:
    return SERVICE_PASSWORD


_MAKERS: dict[Caller, Callable[[Scene], Awaitable[str]]] = {
    Caller.WRONG: _wrong,
    Caller.ENDED: _ended,
    Caller.DELETED: _deleted,
    Caller.OWNER: lambda scene: scene.token(scene.owner),
    Caller.OTHER: lambda scene: scene.token(scene.other),
    Caller.ADMIN: lambda scene: scene.token(scene.admin),
    Caller.READER: lambda scene: scene.app_password(read_only=True),
    Caller.INSIDE: lambda scene: scene.app_password(folder=FOLDER),
    Caller.OUTSIDE: lambda scene: scene.app_password(folder=ELSEWHERE),
    Caller.API_KEY: _api_key,
    Caller.PASSWORD: _password,
    **{Caller(kind.value): _credential(kind) for kind in ServiceKind},
    Caller.REVOKED: _revoked,
}
