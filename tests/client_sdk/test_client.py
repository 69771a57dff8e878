"""Accounts, listings, events, and the life of a client."""

import asyncio

import pytest

from client_sdk import Client, ClientSettings, EventsMissed
from client_sdk.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    NotLoggedIn,
    Refused,
    ReplyTimeout,
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
        assert await cloud.exists("/a")
        assert not await cloud.exists("/b")
        with pytest.raises(NotFound):
            await cloud.folder_size("/missing")


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
            assert [await anext(stream), await anext(stream)] == [file_event("a"), file_event("b")]


async def test_a_lost_connection_may_have_missed_events(manager, make_client) -> None:
    """After a reconnect a stream says that something may be missing."""
    async with make_client() as cloud:
        events = cloud.events()
        await manager.drop_all()
        assert await anext(events) == EventsMissed()
        await manager.broadcast(file_event("a"))
        assert await anext(events) == file_event("a")


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
            assert await anext(fast) == file_event(str(number))
        assert await anext(slow) == EventsMissed()
        assert await anext(slow) == file_event("1000")


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
