"""The client without an event loop, at a manager that runs."""

import asyncio
import inspect
import io
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, assert_type

import pytest

from client_sdk import (
    Client,
    ClientSettings,
    Conflict,
    ConflictAnswer,
    Entry,
    Event,
    FileEvent,
    FileInfo,
    OnConflict,
    Progress,
    Stage,
    SyncClient,
    UploadResult,
)
from client_sdk.errors import NotFound, NotLoggedIn, Unreachable
from tests.client_sdk.content import content_of

CONTENT = content_of(5000)


@pytest.fixture
def cloud(cloud_url: str, tokens: dict[str, str]) -> Iterator[SyncClient]:
    """The administrator's client."""
    with SyncClient(cloud_url, tokens["alice"]) as client:
        yield client


@pytest.fixture
def home(request: pytest.FixtureRequest, cloud: SyncClient) -> str:
    """A remote folder for one test alone."""
    path = "/sync-" + "".join(c if c.isalnum() else "-" for c in request.node.name)[-90:].strip("-")
    cloud.create_folder(path)
    return path


def test_it_does_what_the_client_does(cloud: SyncClient, home: str, tmp_path: Path) -> None:
    """Uploads, listings, reads, downloads and streams, one after the other, with exact types."""
    result = assert_type(cloud.upload(CONTENT, f"{home}/a"), UploadResult)
    assert result.path == f"{home}/a"
    cloud.upload(iter([CONTENT, CONTENT]), f"{home}/b", on_conflict="skip")
    entries = [assert_type(entry, Entry) for entry in cloud.list(home)]
    assert [entry.name for entry in entries] == ["a", "b"]
    assert assert_type(cloud.read(f"{home}/b", offset=4999, length=2), bytes) == (
        CONTENT[-1:] + CONTENT[:1]
    )
    assert assert_type(cloud.download(f"{home}/a", tmp_path), Path).read_bytes() == CONTENT
    assert assert_type(cloud.find_file(f"{home}/a"), FileInfo).size == 5000
    with cloud.stream(f"{home}/b", offset=1) as stream:
        assert (stream.size, stream.offset, stream.length) == (10_000, 1, 9999)
        cloud.upload(stream, f"{home}/c", size=stream.length)
    with cloud.stream(f"{home}/c") as stream:
        assert b"".join(assert_type(piece, bytes) for piece in stream) == (CONTENT * 2)[1:]
    assert assert_type(cloud.exists(home), bool)
    assert b"".join(cloud.read_archive(home))[:2] == b"PK"
    cloud.delete_folder(home)
    with pytest.raises(NotFound, match="no such folder"):
        next(iter(cloud.list(home)))


def test_it_has_every_method_with_its_arguments() -> None:
    """Nothing of the client is missing, and nothing is called otherwise."""

    def methods(kind: type) -> dict[str, list[inspect.Parameter]]:
        return {
            name: list(inspect.signature(value).parameters.values())
            for name, value in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    synchronous = methods(SyncClient)
    for name in ("connect", "close"):
        del synchronous[name]
    assert synchronous == methods(Client)
    construct: Any = SyncClient.__init__
    assert inspect.signature(construct) == inspect.signature(Client.__init__)


def test_listings_of_more_than_is_fetched_at_once(cloud: SyncClient, home: str) -> None:
    """All entries come, once, and in order; who stops early leaves nothing behind."""
    names = [f"{number:03}" for number in range(201)]
    for name in names:
        cloud.create_folder(f"{home}/{name}")
    assert [entry.name for entry in cloud.list(home)] == names
    entries = cloud.list(home)
    assert next(entries).name == "000"
    del entries
    assert cloud.exists(home)


def test_many_threads_may_use_it(cloud: SyncClient, home: str) -> None:
    """Each gets its own answers."""

    def work(number: int) -> bool:
        content = CONTENT[number:]
        cloud.upload(content, f"{home}/{number}")
        return cloud.read(f"{home}/{number}") == content

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(16)))
    assert len(list(cloud.list(home))) == 16


async def test_it_works_beside_a_running_loop(cloud_url: str, tokens: dict[str, str]) -> None:
    """In a notebook, for example, which has a loop of its own."""
    with SyncClient(cloud_url, tokens["alice"]) as cloud:
        assert cloud.exists("/")
    assert asyncio.get_running_loop().is_running()


def test_changes_are_told_from_the_call_on(cloud: SyncClient, home: str) -> None:
    """Also those that happen before the first of them is asked for."""
    events = cloud.events()
    cloud.upload(CONTENT, f"{home}/a")
    event = assert_type(next(events), Event)
    assert isinstance(event, FileEvent)
    assert event.file.path == f"{home}/a"


def test_a_conflict_is_answered_by_who_may_ask_the_client(cloud: SyncClient, home: str) -> None:
    """The callback may wait, and use the client: it runs in a thread of its own."""
    asked: list[tuple[str, bytes]] = []

    def ask(conflict: Conflict) -> ConflictAnswer:
        asked.append((conflict.name, cloud.read(conflict.path)))
        return ConflictAnswer(OnConflict.OVERWRITE)

    cloud.upload(b"old", f"{home}/a")
    cloud.upload(b"new", f"{home}/a", on_conflict=ask)
    assert asked == [("a", b"old")]
    assert cloud.read(f"{home}/a") == b"new"


def test_a_report_cannot_use_the_client(cloud: SyncClient, home: str) -> None:
    """It would wait for itself; it is told so instead."""

    def report(_: Progress) -> None:
        cloud.exists(home)

    with pytest.raises(RuntimeError, match="a callback that reports"):
        cloud.upload(CONTENT, f"{home}/a", progress=report)


def test_it_has_to_be_connected(cloud_url: str, tokens: dict[str, str]) -> None:
    """Before and after that it says what to do; it can be connected again."""
    cloud = SyncClient(cloud_url, tokens["alice"])
    for _ in range(2):
        with pytest.raises(RuntimeError, match="with SyncClient"):
            cloud.exists("/")
        cloud.connect()
        with pytest.raises(RuntimeError, match="already"):
            cloud.connect()
        assert cloud.exists("/")
        cloud.close()
        cloud.close()
    assert tokens["alice"] not in repr(cloud)


def test_errors_are_those_of_the_client(cloud: SyncClient, cloud_url: str, home: str) -> None:
    """Also those of the first connection, after which no thread is left."""
    with pytest.raises(NotFound):
        cloud.read(f"{home}/missing")
    before = threading.active_count()
    with pytest.raises(NotLoggedIn):
        SyncClient(cloud_url, "a.b.c").connect()
    with pytest.raises(NotLoggedIn), SyncClient(cloud_url) as stranger:
        stranger.exists("/")
    assert threading.active_count() == before


def test_closing_ends_what_others_wait_for(cloud_url: str, tokens: dict[str, str]) -> None:
    """No thread waits for ever."""
    cloud = SyncClient(cloud_url, tokens["alice"])
    cloud.connect()
    events = cloud.events()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(next, events)
        cloud.close()
        with pytest.raises(Unreachable, match="closed"):
            waiting.result()


def test_an_interrupt_cancels_what_is_waited_for(cloud: SyncClient, home: str) -> None:
    """Ctrl-C takes an upload back, and the client can be used further."""
    test_thread = threading.get_ident()
    was_interrupted = threading.Event()

    def report(progress: Progress) -> None:
        if progress.stage is Stage.TRANSFERRING and not was_interrupted.is_set():
            was_interrupted.set()
            signal.pthread_kill(test_thread, signal.SIGINT)

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            cloud.upload(io.BytesIO(bytes(50_000_000)), f"{home}/a", progress=report)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert list(cloud.list(home)) == []


def test_a_program_that_forgets_to_close_ends(cloud_url: str, tokens: dict[str, str]) -> None:
    """The thread of the client holds up no exit."""
    program = (
        "import sys; from client_sdk import SyncClient\n"
        "cloud = SyncClient(*sys.argv[1:]); cloud.connect(); print(cloud.exists('/'))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, cloud_url, tokens["alice"]],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_settings_and_changes_of_the_connection_reach_it(
    cloud_url: str, tokens: dict[str, str]
) -> None:
    """It takes what the client takes."""
    settings = ClientSettings(spool_limit=10)
    with (
        SyncClient(cloud_url, tokens["alice"], settings=settings, link_changed=print) as cloud,
        pytest.raises(Exception, match="10 bytes"),
    ):
        cloud.upload(iter([CONTENT]), "/too-large")
