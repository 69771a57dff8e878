"""Reports that the manager has not answered for good, on disk: they outlive their process.

A folder holds one file for each process that uses it, which the process keeps locked. A file that
no process has locked was left behind: the next process that starts takes over what is in it, whatever
its address and port. `report_codec.py` describes what is in a file.

What is written is not synced: it survives the end of the process, not a power failure.
"""

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self
from uuid import uuid4

import structlog

from protocol.u2s import MessageStored
from upload_service.report_codec import decode_journal, encode_answered, encode_report

log = structlog.get_logger(__name__)

MAX_CHUNKS: Final = 10_000
"""How many chunks may be reported and not answered before no further one is posted."""
COMPACT_BYTES: Final = 1024 * 1024
"""How much of a file may be about reports that are answered."""
_LINE_BYTES: Final = 512
"""What a line has for each chunk in it, or less."""
_MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_SUFFIX: Final = ".jsonl"


class ReportJournal:
    """The unanswered reports of this process, in memory and on disk.

    Args:
        folder: where the files are; made when the journal is opened.
        max_chunks: of how many chunks they should be at most; see `is_full`.
    """

    def __init__(self, folder: Path, *, max_chunks: int = MAX_CHUNKS) -> None:
        self._folder = folder
        self._max_chunks = max_chunks
        self._reports: dict[str, MessageStored] = {}
        self._chunk_count = 0
        self._file: _File | None = None
        self._is_on_disk = True

    @property
    def reports(self) -> Mapping[str, MessageStored]:
        """What is not answered, oldest first, by the ids of the messages."""
        return MappingProxyType(self._reports)

    @property
    def is_full(self) -> bool:
        """Whether no chunk should be posted now that would have to be reported."""
        return self._chunk_count >= self._max_chunks

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep reports on disk for the length of the context, those that were left there included.

        Raises:
            OSError: the folder cannot be made or written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _File.create(self._folder)
        try:
            self._take_over()
            yield
        finally:
            self._file.close(remove=not self._reports)
            self._file = None

    def add(self, report: MessageStored) -> None:
        """Keep a report. When the disk cannot take it, memory does, and the log says so."""
        self._forget(report.message_id)
        self._reports[report.message_id] = report
        self._chunk_count += len(report.chunks)
        self._write(encode_report(report))

    def answered(self, message_id: str) -> None:
        """Forget a report."""
        if self._forget(message_id):
            self._write(encode_answered(message_id))

    def _forget(self, message_id: str) -> bool:
        """Whether there was a report of that message."""
        report = self._reports.pop(message_id, None)
        if report is not None:
            self._chunk_count -= len(report.chunks)
        return report is not None

    def _take_over(self) -> None:
        """Adopt what stopped processes have left."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if self.is_full:
                return
            if (left := _File.take(path)) is None:
                continue
            for report in left.read():
                self.add(report)
            left.close(remove=self._is_on_disk)

    def _write(self, line: bytes) -> None:
        """Bring the file up to date: with the line alone, if that is enough."""
        if self._file is None:
            return
        limit = COMPACT_BYTES + self._chunk_count * _LINE_BYTES
        try:
            if not self._reports:
                self._file.clear()
            elif self._is_on_disk and self._file.size < limit:
                self._file.append(line)
            else:
                self._file = self._rewritten(self._file)
        except OSError as error:
            if self._is_on_disk:
                reason = error.strerror
                log.error("reports-not-on-disk", folder=str(self._folder), reason=reason)
            self._is_on_disk = False
        else:
            self._is_on_disk = True

    def _rewritten(self, file: "_File") -> "_File":
        """Another file with the reports alone, in place of this one."""
        new = _File.create(self._folder)
        try:
            for report in self._reports.values():
                new.append(encode_report(report))
        except OSError:
            new.close(remove=True)
            raise
        file.close(remove=True)
        return new


class _File:
    """A file of a journal, locked by this process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    @classmethod
    def create(cls, folder: Path) -> Self:
        """A new one. Raises OSError."""
        while True:
            path = folder / f"{uuid4()}{_SUFFIX}"
            if (file := cls._open(path, os.O_CREAT | os.O_EXCL)) is not None:
                return file

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """One that was left behind; None if it was not, or cannot be used."""
        try:
            return cls._open(path, 0)
        except FileNotFoundError:
            return None
        except OSError as error:
            log.error("reports-unreadable", path=str(path), reason=error.strerror)
            return None

    @classmethod
    def _open(cls, path: Path, flags: int) -> Self | None:
        """The file; None when another process has it, or had it and has removed it."""
        flags |= os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if os.fstat(descriptor).st_nlink == 0:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def read(self) -> list[MessageStored]:
        """The reports that are not answered; what cannot be understood is skipped."""
        reports, skipped = decode_journal(os.pread(self._descriptor, _MAX_FILE_BYTES, 0))
        log.info("reports-found", path=str(self._path), count=len(reports), skipped=skipped)
        return reports

    def append(self, line: bytes) -> None:
        """Write a line. Raises OSError, also when it does not fit as a whole."""
        written = os.write(self._descriptor, line)
        self.size += written
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def clear(self) -> None:
        """Leave nothing in it. Raises OSError."""
        os.ftruncate(self._descriptor, 0)
        self.size = 0

    def close(self, *, remove: bool) -> None:
        """Close and unlock it; without `remove` it stays for a process that starts later."""
        try:
            if remove:
                self._path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)
