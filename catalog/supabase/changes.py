"""The changes of folders and files, as the answers and receipts of the calls that made them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from catalog.change_port import ChangeKind, ChangePage, ChangeRecord, RecordedChange
from catalog.port import CommittedFile
from catalog.rows import share_of
from catalog.supabase.client import Answer, SupabasePart
from catalog.supabase.copies import copied_of
from catalog.supabase.files import released_of
from catalog.supabase.folders import made_folders_of
from catalog.supabase.rows import (
    Row,
    changed_folder_of,
    file_of,
    moved_file_of,
    path_of,
    placed_file_of,
    placed_folder_of,
)
from catalog.supabase.trash import restored_of
from common.log_events import EventLogger

log = EventLogger(__name__)


def _committed_of(row: Row) -> CommittedFile:
    return CommittedFile(
        folder=path_of(row["folder"]),
        file=file_of(row["file"]),
        shares=tuple(share_of(share) for share in row["shares"]),
        created_folders=tuple(placed_folder_of(placed) for placed in row["created"]),
        replaced=row["replaced"],
        sequence=row.get("sequence"),
    )


_Reader = tuple[ChangeKind, Callable[[Answer], ChangeRecord]]
_CHANGED_FILE: Final[_Reader] = (ChangeKind.FILE_CHANGED, placed_file_of)
_COPIED: Final[_Reader] = (ChangeKind.COPIED, copied_of)
READERS: Final[Mapping[str, _Reader]] = {
    "commit": (ChangeKind.FILE_COMMITTED, _committed_of),
    "copy_files": _COPIED,
    "copy_folder": _COPIED,
    "delete_file": (ChangeKind.FILE_DELETED, placed_file_of),
    "delete_folder": (ChangeKind.FOLDER_DELETED, placed_folder_of),
    "make_folders": (ChangeKind.FOLDERS_MADE, made_folders_of),
    "move_files": (
        ChangeKind.FILES_MOVED,
        lambda rows: tuple(moved_file_of(row) for row in rows),
    ),
    "move_folder": (ChangeKind.FOLDER_MOVED, changed_folder_of),
    "put_share": _CHANGED_FILE,
    "release_files": (ChangeKind.FILES_CHANGED, released_of),
    "remove_share": _CHANGED_FILE,
    "rename_file": _CHANGED_FILE,
    "rename_folder": (ChangeKind.FOLDER_RENAMED, changed_folder_of),
    "restore_trashed": (ChangeKind.RESTORED, restored_of),
    "restore_version": _CHANGED_FILE,
    "set_owner": _CHANGED_FILE,
    "set_public": _CHANGED_FILE,
}
"""By the function that made the change."""


class SupabaseChangeLog(SupabasePart):
    """`ChangeLog` on Supabase."""

    async def last_change(self) -> int:
        """The number of the last change."""
        answer = await self._functions.read("changes_after", after=None, limit=0)
        return int(answer["last"])

    async def changes_after(self, after: int, *, limit: int) -> ChangePage:
        """At most so many of the changes after a number."""
        answer = await self._functions.read("changes_after", after=after, limit=limit)
        page = _page(answer, msgspec.json.encode(answer))
        return replace(page, has_more=len(answer["changes"]) >= limit)

    def page_of(self, raw: bytes) -> ChangePage:
        """A page that was read elsewhere."""
        try:
            return _page(msgspec.json.decode(raw), raw)
        except (msgspec.DecodeError, AttributeError, KeyError, TypeError) as error:
            raise ValueError("this is no page of changes") from error

    async def database_time(self) -> float:
        """Seconds since the Unix epoch by the database's clock."""
        return float(await self._functions.read("database_time"))


def _page(answer: Answer, raw: bytes) -> ChangePage:
    changes = [change for row in answer["changes"] if (change := _change_of(row)) is not None]
    return ChangePage(
        after=int(answer["after"]), last=int(answer["last"]), changes=changes, raw=raw
    )


def _change_of(row: Row) -> RecordedChange | None:
    reader = READERS.get(row["function"] or "")
    if reader is None:
        log.warning("change-not-understood", function=row["function"], sequence=row["sequence"])
        return None
    if row["change"] is None:
        # Its content was collected meanwhile, and a later change has deleted the file.
        return None
    kind, read = reader
    if kind is ChangeKind.FILES_CHANGED and row["change"]["is_deleted"]:
        kind = ChangeKind.FILES_DELETED
    return RecordedChange(sequence=row["sequence"], kind=kind, record=read(row["change"]))
