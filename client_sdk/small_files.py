"""Small files that have come whole: each is written beside its target and renamed, with few system calls.

A draft (`client_sdk.sinks`) costs some thirty calls of the system, for content that comes in pieces, may be
continued, and replaces what is there. New files of a folder that come together need five, relative to the
folder, which is opened once. Whatever is out of the ordinary, as a target that exists or a draft that an
earlier download has left, is for a `DraftFile`.
"""

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from client_sdk import own_files
from client_sdk.errors import TargetUnwritable
from client_sdk.sinks import NEW_FILE_MODE, draft_path, sink_at

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def write_files(files: Iterable[tuple[Path, bytes]]) -> set[Path]:
    """Writes files, whose folders exist. Blocks, and does not wait until the disk has them.

    Returns:
        The targets that were written; the others could not be.
    """
    by_folder: dict[Path, list[tuple[Path, bytes]]] = defaultdict(list)
    for target, content in files:
        by_folder[target.parent].append((target, content))
    written: set[Path] = set()
    for folder, inside in by_folder.items():
        with contextlib.suppress(OSError, TargetUnwritable), _opened(folder) as descriptor:
            for target, content in inside:
                if _is_written(descriptor, target, content):
                    written.add(target)
    return written


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    descriptor = os.open(own_files.followed(folder), flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_written(folder: int, target: Path, content: bytes) -> bool:
    try:
        if _is_new(folder, target.name):
            _write_new(folder, target, content)
            return True
    except FileExistsError:
        pass
    except OSError:
        return False
    return _is_replaced(target, content)


def _is_new(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return False


def _write_new(folder: int, target: Path, content: bytes) -> None:
    draft = draft_path(target).name
    descriptor = os.open(draft, _NEW, NEW_FILE_MODE, dir_fd=folder)
    try:
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        os.rename(draft, target.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise


def _is_replaced(target: Path, content: bytes) -> bool:
    try:
        sink = sink_at(target, resume=False)
        try:
            sink.open()
            sink.write(0, content)
            sink.finish(len(content))
        finally:
            sink.close(is_kept=False)
    except TargetUnwritable:
        return False
    return True
