"""Names for content, and who may see it."""

import json
from collections.abc import Sequence

from catalog.errors import FileMissing
from catalog.port import FolderPath
from catalog.records import File, Share
from catalog.sqlite import usage
from catalog.sqlite.accounts import require_user
from catalog.sqlite.database import Session
from catalog.sqlite.folders import require_folder
from catalog.sqlite.free_names import free_file_name
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.queries import files as sql
from catalog.sqlite.rows import file_of, share_of


async def require_file(session: Session, file_id: int) -> File:
    """The file, without anybody's share. Raises `FileMissing`."""
    row = await session.row(sql.FILE_BY_ID, file_id=file_id, viewer_id=None)
    if row is None:
        raise FileMissing(f"there is no file {file_id}")
    return file_of(row)


class SqliteFiles(SqlitePart):
    """`FileStore` on SQLite, except for commits."""

    async def file_at(
        self, folder: FolderPath, name: str, *, viewer_id: int | None = None
    ) -> File | None:
        """The file of that name in the folder at that path, or None."""
        async with self._database.reading() as session:
            row = await session.row(
                sql.FILE_AT, path=json.dumps(folder), name=name, viewer_id=viewer_id
            )
        return file_of(row) if row else None

    async def file_by_id(self, file_id: int, *, viewer_id: int | None = None) -> File | None:
        """The file with that id, or None."""
        async with self._database.reading() as session:
            row = await session.row(sql.FILE_BY_ID, file_id=file_id, viewer_id=viewer_id)
        return file_of(row) if row else None

    async def rename_file(self, file_id: int, name: str) -> File:
        """Takes the first free `name (n)` when taken. Raises `FileMissing`."""
        async with self._database.writing() as session:
            file = await require_file(session, file_id)
            return await _place(session, file, file.folder_id, name)

    async def move_files(self, file_ids: Sequence[int], folder_id: int) -> list[File]:
        """Moves all or none, numbering taken names. Raises `FileMissing`, `FolderMissing`."""
        async with self._database.writing() as session:
            await require_folder(session, folder_id)
            return [await _move(session, file_id, folder_id) for file_id in file_ids]

    async def delete_file(self, file_id: int) -> None:
        """Deletes the name. A missing one is no error."""
        async with self._database.writing() as session:
            try:
                file = await require_file(session, file_id)
            except FileMissing:
                return
            await session.run(sql.DELETE_FILE, file_id=file_id)
            await usage.subtract_file(
                session, file.folder_id, mime_type=file.mime_type, size=file.size
            )

    async def set_owner(self, file_id: int, owner_id: int | None) -> File:
        """Raises `FileMissing`, `UserMissing`."""
        async with self._database.writing() as session:
            await require_file(session, file_id)
            if owner_id is not None:
                await require_user(session, owner_id)
            await session.run(sql.SET_OWNER, file_id=file_id, owner_id=owner_id)
            return await require_file(session, file_id)

    async def shares_of(self, file_id: int) -> list[Share]:
        """The shares of a file by user id; none for a file that does not exist."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.SHARES_OF, file_id=file_id)
        return [share_of(row) for row in rows]

    async def put_share(self, file_id: int, user_id: int, *, can_write: bool) -> Share:
        """Adds or changes a share. Raises `FileMissing`, `UserMissing`."""
        async with self._database.writing() as session:
            await require_file(session, file_id)
            await require_user(session, user_id)
            rows = await session.rows(
                sql.PUT_SHARE,
                file_id=file_id,
                user_id=user_id,
                can_write=can_write,
                now=self._clock(),
            )
        return share_of(rows[0])

    async def remove_share(self, file_id: int, user_id: int) -> bool:
        """True when there was one."""
        async with self._database.writing() as session:
            row = await session.row(sql.REMOVE_SHARE, file_id=file_id, user_id=user_id)
        return row is not None


async def _move(session: Session, file_id: int, folder_id: int) -> File:
    file = await require_file(session, file_id)
    if file.folder_id == folder_id:
        return file
    moved = await _place(session, file, folder_id, file.name)
    await usage.subtract_file(session, file.folder_id, mime_type=file.mime_type, size=file.size)
    await usage.add_file(session, folder_id, mime_type=file.mime_type, size=file.size)
    return moved


async def _place(session: Session, file: File, folder_id: int, name: str) -> File:
    free = await free_file_name(session, folder_id, name, own_id=file.id)
    await session.run(sql.PLACE_FILE, file_id=file.id, folder_id=folder_id, name=free)
    return await require_file(session, file.id)
