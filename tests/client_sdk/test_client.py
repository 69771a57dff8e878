"""Accounts, listings, events, and the life of a client."""

import asyncio
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import msgspec
import pytest

from client_sdk import (
    ChangeAction,
    Client,
    ClientSettings,
    EventsMissed,
    EventStream,
    FileEvent,
    FileInfo,
    FolderEvent,
    FolderInfo,
    ManagerStatus,
    Ownership,
)
from client_sdk.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    NotLoggedIn,
    Refused,
    ReplyTimeout,
    UnexpectedAnswer,
    Unreachable,
    WrongPassword,
)
from protocol import c2s, generic, s2c


def file_event(name: str) -> s2c.FileModify:
    """Somebody added a file."""
    handle = s2c.FileHandle(
        id=1,
        name=name,
        type="text/plain",
        has_thumbnail=False,
        ownership=s2c.Ownership(status="owned"),
        created_at=None,
        updated_at=None,
        size=1,
    )
    return s2c.FileModify(path="/", action="add", handle=handle)


async def names_of(events: EventStream, count: int) -> list[str]:
    """The names of the files that the next events are about."""
    found = [await anext(events) for _ in range(count)]
    return [event.file.name for event in found if isinstance(event, FileEvent)]


async def test_login_gives_a_token(manager) -> None:
    """The right password gives a token, a wrong one an error of its own."""
    async with Client(manager.url) as cloud:
        assert await cloud.login("alice", "password1") == manager.token
        with pytest.raises(WrongPassword):
            await cloud.login("alice", "password2")


async def test_register_needs_an_administrator(manager) -> None:
    """Later users need the token of an administrator."""
    async with Client(manager.url) as cloud:
        with pytest.raises(Forbidden, match="administrator"):
            await cloud.register("bob", "password2")
        await cloud.register("bob", "password2", admin_token=manager.token)
        assert await cloud.login("bob", "password2")


async def test_without_a_token_one_has_to_log_in(manager) -> None:
    """What needs a user says so."""
    async with Client(manager.url) as cloud:
        with pytest.raises(NotLoggedIn):
            await cloud.upload(b"x", "/name")
        with pytest.raises(NotLoggedIn):
            await cloud.status()
        with pytest.raises(NotLoggedIn):
            cloud.events()


async def test_a_wrong_token_is_noticed_at_once(manager) -> None:
    """Entering with a token that is no good fails."""
    with pytest.raises(NotLoggedIn):
        async with Client(manager.url, "a.b.c"):
            pass


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:4000", "ftp://host", "http://", "http://h/?key=1", "http://u:p@h"]
)
def test_urls_are_checked(url: str) -> None:
    """What is no address of a manager is refused before anything is sent."""
    with pytest.raises(InvalidInput):
        Client(url)


def test_a_client_never_shows_its_token() -> None:
    """The token is in no repr."""
    assert "secret" not in repr(Client("http://host", "secret"))


async def test_a_listing_has_all_pages(manager, make_client) -> None:
    """Folders come first, then files, by name, over as many pages as there are."""
    manager.files = {f"/{name}": b"x" for name in "abcde"}
    manager.folders |= {"/x", "/y", "/x/z"}
    async with make_client() as cloud:
        assert [entry.name async for entry in cloud.list("/")] == ["x", "y", *"abcde"]
        with pytest.raises(NotFound):
            _ = [entry async for entry in cloud.list("/missing")]


async def test_folders_are_measured_and_made(manager, make_client) -> None:
    """Status, size and creation of folders."""
    manager.files = {"/a": b"xyz"}
    async with make_client() as cloud:
        await cloud.create_folder("/new/")
        assert (await cloud.folder_status("/new")).exists
        assert (await cloud.folder_size("/")).total_size == 3
        with pytest.raises(NotFound):
            await cloud.folder_size("/missing")


async def test_what_exists_is_a_file_or_a_folder(manager, make_client) -> None:
    """`exists` knows both kinds, also the deepest file, whose path no folder can have."""
    deepest = "/1/2/3/4/5/6/7/8/9/10/file"
    manager.files = {"/a": b"xyz", deepest: b""}
    manager.folders.add("/folder")
    async with make_client() as cloud:
        for remote in ("/a", "/folder", "/folder/", "/", deepest, PurePosixPath("/folder")):
            assert await cloud.exists(remote), remote
        for remote in ("/b", "/a/", f"{deepest}2", PurePosixPath("/b")):
            assert not await cloud.exists(remote), remote
        assert (await cloud.is_file("/a"), await cloud.is_folder("/a")) == (True, False)
        assert (await cloud.is_file("/folder"), await cloud.is_folder("/folder")) == (False, True)


@pytest.mark.parametrize("remote", [PureWindowsPath("/a"), b"/a", None, 7])
async def test_a_remote_path_is_text_or_a_posix_path(make_client, remote: Any) -> None:
    """The paths of Windows and other values are no remote paths, whatever system this is."""
    async with make_client() as cloud:
        for call in (cloud.exists, cloud.folder_status, cloud.delete_file, cloud.find_file):
            with pytest.raises(TypeError, match=f"PurePosixPath, not {type(remote).__name__}"):
                await call(remote)


async def test_entries_tell_all_that_the_manager_knows(manager, make_client) -> None:
    """Times are aware and in UTC, paths are full, and rights are named."""
    manager.files = {"/x/a": b"xyz"}
    manager.folders |= {"/x", "/x/y"}
    async with make_client() as cloud:
        folder, file = [entry async for entry in cloud.list(PurePosixPath("/x"))]
        assert await cloud.find_file(PurePosixPath("/x/a")) == file
    assert folder == FolderInfo(id=0, path="/x/y")
    assert file == FileInfo(
        id=1,
        path="/x/a",
        size=3,
        content_type="text/plain",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        updated_at=datetime(2026, 1, 2, tzinfo=UTC),
        has_thumbnail=False,
        ownership=Ownership.OWNED,
        can_read=True,
        can_write=True,
        shared_at=None,
    )
    assert (file.name, file.parent, folder.name, folder.parent) == ("a", "/x", "y", "/x")


async def test_times_without_a_zone_are_in_utc_and_others_become_it(manager, make_client) -> None:
    """Whatever the manager writes, a time can be compared with any other aware time."""

    async def tell(peer, frame, packet) -> None:
        handle = manager.listed("/", "a")
        handle = msgspec.structs.replace(
            handle, created_at="2026-01-01T01:30:00+02:00", updated_at="2026-01-01T00:00"
        )
        answer = s2c.ListFiles(path="/", page=0, files=(handle,), success=True)
        await peer.send(answer, frame)

    manager.files = {"/a": b""}
    manager.on(c2s.ListRequest, tell)
    async with make_client() as cloud:
        file = await cloud.find_file("/a")
    assert file.created_at == datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert file.updated_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (file.created_at.tzinfo, file.updated_at.tzinfo) == (UTC, UTC)


async def test_the_status_is_typed_and_forgiving(manager, make_client) -> None:
    """What another manager does not tell has a default; what cannot be is an error."""
    async with make_client() as cloud:
        assert await cloud.status() == ManagerStatus()
        manager.status = {"services": [{"id": 7}]}
        with pytest.raises(UnexpectedAnswer, match="services"):
            await cloud.status()


async def test_a_refusal_is_quoted(manager, make_client) -> None:
    """The manager's words come with the error."""

    async def refuse(peer, frame, _) -> None:
        await peer.send(generic.Boolean(success=False, message="it exists"), frame)

    manager.on(c2s.CreateFolder, refuse)
    manager.on(c2s.FolderStatusRequest, refuse)
    async with make_client() as cloud:
        with pytest.raises(Refused, match="it exists"):
            await cloud.create_folder("/new")
        with pytest.raises(Refused, match="it exists"):
            await cloud.folder_status("/new")


async def test_questions_are_asked_again(manager, make_client) -> None:
    """A lost answer costs time, not the listing; a manager that is silent is an error."""
    manager.lose(s2c.FolderStatus)
    async with make_client(reply_timeout_s=0.02, request_attempts=2) as cloud:
        assert (await cloud.folder_status("/")).exists
        manager.lose(s2c.FolderStatus, 2)
        with pytest.raises(ReplyTimeout):
            await cloud.folder_status("/")


async def test_events_reach_every_stream(manager, make_client) -> None:
    """Each stream has all events from its making on, in order."""
    async with make_client() as cloud:
        first, second = cloud.events(), cloud.events()
        for name in "ab":
            await manager.broadcast(file_event(name))
        for stream in (first, second):
            assert await names_of(stream, 2) == ["a", "b"]


async def test_events_tell_what_changed(manager, make_client) -> None:
    """Files and folders, as listings tell of them, with what they were before."""
    shared = s2c.Share(can_write=False, file=1, shared_at="2026-01-01T00:00:00Z", user=2)
    packet = file_event("a")
    handle = msgspec.structs.replace(
        packet.handle, ownership=s2c.Ownership(status="shared", share=shared), thumbnail_url="/t"
    )
    folder = s2c.FolderHandle(id=3, name="y", parent_folder=None)
    async with make_client() as cloud:
        events = cloud.events()
        await manager.broadcast(s2c.FileModify(path="/x", action="modify", handle=handle))
        await manager.broadcast(
            s2c.FolderModify(path="/y", handle=folder, action="rename", rename_origin="x")
        )
        changed, renamed = await anext(events), await anext(events)
    assert isinstance(changed, FileEvent)
    assert (changed.action, changed.thumbnail_url) == (ChangeAction.MODIFY, "/t")
    file = changed.file
    assert (file.path, file.ownership, file.can_read, file.can_write, file.shared_at) == (
        "/x/a",
        Ownership.SHARED,
        True,
        False,
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert renamed == FolderEvent(
        action=ChangeAction.RENAME,
        folder=FolderInfo(id=3, path="/y"),
        previous_name="x",
        previous_parent_id=None,
    )


async def test_a_lost_connection_may_have_missed_events(manager, make_client) -> None:
    """After a reconnect a stream says that something may be missing."""
    async with make_client() as cloud:
        events = cloud.events()
        await manager.drop_all()
        assert await anext(events) == EventsMissed()
        await manager.broadcast(file_event("a"))
        assert await names_of(events, 1) == ["a"]


async def test_a_lost_connection_is_told_and_so_is_its_return(manager) -> None:
    """Neither the first connection nor the end of the client is news."""
    told: list[bool] = []
    settings = ClientSettings(retry_first_s=0.0)
    async with Client(
        manager.url, manager.token, settings=settings, link_changed=told.append
    ) as cloud:
        assert told == []
        await manager.drop_all()
        assert (await cloud.folder_status("/")).exists
        assert told == [False, True]
    assert told == [False, True]


async def test_a_manager_that_hangs_up_at_once_is_given_up(manager, make_client) -> None:
    """A connection that is taken and closed without a word is a failed try like any other."""
    async with make_client(reconnect_attempts=3, request_attempts=100) as cloud:
        manager.hangs_up = True
        await manager.drop_all()
        with pytest.raises(Unreachable, match="without a word"):
            await cloud.folder_status("/")
    assert manager.hang_ups <= 4


async def test_a_slow_reader_misses_events_but_nobody_waits_for_it(manager, make_client) -> None:
    """A stream holds a bounded number of events."""
    async with make_client() as cloud:
        slow, fast = cloud.events(), cloud.events()
        for number in range(1001):
            await manager.broadcast(file_event(str(number)))
            assert await names_of(fast, 1) == [str(number)]
        assert await anext(slow) == EventsMissed()
        assert await names_of(slow, 1) == ["1000"]


async def test_streams_end_with_their_client(make_client) -> None:
    """Nobody waits for events of a client that is closed."""
    async with make_client() as cloud:
        events = cloud.events()
    with pytest.raises(Unreachable, match="closed"):
        await anext(events)


async def test_errors_of_the_body_come_out_as_they_are(make_client) -> None:
    """What happens inside `async with` is not wrapped."""
    with pytest.raises(ZeroDivisionError):
        async with make_client():
            raise ZeroDivisionError


async def test_leaving_ends_uploads_that_still_run(manager, make_client) -> None:
    """An upload in a task of its own does not outlive the client."""
    manager.services = 0
    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(b"x", "/name"))
        await manager.seen(c2s.UploadBookingRequest)
    with pytest.raises(Unreachable, match="closed"):
        await upload


async def test_a_client_has_to_be_entered(manager) -> None:
    """Using it without `async with` says what is missing."""
    with pytest.raises(RuntimeError, match="async with"):
        await Client(manager.url).login("alice", "password1")
