"""Names for content: finding, renaming, moving and deleting them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from catalog.errors import FileMissing, NotPermitted
from catalog.permits import Permit
from catalog.port import FolderPath, MovedFile, PlacedFile
from catalog.records import File, Share
from catalog.sqlite import usage
from catalog.sqlite.changes import last_change, next_change
from catalog.sqlite.database import Session
from catalog.sqlite.folders import path_to, require_folder
from catalog.sqlite.moves import move_files, place_file
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.rows import file_of, share_of
from catalog.sqlite.statements import sql


async def require_file(session: Session, file_id: int, *, permit: Permit | None = None) -> File:
    """The file, without anybody's share. Raises `FileMissing`, `NotPermitted`."""
    return (await require_files(session, (file_id,), permit))[0]


async def changed_file(session: Session, file: File) -> PlacedFile:
    """The file as this transaction changes it, with its folder's path, its shares and a number."""
    path, shares = await path_to(session, file.folder_id), await shares_of(session, file.id)
    sequence = await next_change(session)
    return PlacedFile(folder=path, file=file, shares=shares, sequence=sequence)


async def shares_of(session: Session, file_id: int) -> tuple[Share, ...]:
    """All shares of a file by user id."""
    rows = await session.rows(sql.shares_of, file_id=file_id)
    return tuple(share_of(row) for row in rows)


class SqliteFiles(SqlitePart):
    """The part of `FileStore` on SQLite that finds, renames, moves and deletes."""

    async def file_at(
        self, folder: FolderPath, name: str, *, viewer_id: int | None = None
    ) -> File | None:
        """The file of that name in the folder at that path, or None."""
        async with self._database.reading() as session:
            row = await session.row(
                sql.file_at, path=json.dumps(folder), name=name, viewer_id=viewer_id
            )
        return file_of(row) if row else None

    async def file_by_id(self, file_id: int, *, viewer_id: int | None = None) -> File | None:
        """The file with that id, or None."""
        async with self._database.reading() as session:
            row = await session.row(sql.file_by_id, file_id=file_id, viewer_id=viewer_id)
        return file_of(row) if row else None

    async def files_in(
        self, folder_id: int, names: Sequence[str], *, viewer_id: int | None = None
    ) -> list[File]:
        """Those files of the folder that have one of the names."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.files_by_name,
                folder_id=folder_id,
                names=json.dumps(list(dict.fromkeys(names))),
                viewer_id=viewer_id,
            )
        return [file_of(row) for row in rows]

    async def files_of(self, object_id: UUID) -> list[PlacedFile]:
        """The files that have this content, by id."""
        async with self._database.snapshot() as session:
            rows = await session.rows(
                sql.files_by_object, object_id=object_id.bytes, viewer_id=None
            )
            placed = await places_of(session, [file_of(row) for row in rows])
            sequence = await last_change(session)
        return [replace(each, sequence=sequence) for each in placed]

    async def rename_file(
        self, file_id: int, name: str, *, permit: Permit | None = None
    ) -> PlacedFile:
        """Takes the first free `name (n)` when taken. Raises `FileMissing`, `NotPermitted`."""
        async with self._database.writing() as session:
            file = await require_file(session, file_id, permit=permit)
            return await changed_file(
                session, await place_file(session, file, file.folder_id, name)
            )

    async def move_files(
        self, file_ids: Sequence[int], folder_id: int, *, permit: Permit | None = None
    ) -> list[MovedFile]:
        """Moves all or none. Raises `FileMissing`, `FolderMissing`, `NotPermitted`."""
        async with self._database.writing() as session:
            await require_folder(session, folder_id)
            files = await require_files(session, file_ids, permit)
            places = await places_of(session, files)
            target = await path_to(session, folder_id)
            moved = await move_files(session, files, folder_id)
            sequence = await next_change(session) if files else None
        return [
            MovedFile(
                before=place, after=replace(place, folder=target, file=file), sequence=sequence
            )
            for place, file in zip(places, moved, strict=True)
        ]

    async def delete_file(self, file_id: int, *, permit: Permit | None = None) -> PlacedFile | None:
        """Deletes the name. None for a missing one. Raises `NotPermitted`."""
        async with self._database.writing() as session:
            try:
                file = await require_file(session, file_id, permit=permit)
            except FileMissing:
                return None
            (place,) = await delete_files(session, [file])
            return replace(place, sequence=await next_change(session))


async def require_files(
    session: Session, file_ids: Sequence[int], permit: Permit | None = None
) -> list[File]:
    """The files, without shares, in the order of their ids. Raises `FileMissing`, `NotPermitted`."""
    ids = list(dict.fromkeys(file_ids))
    viewer_id = None if permit is None else permit.user_id
    rows = await session.rows(sql.files_by_id, ids=json.dumps(ids), viewer_id=viewer_id)
    files = {row["id"]: file_of(row) for row in rows}
    if missing := [str(file_id) for file_id in ids if file_id not in files]:
        raise FileMissing(f"there is no file {', '.join(missing)}")
    refused = [file for file in files.values() if permit and not permit.allows(file)]
    if refused:
        raise NotPermitted(refused=len(refused), concerned=len(files))
    return [replace(files[file_id], share=None) for file_id in ids]


async def places_of(session: Session, files: Sequence[File]) -> list[PlacedFile]:
    """The files with their folders' paths and their shares."""
    rows = await session.rows(sql.shares_of_files, ids=json.dumps([file.id for file in files]))
    shares: dict[int, list[Share]] = {file.id: [] for file in files}
    for row in rows:
        shares[row["file_id"]].append(share_of(row))
    paths = {
        folder_id: await path_to(session, folder_id)
        for folder_id in {file.folder_id for file in files}
    }
    return [
        PlacedFile(folder=paths[file.folder_id], file=file, shares=tuple(shares[file.id]))
        for file in files
    ]


async def delete_files(session: Session, files: Sequence[File]) -> list[PlacedFile]:
    """Deletes names, and takes them out of the totals. Answers how they stood."""
    places = await places_of(session, files)
    await session.run(sql.delete_files, ids=json.dumps([file.id for file in files]))
    by_total: dict[tuple[int, str], list[int]] = {}
    for file in files:
        by_total.setdefault((file.folder_id, file.mime_type), []).append(file.size)
    for (folder_id, mime_type), sizes in by_total.items():
        await usage.subtract_file(
            session, folder_id, mime_type=mime_type, size=sum(sizes), number=len(sizes)
        )
    return places
