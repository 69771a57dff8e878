"""A running manager with people and files to test with."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, ClientWebSocketResponse

from catalog.permits import Holder, Standing
from catalog.port import Catalog, FailOnConflict, OverwriteOnConflict
from catalog.records import (
    EnvelopeKind,
    File,
    FileOrder,
    ObjectState,
    Reference,
    StoredObject,
    User,
)
from tests.commits import commit_file
from tests.manager.frontend import Frontend
from tests.manager.sockets.peers import client_query
from tests.manager.sockets.stage import Stage

EVERYTHING = 10_000


@dataclass
class World:
    """What a test plays with. Alice owns files, Bob acts, Cid looks on."""

    stage: Stage
    session: ClientSession
    peers: AsyncExitStack
    users: dict[str, User] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        """The manager's catalog."""
        return self.stage.catalog

    async def user(self, name: str) -> User:
        """The user of that name; registered at the first call."""
        await self.stage.token(name)
        user = await self.catalog.user_by_name(name)
        assert user is not None
        return user

    async def socket(self, query: dict[str, str], **options: Any) -> ClientWebSocketResponse:
        """A WebSocket to the manager, closed at the end of the test."""
        return await self.peers.enter_async_context(
            self.session.ws_connect(self.stage.url, params=query, **options)
        )

    async def frontend(self, name: str) -> Frontend:
        """Connects a user's frontend."""
        user = await self.user(name)
        socket = await self.socket(client_query(await self.stage.token(name)))
        return Frontend(socket, user)

    async def put(
        self,
        path: str,
        *,
        owner: str | None = "alice",
        is_public: bool = False,
        overwriting: File | None = None,
        bob: str | None = None,
        cid: str | None = None,
    ) -> File:
        """A file at a path, shared with Bob and Cid for `r` or `rw`."""
        *folder, file_name = path.removeprefix("/").split("/")
        draft = StoredObject(
            id=uuid4(),
            size=0,
            chunk_size=100,
            chunk_count=0,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=0.0,
        )
        hold = Reference(object_id=draft.id, service="test", key="t", expires_at=None)
        await self.catalog.begin_objects([draft], [hold])
        committed = await commit_file(
            self.catalog,
            draft.id,
            tuple(folder),
            file_name,
            owner_id=None if owner is None else (await self.user(owner)).id,
            is_public=is_public,
            on_conflict=OverwriteOnConflict(overwriting.id) if overwriting else FailOnConflict(),
        )
        for name, can in (("bob", bob), ("cid", cid)):
            if can is not None:
                user_id = (await self.user(name)).id
                await self.catalog.put_share(committed.file.id, user_id, can_write=can == "rw")
        return committed.file

    async def put_standing(self, path: str, standing: Standing) -> File:
        """A file that stands so to Bob."""
        owner = {Holder.USER: "bob", Holder.NOBODY: None, Holder.OTHER: "alice"}[standing.holder]
        can = {None: None, False: "r", True: "rw"}[standing.can_write]
        return await self.put(path, owner=owner, is_public=standing.is_public, bob=can)

    async def folder_id(self, path: str) -> int:
        """The id of a folder, which exists."""
        folder = await self.catalog.folder_at(tuple(path.split("/")[1:]))
        assert folder is not None
        return folder.id

    async def everything(self) -> dict[str, Any]:
        """All folders and files by path, with all that rights depend on: equal if nothing changed."""
        found: dict[str, Any] = {}
        await self._collect(0, "", found)
        return found

    async def paths(self) -> list[str]:
        """Paths of all files, in order."""
        everything = await self.everything()
        return sorted(path for path, entry in everything.items() if entry is not None)

    async def _collect(self, folder_id: int, path: str, found: dict[str, Any]) -> None:
        for file in await self.catalog.list_files(
            folder_id,
            viewer_id=None,
            order=FileOrder.NAME,
            ascending=True,
            offset=0,
            limit=EVERYTHING,
        ):
            found[f"{path}/{file.name}"] = (file, await self.catalog.shares_of(file.id))
        for placed in await self.catalog.list_folders(folder_id, offset=0, limit=EVERYTHING):
            inner = f"{path}/{placed.folder.name}"
            found[inner + "/"] = None
            await self._collect(placed.folder.id, inner, found)
