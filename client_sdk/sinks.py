"""Where downloads go.

A file is written under another name in the folder of its target, and takes the target's place at
the end, in one step. That name ends in a dot, as no stored file's name does: it can never be the
target of another download. It is short, whatever the length of the target's, and another one for
every user. An exclusive lock keeps every other download away, in this process and in others, until the
file is in its place; the tag of the content stands in a file of its own, beside it. When the bytes come
from several places at once, that file gives way to another one, which also says which bytes are there:
releases that know only the tag would take the length of the draft for that. The folder may be one that
others may write to: `client_sdk.own_files` says what that means.

Pipes, devices and open files take the bytes as they come: what was written to them stays.
"""

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from client_sdk import own_files
from client_sdk.byte_ranges import ByteRanges
from client_sdk.errors import CloudError, TargetUnwritable
from client_sdk.local_files import set_modification_time

NEW_FILE_MODE = 0o666
"""Before the umask."""
PIPE_POLL_S = 0.05
_SHOWN_CHARACTERS = 40
_WITHOUT_LOCKS = {errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS}
"""File systems that have no locks say one of these; there no other download is kept away."""


class Sink(Protocol):
    """Takes the bytes of one download. Every method blocks; errors are `TargetUnwritable`.

    A download that is given up closes its sink, also while another method still runs in a thread, or
    is about to: what `open` acquires then is released at once.
    """

    @property
    def takes_any_order(self) -> bool:
        """Whether pieces may come in any order once `spread` was called."""

    def open(self) -> tuple[ByteRanges, str | None]:
        """Begins; answers which bytes are there already, and of which content."""

    def restart(self, tag: str | None) -> None:
        """Forgets all bytes. Those that follow belong to the content with that tag, if any."""

    def write(self, position: int, piece: bytes | memoryview) -> None:
        """Writes a whole piece, which may change afterwards.

        Pieces follow on each other, unless they are spread.
        """

    def spread(self) -> None:
        """From now on pieces come in any order."""

    def flush(self) -> None:
        """What was written is on the disk then, and remembered as being there. May run beside `write`."""

    def finish(self, length: int, modified_at: float | None = None) -> None:
        """Everything is there, so many bytes, which were last modified then (seconds since the epoch)."""

    def close(self, *, is_kept: bool) -> None:
        """Ends it, finished or not, opened or not.

        `is_kept` leaves what has come for a later download; what an earlier one has left, and this
        one has not touched, stays in any case.
        """


class DraftFile:
    """A file that takes the place of its target at the end.

    Args:
        target: File to write; of a link, what it leads to.
        resume: Go on with what an earlier download has left.
    """

    def __init__(self, target: Path, *, resume: bool) -> None:
        self._named = target
        self._is_resumed = resume
        self._descriptor = -1
        self._tag: str | None = None
        self._received = ByteRanges()
        self._is_changed = self._is_closed = self._is_spread = False
        # A download that is cancelled closes the file while a thread may still write to it.
        self._in_use = threading.Lock()

    @property
    def takes_any_order(self) -> bool:
        """As `Sink` says."""
        return True

    def open(self) -> tuple[ByteRanges, str | None]:
        """As `Sink` says. Another download to the same target is an error."""
        with self._in_use, translated(self._named):
            if self._is_closed:
                raise TargetUnwritable(f"{self._named} was given up")
            self._target = own_files.followed(self._named)
            self._path = draft_path(self._target)
            self._tag_path = self._path.with_name(f"{self._path.name}tag.")
            self._map_path = self._path.with_name(f"{self._path.name}map.")
            self._descriptor = _locked(self._path, self._draft_mode())
            if self._is_resumed:
                self._find_left()
            return ByteRanges(self._received), self._tag

    def restart(self, tag: str | None) -> None:
        """As `Sink` says."""
        with self._in_use, translated(self._target):
            self._is_changed, self._is_spread = True, False
            self._tag, self._received = tag, ByteRanges()
            # ext4 takes it for a replacement of old content, which it writes out when the file is closed.
            if not self._is_empty():
                os.ftruncate(self._descriptor, 0)
            self._map_path.unlink(missing_ok=True)
            if tag is None:
                self._tag_path.unlink(missing_ok=True)
            else:
                own_files.write(self._tag_path, tag.encode("ascii"))

    def write(self, position: int, piece: bytes | memoryview) -> None:
        """As `Sink` says."""
        with self._in_use, translated(self._target):
            self._is_changed = True
            start, rest = position, memoryview(piece)
            while rest:
                written = os.pwrite(self._descriptor, rest, position)
                position, rest = position + written, rest[written:]
            self._received.add(start, position)

    def spread(self) -> None:
        """As `Sink` says."""
        with self._in_use, translated(self._target):
            self._is_spread = True
            self._tag_path.unlink(missing_ok=True)
            self._write_map(self._received)

    def flush(self) -> None:
        """As `Sink` says."""
        with self._in_use, translated(self._target):
            if self._is_closed:
                return
            received = ByteRanges(self._received)
            descriptor = os.dup(self._descriptor)
        with translated(self._target):
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        with self._in_use, translated(self._target):
            if self._is_spread and not self._is_closed:
                self._write_map(received)

    def finish(self, length: int, modified_at: float | None = None) -> None:
        """The file takes the target's place and permissions. When the disk has it is up to the system."""
        with self._in_use, translated(self._target):
            os.ftruncate(self._descriptor, length)
            if (mode := self._final_mode()) is not None:
                os.fchmod(self._descriptor, mode)
            if not own_files.is_at(self._descriptor, self._path):
                raise TargetUnwritable(f"{self._path} was taken away while it was written")
            set_modification_time(self._descriptor, modified_at)
            self._path.replace(self._target)
            self._tag_path.unlink(missing_ok=True)
            self._map_path.unlink(missing_ok=True)

    def close(self, *, is_kept: bool) -> None:
        """As `Sink` says. The lock is released last, so that no other download's file is removed."""
        with self._in_use:
            self._is_closed = True
            if self._descriptor < 0:
                return
            try:
                is_left = is_kept or not (self._is_changed or self._is_empty())
                is_here = own_files.is_at(self._descriptor, self._path)
                if is_left and is_here and self._is_spread:
                    self._write_map(self._received)
                elif not is_left and is_here:
                    self._path.unlink(missing_ok=True)
                    self._tag_path.unlink(missing_ok=True)
                    self._map_path.unlink(missing_ok=True)
            finally:
                os.close(self._descriptor)
                self._descriptor = -1

    def _draft_mode(self) -> int:
        """Users who cannot read the target cannot read what comes, either."""
        mode = self._final_mode()
        return NEW_FILE_MODE if mode is None else mode | stat.S_IRUSR | stat.S_IWUSR

    def _final_mode(self) -> int | None:
        """The permissions of the user's own file that is replaced; None for a new one."""
        try:
            facts = self._target.stat()
        except FileNotFoundError:
            return None
        return stat.S_IMODE(facts.st_mode) & 0o777 if own_files.is_own(facts) else None

    def _find_left(self) -> None:
        """Finds out what an earlier download has left."""
        size = os.fstat(self._descriptor).st_size
        with contextlib.suppress(OSError, UnicodeDecodeError, TargetUnwritable):
            self._tag = own_files.read(self._tag_path).decode("ascii")
            self._received.add(0, size)
            return
        with contextlib.suppress(OSError, ValueError, TargetUnwritable):
            tag, *lines = own_files.read(self._map_path).decode("ascii").split("\n")
            pairs = [line.partition("-") for line in lines]
            received = ByteRanges((int(start), int(end)) for start, _, end in pairs)
            # An earlier release begins anew, and leaves a map that is not true any more.
            if received.end <= size:
                self._tag, self._received, self._is_spread = tag, received, True

    def _write_map(self, received: ByteRanges) -> None:
        spans = [f"{start}-{end}" for start, end in received]
        own_files.write(self._map_path, "\n".join([self._tag or "", *spans]).encode("ascii"))

    def _is_empty(self) -> bool:
        return os.fstat(self._descriptor).st_size == 0


class OpenOutput:
    """Something open that takes bytes one after the other; it is left open."""

    def __init__(self, output: BinaryIO, name: str) -> None:
        self._output = output
        self._name = Path(name)
        self._has_bytes = False

    @property
    def takes_any_order(self) -> bool:
        """As `Sink` says: what was written stays where it is."""
        return False

    def open(self) -> tuple[ByteRanges, str | None]:
        """Nothing is there already."""
        return ByteRanges(), None

    def restart(self, tag: str | None) -> None:
        """Only before the first byte: those that were written cannot be taken back."""
        if self._has_bytes:
            raise TargetUnwritable(f"{self._name}: the file changed while it was written there")

    def write(self, position: int, piece: bytes | memoryview) -> None:
        """As `Sink` says."""
        self._has_bytes = True
        with translated(self._name):
            rest = memoryview(piece)
            while rest:
                # An output without a buffer may take a part.
                rest = rest[self._output.write(rest) :]

    def spread(self) -> None:
        """Not called: it takes no order but one."""

    def flush(self) -> None:
        """Nothing is kept back that could be lost."""

    def finish(self, length: int, modified_at: float | None = None) -> None:
        """As `Sink` says."""
        with translated(self._name):
            self._output.flush()

    def close(self, *, is_kept: bool) -> None:
        """Leaves it open: it belongs to the caller."""


class SpecialFile(OpenOutput):
    """A pipe or device that has a path. It is opened, and never replaced."""

    def __init__(self, path: Path) -> None:
        # Opening waits for a reader of a pipe; until then what is written goes nowhere.
        super().__init__(io.BytesIO(), str(path))
        self._path = path
        self._is_closed = threading.Event()
        self._opening = threading.Lock()

    def open(self) -> tuple[ByteRanges, str | None]:
        """As `Sink` says. It waits until the pipe has a reader."""
        with translated(self._path):
            while not self._open_now():
                if self._is_closed.wait(PIPE_POLL_S):
                    raise TargetUnwritable(f"{self._path} was given up")
        return ByteRanges(), None

    def close(self, *, is_kept: bool) -> None:
        """As `Sink` says."""
        with self._opening:
            self._is_closed.set()
            self._output.close()

    def _open_now(self) -> bool:
        """Opens it, unless it is a pipe that nobody reads, or nobody needs it any more."""
        with self._opening:
            if self._is_closed.is_set():
                return False
            try:
                descriptor = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                if error.errno == errno.ENXIO and self._path.is_fifo():
                    return False
                raise
            os.set_blocking(descriptor, True)
            self._output = os.fdopen(descriptor, "wb", buffering=0)
            return True


def sink_at(target: Path, *, resume: bool) -> Sink:
    """What takes a download to a path. Blocks. Raises `TargetUnwritable`."""
    with translated(target):
        own_files.followed(target)
        is_special = target.exists() and not target.is_file()
    if is_special:
        return SpecialFile(target)
    return DraftFile(target, resume=resume)


def draft_path(target: Path) -> Path:
    """Where the bytes of this user for a target are until they are complete."""
    whose = b"%d:" % os.geteuid()
    digest = hashlib.sha256(whose + os.fsencode(target.name)).hexdigest()[:16]
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


def _locked(path: Path, mode: int) -> int:
    """A descriptor of the file at the path, which is made when missing, with the only lock."""
    while True:
        descriptor = own_files.opened(path, mode)
        try:
            _lock(descriptor, path)
            # The download that had the lock before may have moved the file to its target.
            if own_files.is_at(descriptor, path):
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
