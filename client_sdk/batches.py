"""Many transfers, of which each may fail alone: how far they are, and what became of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from client_sdk.errors import CloudError, FolderTransferFailed, NotLoggedIn, Unreachable
from client_sdk.jobs import Outcome
from client_sdk.progress import Progress, ProgressCallback, Stage


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
    """

    local: Path
    remote: str
    size: int
    outcome: Outcome


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

    async def run(self, transfer: Transfer, workers: int) -> FolderResult:
        """Transfer all files, so many at a time.

        When the manager is gone, or the login is, the files that remain fail with that error.
        """
        for failed in self._failures:
            self._tell(failed, Progress(Stage.WAITING, 0, None), failed)
        for done in self._done:
            self._tell(done, Progress(Stage.DONE, 0, None), done)
        queue = iter(self._planned)

        async def work() -> None:
            for file in queue:
                await self._transfer(file, transfer)

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(min(workers, len(self._planned))):
                    group.create_task(work(), name=f"transfer-{number}")
        except BaseExceptionGroup as errors:
            # That of a caller's callback, which comes out as it is.
            first = errors.exceptions[0]
            raise first from first.__cause__
        return FolderResult(files=tuple(self._done), failures=tuple(self._failures))

    async def _transfer(self, file: PlannedTransfer, transfer: Transfer) -> None:
        counted = _Counted(file.size)

        def progress(report: Progress) -> None:
            self._transferred += report.transferred - counted.progress.transferred
            self._total += counted.take(report)
            self._tell(file, report, None)

        try:
            if self._is_over is not None:
                raise self._is_over
            done = await transfer(file, progress)
        except CloudError as error:
            if isinstance(error, NotLoggedIn | Unreachable):
                self._is_over = error
            self._transferred -= counted.progress.transferred
            self._total -= counted.size
            failed = FailedTransfer(local=file.local, remote=file.remote, error=error)
            self._failures.append(failed)
            self._tell(file, counted.progress, failed)
        else:
            self._done.append(done)
            if done.outcome is Outcome.SKIPPED:
                self._total += counted.progress.transferred - counted.size
            self._tell(file, counted.progress, done)

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


class _Counted:
    """What of a file has gone into the sums of its batch.

    Attributes:
        size: Its size, as far as is known.
        progress: The last report about it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.progress = Progress(Stage.WAITING, 0, size)

    def take(self, report: Progress) -> int:
        """Take a report; returns by how much the file is larger than was thought."""
        known = self.size if report.total is None else report.total
        larger, self.size, self.progress = known - self.size, known, report
        return larger
