"""Folders, what lies in them, and finding entries by name."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from catalog.errors import (
    FolderCircle,
    FolderMissing,
    NotAFolder,
    NotPermitted,
    RootIsFixed,
    TooDeep,
)
from catalog.folding import folded
from catalog.permits import Permit
from catalog.placed import PlacedFolder
from catalog.port import (
    ChangedFolder,
    CountedFolder,
    FolderPath,
    MadeFolders,
    Position,
    Trashing,
)
from catalog.records import ROOT_FOLDER_ID, File, FileOrder, Folder, FolderCounts
from catalog.rows import folder_of
from catalog.sort_keys import natural_sort_key, prefix_pattern
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, long_write, read, write
from catalog.sqlite.rights import require_right
from catalog.sqlite.rows import file_of, path_of, standing_of
from catalog.sqlite.statements import sql
from catalog.sqlite.trashing import trash_folder
from catalog.sqlite.upkeep import (
    count_subtree,
    free_folder_name,
    move_kept_uploads,
    next_change,
    taken_names,
    uncount_subtree,
)


def require_folder(session: Session, folder_id: int) -> Folder:
    """The folder. Raises `FolderMissing`."""
    row = session.row(sql.folder_by_id, folder_id=folder_id)
    return folder_of(_present(row, folder_id))


def path_to(session: Session, folder_id: int) -> FolderPath:
    """Where the folder stands. Raises `FolderMissing`."""
    row = session.row(sql.folder_path, folder_id=folder_id)
    return path_of(_present(row, folder_id)["path"])


def find_path(session: Session, folder_id: int | None) -> FolderPath | None:
    """Where the folder stands; None for a missing one."""
    row = session.row(sql.folder_path, folder_id=folder_id)
    return path_of(row["path"]) if row else None


def make_folders(session: Session, path: FolderPath) -> MadeFolders:
    """Makes what is missing of a path, within a transaction. Raises `NotAFolder`."""
    rows = session.rows(sql.folders_along_path, path=json.dumps(path))
    folder = folder_of(rows[-1])
    if len(rows) <= len(path):
        require_no_file(session, folder.id, path[: len(rows)])
    created = []
    for depth in range(len(rows), len(path) + 1):
        row = session.row(sql.insert_folder, parent_id=folder.id, name=path[depth - 1])
        folder = folder_of(_present(row, folder.id))
        created.append(PlacedFolder(path=path[:depth], folder=folder))
    return MadeFolders(folder=folder, created=tuple(created))


class SqliteFolders(SqlitePart):
    """`FolderStore` on SQLite."""

    @read
    def folder_at(self, session: Session, path: FolderPath) -> Folder | None:
        """The folder at a path, or None."""
        rows = session.rows(sql.folders_along_path, path=json.dumps(path))
        return folder_of(rows[-1]) if len(rows) > len(path) else None

    @read
    def folder_by_id(self, session: Session, folder_id: int) -> Folder | None:
        """The folder with that id, or None."""
        row = session.row(sql.folder_by_id, folder_id=folder_id)
        return folder_of(row) if row else None

    @read
    def folder_path(self, session: Session, folder_id: int) -> FolderPath:
        """Where the folder stands. Raises `FolderMissing`."""
        return path_to(session, folder_id)

    @write
    def make_folders(
        self, session: Session, path: FolderPath, *, permit: Permit | None = None
    ) -> MadeFolders:
        """Makes the folder and its parents where they are missing.

        Raises `NotAFolder`, `NotPermitted`.
        """
        made = make_folders(session, path)
        if made.created:
            # Whatever holds for the folder in which they were made holds for them as well.
            require_right(session, made.folder.id, permit)
        return replace(made, sequence=next_change(session) if made.created else None)

    @read
    def counts(self, session: Session, folder_id: int) -> FolderCounts:
        """How many entries lie directly in the folder. Raises `FolderMissing`."""
        row = session.row(sql.folder_counts, folder_id=folder_id)
        found = _present(row, folder_id)
        return FolderCounts(files=found["file_count"], subfolders=found["subfolder_count"])

    @read
    def list_folders(
        self, session: Session, folder_id: int, *, offset: int, limit: int, ascending: bool = True
    ) -> list[PlacedFolder]:
        """Subfolders by name; none for a folder that does not exist."""
        query = sql.list_folders_ascending if ascending else sql.list_folders_descending
        rows = session.rows(query, folder_id=folder_id, offset=offset, limit=limit)
        return [
            PlacedFolder(path=(*path_of(row["parent_path"]), row["name"]), folder=folder_of(row))
            for row in rows
        ]

    @read
    def list_files(
        self,
        session: Session,
        folder_id: int,
        *,
        viewer_id: int | None,
        order: FileOrder,
        ascending: bool,
        offset: int,
        limit: int,
    ) -> list[File]:
        """Files of the folder; none for a folder that does not exist."""
        query = f"list_files_by_{order.value}_{'ascending' if ascending else 'descending'}"
        rows = session.rows(
            sql[query],
            folder_id=folder_id,
            viewer_id=viewer_id,
            offset=offset,
            limit=limit,
        )
        return [file_of(row) for row in rows]

    @read
    def usage_by_type(self, session: Session, folder_id: int) -> dict[str, int]:
        """Bytes by MIME type in the whole subtree. Raises `FolderMissing`."""
        rows = session.rows(sql.usage_by_type, folder_id=folder_id)
        if not rows:
            raise FolderMissing(f"there is no folder {folder_id}")
        return {row["mime_type"]: row["bytes"] for row in rows if row["mime_type"] is not None}

    @write
    def rename_folder(
        self, session: Session, folder_id: int, name: str, *, permit: Permit | None = None
    ) -> ChangedFolder:
        """Takes the first free `name (n)`. Raises `FolderMissing`, `RootIsFixed`, `NotPermitted`."""
        before, parent_id = require_movable(session, folder_id)
        require_right(session, parent_id, permit)
        after = _place(session, before, parent_id, name)
        return ChangedFolder(before=before, after=after, sequence=next_change(session))

    @long_write
    def move_folder(
        self,
        session: Session,
        folder_id: int,
        parent_id: int,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> ChangedFolder:
        """Numbers a taken name.

        Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`, `NotPermitted`.
        """
        before, old_parent_id = require_movable(session, folder_id)
        require_folder(session, parent_id)
        require_right(session, old_parent_id, permit)
        require_right(session, parent_id, permit)
        if session.row(sql.lies_within, inner_id=parent_id, outer_id=folder_id):
            raise FolderCircle(f"folder {parent_id} lies within folder {folder_id}")
        if max_depth is not None:
            require_room(session, before, parent_id, max_depth)
        uncount_subtree(session, old_parent_id, subtree_id=folder_id)
        after = _place(session, before, parent_id, before.folder.name)
        count_subtree(session, parent_id, subtree_id=folder_id)
        return ChangedFolder(before=before, after=after, sequence=next_change(session))

    @long_write
    def delete_folder(
        self,
        session: Session,
        folder_id: int,
        *,
        permit: Permit | None = None,
        trashing: Trashing | None = None,
    ) -> PlacedFolder | None:
        """Deletes the folder and everything in it, or puts it into the trash.

        Raises `RootIsFixed`, `NotPermitted`, `UserMissing`.
        """
        try:
            placed, parent_id = require_movable(session, folder_id)
        except FolderMissing:
            return None
        if permit is not None and permit.folder_right is None:
            require_permitted(session, folder_id, permit)
        require_right(session, parent_id, permit)
        if trashing is not None:
            trash_folder(session, placed, parent_id, trashing, now=self._clock())
        else:
            uncount_subtree(session, parent_id, subtree_id=folder_id)
            session.run(sql.delete_folder, folder_id=folder_id)
        return replace(placed, sequence=next_change(session))


def require_depth(session: Session, folder_id: int, depth: int, max_depth: int) -> None:
    """Raises `TooDeep` if of a folder, which is to lie at a depth, anything would lie too deep."""
    if session.row(sql.folders_beyond, folder_id=folder_id, depth=depth, max_depth=max_depth):
        raise TooDeep(f"there a path would have more than {max_depth} names")


def require_no_file(session: Session, parent_id: int, path: FolderPath) -> None:
    """Raises `NotAFolder` if in the parent, which has no folder of the path's last name, a file has it."""
    if taken_names(session, parent_id, path[-1:]):
        raise NotAFolder(path)


def require_movable(session: Session, folder_id: int) -> tuple[PlacedFolder, int]:
    """The folder and its parent's id. Raises `FolderMissing`, and `RootIsFixed` for the root."""
    if folder_id == ROOT_FOLDER_ID:
        raise RootIsFixed("the root folder cannot be renamed, moved or deleted")
    folder = require_folder(session, folder_id)
    if folder.parent_id is None:
        raise RootIsFixed("the root folder cannot be renamed, moved or deleted")
    path = path_to(session, folder_id)
    return PlacedFolder(path=path, folder=folder), folder.parent_id


def require_room(session: Session, moving: PlacedFolder, parent_id: int, max_depth: int) -> None:
    """Raises `TooDeep` unless all of the folder fits below the parent, or lies no deeper there."""
    depth = len(path_to(session, parent_id)) + 1
    if depth > len(moving.path):
        require_depth(session, moving.folder.id, depth, max_depth)


def require_permitted(session: Session, folder_id: int, permit: Permit) -> None:
    """Raises `NotPermitted` unless the permit covers all files in the subtree."""
    rows = session.rows(sql.standings_within, folder_id=folder_id, user_id=permit.user_id)
    refused = sum(row["files"] for row in rows if standing_of(row) not in permit.standings)
    if refused:
        raise NotPermitted(refused=refused, concerned=sum(row["files"] for row in rows))


def _place(session: Session, before: PlacedFolder, parent_id: int, name: str) -> PlacedFolder:
    folder_id = before.folder.id
    free = free_folder_name(session, parent_id, name, own_id=folder_id)
    row = session.row(sql.place_folder, folder_id=folder_id, parent_id=parent_id, name=free)
    folder = folder_of(_present(row, folder_id))
    path = path_to(session, folder_id)
    move_kept_uploads(session, before.path, path)
    return PlacedFolder(path=path, folder=folder)


def _present(row: sqlite3.Row | None, folder_id: int) -> sqlite3.Row:
    if row is None:
        raise FolderMissing(f"there is no folder {folder_id}")
    return row


class SqlitePositions(SqlitePart):
    """`FolderPositions` on SQLite."""

    @read
    def subfolder_position(
        self,
        session: Session,
        folder_id: int,
        name: str,
        *,
        is_prefix: bool,
        ascending: bool,
        start: int = 0,
    ) -> Position | None:
        """The first subfolder that matches, from index `start` on."""
        query = f"subfolder_position_{_variant(ascending=ascending, is_prefix=is_prefix)}"
        return _position(session, query, folder_id, name, is_prefix=is_prefix, start=start)

    @read
    def subfolder_place(
        self, session: Session, folder_id: int, name: str, *, ascending: bool
    ) -> int:
        """Where a subfolder of that name would be listed."""
        return _listed_at(session, "subfolder", folder_id, name, ascending=ascending)

    @read
    def file_position(
        self,
        session: Session,
        folder_id: int,
        name: str,
        *,
        is_prefix: bool,
        order: FileOrder,
        ascending: bool,
        start: int = 0,
    ) -> Position | None:
        """The first file that matches, from index `start` on."""
        variant = _variant(ascending=ascending, is_prefix=is_prefix)
        query = f"file_position_by_{order.value}_{variant}"
        return _position(session, query, folder_id, name, is_prefix=is_prefix, start=start)

    @read
    def file_place(self, session: Session, folder_id: int, name: str, *, ascending: bool) -> int:
        """Where a file of that name would be listed by name."""
        return _listed_at(session, "file", folder_id, name, ascending=ascending)


def _variant(*, ascending: bool, is_prefix: bool) -> str:
    """The part of a statement's name for its direction and what it compares."""
    return f"{'ascending' if ascending else 'descending'}_of_{'prefix' if is_prefix else 'name'}"


def _position(
    session: Session, query: str, folder_id: int, name: str, *, is_prefix: bool, start: int
) -> Position | None:
    wanted = (
        {"pattern": prefix_pattern(name), "beginning": folded(name)}
        if is_prefix
        else {"name": name}
    )
    row = session.row(sql[query], folder_id=folder_id, start=start, **wanted)
    return None if row is None else Position(index=row["index"], name=row["name"])


def _listed_at(session: Session, kind: str, folder_id: int, name: str, *, ascending: bool) -> int:
    query = f"{kind}_place_{'ascending' if ascending else 'descending'}"
    rows = session.rows(sql[query], folder_id=folder_id, sort_key=natural_sort_key(name))
    index: int = rows[0]["index"]
    return index


class SqliteWalks(SqlitePart):
    """`FolderWalk` on SQLite."""

    @read
    def subfolders_after(
        self, session: Session, folder_id: int, *, after: str, limit: int
    ) -> list[CountedFolder]:
        """Subfolders by name, those behind `after`."""
        rows = session.rows(sql.subfolders_after, folder_id=folder_id, after=after, limit=limit)
        return [
            CountedFolder(
                folder=folder_of(row),
                counts=FolderCounts(files=row["file_count"], subfolders=row["subfolder_count"]),
            )
            for row in rows
        ]

    @read
    def subfolders_in(self, session: Session, folder_id: int, names: Sequence[str]) -> list[Folder]:
        """Those subfolders that have one of the names."""
        wanted = json.dumps(list(dict.fromkeys(names)))
        rows = session.rows(sql.subfolders_by_name, folder_id=folder_id, names=wanted)
        return [folder_of(row) for row in rows]

    @read
    def files_after(
        self, session: Session, folder_id: int, *, viewer_id: int | None, after: str, limit: int
    ) -> list[File]:
        """Files by name, those behind `after`."""
        rows = session.rows(
            sql.files_after, folder_id=folder_id, viewer_id=viewer_id, after=after, limit=limit
        )
        return [file_of(row) for row in rows]
