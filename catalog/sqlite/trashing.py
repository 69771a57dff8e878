"""Putting files and folders into the trash, within the transaction that deletes them."""

import json

from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import FolderPath, Trashing
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.statements import sql
from catalog.sqlite.upkeep import uncount_file, uncount_subtree


def trash_file(session: Session, place: PlacedFile, trashing: Trashing, *, now: float) -> None:
    """Puts a file into the trash. Raises `UserMissing`."""
    file = place.file
    trash_id = _enter(
        session,
        trashing,
        now,
        file_id=file.id,
        name=file.name,
        origin_id=file.folder_id,
        origin=place.folder,
    )
    session.run(sql.trash_file, file_id=file.id, trash_id=trash_id)
    uncount_file(session, file.folder_id, mime_type=file.mime_type, size=file.size)


def trash_folder(
    session: Session, placed: PlacedFolder, parent_id: int, trashing: Trashing, *, now: float
) -> None:
    """Puts a folder into the trash, with all that is in it. Raises `UserMissing`."""
    folder_id = placed.folder.id
    trash_id = _enter(
        session,
        trashing,
        now,
        folder_id=folder_id,
        name=placed.folder.name,
        origin_id=parent_id,
        origin=placed.path[:-1],
    )
    uncount_subtree(session, parent_id, subtree_id=folder_id)
    session.run(sql.trash_folder, folder_id=folder_id, trash_id=trash_id)
    mark_trashed(session, folder_id, trash_id)
    session.run(sql.delete_confined_passwords, trash_id=trash_id)
    session.run(sql.delete_trashed_spaces, trash_id=trash_id)


def mark_trashed(session: Session, folder_id: int, trash_id: int | None) -> None:
    """Says of all in a folder what it was deleted with; None: it is not in the trash."""
    session.run(sql.mark_trashed_folders, folder_id=folder_id, trash_id=trash_id)
    session.run(sql.mark_trashed_files, folder_id=folder_id, trash_id=trash_id)


def _enter(
    session: Session,
    trashing: Trashing,
    now: float,
    *,
    name: str,
    origin_id: int,
    origin: FolderPath,
    file_id: int | None = None,
    folder_id: int | None = None,
) -> int:
    require_user(session, trashing.user_id)
    rows = session.rows(
        sql.insert_trash,
        file_id=file_id,
        folder_id=folder_id,
        name=name,
        origin_id=origin_id,
        origin=json.dumps(origin),
        deleted_by=trashing.user_id,
        now=now,
        expires_at=now + trashing.keep_s,
    )
    return int(rows[0]["id"])
