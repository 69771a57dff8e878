"""Transfers of many files: which file of a folder goes where, how far all are, and what became of each.

What cannot be transferred is found out beforehand where that is possible, and kept with its reason; each
file may fail alone. Walking the disk follows links, but never in circles.
"""

import asyncio
import dataclasses
import itertools
import os
import unicodedata
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, TypeVar

from client_sdk.errors import (
    CloudError,
    FolderTransferFailed,
    InvalidInput,
    NotLoggedIn,
    SourceUnreadable,
    TargetUnwritable,
    Unreachable,
)
from client_sdk.local_files import walk
from client_sdk.paths import clean_folder, join_remote, split_remote
from client_sdk.transfers import OnConflict, Outcome, Progress, ProgressCallback, Stage


@dataclass(frozen=True, kw_only=True)
class PlannedTransfer:
    """One file that is to be transferred.

    Attributes:
        local: Its local path.
        remote: Its full remote path.
        size: Its size in bytes, as far as is known; 0 if it is not.
        is_renamed: Whether its local name is another one than it should be, which is taken.
    """

    local: Path
    remote: str
    size: int
    is_renamed: bool = False


@dataclass(frozen=True, kw_only=True)
class TransferredFile:
    """A file of a folder that was uploaded or downloaded, or skipped.

    Attributes:
        local: Its local path.
        remote: The full remote path that it has, or that was taken.
        size: Its size in bytes; 0 when it was skipped.
        outcome: How it ended.
        sent_bytes: Bytes of it that were sent, as in `UploadResult`; 0 for a download.
    """

    local: Path
    remote: str
    size: int
    outcome: Outcome
    sent_bytes: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True)
class FailedTransfer:
    """A file of a folder, or a folder in it, that could not be transferred.

    Attributes:
        local: Its local path, or the one that it would have.
        remote: Its full remote path, or the one that it would have.
        error: Why.
    """

    local: Path
    remote: str
    error: CloudError


@dataclass(frozen=True, kw_only=True)
class FolderResult:
    """What became of the files of a folder, each in the order of their ends.

    Attributes:
        files: Those that were transferred or skipped.
        failures: Those that were not.
    """

    files: tuple[TransferredFile, ...]
    failures: tuple[FailedTransfer, ...]

    @property
    def total_size(self) -> int:
        """Bytes of the files that were transferred."""
        return sum(file.size for file in self.files)

    def raise_for_failures(self) -> None:
        """Raise an error if anything has failed.

        Raises:
            FolderTransferFailed: Something has; its cause is the first failure.
        """
        if not self.failures:
            return
        first = self.failures[0]
        count, others = len(self.failures), len(self.failures) - 1
        more = f", and {others} more" if others else ""
        message = f"{count} failed: {first.remote}: {first.error}{more}"
        raise FolderTransferFailed(message, count) from first.error


@dataclass(frozen=True, kw_only=True)
class FolderProgress:
    """A report about one file of a folder, and about all of them.

    There is one about each file, and about each folder that fails, in the end.

    Attributes:
        local: The local path of that file.
        remote: Its full remote path, as it was planned.
        progress: How far it is.
        finished: What became of it, in the last report about it; None before.
        done_count: Files that are transferred or skipped.
        failed_count: Files that have failed.
        file_count: Files in all, and folders that have failed beforehand.
        transferred: Bytes that are through, of all files. Falls when something has to be sent again.
        total: Bytes of all files, but for what was not transferred of those that are skipped or have
            failed.
    """

    local: Path
    remote: str
    progress: Progress
    finished: TransferredFile | FailedTransfer | None
    done_count: int
    failed_count: int
    file_count: int
    transferred: int
    total: int


FolderProgressCallback = Callable[[FolderProgress], None]
Transfer = Callable[[PlannedTransfer, ProgressCallback], Awaitable[TransferredFile]]
_Work = TypeVar("_Work")


class TrackedTransfer:
    """One file of a batch on its way: reports how far it is, and once how it ended.

    Attributes:
        file: The file.
        is_open: Whether it has not ended.
    """

    def __init__(self, batch: "Batch", file: PlannedTransfer) -> None:
        self._batch = batch
        self.file = file
        self.is_open = True
        self.size = file.size
        self.last = Progress(Stage.WAITING, 0, file.size)

    def progress(self, report: Progress) -> None:
        """It has come so far."""
        self._batch.moved(self, report)

    def take(self, report: Progress) -> tuple[int, int]:
        """Keep a report; returns by how much more is through, and the file larger than was thought."""
        known = self.size if report.total is None else report.total
        moved, larger = report.transferred - self.last.transferred, known - self.size
        self.size, self.last = known, report
        return moved, larger

    def done(self, done: TransferredFile) -> None:
        """It is transferred or skipped."""
        self.is_open = False
        self._batch.ended(self, done)

    def failed(self, error: CloudError) -> None:
        """It cannot be transferred."""
        self.is_open = False
        self._batch.ended(
            self, FailedTransfer(local=self.file.local, remote=self.file.remote, error=error)
        )


TransferGroup = Callable[[Sequence[TrackedTransfer]], Awaitable[None]]
"""Transfers files together; those that it leaves open are transferred one by one."""


class Batch:
    """Transfers files, several at a time, and keeps what becomes of them.

    Args:
        planned: The files.
        failures: What has failed before.
        report: Called with every change; must be quick. None reports to nobody.
        done: What is done before, as nothing has to be transferred for it.
    """

    def __init__(
        self,
        planned: Iterable[PlannedTransfer],
        failures: Iterable[FailedTransfer],
        report: FolderProgressCallback | None,
        *,
        done: Iterable[TransferredFile] = (),
    ) -> None:
        self._planned = list(planned)
        self._done = list(done)
        self._failures = list(failures)
        self._report = report
        self._transferred = 0
        self._total = sum(file.size for file in self._planned)
        self._count = len(self._planned) + len(self._done) + len(self._failures)
        self._is_over: CloudError | None = None

    async def run(
        self,
        transfer: Transfer,
        workers: int,
        *,
        together: TransferGroup | None = None,
        takes_empty: bool = True,
    ) -> FolderResult:
        """Transfer all files, so many at a time, and small ones `together` where that is given.

        When the manager is gone, or the login is, the files that remain fail with that error.

        Args:
            transfer: Transfers one file.
            workers: How many files, or groups of files, are under way at once.
            together: Transfers a group of small files.
            takes_empty: Whether a group may have files of 0 bytes.
        """
        self._tell_ended()
        left: list[TrackedTransfer] = []

        async def transfer_group(files: Sequence[PlannedTransfer]) -> None:
            tracked = [TrackedTransfer(self, file) for file in files]
            if together is None or len(files) == 1:
                for each in tracked:
                    await self._transfer(each, transfer)
            else:
                await self._transfer_together(tracked, together)
                left.extend(each for each in tracked if each.is_open)

        singly: Iterable[Sequence[PlannedTransfer]] = ((file,) for file in self._planned)
        grouped = _groups(self._planned, takes_empty=takes_empty)
        await _by_workers(transfer_group, list(singly if together is None else grouped), workers)
        await _by_workers(lambda each: self._transfer(each, transfer), left, workers)
        return FolderResult(files=tuple(self._done), failures=tuple(self._failures))

    def _tell_ended(self) -> None:
        """Report what has ended before."""
        for failed in self._failures:
            self._tell(failed, Progress(Stage.WAITING, 0, None), failed)
        for done in self._done:
            self._tell(done, Progress(Stage.DONE, 0, None), done)

    async def _transfer(self, tracked: TrackedTransfer, transfer: Transfer) -> None:
        try:
            if self._is_over is not None:
                raise self._is_over
            tracked.done(await transfer(tracked.file, tracked.progress))
        except CloudError as error:
            tracked.failed(error)

    async def _transfer_together(
        self, tracked: Sequence[TrackedTransfer], together: TransferGroup
    ) -> None:
        try:
            if self._is_over is not None:
                raise self._is_over
            await together(tracked)
        except CloudError as error:
            for each in tracked:
                if each.is_open:
                    each.failed(error)

    def moved(self, tracked: TrackedTransfer, report: Progress) -> None:
        """A file has come so far."""
        moved, larger = tracked.take(report)
        self._transferred += moved
        self._total += larger
        self._tell(tracked.file, report, None)

    def ended(self, tracked: TrackedTransfer, end: TransferredFile | FailedTransfer) -> None:
        """A file has ended."""
        last = tracked.last
        if isinstance(end, FailedTransfer):
            if isinstance(end.error, NotLoggedIn | Unreachable):
                self._is_over = end.error
            self._transferred -= tracked.last.transferred
            self._total -= tracked.size
            self._failures.append(end)
        else:
            last = dataclasses.replace(last, stage=Stage.DONE)
            self._done.append(end)
            if end.outcome is Outcome.SKIPPED:
                self._total += tracked.last.transferred - tracked.size
        self._tell(tracked.file, last, end)

    def _tell(
        self,
        file: PlannedTransfer | TransferredFile | FailedTransfer,
        progress: Progress,
        finished: TransferredFile | FailedTransfer | None,
    ) -> None:
        if self._report is None:
            return
        report = FolderProgress(
            local=file.local,
            remote=file.remote,
            progress=progress,
            finished=finished,
            done_count=len(self._done),
            failed_count=len(self._failures),
            file_count=self._count,
            transferred=self._transferred,
            total=self._total,
        )
        self._report(report)


SMALL_BYTES = 1024 * 1024
"""Larger files are not transferred in groups."""
GROUP_FILES = 250
GROUP_BYTES = 8 * 1024 * 1024
GROUP_TEXT_BYTES = 256 * 1024
"""Of the paths of a group, which all go in one frame or request."""


def _groups(
    files: Iterable[PlannedTransfer], *, takes_empty: bool
) -> Iterator[Sequence[PlannedTransfer]]:
    """Small files in groups of bounded number and size, and all others alone."""
    group: list[PlannedTransfer] = []
    size = text = 0
    for file in files:
        if file.size > SMALL_BYTES or not (file.size or takes_empty):
            yield (file,)
            continue
        size += file.size
        text += len(file.remote.encode())
        if len(group) == GROUP_FILES or size > GROUP_BYTES or text > GROUP_TEXT_BYTES:
            if group:
                yield group
            group, size, text = [], file.size, len(file.remote.encode())
        group.append(file)
    if group:
        yield group


async def _by_workers(
    transfer: Callable[[_Work], Coroutine[Any, Any, None]], works: Sequence[_Work], workers: int
) -> None:
    """Do all, so many at a time. Raises the first error of a caller's callback as it is."""
    queue = iter(works)

    async def work() -> None:
        for each in queue:
            await transfer(each)

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(min(workers, len(works))):
                group.create_task(work(), name=f"transfer-{number}")
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
        raise first from first.__cause__


_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{device}{number}" for device in ("com", "lpt") for number in "0123456789¹²³"
}
"""Names that Windows has for devices, with whatever ending."""
_NOT_ON_WINDOWS = frozenset('<>:"|?*')


@dataclass
class UploadPlan:
    """What is to be uploaded.

    Attributes:
        files: The files.
        empty_folders: Local and remote paths of folders that hold no file.
        failures: What cannot be uploaded.
    """

    files: list[PlannedTransfer] = field(default_factory=list)
    empty_folders: list[tuple[Path, str]] = field(default_factory=list)
    failures: list[FailedTransfer] = field(default_factory=list)

    def add(self, local: Path, remote: str) -> None:
        """Add a file, or a folder with everything in it. Blocks on the disk."""
        walk(local, _PlanVisitor(self, remote))

    def fail(self, local: Path, remote: str, error: CloudError) -> None:
        """Something cannot be uploaded."""
        self.failures.append(FailedTransfer(local=local, remote=remote, error=error))


@dataclass(frozen=True)
class _PlanVisitor:
    """Adds what a walk finds to a plan, below a remote folder."""

    plan: UploadPlan
    root: str

    def _remote(self, path: str) -> str:
        return join_remote(self.root, path) if path else self.root

    def folder(self, path: str, local: Path, *, is_empty: bool) -> bool:
        remote = self._remote(path)
        try:
            clean_folder(remote)
        except CloudError as error:
            self.plan.fail(local, remote, error)
            return False
        if is_empty:
            self.plan.empty_folders.append((local, remote))
        return True

    def file(self, path: str, local: Path, facts: os.stat_result) -> None:
        remote = self._remote(path)
        try:
            split_remote(remote)
        except CloudError as error:
            self.plan.fail(local, remote, error)
        else:
            planned = PlannedTransfer(local=local, remote=remote, size=facts.st_size)
            self.plan.files.append(planned)

    def other(self, path: str, local: Path) -> None:
        error = SourceUnreadable("this is neither a file nor a folder")
        self.plan.fail(local, self._remote(path), error)

    def failure(self, path: str, local: Path, error: CloudError) -> None:
        self.plan.fail(local, self._remote(path), error)


@dataclass
class DownloadPlan:
    """What is to be downloaded.

    Attributes:
        files: The files.
        folders: Local folders that are to be there, outer ones first.
        skipped: Files that are left alone, as something of their name is there.
        failures: What cannot be downloaded.
    """

    files: list[PlannedTransfer] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    skipped: list[TransferredFile] = field(default_factory=list)
    failures: list[FailedTransfer] = field(default_factory=list)

    def fail(self, local: Path, remote: str, error: CloudError) -> None:
        """Something cannot be downloaded."""
        self.failures.append(FailedTransfer(local=local, remote=remote, error=error))

    def settle(self, on_conflict: OnConflict, *, folds_case: bool) -> None:
        """Decide what each file is called on the disk, so that none takes the place of another.

        Args:
            on_conflict: What to do where something of its name is there. Blocks on the disk.
            folds_case: Whether the disk takes names for equal that differ in their case alone.
        """
        key = _folded if folds_case else str
        planned, self.files = self.files, []
        taken = {key(above) for file in planned for above in file.local.parents}
        taken |= {key(folder) for folder in self.folders}
        reserved = taken | {key(file.local) for file in planned}
        for file in planned:
            if key(file.local) in taken:
                error = f"{file.local} is the place of another file or folder, too"
                self.fail(file.local, file.remote, InvalidInput(error))
                continue
            taken.add(key(file.local))
            if not os.path.lexists(file.local):
                self.files.append(file)
            elif on_conflict is OnConflict.SKIP:
                self._skip(file)
            elif on_conflict is OnConflict.OVERWRITE:
                self._overwrite(file)
            else:
                local = _free_path(file.local, lambda path: key(path) in reserved)
                reserved.add(key(local))
                self.files.append(dataclasses.replace(file, local=local, is_renamed=True))

    def _skip(self, file: PlannedTransfer) -> None:
        skipped = TransferredFile(
            local=file.local, remote=file.remote, size=0, outcome=Outcome.SKIPPED
        )
        self.skipped.append(skipped)

    def _overwrite(self, file: PlannedTransfer) -> None:
        if file.local.is_dir():
            error = f"{file.local} is a folder; move it, or choose another target"
            self.fail(file.local, file.remote, TargetUnwritable(error))
        else:
            self.files.append(file)


def local_child(folder: Path, name: str) -> Path:
    """The path of a remote name in a local folder.

    Raises:
        InvalidInput: On this system the name would lead elsewhere, or mean something else.
    """
    path = folder / name
    is_usable = name != ".." and (os.name != "nt" or is_usable_on_windows(name))
    if path.parent != folder or path.name != name or not is_usable:
        raise InvalidInput(f"{name}: this name cannot be used on this system")
    return path


def is_usable_on_windows(name: str) -> bool:
    """Whether a remote name means a file of that name on Windows, rather than a device or a stream."""
    device = name.partition(".")[0].rstrip().lower()
    return device not in _DEVICES and not _NOT_ON_WINDOWS.intersection(name)


def folds_case(folder: Path) -> bool:
    """Whether the disk of a folder takes names for equal that differ in their case alone.

    It is assumed not to where the name of the folder does not tell. Blocks on the disk.
    """
    # The name of `.` is that of the folder it stands for; the root of a disk has none.
    parent, name = os.path.split(os.path.abspath(folder))  # noqa: PTH100 - no link is to be followed
    try:
        return name != name.swapcase() and Path(parent, name.swapcase()).samefile(folder)
    except OSError:
        return False


def _folded(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()


def _free_path(path: Path, is_reserved: Callable[[Path], bool]) -> Path:
    numbered = (path.with_name(f"{path.stem} ({n}){path.suffix}") for n in itertools.count(1))
    return next(each for each in numbered if not is_reserved(each) and not os.path.lexists(each))
