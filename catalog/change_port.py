"""The port for reading the changes of folders and files that any program has made, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from catalog.copy_port import CopiedEntries
from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import ChangedFolder, CommittedFile, MadeFolders, MovedFile, ReleasedFiles
from catalog.trash_port import RestoredItem


class ChangeKind(StrEnum):
    """What was done, and with it the type of the record."""

    FILE_COMMITTED = "file-committed"
    """`CommittedFile`."""
    FOLDERS_MADE = "folders-made"
    """`MadeFolders`."""
    FOLDER_RENAMED = "folder-renamed"
    """`ChangedFolder`."""
    FOLDER_MOVED = "folder-moved"
    """`ChangedFolder`."""
    FOLDER_DELETED = "folder-deleted"
    """`PlacedFolder`."""
    FILE_CHANGED = "file-changed"
    """`PlacedFile`."""
    FILE_DELETED = "file-deleted"
    """`PlacedFile`."""
    FILES_MOVED = "files-moved"
    """A tuple of `MovedFile`."""
    FILES_CHANGED = "files-changed"
    """`ReleasedFiles`."""
    FILES_DELETED = "files-deleted"
    """`ReleasedFiles`."""
    COPIED = "copied"
    """`CopiedEntries`."""
    RESTORED = "restored"
    """`RestoredItem`."""


ChangeRecord = (
    CommittedFile
    | MadeFolders
    | ChangedFolder
    | PlacedFolder
    | PlacedFile
    | tuple[MovedFile, ...]
    | ReleasedFiles
    | CopiedEntries
    | RestoredItem
)


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """One change.

    Attributes:
        sequence: its number in the order of commits.
        kind: what was done.
        record: what the call that made it answered.
    """

    sequence: int
    kind: ChangeKind
    record: ChangeRecord


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Successive changes.

    Attributes:
        after: the number after which they begin.
        last: up to this number there are no others.
        changes: in the order of their numbers. One of which nothing is known any more is left out.
        raw: the page as `ChangeLog.page_of` reads it.
        has_more: whether there may be later changes.
    """

    after: int
    last: int
    changes: Sequence[RecordedChange]
    raw: bytes
    has_more: bool = False


class ChangeLog(Protocol):
    """Changes of the last hour, whoever made them."""

    async def last_change(self) -> int:
        """The number of the last change. Raises `CatalogUnavailable`."""

    async def changes_after(self, after: int, *, limit: int) -> ChangePage:
        """At most so many of the changes after a number. Raises `CatalogUnavailable`."""

    def page_of(self, raw: bytes) -> ChangePage:
        """A page that was read elsewhere. Raises `ValueError` if it is none."""

    async def database_time(self) -> float:
        """Seconds since the Unix epoch by the database's clock. Raises `CatalogUnavailable`."""
