"""Files and folders on the disk of the client: a walk through them, and their modification times."""

import os
import stat
import time
from datetime import datetime
from pathlib import Path
from typing import Protocol

from client_sdk.errors import CloudError, InvalidInput, SourceUnreadable
from protocol.timestamps import is_modification_time

_NS_PER_MS = 1_000_000


class FolderVisitor(Protocol):
    """Hears what lies in a folder. Paths are relative to it, with slashes on every system."""

    def folder(self, path: str, local: Path, *, is_empty: bool) -> bool:
        """A folder; `""` for the one where the walk begins. Answers whether to go into it."""

    def file(self, path: str, local: Path, facts: os.stat_result) -> None:
        """A regular file."""

    def other(self, path: str, local: Path) -> None:
        """A pipe, a socket, or a device."""

    def failure(self, path: str, local: Path, error: CloudError) -> None:
        """What cannot be read."""


def walk(root: Path, visitor: FolderVisitor) -> None:
    """Tells of a file, or of a folder with everything in it, by name. Blocks on the disk.

    Links are followed, but never in circles.
    """
    _walk(root, "", visitor, frozenset())


def _walk(local: Path, path: str, visitor: FolderVisitor, above: frozenset[object]) -> None:
    try:
        facts = local.stat()
        if stat.S_ISDIR(facts.st_mode):
            _walk_folder(local, path, visitor, above, (facts.st_dev, facts.st_ino))
        elif stat.S_ISREG(facts.st_mode):
            visitor.file(path, local, facts)
        else:
            visitor.other(path, local)
    except OSError as error:
        reason = f"this cannot be read: {error.strerror}"
        visitor.failure(path, local, SourceUnreadable(reason))


def _walk_folder(
    local: Path, path: str, visitor: FolderVisitor, above: frozenset[object], identity: object
) -> None:
    if identity in above:
        reason = "this link leads back to a folder above it"
        visitor.failure(path, local, SourceUnreadable(reason))
        return
    names = sorted(inside.name for inside in local.iterdir())
    if visitor.folder(path, local, is_empty=not names):
        for name in names:
            inner = f"{path}/{name}" if path else name
            _walk(local / name, inner, visitor, above | {identity})


def modification_time(facts: os.stat_result) -> float | None:
    """Seconds since the epoch, in whole milliseconds, as the manager keeps them; None: it takes none such."""
    seconds = facts.st_mtime_ns // _NS_PER_MS / 1000
    return seconds if is_modification_time(seconds) else None


def checked_modification_time(moment: datetime) -> float:
    """Seconds since the epoch of a time that a caller hands in. Raises `InvalidInput`."""
    seconds = moment.timestamp()
    if not is_modification_time(seconds):
        raise InvalidInput("a modification time must lie in the years 1601 to 9998")
    return seconds


def set_modification_time(descriptor: int, seconds: float | None) -> None:
    """Gives an open file a modification time; None leaves it as it is. Raises `OSError`."""
    if seconds is not None:
        os.utime(descriptor, ns=(time.time_ns(), round(seconds * 1000) * _NS_PER_MS))
