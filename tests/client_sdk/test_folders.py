"""Whole folders on their way up and down."""

import asyncio
import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from aiohttp import web

from client_sdk import (
    Client,
    Conflict,
    ConflictAnswer,
    FailedTransfer,
    FolderProgress,
    FolderResult,
    OnConflict,
    Outcome,
    Stage,
    SyncClient,
)
from client_sdk.batches import (
    DownloadPlan,
    PlannedTransfer,
    folds_case,
    is_usable_on_windows,
    local_child,
)
from client_sdk.errors import (
    CloudError,
    FolderTransferFailed,
    Forbidden,
    InvalidInput,
    NotFound,
    NotLoggedIn,
    SourceUnreadable,
    TargetUnwritable,
)
from client_sdk.sinks import DraftFile
from protocol import c2s
from tests.client_sdk.content import content_of

TREE = {
    "a.txt": b"a",
    "empty": b"",
    "inner/ünïcode ж.bin": content_of(3000),
    "inner/deeper/b": b"b" * 1000,
}


def make_tree(folder: Path, tree: dict[str, bytes]) -> Path:
    """Writes files below a folder."""
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def tree_of(folder: Path) -> dict[str, bytes]:
    """The files below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def outcomes(result: FolderResult) -> dict[str, Outcome]:
    """How each file ended, by its local name."""
    return {file.local.name: file.outcome for file in result.files}


def errors(result: FolderResult) -> dict[str, type[CloudError]]:
    """What failed, by its local name."""
    return {failure.local.name: type(failure.error) for failure in result.failures}


@pytest.fixture
async def home(request: pytest.FixtureRequest, alice: Client) -> str:
    """A remote folder for one test alone."""
    path = "/folders-" + "".join(c if c.isalnum() else "-" for c in request.node.name)[-90:]
    await alice.create_folder(path)
    return path


async def test_a_folder_comes_back_as_it_was(alice: Client, home: str, tmp_path: Path) -> None:
    """With empty files and folders, and names of all kinds, and each file is accounted for."""
    source = make_tree(tmp_path / "source", TREE)
    (source / "nothing" / "here").mkdir(parents=True)
    up = await alice.upload_folder(source, PurePosixPath(f"{home}/up"))
    assert (up.failures, up.total_size) == ((), 4001)
    assert {file.remote: file.size for file in up.files} == {
        f"{home}/up/{name}": len(content) for name, content in TREE.items()
    }
    target = tmp_path / "made" / "too"
    down = await alice.download_folder(f"{home}/up/", str(target))
    assert tree_of(target) == TREE
    assert (target / "nothing" / "here").is_dir()
    assert down.total_size == 4001
    assert {file.local for file in down.files} == {target / name for name in TREE}
    down.raise_for_failures()


def test_a_folder_without_an_event_loop(
    cloud_url: str, tokens: dict[str, str], tmp_path: Path
) -> None:
    """The synchronous client does the same."""
    source = make_tree(tmp_path / "source", TREE)
    with SyncClient(cloud_url, tokens["alice"]) as cloud:
        assert len(cloud.upload_folder(source, "/folders-sync").files) == len(TREE)
        assert cloud.download_folder("/folders-sync", tmp_path / "target").failures == ()
    assert tree_of(tmp_path / "target") == TREE


async def test_what_cannot_go_up_keeps_nothing_else_back(
    alice: Client, home: str, tmp_path: Path
) -> None:
    """Each failure is told with its reason, and can be raised."""
    source = make_tree(tmp_path / "source", {"good": b"g", "bad.": b"b", "no/inside. /x": b"x"})
    os.mkfifo(source / "fifo")
    (source / "circle").symlink_to(source)
    result = await alice.upload_folder(source, home)
    assert outcomes(result) == {"good": Outcome.STORED}
    assert errors(result) == {
        "bad.": InvalidInput,
        "inside. ": InvalidInput,
        "fifo": SourceUnreadable,
        "circle": SourceUnreadable,
    }
    with pytest.raises(FolderTransferFailed, match=f"4 failed: {home}/.*, and 3 more") as caught:
        result.raise_for_failures()
    assert caught.value.failure_count == 4
    assert caught.value.__cause__ is result.failures[0].error


@pytest.mark.parametrize("policy", ["overwrite", "rename", "skip", "ask"])
async def test_conflicts_of_a_folder_that_goes_up(
    alice: Client, home: str, tmp_path: Path, policy: Any
) -> None:
    """As for single files; an answer may hold for all."""
    asked: list[str] = []

    async def ask(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict.path)
        return ConflictAnswer(OnConflict.OVERWRITE, use_on_all=True)

    source = make_tree(tmp_path / "source", {"a": b"old", "b": b"old"})
    await alice.upload_folder(source, home)
    make_tree(source, {"a": b"new", "b": b"new"})
    result = await alice.upload_folder(source, home, on_conflict=ask if policy == "ask" else policy)
    await alice.download_folder(home, tmp_path / "target")
    old, new = {"a": b"old", "b": b"old"}, {"a": b"new", "b": b"new"}
    renamed = {f"{name} (1)": content for name, content in new.items()}
    expected = {"skip": old, "rename": old | renamed}.get(policy, new)
    assert tree_of(tmp_path / "target") == expected
    assert len(asked) == (policy == "ask")
    assert result.total_size == (0 if policy == "skip" else 6)


async def test_conflicts_of_a_folder_that_comes_down(manager, make_client, tmp_path: Path) -> None:
    """Files are replaced, numbered or left alone; a local folder is never replaced."""
    manager.files = {"/a.txt": b"new", "/a (1).txt": b"other", "/b": b"b", "/c": b"c"}
    for policy in OnConflict:
        target = make_tree(tmp_path / policy, {"a.txt": b"old", "b/inside": b"mine"})
        async with make_client() as cloud:
            result = await cloud.download_folder("/", target, on_conflict=policy)
        kept = {"b/inside": b"mine", "c": b"c", "a (1).txt": b"other"}
        if policy is OnConflict.OVERWRITE:
            assert tree_of(target) == {"a.txt": b"new", **kept}
            assert errors(result) == {"b": TargetUnwritable}
        elif policy is OnConflict.RENAME:
            renamed = {"a (2).txt": b"new", "b (1)": b"b"}
            assert tree_of(target) == {"a.txt": b"old", **renamed, **kept}
            assert outcomes(result)["a (2).txt"] is Outcome.RENAMED
        else:
            assert tree_of(target) == {"a.txt": b"old", **kept}
            assert (outcomes(result)["a.txt"], outcomes(result)["b"]) == (Outcome.SKIPPED,) * 2
    async with make_client() as cloud:
        with pytest.raises(InvalidInput, match="overwrite, rename, skip"):
            await cloud.download_folder("/", tmp_path, on_conflict="ask")


async def test_what_cannot_come_down_keeps_nothing_else_back(
    alice: Client, bob: Client, home: str, tmp_path: Path
) -> None:
    """What belongs to others is a failure, and a folder in whose place a file lies."""
    source = make_tree(tmp_path / "source", {"public/a": b"a", "secret": b"s", "taken/b": b"b"})
    await alice.upload_folder(source, home)
    await alice.set_public(f"{home}/public/a", is_public=True)
    target = make_tree(tmp_path / "target", {"taken": b"file"})
    result = await bob.download_folder(home, target)
    assert tree_of(target) == {"public/a": b"a", "taken": b"file"}
    assert errors(result) == {"secret": Forbidden, "taken": TargetUnwritable}


async def test_folders_that_are_not_there(make_client, tmp_path: Path) -> None:
    """They are errors at once; so is a file where the folder should be."""
    async with make_client() as cloud:
        with pytest.raises(NotFound, match="/missing"):
            await cloud.download_folder("/missing", tmp_path / "target")
        (tmp_path / "file").write_bytes(b"")
        for local in ("missing", "file"):
            with pytest.raises(SourceUnreadable, match="is not a folder"):
                await cloud.upload_folder(tmp_path / local, "/")
        with pytest.raises(TargetUnwritable, match="cannot be made"):
            await cloud.download_folder("/", tmp_path / "file")
        with pytest.raises(InvalidInput):
            await cloud.upload_folder(tmp_path, "no/root")


async def test_progress_of_a_folder(manager, make_client, tmp_path: Path) -> None:
    """Every file ends with one last report, and the sums are right in the end."""
    source = make_tree(tmp_path / "source", {**TREE, "bad.": b""})
    reports: list[FolderProgress] = []
    async with make_client() as cloud:
        up = await cloud.upload_folder(source, "/up", progress=reports.append)
    finished = [report.finished for report in reports if report.finished is not None]
    assert sorted(finished, key=str) == sorted([*up.files, *up.failures], key=str)
    last = reports[-1]
    assert (last.done_count, last.failed_count, last.file_count) == (4, 1, 5)
    assert (last.transferred, last.total) == (4001, 4001)
    assert all(0 <= report.transferred <= report.total == 4001 for report in reports)
    assert Counter(report.progress.stage for report in reports)[Stage.TRANSFERRING] >= 3


async def test_progress_counts_what_is_through(manager, make_client, tmp_path: Path) -> None:
    """What is skipped or fails counts as a file, but not as bytes that went through."""
    manager.files = {"/a": content_of(1000), "/b": content_of(500)}
    manager.download_faults = [lambda _: web.Response(status=403)]
    (tmp_path / "b").write_bytes(b"old")
    reports: list[FolderProgress] = []
    async with make_client(parallel_downloads=1) as cloud:
        result = await cloud.download_folder(
            "/", tmp_path, on_conflict="skip", progress=reports.append
        )
    assert (outcomes(result), errors(result)) == ({"b": Outcome.SKIPPED}, {"a": Forbidden})
    last = reports[-1]
    assert isinstance(last.finished, FailedTransfer)
    assert (last.done_count, last.failed_count, last.file_count, last.transferred) == (1, 1, 2, 0)
    assert last.total == 0


class Gate:
    """Lets downloads wait, and counts them."""

    def __init__(self) -> None:
        self.now = self.peak = 0
        self.has_two = asyncio.Event()
        self.may_go = asyncio.Event()

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        """Answer a download."""
        self.now += 1
        self.peak = max(self.peak, self.now)
        if self.now == 2:
            self.has_two.set()
        await self.may_go.wait()
        self.now -= 1
        return web.Response(body=b"x")


async def test_only_so_many_files_are_under_way(manager, make_client, tmp_path: Path) -> None:
    """The settings bound uploads and downloads of a folder."""
    names = "abcdefgh"
    manager.files = {f"/{name}": b"x" for name in names}
    gate = Gate()
    manager.download_faults = [gate] * len(names)
    async with make_client(parallel_downloads=2) as cloud:
        downloading = asyncio.create_task(cloud.download_folder("/", tmp_path))
        await gate.has_two.wait()
        gate.may_go.set()
        assert len((await downloading).files) == len(names)
    assert gate.peak == 2
    async with make_client(parallel_uploads=2) as cloud:
        await cloud.upload_folder(tmp_path, "/up")
    assert manager.chunks_peak <= 2


async def test_when_the_login_is_gone_nothing_more_is_tried(
    manager, make_client, tmp_path: Path
) -> None:
    """All files that remain fail with that error."""
    manager.files = {f"/{name}": b"x" for name in "abcdefgh"}
    manager.download_faults = [lambda _: web.Response(status=401)] * 8
    async with make_client(parallel_downloads=1) as cloud:
        result = await cloud.download_folder("/", tmp_path)
    assert set(errors(result).values()) == {NotLoggedIn}
    assert len(result.failures) == 8
    assert len(manager.downloads) == 1


async def test_the_error_of_a_callback_comes_out_as_it_is(
    manager, make_client, tmp_path: Path
) -> None:
    """It ends the transfer of the folder."""

    def report(_: FolderProgress) -> None:
        raise ZeroDivisionError

    manager.files = {"/a": b"x", "/b": b"x"}
    async with make_client() as cloud:
        with pytest.raises(ZeroDivisionError):
            await cloud.download_folder("/", tmp_path, progress=report)


async def test_a_folder_that_is_cancelled(manager, make_client, tmp_path: Path) -> None:
    """All its uploads are taken back."""
    manager.chunk_gate.clear()
    source = make_tree(tmp_path, {"a": b"x", "b": b"x"})
    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload_folder(source, "/up"))
        await manager.until(lambda: manager.chunks_now == 2)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        await manager.seen(c2s.UploadAbortRequest, 2)
    assert manager.files == {}


async def test_what_an_earlier_try_has_left_is_used(manager, make_client, tmp_path: Path) -> None:
    """Unless it is not wanted."""
    manager.files = {"/a": content_of(1000)}
    for resume, asked in [(True, "bytes=400-"), (False, None)]:
        draft = DraftFile(tmp_path / "a", resume=False)
        draft.open()
        draft.restart('"one"')
        draft.write(0, content_of(400))
        draft.close(is_kept=True)
        async with make_client() as cloud:
            await cloud.download_folder("/", tmp_path, resume=resume)
        assert manager.downloads[-1].get("Range") == asked
        assert tree_of(tmp_path) == {"a": content_of(1000)}


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc/passwd"])
def test_a_name_never_leads_out_of_its_folder(name: str) -> None:
    """Whatever a manager calls its files."""
    with pytest.raises(InvalidInput, match="cannot be used on this system"):
        local_child(Path("folder"), name)
    assert local_child(Path("folder"), "a b") == Path("folder/a b")


@pytest.mark.parametrize("name", ["CON", "nul.txt", "Com1.tar.gz", "lpt² .x", "a:b", "a?", "<"])
def test_names_that_mean_something_else_on_windows(name: str) -> None:
    """Devices, streams, and what is no name there."""
    assert not is_usable_on_windows(name)


@pytest.mark.parametrize("name", ["console", "com", "com10", "a.con", "ж", "a;b", "nulls.txt"])
def test_names_that_are_usable_on_windows(name: str) -> None:
    """Nothing else is refused."""
    assert is_usable_on_windows(name)


def planned(*names: str) -> DownloadPlan:
    """A plan with files of these names in a folder that does not exist."""
    files = [PlannedTransfer(local=Path("x", name), remote=f"/{name}", size=1) for name in names]
    return DownloadPlan(files=files)


@pytest.mark.parametrize("is_folded", [False, True])
def test_no_file_takes_the_place_of_another(is_folded: bool) -> None:
    """Neither by its name, nor as a folder, nor where the disk takes two names for one."""
    plan = planned("B", "b", "A/inside", "A", "é", "e\u0301", "é")
    plan.settle(OnConflict.OVERWRITE, folds_case=is_folded)
    alike = ["b", "e\u0301"]
    assert [each.remote for each in plan.failures] == [
        f"/{name}" for name in ["b", "A", "e\u0301", "é"] if is_folded or name not in alike
    ]
    assert all("place of another" in str(each.error) for each in plan.failures)
    assert len(plan.files) + len(plan.failures) == 7


def test_whether_a_disk_folds_names_is_looked_up(tmp_path: Path) -> None:
    """It does where the name in the other case is the same folder."""
    (tmp_path / "case").mkdir()
    assert not folds_case(tmp_path / "case")
    (tmp_path / "CASE").symlink_to(tmp_path / "case")
    assert folds_case(tmp_path / "case")
    assert not folds_case(tmp_path / "missing")


def test_folders_without_a_name_of_their_own_fold_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where the program stands, nor the root of the disk."""
    (tmp_path / "case").mkdir()
    monkeypatch.chdir(tmp_path / "case")
    assert not folds_case(Path())
    assert not folds_case(Path("/"))
    (tmp_path / "CASE").symlink_to(tmp_path / "case")
    assert folds_case(Path())


async def test_a_folder_comes_down_where_the_program_stands(
    manager, make_client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.` is a folder like any other."""
    monkeypatch.chdir(tmp_path)
    manager.files = {"/a.txt": b"new"}
    async with make_client() as cloud:
        await cloud.download_folder("/", ".")
    assert tree_of(tmp_path) == {"a.txt": b"new"}
