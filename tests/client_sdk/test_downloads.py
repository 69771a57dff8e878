"""Downloads, whole and in pieces."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from client_sdk import Progress, Stage
from client_sdk.errors import (
    DownloadFailed,
    Forbidden,
    InvalidInput,
    NotFound,
    ServerFailed,
    TargetUnwritable,
    Unreachable,
)

CONTENT = bytes(index % 251 for index in range(300_000))


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [path.name for path in folder.iterdir()]


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
    (tmp_path / "name.part").write_bytes(CONTENT[:200_000])
    (tmp_path / "name.part.etag").write_text('"old"' if is_changed else '"one"')
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
    (tmp_path / "name.part").write_bytes(CONTENT)
    (tmp_path / "name.part.etag").write_text('"one"')
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == CONTENT
    assert len(manager.downloads) == 1


async def test_a_part_that_is_too_long_is_thrown_away(manager, make_client, tmp_path) -> None:
    """A part longer than the file cannot be right."""
    manager.files["/name"] = CONTENT
    (tmp_path / "name.part").write_bytes(CONTENT + b"more")
    (tmp_path / "name.part.etag").write_text('"one"')
    async with make_client() as cloud:
        await cloud.download("/name", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == CONTENT


@pytest.mark.parametrize("has_tag", [True, False])
async def test_a_part_is_ignored_without_its_tag_or_when_told_so(
    manager, make_client, tmp_path: Path, has_tag: bool
) -> None:
    """Bytes of unknown origin are never mixed into a file."""
    manager.files["/name"] = CONTENT
    (tmp_path / "name.part").write_bytes(b"x" * 1000)
    if has_tag:
        (tmp_path / "name.part.etag").write_text('"one"')
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
    (tmp_path / "name.part").write_bytes(CONTENT[:1000])
    (tmp_path / "name.part.etag").write_text('"one"')

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
    assert (tmp_path / "name.part").read_bytes() == CONTENT[:1000]
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


async def test_a_target_that_cannot_be_written_is_named(make_client, manager, tmp_path) -> None:
    """A missing folder is an error of the target, not a crash."""
    manager.files["/name"] = CONTENT
    async with make_client() as cloud:
        with pytest.raises(TargetUnwritable, match="missing"):
            await cloud.download("/name", tmp_path / "missing" / "name")
        with pytest.raises(InvalidInput):
            await cloud.download("name", tmp_path / "name")
