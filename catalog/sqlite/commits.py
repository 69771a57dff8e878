"""Committing an upload: its content is completed and gets a name, in one transaction."""

import json
from dataclasses import replace

from catalog.errors import IsAFolder, NameTaken
from catalog.placed import PlacedFolder
from catalog.port import (
    CommittedFile,
    FailOnConflict,
    FolderPath,
    OverwriteOnConflict,
    RenameOnConflict,
    UploadCommit,
)
from catalog.records import File, Folder, StoredObject
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.folders import make_folders
from catalog.sqlite.objects import finish_object, insert_object, release
from catalog.sqlite.placed_files import require_file, shares_of
from catalog.sqlite.quotas import require_quota
from catalog.sqlite.rights import require_right
from catalog.sqlite.rows import file_of
from catalog.sqlite.services import enqueue
from catalog.sqlite.statements import sql
from catalog.sqlite.upkeep import count_file, free_file_name, next_change, taken_names
from catalog.sqlite.versions import replace_content


def commit_upload(session: Session, upload: UploadCommit, *, now: float) -> CommittedFile:
    """Completes content, gives it a name, and releases its hold; or answers what this did before."""
    committed = _receipt(session, upload) or _commit(session, upload, now)
    if upload.hold is not None:
        service, key = upload.hold
        release(session, upload.object_id, service=service, key=key)
    return committed


def _commit(session: Session, upload: UploadCommit, now: float) -> CommittedFile:
    if upload.draft is not None:
        insert_object(session, upload.draft)
    content = finish_object(
        session, upload.object_id, mime_type=upload.mime_type, hash_hex=upload.hash_hex
    )
    if upload.owner_id is not None:
        require_user(session, upload.owner_id)
    made = make_folders(session, upload.folder)
    folder_id = made.folder.id
    replaced = False
    if not taken_names(session, folder_id, [upload.name]):
        file_id = _insert(session, content, folder_id, upload, now)
    elif isinstance(upload.on_conflict, RenameOnConflict):
        free = free_file_name(session, folder_id, upload.name)
        file_id = _insert(session, content, folder_id, replace(upload, name=free), now)
    else:
        present = _file_named(session, folder_id, upload.name)
        if present is None:
            raise IsAFolder((*upload.folder, upload.name))
        file_id = _overwrite(session, content, present, upload, upload.on_conflict, now)
        replaced = True
    enqueue(session, upload.object_id, now=now)
    return _write_receipt(session, file_id, upload.folder, made.created, replaced=replaced)


def _insert(
    session: Session, content: StoredObject, folder_id: int, wanted: UploadCommit, now: float
) -> int:
    require_right(session, folder_id, wanted.permit)
    rows = session.rows(
        sql.insert_file,
        folder_id=folder_id,
        name=wanted.name,
        object_id=content.id.bytes,
        owner_id=wanted.owner_id,
        is_public=wanted.is_public,
        size=content.size,
        now=now,
    )
    count_file(session, folder_id, mime_type=content.mime_type, size=content.size)
    require_quota(session, wanted.owner_id, more_bytes=content.size, more_files=1)
    return int(rows[0]["id"])


def _overwrite(
    session: Session,
    content: StoredObject,
    present: File,
    upload: UploadCommit,
    on_conflict: FailOnConflict | OverwriteOnConflict,
    now: float,
) -> int:
    if isinstance(on_conflict, FailOnConflict) or on_conflict.file_id != present.id:
        raise NameTaken(present)
    require_file(session, present.id, permit=on_conflict.permit)
    replace_content(session, present, content, keep=upload.keep_versions, now=now)
    return present.id


def _file_named(session: Session, folder_id: int, name: str) -> File | None:
    row = session.row(sql.file_by_name, folder_id=folder_id, name=name, viewer_id=None)
    return file_of(row) if row else None


def _receipt(session: Session, upload: UploadCommit) -> CommittedFile | None:
    row = session.row(sql.receipt, object_id=upload.object_id.bytes)
    if row is None:
        return None
    return CommittedFile(
        folder=upload.folder,
        file=file_of(row),
        shares=shares_of(session, row["id"]),
        created_folders=_folders_from_json(row["created_folders"]),
        replaced=bool(row["replaced"]),
        sequence=row["sequence"],
    )


def _write_receipt(
    session: Session,
    file_id: int,
    folder: FolderPath,
    created: tuple[PlacedFolder, ...],
    *,
    replaced: bool,
) -> CommittedFile:
    sequence = next_change(session)
    session.run(
        sql.insert_receipt,
        file_id=file_id,
        replaced=replaced,
        created_folders=_folders_to_json(created),
        sequence=sequence,
    )
    return CommittedFile(
        folder=folder,
        file=require_file(session, file_id),
        # A new file is shared with nobody yet.
        shares=shares_of(session, file_id) if replaced else (),
        created_folders=created,
        replaced=replaced,
        sequence=sequence,
    )


def _folders_to_json(placed: tuple[PlacedFolder, ...]) -> str | None:
    if not placed:
        return None
    return json.dumps([[each.folder.id, each.folder.parent_id, each.path] for each in placed])


def _folders_from_json(text: str | None) -> tuple[PlacedFolder, ...]:
    return tuple(
        PlacedFolder(
            path=tuple(path), folder=Folder(id=folder_id, name=path[-1], parent_id=parent_id)
        )
        for folder_id, parent_id, path in json.loads(text or "[]")
    )
