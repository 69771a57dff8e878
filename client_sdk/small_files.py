"""Small files that have come whole: each is written without a name, and then given its own.

A draft (`client_sdk.sinks`) costs some thirty calls of the system, for content that comes in pieces, may be
continued, and replaces what is there. New files of a folder that come together need six, relative to the
folder, which is opened once. A file without a name is gone when the program is killed, and the folder is
locked only while it gets one, so that several can be made at the same time. Where the system has no such
files, each is written beside its target and renamed. Whatever is out of the ordinary, as a target that exists
or a draft that an earlier download has left, is for a `DraftFile`.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from client_sdk import own_files
from client_sdk.errors import TargetUnwritable
from client_sdk.local_files import set_modification_time
from client_sdk.sinks import NEW_FILE_MODE, draft_path, sink_at

_NAMELESS = os.O_WRONLY | os.O_CLOEXEC | getattr(os, "O_TMPFILE", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_OPEN_FILES = "/proc/self/fd"
"""Where a file without a name can be linked from: open(2), O_TMPFILE."""

SmallFile = tuple[Path, bytes, float | None]
"""Where a file goes, its content, and when that was last modified (`local_files`)."""

_WriteNew = Callable[[int, SmallFile], None]


def write_files(files: Iterable[SmallFile]) -> set[Path]:
    """Writes files, whose folders exist. Blocks, and does not wait until the disk has them.

    Returns:
        The targets that were written; the others could not be.
    """
    by_folder: dict[Path, list[SmallFile]] = defaultdict(list)
    for file in files:
        by_folder[file[0].parent].append(file)
    written: set[Path] = set()
    for folder, inside in by_folder.items():
        with contextlib.suppress(OSError, TargetUnwritable), _opened(folder) as descriptor:
            write_new = _write_nameless if _takes_nameless(descriptor) else _write_draft
            written |= {file[0] for file in inside if _is_written(descriptor, file, write_new)}
    return written


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(own_files.followed(folder), flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _takes_nameless(folder: int) -> bool:
    """Whether files without a name can be made in the folder, and named afterwards."""
    if not (hasattr(os, "O_TMPFILE") and Path(_OPEN_FILES).exists()):
        return False
    try:
        os.close(os.open(".", _NAMELESS, NEW_FILE_MODE, dir_fd=folder))
    except OSError:
        return False
    return True


def _is_written(folder: int, file: SmallFile, write_new: _WriteNew) -> bool:
    target = file[0]
    try:
        if not (_is_there(folder, target.name) or _is_there(folder, draft_path(target).name)):
            write_new(folder, file)
            return True
    except FileExistsError:
        pass
    except OSError:
        return False
    return _is_replaced(file)


def _is_there(folder: int, name: str) -> bool:
    return os.access(name, os.F_OK, dir_fd=folder, follow_symlinks=False)


def _write_nameless(folder: int, file: SmallFile) -> None:
    target, content, modified_at = file
    descriptor = os.open(".", _NAMELESS, NEW_FILE_MODE, dir_fd=folder)
    try:
        _write_all(descriptor, content, modified_at)
        os.link(f"{_OPEN_FILES}/{descriptor}", target.name, dst_dir_fd=folder)
    finally:
        os.close(descriptor)


def _write_draft(folder: int, file: SmallFile) -> None:
    target, content, modified_at = file
    draft = draft_path(target).name
    descriptor = os.open(draft, _NEW, NEW_FILE_MODE, dir_fd=folder)
    try:
        try:
            _write_all(descriptor, content, modified_at)
        finally:
            os.close(descriptor)
        os.rename(draft, target.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise


def _write_all(descriptor: int, content: bytes, modified_at: float | None) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    set_modification_time(descriptor, modified_at)


def _is_replaced(file: SmallFile) -> bool:
    target, content, modified_at = file
    try:
        sink = sink_at(target, resume=False)
        try:
            sink.open()
            sink.write(0, content)
            sink.finish(len(content), modified_at)
        finally:
            sink.close(is_kept=False)
    except TargetUnwritable:
        return False
    return True
