"""Copies of files and folders, which refer to the same content."""

from collections.abc import Sequence

from catalog.copy_port import CopiedEntries
from catalog.errors import CopyTooLarge, FolderCircle
from catalog.permits import Permit
from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import FolderPath
from catalog.records import File
from catalog.rows import folder_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, long_write, write
from catalog.sqlite.folders import (
    path_to,
    require_folder,
    require_movable,
    require_permitted,
    require_room,
)
from catalog.sqlite.placed_files import find_files, require_files
from catalog.sqlite.quotas import require_quota
from catalog.sqlite.rights import require_right
from catalog.sqlite.statements import sql
from catalog.sqlite.upkeep import (
    count_file,
    count_subtree,
    free_file_name,
    free_folder_name,
    next_change,
)


class SqliteCopies(SqlitePart):
    """`CopyStore` on SQLite."""

    @write
    def copy_files(
        self,
        session: Session,
        file_ids: Sequence[int],
        folder_id: int,
        *,
        owner_id: int,
        name: str | None = None,
        permit: Permit | None = None,
        target_permit: Permit | None = None,
    ) -> CopiedEntries:
        """Copies all or none into a folder.

        Raises `FileMissing`, `FolderMissing`, `UserMissing`, `NotPermitted`, `QuotaExceeded`.
        """
        target = require_folder(session, folder_id)
        require_right(session, folder_id, target_permit)
        files = require_files(session, file_ids, permit)
        require_user(session, owner_id)
        ids = [self._copy_file(session, file, folder_id, name, owner_id) for file in files]
        _count(session, folder_id, files)
        size = sum(file.size for file in files)
        require_quota(session, owner_id, more_bytes=size, more_files=len(files))
        sequence = next_change(session) if files else None
        folder = PlacedFolder(path=path_to(session, folder_id), folder=target)
        return CopiedEntries(files=_placed(session, ids, [folder]), sequence=sequence)

    def _copy_file(
        self, session: Session, file: File, folder_id: int, name: str | None, owner_id: int
    ) -> int:
        rows = session.rows(
            sql.copy_file,
            folder_id=folder_id,
            name=free_file_name(session, folder_id, name or file.name),
            owner_id=owner_id,
            now=self._clock(),
            file_id=file.id,
        )
        return int(rows[0]["id"])

    @long_write
    def copy_folder(
        self,
        session: Session,
        folder_id: int,
        parent_id: int,
        *,
        owner_id: int,
        max_entries: int,
        name: str | None = None,
        max_depth: int | None = None,
        permit: Permit | None = None,
        target_permit: Permit | None = None,
    ) -> CopiedEntries:
        """Copies a folder with all in it.

        Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`, `CopyTooLarge`, `UserMissing`,
        `NotPermitted`, `QuotaExceeded`.
        """
        original, _ = require_movable(session, folder_id)
        require_folder(session, parent_id)
        require_right(session, parent_id, target_permit)
        if permit is not None and permit.folder_right is None:
            require_permitted(session, folder_id, permit)
        require_right(session, folder_id, permit)
        require_user(session, owner_id)
        if session.row(sql.lies_within, inner_id=parent_id, outer_id=folder_id):
            raise FolderCircle(f"folder {parent_id} lies within folder {folder_id}")
        if max_depth is not None:
            require_room(session, original, parent_id, max_depth)
        totals = session.rows(sql.totals_within, folder_id=folder_id)[0]
        rows = session.rows(sql.folders_within, folder_id=folder_id, limit=max_entries + 1)
        if len(rows) + totals["files"] > max_entries:
            raise CopyTooLarge(max_entries)
        free = free_folder_name(session, parent_id, name or original.folder.name)
        top = _insert_folder(session, parent_id, free, path_to(session, parent_id))
        copies = {folder_id: top}
        for row in rows[1:]:
            above = copies[row["parent_id"]]
            copies[row["id"]] = _insert_folder(session, above.folder.id, row["name"], above.path)
        ids = [
            file_id
            for source_id, copy in copies.items()
            for file_id in self._fill(session, copy.folder.id, source_id, owner_id)
        ]
        count_subtree(session, parent_id, subtree_id=top.folder.id)
        require_quota(session, owner_id, more_bytes=totals["bytes"], more_files=totals["files"])
        folders = tuple(copies.values())
        return CopiedEntries(
            folders=folders, files=_placed(session, ids, folders), sequence=next_change(session)
        )

    def _fill(self, session: Session, folder_id: int, source_id: int, owner_id: int) -> list[int]:
        session.run(sql.copy_usage, folder_id=folder_id, source_id=source_id)
        rows = session.rows(
            sql.copy_files_of_folder,
            folder_id=folder_id,
            source_id=source_id,
            owner_id=owner_id,
            now=self._clock(),
        )
        return sorted(row["id"] for row in rows)


def _insert_folder(session: Session, parent_id: int, name: str, above: FolderPath) -> PlacedFolder:
    rows = session.rows(sql.insert_folder, parent_id=parent_id, name=name)
    return PlacedFolder(path=(*above, name), folder=folder_of(rows[0]))


def _count(session: Session, folder_id: int, files: Sequence[File]) -> None:
    sizes: dict[str, list[int]] = {}
    for file in files:
        sizes.setdefault(file.mime_type, []).append(file.size)
    for mime_type, each in sizes.items():
        count_file(session, folder_id, mime_type=mime_type, size=sum(each), number=len(each))


def _placed(
    session: Session, ids: Sequence[int], folders: Sequence[PlacedFolder]
) -> tuple[PlacedFile, ...]:
    """The new files, which are shared with nobody."""
    paths = {placed.folder.id: placed.path for placed in folders}
    files = {file.id: file for file in find_files(session, ids)}
    return tuple(
        PlacedFile(folder=paths[file.folder_id], file=file, shares=())
        for file in (files[file_id] for file_id in ids)
    )
