"""Small files of a folder, which come together."""

from hashlib import sha256
from pathlib import Path

import pytest
from aiohttp import web

from client_sdk import Client, FolderProgress, Stage
from client_sdk.batches import GROUP_FILES, SMALL_BYTES
from client_sdk.errors import NotFound, TargetUnwritable
from protocol.chunks import content_hash
from protocol.file_stream import FileHeader, frame_head
from tests.client_sdk.content import content_of
from tests.client_sdk.test_folders import errors, make_tree, tree_of


def frame_of(index: int, _path: str, content: bytes) -> bytes:
    """A frame as the manager makes it."""
    digest = content_hash([sha256(content).digest()]) if content else ""
    return frame_head(FileHeader(index=index, size=len(content), hash=digest)) + content


@pytest.fixture
def files(manager) -> dict[str, bytes]:
    """Six small files in two folders."""
    manager.folders |= {"/in"}
    names = ["/a", "/b", "/c", "/in/d", "/in/e", "/in/empty"]
    stored = {name: content_of(len(name) * 500) for name in names} | {"/in/empty": b""}
    manager.files, manager.file_streams = stored, frame_of
    return stored


def below(files: dict[str, bytes]) -> dict[str, bytes]:
    """What the local folder has then."""
    return {path.removeprefix("/"): content for path, content in files.items()}


async def test_small_files_come_by_one_request(manager, make_client, files, tmp_path: Path):
    """All of them, of all folders, byte for byte; each is reported from its beginning to its end."""
    reports: list[FolderProgress] = []
    async with make_client() as cloud:
        result = await cloud.download_folder("/", tmp_path / "x", progress=reports.append)
    assert tree_of(tmp_path / "x") == below(files)
    assert (len(manager.streamed), manager.downloads) == (1, [])
    assert {file.remote: file.size for file in result.files} == {
        path: len(content) for path, content in files.items()
    }
    last = reports[-1]
    assert (last.done_count, last.file_count) == (6, 6)
    assert last.transferred == last.total == sum(map(len, files.values()))
    stages = [report.progress.stage for report in reports if report.remote == "/a"]
    assert stages[:2] == [Stage.TRANSFERRING, Stage.TRANSFERRING]
    assert set(stages[2:]) == {Stage.DONE}


async def test_large_files_come_alone(manager, make_client, files, tmp_path: Path):
    """A file that may have several chunks is resumable, and is not held up by others."""
    files["/b"] = bytes(SMALL_BYTES + 1)
    async with make_client() as cloud:
        await cloud.download_folder("/", tmp_path)
    assert tree_of(tmp_path) == below(files)
    assert len(manager.downloads) == 1
    assert "/b" not in manager.streamed[0]


async def test_groups_are_bounded(manager, make_client, files, tmp_path: Path):
    """A folder of many files takes several requests."""
    files |= {f"/in/{number}": b"x" for number in range(GROUP_FILES)}
    async with make_client() as cloud:
        await cloud.download_folder("/", tmp_path)
    assert tree_of(tmp_path) == below(files)
    assert [len(paths) <= GROUP_FILES for paths in manager.streamed] == [True, True]


async def test_what_does_not_come_whole_is_fetched_alone(
    manager, make_client, files, tmp_path: Path
):
    """A file that was refused, damaged, left out or sent in place of another one."""

    def frame(index: int, path: str, content: bytes) -> bytes:
        if path == "/a":
            return frame_head(FileHeader(index=index, error="no-such-file", details="gone"))
        if path == "/b":
            return frame_of(index, path, content).replace(content[:9], b"damaged!!")
        return b"" if path == "/c" else frame_of(index, path, content)

    manager.file_streams = frame
    async with make_client() as cloud:
        result = await cloud.download_folder("/", tmp_path)
    assert tree_of(tmp_path) == below(files)
    assert not result.failures
    assert len(manager.downloads) == 3


async def test_what_was_deleted_meanwhile_is_a_failure_of_its_own(
    manager, make_client, files, tmp_path: Path
):
    """And keeps no other file from being downloaded."""

    def frame(index: int, path: str, content: bytes) -> bytes:
        if path == "/in/d":
            return frame_head(FileHeader(index=index, error="no-such-file", details="gone"))
        return frame_of(index, path, content)

    async with make_client() as cloud:
        manager.file_streams = frame
        manager.download_faults = [lambda _: web.Response(status=404)]
        result = await cloud.download_folder("/", tmp_path)
    assert errors(result) == {"d": NotFound}
    assert len(result.files) == 5


async def test_a_stream_that_breaks_off_goes_on(manager, make_client, files, tmp_path: Path):
    """With what is missing, by a further request."""

    def breaking(index: int, path: str, content: bytes) -> bytes | None:
        if path == "/in/d":
            manager.file_streams = frame_of
            return None
        return frame_of(index, path, content)

    manager.file_streams = breaking
    async with make_client() as cloud:
        await cloud.download_folder("/", tmp_path)
    assert tree_of(tmp_path) == below(files)
    assert manager.streamed[1] == ["/in/d", "/in/e", "/in/empty"]
    assert manager.downloads == []


async def test_a_stream_that_brings_nothing_is_given_up(
    manager, make_client, files, tmp_path: Path
):
    """The files are fetched one by one then, several at a time."""
    manager.file_streams = lambda *_: None
    async with make_client() as cloud:
        await cloud.download_folder("/", tmp_path)
    assert tree_of(tmp_path) == below(files)
    assert len(manager.downloads) == 6


async def test_a_manager_of_an_earlier_release_is_asked_once(
    manager, make_client, files, tmp_path: Path
):
    """It sends each file alone."""
    manager.file_streams = None
    files |= {f"/in/{number}": b"x" for number in range(GROUP_FILES)}
    async with make_client(parallel_downloads=1) as cloud:
        await cloud.download_folder("/", tmp_path)
    assert tree_of(tmp_path) == below(files)
    assert len(manager.downloads) == len(files)


async def test_a_file_that_cannot_be_written(manager, make_client, files, tmp_path: Path):
    """It fails with that reason; the files beside it are there."""
    (tmp_path / "in").write_bytes(b"in the way")
    async with make_client() as cloud:
        result = await cloud.download_folder("/", tmp_path)
    assert set(errors(result).values()) == {TargetUnwritable}
    assert {"a", "b", "c"} <= set(tree_of(tmp_path))


async def test_a_folder_of_a_real_manager(alice: Client, tmp_path: Path):
    """What went up comes down, from a manager that sends files together."""
    source = {f"{number % 3}/{number}": content_of(number * 500) for number in range(6)}
    up = make_tree(tmp_path / "up", source)
    assert (await alice.upload_folder(up, "/together")).failures == ()
    down = await alice.download_folder("/together", tmp_path / "down")
    assert down.failures == ()
    assert tree_of(tmp_path / "down") == source
