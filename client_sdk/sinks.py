"""Where downloads go.

A file is written under another name in the folder of its target, and takes the target's place at
the end, in one step. That name ends in a dot, as no stored file's name does: it can never be the
target of another download. It is short, whatever the length of the target's. An exclusive lock
keeps every other download away, in this process and in others, until the file is in its place; the
tag of the content stands in a file of its own, beside it.

Pipes, devices and open files take the bytes as they come: what was written to them stays.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from client_sdk.errors import CloudError, TargetUnwritable

_SHOWN_CHARACTERS = 40
_WITHOUT_LOCKS = {errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS}
"""File systems that have no locks say one of these; there nobody is kept away."""


class Sink(Protocol):
    """Takes the bytes of one download. Every method blocks; errors are `TargetUnwritable`."""

    def open(self) -> tuple[int, str | None]:
        """Begins; answers how many bytes are there already, and of which content."""

    def restart(self, tag: str | None) -> None:
        """Forgets all bytes. Those that follow belong to the content with that tag, if any."""

    def write(self, position: int, piece: bytes) -> None:
        """Writes a whole piece. Pieces follow on each other."""

    def finish(self, length: int) -> None:
        """Everything is there, so many bytes."""

    def close(self, *, is_kept: bool) -> None:
        """Ends it, finished or not; `is_kept` leaves what has come for a later download."""


class Draft:
    """A file that takes the place of its target at the end.

    Args:
        target: File to write; of a link, what it leads to.
        resume: Go on with what an earlier download has left.
    """

    def __init__(self, target: Path, *, resume: bool) -> None:
        self._target = Path(os.path.realpath(target))
        self._path = draft_path(self._target)
        self._tag_path = self._path.with_name(f"{self._path.name}tag.")
        self._is_resumed = resume
        self._descriptor = -1
        # A download that is cancelled closes the file while a thread may still write to it.
        self._in_use = threading.Lock()

    def open(self) -> tuple[int, str | None]:
        """As `Sink` says. Another download to the same target is an error."""
        with translated(self._target):
            self._descriptor = _locked(self._path)
        if not self._is_resumed:
            return 0, None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            tag = self._tag_path.read_text("ascii")
            return os.fstat(self._descriptor).st_size, tag
        return 0, None

    def restart(self, tag: str | None) -> None:
        """As `Sink` says."""
        with self._in_use, translated(self._target):
            os.ftruncate(self._descriptor, 0)
            if tag is None:
                self._tag_path.unlink(missing_ok=True)
            else:
                self._tag_path.write_text(tag, "ascii")

    def write(self, position: int, piece: bytes) -> None:
        """As `Sink` says."""
        with self._in_use, translated(self._target):
            rest = memoryview(piece)
            while rest:
                written = os.pwrite(self._descriptor, rest, position)
                position, rest = position + written, rest[written:]

    def finish(self, length: int) -> None:
        """The file is on the disk, and takes the target's place and permissions."""
        with self._in_use, translated(self._target):
            os.ftruncate(self._descriptor, length)
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(self._descriptor, stat.S_IMODE(self._target.stat().st_mode))
            os.fsync(self._descriptor)
            self._path.replace(self._target)
            self._tag_path.unlink(missing_ok=True)

    def close(self, *, is_kept: bool) -> None:
        """As `Sink` says. The lock goes last, so that nobody's file is removed."""
        with self._in_use:
            try:
                if not is_kept and _is_at(self._descriptor, self._path):
                    self._path.unlink(missing_ok=True)
                    self._tag_path.unlink(missing_ok=True)
            finally:
                os.close(self._descriptor)
                self._descriptor = -1


class Stream:
    """Something open that takes bytes one after the other; it is left open."""

    def __init__(self, output: BinaryIO, name: str) -> None:
        self._output = output
        self._name = Path(name)
        self._has_bytes = False

    def open(self) -> tuple[int, str | None]:
        """Nothing is there already."""
        return 0, None

    def restart(self, tag: str | None) -> None:
        """Only before the first byte: those that were written cannot be taken back."""
        if self._has_bytes:
            raise TargetUnwritable(f"{self._name}: the file changed while it was written there")

    def write(self, position: int, piece: bytes) -> None:
        """As `Sink` says."""
        self._has_bytes = True
        with translated(self._name):
            rest = memoryview(piece)
            while rest:
                # An output without a buffer may take a part.
                rest = rest[self._output.write(rest) :]

    def finish(self, length: int) -> None:
        """As `Sink` says."""
        with translated(self._name):
            self._output.flush()

    def close(self, *, is_kept: bool) -> None:
        """It belongs to whoever opened it."""


class Special(Stream):
    """A pipe or device that has a path. It is opened, and never replaced."""

    def __init__(self, path: Path) -> None:
        with translated(path):
            super().__init__(path.open("wb", buffering=0), str(path))

    def close(self, *, is_kept: bool) -> None:
        """As `Sink` says."""
        self._output.close()


def sink_at(target: Path, *, resume: bool) -> Sink:
    """What takes a download to a path. Blocks, also until a pipe is read.

    Raises:
        TargetUnwritable: A pipe or device cannot be opened.
    """
    with translated(target):
        is_special = target.exists() and not target.is_file()
    return Special(target) if is_special else Draft(target, resume=resume)


def draft_path(target: Path) -> Path:
    """Where the bytes for a target are until they are complete."""
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.with_name(f".{target.name[:_SHOWN_CHARACTERS]}.{digest}.part.")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of the disk become `TargetUnwritable`."""
    try:
        yield
    except CloudError:
        raise
    except OSError as error:
        raise TargetUnwritable(f"{path} cannot be written: {error.strerror}") from error


def _locked(path: Path) -> int:
    """A descriptor of the file at the path, which is made when missing, with the only lock."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _lock(descriptor, path)
            # Whoever had the lock before may have moved the file to its target meanwhile.
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TargetUnwritable(
            f"{path} is being written by another download; wait for it, or choose another target"
        ) from error
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
