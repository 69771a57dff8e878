"""Committing an upload: stored content gets a name, in one transaction."""

import json
from uuid import UUID

from catalog.errors import IsAFolder, NameTaken
from catalog.port import (
    CommittedFile,
    FailOnConflict,
    FolderPath,
    OnConflict,
    OverwriteOnConflict,
    PlacedFolder,
    RenameOnConflict,
)
from catalog.records import File, Folder, StoredObject
from catalog.sqlite import usage
from catalog.sqlite.accounts import require_user
from catalog.sqlite.changes import next_change
from catalog.sqlite.database import Session
from catalog.sqlite.files import require_file, shares_of
from catalog.sqlite.folders import make_folders
from catalog.sqlite.free_names import free_file_name
from catalog.sqlite.jobs import enqueue
from catalog.sqlite.objects import require_stored
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.rows import file_of
from catalog.sqlite.statements import sql


class SqliteCommits(SqlitePart):
    """`FileStore.commit_file` on SQLite."""

    async def commit_file(
        self,
        object_id: UUID,
        folder: FolderPath,
        name: str,
        *,
        owner_id: int | None,
        is_public: bool,
        on_conflict: OnConflict,
    ) -> CommittedFile:
        """Gives stored content a name, all of it or nothing; repeats its answer when repeated.

        Raises `NameTaken`, `IsAFolder`, `NotAFolder`, `NotPermitted`, `ObjectMissing`,
        `ObjectIncomplete`, `UserMissing`.
        """
        async with self._database.writing() as session:
            if receipt := await _receipt(session, object_id, folder):
                return receipt
            content = await require_stored(session, object_id)
            if owner_id is not None:
                await require_user(session, owner_id)
            made = await make_folders(session, folder)
            present = await _file_named(session, made.folder.id, name)
            if present is None or isinstance(on_conflict, RenameOnConflict):
                free = await free_file_name(session, made.folder.id, name)
                if free != name and not isinstance(on_conflict, RenameOnConflict):
                    raise IsAFolder((*folder, name))
                file_id = await self._insert(
                    session, content, made.folder.id, free, owner_id=owner_id, is_public=is_public
                )
            else:
                file_id = await self._overwrite(session, content, present, on_conflict)
            await enqueue(session, object_id, now=self._clock())
            replaced = present is not None and present.id == file_id
            return await _write_receipt(session, file_id, folder, made.created, replaced=replaced)

    async def _insert(
        self,
        session: Session,
        content: StoredObject,
        folder_id: int,
        name: str,
        *,
        owner_id: int | None,
        is_public: bool,
    ) -> int:
        rows = await session.rows(
            sql.insert_file,
            folder_id=folder_id,
            name=name,
            object_id=content.id.bytes,
            owner_id=owner_id,
            is_public=is_public,
            size=content.size,
            now=self._clock(),
        )
        await usage.add_file(session, folder_id, mime_type=content.mime_type, size=content.size)
        return int(rows[0]["id"])

    async def _overwrite(
        self,
        session: Session,
        content: StoredObject,
        present: File,
        on_conflict: FailOnConflict | OverwriteOnConflict,
    ) -> int:
        if isinstance(on_conflict, FailOnConflict) or on_conflict.file_id != present.id:
            raise NameTaken(present)
        await require_file(session, present.id, permit=on_conflict.permit)
        await session.run(
            sql.replace_content,
            file_id=present.id,
            object_id=content.id.bytes,
            size=content.size,
            now=self._clock(),
        )
        folder_id = present.folder_id
        await usage.subtract_file(
            session, folder_id, mime_type=present.mime_type, size=present.size
        )
        await usage.add_file(session, folder_id, mime_type=content.mime_type, size=content.size)
        return present.id


async def _file_named(session: Session, folder_id: int, name: str) -> File | None:
    row = await session.row(sql.file_by_name, folder_id=folder_id, name=name, viewer_id=None)
    return file_of(row) if row else None


async def _receipt(session: Session, object_id: UUID, folder: FolderPath) -> CommittedFile | None:
    row = await session.row(sql.receipt, object_id=object_id.bytes)
    if row is None:
        return None
    return CommittedFile(
        folder=folder,
        file=file_of(row),
        shares=await shares_of(session, row["id"]),
        created_folders=_folders_from_json(row["created_folders"]),
        replaced=bool(row["replaced"]),
        sequence=row["sequence"],
    )


async def _write_receipt(
    session: Session,
    file_id: int,
    folder: FolderPath,
    created: tuple[PlacedFolder, ...],
    *,
    replaced: bool,
) -> CommittedFile:
    sequence = await next_change(session)
    await session.run(
        sql.insert_receipt,
        file_id=file_id,
        replaced=replaced,
        created_folders=_folders_to_json(created),
        sequence=sequence,
    )
    return CommittedFile(
        folder=folder,
        file=await require_file(session, file_id),
        shares=await shares_of(session, file_id),
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
