"""What becomes of a file is told in the order in which it happened, however slow the catalog answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest
from aiohttp import ClientWebSocketResponse

from catalog.port import Catalog, FailOnConflict, OnConflict, OverwriteOnConflict
from catalog.records import EnvelopeKind, File, ObjectState, Reference, StoredObject, User
from catalog.sqlite.adapter import SqliteCatalog
from common.key_derivation import Purpose
from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub, PacedBroadcasts
from manager.connections.clients import ClientSession
from manager.downloads.links import ContentLinks
from manager.files.changes import ChangeFeed
from manager.retrying import DEFAULT_RETRY
from manager.scopes import Login
from protocol import c2s, generic, s2c
from protocol.codec import decode
from tests.commits import commit_file
from tests.manager.connections.test_connection import connection
from tests.manager.signing.rings import signer_of
from tests.manager.sockets.flaky import FlakyCatalog, FlakyStage
from tests.manager.sockets.peers import ClientPeer


async def told_of_files(observer: ClientPeer) -> list[tuple[str, str]]:
    """The next two changes of files."""
    changes = [await observer.next(s2c.FileModify) for _ in range(2)]
    return [(change.action, change.handle.name) for change in changes]


async def test_an_upload_is_told_before_the_deletion_of_its_file(flaky_stage: FlakyStage):
    """Nothing is asked of the catalog between the commit and the news of it."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    observer = await flaky_stage.client("bob")
    await client.book(1)
    flaky_stage.catalog.held["shares_of"] = asyncio.Event()
    await client.request_upload("a.txt")
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.order(c2s.DeleteFile(folder_id=0, name="a.txt"))).success
    flaky_stage.catalog.held["shares_of"].set()
    assert await told_of_files(observer) == [("add", "a.txt"), ("delete", "a.txt")]


async def test_an_empty_file_is_told_before_its_deletion(flaky_stage: FlakyStage):
    """The deletion waits for the answer to the commit, however long it takes."""
    client, other = await flaky_stage.client(), await flaky_stage.client()
    observer = await flaky_stage.client("bob")
    flaky_stage.catalog.held["commit_upload"] = asyncio.Event()
    made = asyncio.create_task(client.order(c2s.EmptyFileUpload(path="/", name="a.txt")))
    await flaky_stage.catalog.is_holding("commit_upload")
    assert (await other.order(c2s.DeleteFile(folder_id=0, name="a.txt"))).success
    flaky_stage.catalog.held["commit_upload"].set()
    assert (await made).success
    assert await told_of_files(observer) == [("add", "a.txt"), ("delete", "a.txt")]


async def test_clients_see_the_order_of_the_commits(flaky_stage: FlakyStage):
    """An answer that comes late is waited for, so that a deletion is the last that is told of a file."""
    client, other = await flaky_stage.client(), await flaky_stage.client()
    observer = await flaky_stage.client("bob")
    assert (await client.order(c2s.EmptyFileUpload(path="/", name="a.txt"))).success
    added = await observer.next(s2c.FileModify)
    assert added.handle.name == "a.txt"
    flaky_stage.catalog.held["rename_file"] = asyncio.Event()
    renaming = asyncio.create_task(
        client.order(c2s.RenameFile(path="/", name="a.txt", target_name="b.txt"))
    )
    await flaky_stage.catalog.is_holding("rename_file")
    assert (await other.order(c2s.DeleteFile(folder_id=0, name="b.txt"))).success
    flaky_stage.catalog.held["rename_file"].set()
    assert (await renaming).success
    assert await told_of_files(observer) == [("modify", "b.txt"), ("delete", "b.txt")]


async def test_a_lost_answer_holds_up_no_change(flaky_stage: FlakyStage):
    """What a call did that failed in the end is skipped, and what follows is told at once."""
    client, observer = await flaky_stage.client(), await flaky_stage.client("bob")
    for name in ("a.txt", "b.txt"):
        assert (await client.order(c2s.EmptyFileUpload(path="/", name=name))).success
        await observer.next(s2c.FileModify)
    flaky_stage.catalog.after["rename_file"] = 1
    lost = await client.order(c2s.RenameFile(path="/", name="a.txt", target_name="c.txt"))
    assert not lost.success
    for name in ("b.txt", "c.txt"):
        assert (await client.order(c2s.DeleteFile(folder_id=0, name=name))).success
    assert await told_of_files(observer) == [("delete", "b.txt"), ("delete", "c.txt")]


@dataclass
class Feed:
    """Changes of a catalog, which the test makes itself, and the client that hears of them."""

    catalog: Catalog
    held: FlakyCatalog
    changes: ChangeFeed
    hub: Hub
    client: ClientWebSocketResponse

    async def put(self, name: str = "f", on_conflict: OnConflict | None = None) -> File:
        """A file in the folder `a`, as its upload would enter it."""
        draft = StoredObject(
            id=uuid4(),
            size=0,
            chunk_size=1,
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
            ("a",),
            name,
            owner_id=None,
            is_public=False,
            on_conflict=on_conflict or FailOnConflict(),
            mime_type="image/png",
        )
        self.changes.file_committed(committed)
        return committed.file

    async def heard(self) -> list[str]:
        """What was told so far, in short; folders by what happened to them."""
        self.hub.broadcast(generic.Primitives())
        told: list[str] = []
        accepts = frozenset({"s2c", "generic"})
        while True:
            match decode(await self.client.receive_str(timeout=10), accepts=accepts).packet:
                case s2c.FileModify(path=path, action=action, handle=handle):
                    picture = " with its picture" if handle.thumbnail_url else ""
                    told.append(f"{action} {path.rstrip('/')}/{handle.name}{picture}")
                case s2c.FolderModify(path=path, action=action):
                    told.append(f"{action} folder {path}")
                case _:
                    return told


@pytest.fixture
async def feed(tmp_path: Path) -> AsyncIterator[Feed]:
    """A feed that one client hears."""
    hub, tasks = Hub(), BackgroundTasks()
    user = User(id=1, name="bob", is_admin=False, password_hash="", token_epoch=0, created_at=0.0)
    async with (
        SqliteCatalog.open(tmp_path / "catalog.sqlite3") as catalog,
        connection() as (peer, client),
    ):
        login = Login(user=user)
        hub.join(
            ClientSession(id="c", login=login, connection=peer, base_url="", address="unknown")
        )
        held = FlakyCatalog(catalog)
        changes = ChangeFeed(
            hub,
            cast("Catalog", held),
            DEFAULT_RETRY,
            ContentLinks(signer_of(b"secret", Purpose.CONTENT_LINKS)).thumbnail,
            PacedBroadcasts(hub, tasks),
            order_wait_s=0.01,
        )
        yield Feed(catalog, held, changes, hub, client)
    await tasks.close()


async def test_a_hanging_call_holds_up_changes_for_a_limited_time(feed: Feed):
    """After it what was committed later is told, and the late change as soon as it is known."""
    with feed.changes.expecting():
        late = await feed.catalog.make_folders(("late",))
        with feed.changes.expecting():
            feed.changes.folders_created(await feed.catalog.make_folders(("b",)))
        await asyncio.wait_for(feed.changes.drained(), 10)
        assert await feed.heard() == ["add folder /b"]
        feed.changes.folders_created(late)
    assert await feed.heard() == ["add folder /late"]


async def test_changes_of_other_programs_are_not_waited_for(feed: Feed):
    """A number that no call of this process took is skipped at once."""
    for name in ("a", "b"):
        await feed.catalog.make_folders((f"other program's {name}",))
        feed.changes.folders_created(await feed.catalog.make_folders((name,)))
    assert await feed.heard() == ["add folder /a", "add folder /b"]


async def overwrite(feed: Feed, file: File) -> None:
    """The file gets other content, which has no picture."""
    await feed.put(on_conflict=OverwriteOnConflict(file.id))


async def delete(feed: Feed, file: File) -> None:
    """The file goes."""
    deleted = await feed.catalog.delete_file(file.id)
    assert deleted is not None
    feed.changes.file_changed("delete", deleted)


async def rename(feed: Feed, file: File) -> None:
    """The file gets another name."""
    feed.changes.file_changed("modify", await feed.catalog.rename_file(file.id, "g"))


async def move(feed: Feed, file: File) -> None:
    """The file goes into the root."""
    feed.changes.files_moved(await feed.catalog.move_files([file.id], 0))


async def rename_folder(feed: Feed, file: File) -> None:
    """The file's folder gets another name."""
    feed.changes.folder_renamed(await feed.catalog.rename_folder(file.folder_id, "b"))


async def move_folder(feed: Feed, file: File) -> None:
    """The file's folder goes into another one."""
    target = (await feed.catalog.make_folders(("b",))).folder
    feed.changes.folder_moved(await feed.catalog.move_folder(file.folder_id, target.id))


async def delete_folder(feed: Feed, file: File) -> None:
    """The file's folder goes, and the file with it."""
    deleted = await feed.catalog.delete_folder(file.folder_id)
    assert deleted is not None
    feed.changes.folder_deleted(deleted)


async def add_another(feed: Feed, _: File) -> None:
    """Something happens that does not concern the file."""
    await feed.put("another")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (overwrite, ["modify /a/f"]),
        (delete, ["delete /a/f"]),
        (rename, ["modify /a/g", "modify /a/g with its picture"]),
        (move, ["delete /a/f", "add /f", "modify /f with its picture"]),
        (rename_folder, ["rename folder /b", "modify /b/f with its picture"]),
        (move_folder, ["move folder /b/a", "modify /b/a/f with its picture"]),
        (delete_folder, ["delete folder /a"]),
        (add_another, ["add /a/another", "modify /a/f with its picture"]),
    ],
)
async def test_a_picture_is_told_of_what_the_file_is_by_then(
    feed: Feed, change: Callable[[Feed, File], Awaitable[None]], told: list[str]
):
    """What happens to the file while it is looked up is told first, and not undone by old news."""
    file = await feed.put()
    assert await feed.heard() == ["add folder /a", "add /a/f"]
    feed.held.held["files_of"] = asyncio.Event()
    telling = asyncio.create_task(feed.changes.thumbnail_made(file.object_id))
    await feed.held.is_holding("files_of")
    await change(feed, file)
    feed.held.held["files_of"].set()
    await telling
    assert await feed.heard() == told
