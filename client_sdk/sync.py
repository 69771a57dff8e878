"""The client for programs without an event loop: scripts, notebooks, threads.

Every method of `SyncClient` is made of that of `Client`, with its arguments and types, so that nothing
is written down twice. The client runs on an event loop in a thread of its own.
"""

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from client_sdk.client import Client
from client_sdk.downloads import RemoteStream
from client_sdk.errors import Unreachable
from client_sdk.events import Event, EventStream
from client_sdk.paths import RemotePath
from client_sdk.renewal import RenewableLogin
from client_sdk.session import LinkCallback
from client_sdk.settings import ClientSettings

T = TypeVar("T")


class LoopThread:
    """Runs a client, and whatever other threads ask of it.

    Args:
        client: The client. It is entered by `start` and left by `stop`, in one task.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._thread = threading.Thread(target=self._run, name=repr(client), daemon=True)
        # Guards what follows: no call may be begun on a loop that is about to end.
        self._gate = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: set[_Call[Any]] = set()
        self._task: asyncio.Task[None] | None = None
        self._has_begun = threading.Event()
        self._is_entered = threading.Event()
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Enter the client. Raises what that raises."""
        self._thread.start()
        try:
            self._is_entered.wait()
        except BaseException:
            with contextlib.suppress(Exception):
                self.stop()
            raise
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Leave the client, and raise what that raises. Calls under way raise `Unreachable`."""
        self._check_thread()
        self._has_begun.wait()
        with self._gate:
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; an interrupt of the waiting thread cancels it.

        Raises:
            RuntimeError: The caller is a callback that runs in the loop's own thread.
            Unreachable: The client is closed.
        """
        try:
            self._check_thread()
            call = self._begin(work)
        except BaseException:
            work.close()
            raise
        return call.result()

    def release(self, work: Coroutine[Any, Any, object]) -> None:
        """Run a coroutine without waiting for it, also from the loop's own thread.

        When the client is closed it is not run at all.
        """
        try:
            self._begin(work)
        except Unreachable:
            work.close()

    def _begin(self, work: Coroutine[Any, Any, T]) -> "_Call[T]":
        with self._gate:
            if self._loop is None:
                raise Unreachable("the client is closed")
            call = _Call(work, self._loop, self._calls.discard)
            self._calls.add(call)
        return call

    def _check_thread(self) -> None:
        if threading.current_thread() is self._thread:
            raise RuntimeError("a callback that reports something cannot use its client")

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except asyncio.CancelledError:
            pass  # this is how `stop` ends it
        except BaseException as error:  # noqa: BLE001 - `start` raises it
            self._failure = error
        finally:
            for call in self._calls:
                call.abandon()
            self._has_begun.set()
            self._is_entered.set()

    async def _serve(self) -> None:
        self._task = asyncio.current_task()
        with self._gate:
            self._loop = asyncio.get_running_loop()
        self._has_begun.set()
        try:
            async with self.client:
                self._is_entered.set()
                await asyncio.Event().wait()
        finally:
            with self._gate:
                self._loop = None
            # Calls that came before become tasks now, and are cancelled with all others.
            await asyncio.sleep(0)


class _Call(Generic[T]):
    """A coroutine that one thread waits for while another one runs it."""

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        loop: asyncio.AbstractEventLoop,
        over: "Callable[[_Call[Any]], None]",
    ) -> None:
        self._work = work
        self._loop = loop
        self._over = over
        self._task: asyncio.Task[T] | None = None
        self._is_over = threading.Event()
        loop.call_soon_threadsafe(self._start)

    def result(self) -> T:
        """Wait for its result. Raises its error, or `Unreachable` if it was not run to its end."""
        try:
            self._is_over.wait()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # the loop may be closed
                self._loop.call_soon_threadsafe(self._cancel)
            self._is_over.wait()
            raise
        if self._task is None or not self._task.done() or self._task.cancelled():
            raise Unreachable("the client is closed")
        return self._task.result()

    def abandon(self) -> None:
        """The loop has ended: it will not be run any more, if it was begun at all."""
        if self._task is None:
            self._work.close()
        self._is_over.set()

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._finish)

    def _finish(self, _: asyncio.Task[T]) -> None:
        self._is_over.set()
        self._over(self)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


P = ParamSpec("P")

LISTED_AT_ONCE = 100
"""Entries that are fetched at a time: each turn of the other thread takes its time."""


def _blocking(
    method: Callable[Concatenate[Client, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["SyncClient", P], T]:
    """The method that waits for a coroutine."""

    @functools.wraps(method)
    def call(self: "SyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        thread = self._running()
        return thread.call(method(thread.client, *args, **kwargs))

    return call


def _iterating(
    method: Callable[Concatenate[Client, P], AsyncGenerator[T, None]], *, at_once: int
) -> Callable[Concatenate["SyncClient", P], Iterator[T]]:
    """The method that gives the items of an async generator, of which it fetches some at once."""

    @functools.wraps(method)
    def iterate(self: "SyncClient", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        thread = self._running()
        items = method(thread.client, *args, **kwargs)
        return _items(thread, items, at_once)

    return iterate


def _items(thread: LoopThread, items: AsyncGenerator[T, None], at_once: int) -> Iterator[T]:
    try:
        while fetched := thread.call(_some(items, at_once)):
            yield from fetched
    finally:
        # Any thread may drop the iterator, and need not wait.
        thread.release(_close(items))


async def _some(items: AsyncIterator[T], most: int) -> list[T]:
    found: list[T] = []
    async for item in items:
        found.append(item)
        if len(found) == most:
            break
    return found


async def _close(items: AsyncGenerator[Any, None]) -> None:
    await items.aclose()


class SyncStream:
    """The bytes of a remote file, or of a part of it, as they arrive. Made by `SyncClient.stream`.

    Iterate over it, or `read` from it; either way each byte comes once, and in order.
    """

    def __init__(self, thread: LoopThread, stream: RemoteStream) -> None:
        self._thread = thread
        self._stream = stream

    @property
    def size(self) -> int:
        """Size of the whole file, in bytes."""
        return self._stream.size

    @property
    def offset(self) -> int:
        """Where the stream begins in the file."""
        return self._stream.offset

    @property
    def length(self) -> int:
        """How many bytes it gives in all."""
        return self._stream.length

    def __iter__(self) -> Iterator[bytes]:
        while fetched := self._thread.call(_some(self._stream, 1)):
            yield from fetched

    def read(self, size: int = -1, /) -> bytes:
        """As `RemoteStream.read`."""
        return self._thread.call(self._stream.read(size))


class SyncClient:
    """A user's view of one manager, for programs without an event loop.

    Use it as a context manager, or `connect` and `close` it. Its methods are those of `Client`, and
    wait until they are done; async iterators are iterators here, and async context managers are
    context managers. They may be called from many threads at the same time. Ctrl-C cancels what is
    waited for.

    Callbacks that report something (`progress`, `link_changed`) run in the client's own thread: they
    must be quick, and cannot use the client. Callbacks that answer a conflict may do both.

    Args:
        url: http(s) URL of the manager.
        token: The user's token, from `login`, a login, from `login_renewable`, or an app password.
        settings: Limits, time limits and retries.
        link_changed: Called with False when the connection is lost, and with True when it is back.
    """

    def __init__(
        self,
        url: str,
        token: str | RenewableLogin | None = None,
        *,
        settings: ClientSettings | None = None,
        link_changed: LinkCallback | None = None,
    ) -> None:
        self._client = Client(url, token, settings=settings, link_changed=link_changed)
        self._thread: LoopThread | None = None

    def __repr__(self) -> str:
        return f"Sync{self._client!r}"

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def connect(self) -> None:
        """Connect, if there is a token, and stay connected until `close`.

        Raises:
            NotLoggedIn, Unreachable: The connection did not come about.
            RuntimeError: It is connected already.
        """
        if self._thread is not None:
            raise RuntimeError("the client is connected already")
        thread = LoopThread(self._client)
        thread.start()
        self._thread = thread

    def close(self) -> None:
        """Disconnect. What is still under way in other threads ends with `Unreachable`."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def _running(self) -> LoopThread:
        if self._thread is None:
            raise RuntimeError("use the client as `with SyncClient(…) as cloud`")
        return self._thread

    login = _blocking(Client.login)
    login_renewable = _blocking(Client.login_renewable)
    register = _blocking(Client.register)
    change_password = _blocking(Client.change_password)
    logout = _blocking(Client.logout)
    sessions = _blocking(Client.sessions)
    end_session = _blocking(Client.end_session)
    end_other_sessions = _blocking(Client.end_other_sessions)
    app_passwords = _blocking(Client.app_passwords)
    create_app_password = _blocking(Client.create_app_password)
    revoke_app_password = _blocking(Client.revoke_app_password)
    status = _blocking(Client.status)
    graphql = _blocking(Client.graphql)

    upload = _blocking(Client.upload)
    uploads = _iterating(Client.uploads, at_once=LISTED_AT_ONCE)
    drop_upload = _blocking(Client.drop_upload)
    read = _blocking(Client.read)
    read_text = _blocking(Client.read_text)
    download = _blocking(Client.download)
    download_to = _blocking(Client.download_to)
    upload_folder = _blocking(Client.upload_folder)
    download_folder = _blocking(Client.download_folder)
    download_archive = _blocking(Client.download_archive)
    read_archive = _iterating(Client.read_archive, at_once=1)

    list = _iterating(Client.list, at_once=LISTED_AT_ONCE)
    exists = _blocking(Client.exists)
    is_file = _blocking(Client.is_file)
    is_folder = _blocking(Client.is_folder)
    find_file = _blocking(Client.find_file)
    content_hash = _blocking(Client.content_hash)
    folder_status = _blocking(Client.folder_status)
    folder_size = _blocking(Client.folder_size)

    create_folder = _blocking(Client.create_folder)
    make_folders = _blocking(Client.make_folders)
    rename_file = _blocking(Client.rename_file)
    rename_folder = _blocking(Client.rename_folder)
    copy = _blocking(Client.copy)
    copy_files = _blocking(Client.copy_files)
    move_files = _blocking(Client.move_files)
    move_folder = _blocking(Client.move_folder)
    move = _blocking(Client.move)
    delete_file = _blocking(Client.delete_file)
    delete_folder = _blocking(Client.delete_folder)

    trash = _iterating(Client.trash, at_once=LISTED_AT_ONCE)
    trash_use = _blocking(Client.trash_use)
    restore = _blocking(Client.restore)
    delete_from_trash = _blocking(Client.delete_from_trash)
    empty_trash = _blocking(Client.empty_trash)
    versions = _blocking(Client.versions)
    restore_version = _blocking(Client.restore_version)
    delete_version = _blocking(Client.delete_version)

    share = _blocking(Client.share)
    unshare = _blocking(Client.unshare)
    set_public = _blocking(Client.set_public)
    access_of = _blocking(Client.access_of)
    transfer_ownership = _blocking(Client.transfer_ownership)
    signed_link = _blocking(Client.signed_link)
    create_link = _blocking(Client.create_link)
    links = _iterating(Client.links, at_once=LISTED_AT_ONCE)
    change_link = _blocking(Client.change_link)
    revoke_link = _blocking(Client.revoke_link)
    create_folder_link = _blocking(Client.create_folder_link)
    folder_links = _iterating(Client.folder_links, at_once=LISTED_AT_ONCE)
    change_folder_link = _blocking(Client.change_folder_link)
    revoke_folder_link = _blocking(Client.revoke_folder_link)
    search = _iterating(Client.search, at_once=LISTED_AT_ONCE)
    star = _blocking(Client.star)
    unstar = _blocking(Client.unstar)
    starred = _iterating(Client.starred, at_once=LISTED_AT_ONCE)
    folder_access = _blocking(Client.folder_access)
    share_folder = _blocking(Client.share_folder)
    unshare_folder = _blocking(Client.unshare_folder)
    leave_folder = _blocking(Client.leave_folder)
    give_folder = _blocking(Client.give_folder)
    shared_with_me = _blocking(Client.shared_with_me)
    groups = _blocking(Client.groups)
    search_users = _blocking(Client.search_users)
    find_user = _blocking(Client.find_user)

    list_users = _iterating(Client.list_users, at_once=LISTED_AT_ONCE)
    find_account = _blocking(Client.find_account)
    set_user_password = _blocking(Client.set_user_password)
    set_role = _blocking(Client.set_role)
    remove_user = _blocking(Client.remove_user)
    create_invitation = _blocking(Client.create_invitation)
    invitations = _blocking(Client.invitations)
    revoke_invitation = _blocking(Client.revoke_invitation)
    storage = _blocking(Client.storage)
    usage = _iterating(Client.usage, at_once=LISTED_AT_ONCE)
    set_quota = _blocking(Client.set_quota)
    create_group = _blocking(Client.create_group)
    remove_group = _blocking(Client.remove_group)
    group_members = _blocking(Client.group_members)
    add_to_group = _blocking(Client.add_to_group)
    remove_from_group = _blocking(Client.remove_from_group)
    audit_events = _iterating(Client.audit_events, at_once=LISTED_AT_ONCE)

    @contextlib.contextmanager
    def stream(
        self, remote: RemotePath, *, offset: int = 0, length: int | None = None
    ) -> Iterator[SyncStream]:
        """As `Client.stream`: `with cloud.stream(…) as stream`."""
        thread = self._running()
        opening = thread.client.stream(remote, offset=offset, length=length)
        opened = thread.call(opening.__aenter__())
        try:
            yield SyncStream(thread, opened)
        finally:
            thread.call(opening.__aexit__(None, None, None))

    def events(self) -> Iterator[Event]:
        """Changes of files and folders, from now on. As `Client.events`."""
        thread = self._running()
        return _events(thread, thread.call(_subscribe(thread.client)))


async def _subscribe(client: Client) -> EventStream:
    return client.events()


def _events(thread: LoopThread, stream: EventStream) -> Iterator[Event]:
    while True:
        yield from thread.call(_some(stream, 1))
