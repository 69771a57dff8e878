"""Reports that the manager has not answered for good, on disk: they outlive their process.

A folder holds one file for each process that uses it, which the process keeps locked. A file that
nobody has locked was left behind: the next process that starts takes over what is in it, whatever
its address and port.

A file is only appended to, a line of JSON at a time: a report, or the id of a message whose report
was answered. A line that a crash has cut off is skipped. What is written is not synced: it survives
the end of the process, not a power failure. Nothing in it is secret: there are ids and digests, but
no token and no key.
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

import msgspec
import structlog

from protocol.u2s import ChunkStored

log = structlog.get_logger(__name__)

MAX_REPORTS: Final = 10_000
"""How many reports are kept before no further chunk is posted."""
COMPACT_BYTES: Final = 1024 * 1024
"""How much of a file may be about reports that are answered."""
_LINE_BYTES: Final = 512
"""A line is somewhat shorter."""
_MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_SUFFIX: Final = ".jsonl"


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    stored: ChunkStored | None = None
    answered: str | None = None


class ReportJournal:
    """The unanswered reports of this process, in memory and on disk.

    Args:
        folder: where the files are; made when the journal is opened.
        max_reports: how many there should be at most; see `is_full`.
    """

    def __init__(self, folder: Path, *, max_reports: int = MAX_REPORTS) -> None:
        self._folder = folder
        self._max_reports = max_reports
        self._reports: dict[str, ChunkStored] = {}
        self._file: _File | None = None
        self._is_on_disk = True

    @property
    def reports(self) -> Mapping[str, ChunkStored]:
        """What is not answered, oldest first, by the ids of the messages."""
        return MappingProxyType(self._reports)

    @property
    def is_full(self) -> bool:
        """Whether no chunk should be posted now that would have to be reported."""
        return len(self._reports) >= self._max_reports

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

    def add(self, report: ChunkStored) -> None:
        """Keep a report. When the disk cannot take it, memory does, and the log says so."""
        self._reports[report.message_id] = report
        self._write(_Line(stored=report))

    def answered(self, message_id: str) -> None:
        """Forget a report."""
        if self._reports.pop(message_id, None) is not None:
            self._write(_Line(answered=message_id))

    def _take_over(self) -> None:
        """Adopt what processes that are gone have left."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if self.is_full:
                return
            if (left := _File.take(path)) is None:
                continue
            for report in left.read():
                self.add(report)
            left.close(remove=self._is_on_disk)

    def _write(self, line: _Line) -> None:
        if self._file is None:
            return
        try:
            self._file = self._written(self._file, line)
        except OSError as error:
            if self._is_on_disk:
                reason = error.strerror
                log.error("reports-not-on-disk", folder=str(self._folder), reason=reason)
            self._is_on_disk = False
        else:
            self._is_on_disk = True

    def _written(self, file: "_File", line: _Line) -> "_File":
        """The file in which all reports stand, once the line is taken account of."""
        if not self._reports:
            file.clear()
            return file
        limit = COMPACT_BYTES + len(self._reports) * _LINE_BYTES
        if self._is_on_disk and file.size < limit:
            file.append(line)
            return file
        return self._rewritten(file)

    def _rewritten(self, file: "_File") -> "_File":
        """Another file with the reports alone, in place of this one."""
        new = _File.create(self._folder)
        try:
            for report in self._reports.values():
                new.append(_Line(stored=report))
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

    def read(self) -> list[ChunkStored]:
        """The reports that are not answered; what cannot be understood is skipped."""
        reports: dict[str, ChunkStored] = {}
        skipped = 0
        for text in os.pread(self._descriptor, _MAX_FILE_BYTES, 0).splitlines():
            try:
                line = msgspec.json.decode(text, type=_Line)
            except msgspec.DecodeError:
                skipped += 1
                continue
            if line.stored is not None:
                reports[line.stored.message_id] = line.stored
            if line.answered is not None:
                reports.pop(line.answered, None)
        log.info("reports-found", path=str(self._path), count=len(reports), skipped=skipped)
        return list(reports.values())

    def append(self, line: _Line) -> None:
        """Write a line. Raises OSError, also when it does not fit as a whole."""
        text = msgspec.json.encode(line) + b"\n"
        written = os.write(self._descriptor, text)
        self.size += written
        if written < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def clear(self) -> None:
        """Leave nothing in it. Raises OSError."""
        os.ftruncate(self._descriptor, 0)
        self.size = 0

    def close(self, *, remove: bool) -> None:
        """Let go of it; without `remove` it stays for a process that comes later."""
        try:
            if remove:
                self._path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)
