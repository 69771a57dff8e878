"""Downloads, whole and in pieces."""

import asyncio
import io
import os
import socket
from pathlib import Path

import pytest
from aiohttp import web

from client_sdk import Progress, Stage
from client_sdk.errors import (
    DownloadFailed,
    Forbidden,
    InvalidInput,
    LastingFailure,
    NotFound,
    ServerFailed,
    TargetUnwritable,
    Unreachable,
)
from client_sdk.sinks import DraftFile, SpecialFile, draft_path
from tests.client_sdk.cancelling import cancelled_at, held, names_in

CONTENT = bytes(index % 251 for index in range(300_000))


def leave(target: Path, content: bytes, tag: str | None = '"one"') -> None:
    """Leaves what an earlier download of the target would have left."""
    draft = DraftFile(target, resume=False)
    draft.open()
    draft.restart(tag)
    draft.write(0, content)
    draft.close(is_kept=True)


class Cut:
    """Begins the whole file, and breaks the connection once the client has so many bytes."""

    def __init__(self, length: int, tag: str = '"one"') -> None:
        self.length = length
        self.tag = tag
        self.has_arrived = asyncio.Event()

    def progress(self, report: Progress) -> None:
        """The client's progress."""
        if report.transferred >= self.length:
            self.has_arrived.set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        response = web.StreamResponse(
            headers={"ETag": self.tag, "Content-Length": str(len(CONTENT))}
        )
        await response.prepare(request)
        await response.write(CONTENT[: self.length])
        await self.has_arrived.wait()
        return abort(request)


def abort(request: web.Request) -> web.Response:
    """Break the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize("size", [0, 1, 300_000])
async def test_a_file_comes_back_byte_for_byte(manager, make_client, tmp_path, size) -> None:
    """The target holds the content, nothing else is left, and the path is returned."""
    manager.files["/dir/name"] = CONTENT[:size]
    async with make_client() as cloud:
        assert await cloud.download("/dir/name", tmp_path / "got") == tmp_path / "got"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"got": CONTENT[:size]}


async def test_a_folder_as_target_gets_the_remote_name(manager, make_client, tmp_path) -> None:
    """An existing folder takes the file in."""
    manager.files["/dir/name"] = CONTENT
    async with make_client() as cloud:
        assert await cloud.download("/dir/name", tmp_path) == tmp_path / "name"


async def test_a_broken_download_goes_on_where_it_stopped(
    manager, make_client, tmp_path: Path
) -> None:
    """After a cut connection only the rest is asked for."""
    manager.files["/name"] = CONTENT
    cut = Cut(100_000)
    manager.download_faults = [cut]
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name", progress=cut.progress)
    assert (tmp_path / "name").read_bytes() == CONTENT
    assert manager.downloads[1]["Range"] == "bytes=100000-"
    assert manager.downloads[1]["If-Range"] == '"one"'


@pytest.mark.parametrize("is_changed", [True, False])
async def test_the_part_of_an_earlier_run_is_used_if_it_still_fits(
    manager, make_client, tmp_path: Path, is_changed: bool
) -> None:
    """A file that changed since then is fetched whole."""
    manager.files["/name"] = CONTENT
    leave(tmp_path / "name", CONTENT[:200_000], '"old"' if is_changed else '"one"')
    reports: list[Progress] = []
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name", progress=reports.append)
    assert (tmp_path / "name").read_bytes() == CONTENT
    assert manager.downloads[0]["Range"] == "bytes=200000-"
    assert reports[0].transferred == (0 if is_changed else 200_000)
    assert reports[-1] == Progress(Stage.DONE, len(CONTENT), len(CONTENT))
    assert names_in(tmp_path) == ["name"]


async def test_a_complete_part_is_only_renamed(manager, make_client, tmp_path: Path) -> None:
    """When nothing is missing but the last step, nothing is sent again."""
    manager.files["/name"] = CONTENT
    leave(tmp_path / "name", CONTENT)
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == CONTENT
    assert len(manager.downloads) == 1


async def test_a_part_that_is_too_long_is_thrown_away(manager, make_client, tmp_path) -> None:
    """A part longer than the file cannot be right."""
    manager.files["/name"] = CONTENT
    leave(tmp_path / "name", CONTENT + b"more")
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == CONTENT


@pytest.mark.parametrize("has_tag", [True, False])
async def test_a_part_is_ignored_without_its_tag_or_when_told_so(
    manager, make_client, tmp_path: Path, has_tag: bool
) -> None:
    """Bytes of unknown origin are never mixed into a file."""
    manager.files["/name"] = CONTENT
    leave(tmp_path / "name", b"x" * 1000, '"one"' if has_tag else None)
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name", resume=not has_tag)
    assert (tmp_path / "name").read_bytes() == CONTENT
    assert "Range" not in manager.downloads[0]


async def test_weak_tags_are_not_resumed_by(manager, make_client, tmp_path: Path) -> None:
    """A weak tag does not promise equal bytes: the file is fetched from its start."""
    manager.files["/name"] = CONTENT
    manager.etag = 'W/"one"'

    cut = Cut(1000, 'W/"one"')
    manager.download_faults = [cut]
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name", progress=cut.progress)
    assert (tmp_path / "name").read_bytes() == CONTENT
    assert "Range" not in manager.downloads[1]


async def test_a_wrong_part_is_not_used(manager, make_client, tmp_path: Path) -> None:
    """A manager that sends another range than was asked for is not believed."""
    manager.files["/name"] = CONTENT
    leave(tmp_path / "name", CONTENT[:1000])

    def wrong(_: web.Request) -> web.Response:
        headers = {"Content-Range": f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}", "ETag": '"one"'}
        return web.Response(status=206, body=CONTENT[5:], headers=headers)

    manager.download_faults = [wrong]
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == CONTENT


async def test_tries_without_progress_end(manager, make_client, tmp_path: Path) -> None:
    """A manager that always breaks off is given up, and what arrived is kept."""
    manager.files["/name"] = CONTENT

    cut = Cut(1000)
    manager.download_faults = [cut, *[abort] * 9]
    async with make_client(download_attempts=3) as cloud:
        with pytest.raises((DownloadFailed, Unreachable)):
            await cloud.download("/name", tmp_path / "name", progress=cut.progress)
    assert draft_path(tmp_path / "name").read_bytes() == CONTENT[:1000]
    assert not (tmp_path / "name").exists()


@pytest.mark.parametrize(
    ("status", "error"), [(403, Forbidden), (404, NotFound), (502, ServerFailed)]
)
async def test_refusals_are_typed_and_quoted(
    manager, make_client, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    """Each status is its own error with the manager's words, and leaves no file behind."""

    def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": True, "error_details": "because"}, status=status)

    manager.download_faults = [refuse] * 10
    async with make_client(download_attempts=2) as cloud:
        with pytest.raises(error, match="because"):
            await cloud.download("/name", tmp_path / "name")
    assert names_in(tmp_path) == []


async def test_what_lasts_is_not_asked_for_again(manager, make_client, tmp_path: Path) -> None:
    """Where the manager says that asking again is no use, its words are told at once."""

    def refuse(_: web.Request) -> web.Response:
        answer = web.json_response({"error": True, "error_details": "a key is missing"}, status=502)
        answer.headers["Discord-Cloud-Lasting"] = "unknown-key"
        return answer

    manager.download_faults = [refuse] * 10
    async with make_client() as cloud:
        with pytest.raises(LastingFailure, match="a key is missing"):
            await cloud.download("/name", tmp_path / "name")
    assert len(manager.download_faults) == 9
    assert names_in(tmp_path) == []


async def test_a_target_that_cannot_be_written_is_named(make_client, manager, tmp_path) -> None:
    """A missing folder is an error of the target, not a crash."""
    manager.files["/name"] = CONTENT
    async with make_client() as cloud:
        with pytest.raises(TargetUnwritable, match="missing"):
            await cloud.download("/name", tmp_path / "missing" / "name")
        with pytest.raises(InvalidInput):
            await cloud.download("name", tmp_path / "name")


async def test_files_with_names_like_drafts_do_not_meet(
    manager, make_client, tmp_path: Path
) -> None:
    """Whatever the files of a folder are called, each comes back with its own bytes."""
    names = ["x", "x.part", "x.part.etag", ".x.part", "ж" * 125]
    manager.files = {f"/{name}": name.encode() * 9999 for name in names}
    async with make_client() as cloud:
        await asyncio.gather(*(cloud.download(f"/{name}", tmp_path) for name in names))
    assert sorted(names_in(tmp_path)) == sorted(names)
    for name in names:
        assert (tmp_path / name).read_bytes() == name.encode() * 9999


async def test_files_of_others_stay(manager, make_client, tmp_path: Path) -> None:
    """What lies beside the target is nobody's but the user's, whether the download succeeds."""
    manager.files["/name"] = CONTENT
    for name in ("name.part", "lost.part"):
        (tmp_path / name).write_bytes(b"precious")
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path)
        with pytest.raises(NotFound):
            await cloud.download("/lost", tmp_path)
    assert sorted(names_in(tmp_path)) == ["lost.part", "name", "name.part"]
    assert (tmp_path / "name.part").read_bytes() == b"precious"


@pytest.mark.parametrize("resume", [True, False])
async def test_one_download_at_a_time_writes_a_target(
    manager, make_client, tmp_path: Path, resume: bool
) -> None:
    """A second one is refused, and does not touch what the first one writes."""
    manager.files = {"/a": CONTENT, "/b": b"other"}
    cut = Cut(100_000)
    has_begun = asyncio.Event()

    def notice(report: Progress) -> None:
        if report.transferred >= cut.length:
            has_begun.set()

    manager.download_faults = [cut]
    async with make_client() as cloud:
        first = asyncio.create_task(cloud.download("/a", tmp_path / "x", progress=notice))
        await has_begun.wait()
        with pytest.raises(TargetUnwritable, match="another download"):
            await cloud.download("/b", tmp_path / "x", resume=resume)
        cut.has_arrived.set()
        await first
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert names_in(tmp_path) == ["x"]


async def test_a_link_leads_to_what_is_replaced(manager, make_client, tmp_path: Path) -> None:
    """The link stays, and the file that it leads to gets the content and keeps its permissions."""
    manager.files["/name"] = CONTENT
    goal = tmp_path / "goal"
    goal.write_bytes(b"old")
    goal.chmod(0o640)
    (tmp_path / "link").symlink_to(goal)
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (goal.read_bytes(), goal.stat().st_mode & 0o777) == (CONTENT, 0o640)


async def test_a_pipe_is_written_to(manager, make_client, tmp_path: Path) -> None:
    """What is no file is never replaced by one; a download that broke off goes on there."""
    manager.files["/name"] = CONTENT
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    cut = Cut(100_000)
    manager.download_faults = [cut]
    async with make_client() as cloud:
        read = asyncio.create_task(asyncio.to_thread(pipe.read_bytes))
        await cloud.download("/name", pipe, progress=cut.progress)
        assert await read == CONTENT
    assert pipe.is_fifo()
    assert names_in(tmp_path) == ["pipe"]


async def test_an_open_file_takes_a_download(manager, make_client) -> None:
    """The bytes go where it stands, and it is left open."""
    manager.files["/name"] = CONTENT
    output = io.BytesIO()
    async with make_client() as cloud:
        await cloud.download_to("/name", output)
    assert output.getvalue() == CONTENT


async def test_a_file_that_changes_on_its_way_to_a_stream(manager, make_client) -> None:
    """Bytes of two contents are never mixed: what was written cannot be taken back."""
    manager.files["/name"] = CONTENT
    cut = Cut(100_000, '"older"')
    manager.download_faults = [cut]
    output = io.BytesIO()
    async with make_client() as cloud:
        with pytest.raises(TargetUnwritable, match="changed"):
            await cloud.download_to("/name", output, progress=cut.progress)
    assert output.getvalue() == CONTENT[:100_000]


@pytest.mark.parametrize("method", ["open", "restart", "write", "finish"])
async def test_a_cancelled_download_lets_its_target_go(
    manager, make_client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Wherever it was: the next one may write there, as the lock is gone with the descriptor."""
    manager.files["/name"] = CONTENT
    async with make_client() as cloud:
        with monkeypatch.context() as patched:
            events = held(patched, method)
            await cancelled_at(cloud.download("/name", tmp_path / "x"), *events)
        await cloud.download("/name", tmp_path / "x")
    assert names_in(tmp_path) == ["x"]
    assert (tmp_path / "x").read_bytes() == CONTENT


async def test_a_download_that_is_cancelled_as_it_begins_keeps_what_was_there(
    manager, make_client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier one has left is not its own to remove."""
    manager.files["/name"] = CONTENT
    leave(tmp_path / "x", CONTENT[:200_000])
    async with make_client() as cloud:
        with monkeypatch.context() as patched:
            events = held(patched, "open")
            await cancelled_at(cloud.download("/name", tmp_path / "x"), *events)
        await cloud.download("/name", tmp_path / "x")
    assert manager.downloads[-1]["Range"] == "bytes=200000-"


async def test_a_pipe_that_nobody_reads_holds_no_cancelled_download(
    make_client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at once, and its thread with it."""
    os.mkfifo(tmp_path / "pipe")
    waits = asyncio.Event()
    loop = asyncio.get_running_loop()
    open_now = SpecialFile._open_now  # noqa: SLF001 - says that the pipe is waited for

    def noticed(special: SpecialFile) -> bool:
        loop.call_soon_threadsafe(waits.set)
        return open_now(special)

    monkeypatch.setattr(SpecialFile, "_open_now", noticed)
    async with make_client() as cloud:
        download = asyncio.create_task(cloud.download("/name", tmp_path / "pipe"))
        await waits.wait()
        download.cancel()
        with pytest.raises(asyncio.CancelledError):
            await download
    async with asyncio.timeout(10):
        await loop.shutdown_default_executor()


async def test_a_socket_is_no_place_for_a_download(make_client, tmp_path: Path) -> None:
    """It cannot be opened, however long one waits."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        async with make_client() as cloud:
            with pytest.raises(TargetUnwritable, match="cannot be written"):
                await cloud.download("/name", tmp_path / "socket")
