"""What was deleted and is kept for a while: seeing, restoring and emptying it."""

import json
import sqlite3
from collections.abc import Sequence

from catalog.errors import TrashMissing
from catalog.permits import Permit
from catalog.placed import PlacedFolder
from catalog.rows import folder_of, trashed_item_of
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, long_write, read
from catalog.sqlite.folders import make_folders, path_to, require_depth
from catalog.sqlite.placed_files import places_of, require_file
from catalog.sqlite.rights import require_right
from catalog.sqlite.statements import sql
from catalog.sqlite.trashing import mark_trashed
from catalog.sqlite.upkeep import (
    count_file,
    count_subtree,
    free_file_name,
    free_folder_name,
    next_change,
    uncount_file,
)
from catalog.trash_port import RestoredItem, TrashedItem, TrashKey, TrashTotals


class SqliteTrash(SqlitePart):
    """`TrashStore` on SQLite."""

    @read
    def trash_of(
        self, session: Session, user_id: int, *, before: int | None, limit: int
    ) -> list[TrashedItem]:
        """What the user sees in the trash, the last deletion first."""
        rows = session.rows(
            sql.trash_of, user_id=user_id, now=self._clock(), before=before, limit=limit
        )
        return [trashed_item_of(row, tuple(json.loads(row["origin"]))) for row in rows]

    @read
    def trash_totals(self, session: Session, user_id: int) -> TrashTotals:
        """How much of what the user owns lies in the trash."""
        (row,) = session.rows(sql.trash_totals, user_id=user_id)
        return TrashTotals(bytes=row["bytes"], files=row["files"])

    @long_write
    def restore_trashed(
        self,
        session: Session,
        user_id: int,
        key: TrashKey,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> RestoredItem:
        """Puts something back. Raises `TrashMissing`, `NotAFolder`, `TooDeep`, `NotPermitted`."""
        trashed = self._visible(session, user_id, key)
        if trashed is None:
            raise TrashMissing("there is no such thing in the trash")
        origin = session.row(sql.folder_by_id, folder_id=trashed["origin_id"])
        created: tuple[PlacedFolder, ...] = ()
        if origin is not None:
            target_id: int = origin["id"]
        else:
            made = make_folders(session, tuple(json.loads(trashed["origin"])))
            target_id, created = made.folder.id, made.created
        require_right(session, target_id, permit)
        restored = (
            _restored_file(session, trashed, target_id, created)
            if key.folder_id is None
            else _restored_folder(session, trashed, target_id, created, max_depth)
        )
        session.run(sql.delete_trash, trash_id=trashed["id"])
        return restored

    @long_write
    def discard_trashed(
        self, session: Session, user_id: int, keys: Sequence[TrashKey] | None, *, limit: int
    ) -> bool:
        """Has things expire at once. Answers whether there is more to do."""
        now = self._clock()
        if keys is None:
            rows = session.rows(sql.trash_of, user_id=user_id, now=now, before=None, limit=-1)
        else:
            found = [self._visible(session, user_id, key) for key in keys]
            rows = [row for row in found if row is not None]
        for row in rows:
            trash_id = row["id"]
            if not session.row(sql.has_files_of_others, trash_id=trash_id, user_id=user_id):
                session.run(sql.expire_trash, trash_id=trash_id, now=now)
                continue
            deleted = _delete_own(session, trash_id, user_id, limit)
            limit -= deleted
            if limit <= 0:
                return True
            session.run(sql.leave_trash, trash_id=trash_id, user_id=user_id)
        return False

    @long_write
    def collect_trash(self, session: Session, *, limit: int) -> int:
        """Deletes up to `limit` files of what has expired, and folders that are empty then."""
        deleted = 0
        for row in session.rows(sql.expired_trash, now=self._clock(), limit=limit):
            files = session.rows(sql.trashed_files, trash_id=row["id"], limit=limit - deleted)
            delete_contents(session, [file["id"] for file in files])
            deleted += len(files)
            if deleted >= limit:
                break
            if row["folder_id"] is not None:
                session.run(sql.delete_folder, folder_id=row["folder_id"])
                deleted += 1
        return deleted

    def _visible(self, session: Session, user_id: int, key: TrashKey) -> sqlite3.Row | None:
        return session.row(
            sql.trashed,
            user_id=user_id,
            file_id=key.file_id,
            folder_id=key.folder_id,
            now=self._clock(),
        )


def delete_contents(session: Session, file_ids: list[int]) -> None:
    """Deletes files that lie in the trash, and lets their content go without grace."""
    ids = json.dumps(file_ids)
    contents = session.rows(sql.delete_version_contents, ids=ids)
    contents += session.rows(sql.delete_file_contents, ids=ids)
    session.run_many(sql.end_grace, [{"object_id": row["object_id"]} for row in contents])


def delete_trashed(session: Session, file_ids: list[int]) -> None:
    """Deletes some of the files of deletions, which go on without them."""
    totals = session.rows(sql.trashed_totals, ids=json.dumps(file_ids))
    delete_contents(session, file_ids)
    for row in totals:
        uncount_file(
            session,
            row["folder_id"],
            mime_type=row["mime_type"],
            size=row["size"],
            number=row["number"],
        )


def _delete_own(session: Session, trash_id: int, user_id: int, limit: int) -> int:
    rows = session.rows(sql.own_trashed_files, trash_id=trash_id, user_id=user_id, limit=limit)
    delete_trashed(session, [row["id"] for row in rows])
    return len(rows)


def _restored_file(
    session: Session, trashed: sqlite3.Row, target_id: int, created: tuple[PlacedFolder, ...]
) -> RestoredItem:
    file_id = trashed["file_id"]
    name = free_file_name(session, target_id, trashed["name"])
    session.run(sql.restore_file, file_id=file_id, folder_id=target_id, name=name)
    file = require_file(session, file_id)
    count_file(session, target_id, mime_type=file.mime_type, size=file.size)
    (place,) = places_of(session, [file])
    return RestoredItem(file=place, created_folders=created, sequence=next_change(session))


def _restored_folder(
    session: Session,
    trashed: sqlite3.Row,
    target_id: int,
    created: tuple[PlacedFolder, ...],
    max_depth: int | None,
) -> RestoredItem:
    folder_id = trashed["folder_id"]
    if max_depth is not None:
        require_depth(session, folder_id, len(path_to(session, target_id)) + 1, max_depth)
    name = free_folder_name(session, target_id, trashed["name"], own_id=folder_id)
    (row,) = session.rows(sql.place_folder, folder_id=folder_id, parent_id=target_id, name=name)
    mark_trashed(session, folder_id, None)
    count_subtree(session, target_id, subtree_id=folder_id)
    placed = PlacedFolder(path=path_to(session, folder_id), folder=folder_of(row))
    return RestoredItem(
        placed_folder=placed, created_folders=created, sequence=next_change(session)
    )
