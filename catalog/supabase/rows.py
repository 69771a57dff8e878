"""Answers of the database's functions as records, where they are not as `catalog.rows` has them."""

from typing import Any

from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import ChangedFolder, FolderPath, MovedFile
from catalog.records import ChunkLocation, File, Garbage
from catalog.rows import (
    chunk_of,
    file_with_share,
    folder_of,
    message_of,
    share_of,
    time_of,
    uuid_of,
)

Row = dict[str, Any]


def placed_folder_of(row: Row) -> PlacedFolder:
    """A folder and its path."""
    return PlacedFolder(
        path=path_of(row["path"]), folder=folder_of(row["folder"]), sequence=row.get("sequence")
    )


def changed_folder_of(row: Row) -> ChangedFolder:
    """A folder before and after."""
    return ChangedFolder(
        before=placed_folder_of(row["before"]),
        after=placed_folder_of(row["after"]),
        sequence=row.get("sequence"),
    )


def path_of(names: list[str]) -> FolderPath:
    """A path from the root on."""
    return tuple(names)


def file_of(row: Row) -> File:
    """A file, and the viewer's share where there is one."""
    return file_with_share(row, None if row["share"] is None else share_of(row["share"]))


def placed_file_of(row: Row) -> PlacedFile:
    """A file, the path of its folder and its shares."""
    return PlacedFile(
        folder=path_of(row["folder"]),
        file=file_of(row["file"]),
        shares=tuple(share_of(share) for share in row["shares"]),
        sequence=row.get("sequence"),
    )


def moved_file_of(row: Row) -> MovedFile:
    """A file before and after."""
    return MovedFile(
        before=placed_file_of(row["before"]),
        after=placed_file_of(row["after"]),
        sequence=row.get("sequence"),
    )


def garbage_of(row: Row) -> Garbage:
    """An object's id and size, since when it was seen to be garbage, and what it was."""
    return Garbage(
        object_id=uuid_of(row["id"]),
        size=row["size"],
        since=time_of(row["since"]),
        name=row["name"],
        folder=None if row["folder"] is None else path_of(row["folder"]),
        owner=row["owner"],
    )


def location_of(row: Row) -> ChunkLocation:
    """A row of `chunks`, and that of its message."""
    return ChunkLocation(chunk=chunk_of(row["chunk"]), message=message_of(row["message"]))


def text_of(content: bytes | None) -> str | None:
    """Bytes as PostgreSQL reads them."""
    return None if content is None else "\\x" + content.hex()
