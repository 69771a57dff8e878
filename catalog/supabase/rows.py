"""Answers of the database's functions as records. Numbers may come without their fraction."""

from typing import Any
from uuid import UUID

from catalog.port import ChangedFolder, FolderPath, MovedFile, PlacedFile, PlacedFolder
from catalog.records import (
    Chunk,
    ChunkLocation,
    EnvelopeKind,
    File,
    Folder,
    Garbage,
    Message,
    ObjectState,
    Quarantine,
    Reference,
    Share,
    StoredObject,
    User,
)

Row = dict[str, Any]


def user_of(row: Row) -> User:
    """A row of `users`."""
    return User(
        id=row["id"],
        name=row["name"],
        is_admin=row["is_admin"],
        password_hash=row["password_hash"],
        token_epoch=row["token_epoch"],
        created_at=float(row["created_at"]),
    )


def folder_of(row: Row) -> Folder:
    """An object with id, name and parent_id."""
    return Folder(id=row["id"], name=row["name"], parent_id=row["parent_id"])


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
    return File(
        id=row["id"],
        folder_id=row["folder_id"],
        name=row["name"],
        object_id=UUID(row["object_id"]),
        owner_id=row["owner_id"],
        is_public=row["is_public"],
        size=row["size"],
        mime_type=row["mime_type"],
        has_thumbnail=row["has_thumbnail"],
        created_at=float(row["created_at"]),
        updated_at=float(row["updated_at"]),
        share=None if row["share"] is None else share_of(row["share"]),
    )


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


def share_of(row: Row) -> Share:
    """A row of `shares`."""
    return Share(
        file_id=row["file_id"],
        user_id=row["user_id"],
        can_write=row["can_write"],
        shared_at=float(row["shared_at"]),
    )


def object_of(row: Row) -> StoredObject:
    """A row of `objects`."""
    return StoredObject(
        id=UUID(row["id"]),
        size=row["size"],
        chunk_size=row["chunk_size"],
        chunk_count=row["chunk_count"],
        envelope=EnvelopeKind(row["envelope"]),
        state=ObjectState(row["state"]),
        mime_type=row["mime_type"],
        hash=row["hash"],
        created_at=float(row["created_at"]),
    )


def garbage_of(row: Row) -> Garbage:
    """An object's id and size, since when it was seen to be garbage, and what it was."""
    return Garbage(
        object_id=UUID(row["id"]),
        size=row["size"],
        since=time_of(row["since"]),
        name=row["name"],
        folder=None if row["folder"] is None else path_of(row["folder"]),
        owner=row["owner"],
    )


def reference_of(row: Row) -> Reference:
    """A row of `references`."""
    return Reference(
        object_id=UUID(row["object_id"]),
        service=row["service"],
        key=row["key"],
        expires_at=time_of(row["expires_at"]),
    )


def time_of(number: float | None) -> float | None:
    """A time that may be missing."""
    return None if number is None else float(number)


def message_of(row: Row) -> Message:
    """A row of `messages`."""
    return Message(
        id=row["id"],
        channel_id=row["channel_id"],
        webhook_id=row["webhook_id"],
        stored_size=row["stored_size"],
    )


def quarantine_of(row: Row) -> Quarantine:
    """A row of `quarantined_webhooks`."""
    return Quarantine(
        webhook_id=row["webhook_id"],
        reason=row["reason"],
        is_gone=row["is_gone"],
        since=float(row["since"]),
    )


def location_of(row: Row) -> ChunkLocation:
    """A row of `chunks`, and that of its message."""
    return ChunkLocation(chunk=_chunk_of(row["chunk"]), message=message_of(row["message"]))


def bytes_of(text: str | None) -> bytes | None:
    """Bytes as PostgreSQL writes them: a backslash, an x, and hexadecimal digits."""
    return None if text is None else bytes.fromhex(text.removeprefix("\\x"))


def text_of(content: bytes | None) -> str | None:
    """Bytes as PostgreSQL reads them."""
    return None if content is None else "\\x" + content.hex()


def _chunk_of(row: Row) -> Chunk:
    return Chunk(
        object_id=UUID(row["object_id"]),
        index=row["index"],
        message_id=row["message_id"],
        attachment_id=row["attachment_id"],
        offset=row["offset"],
        stored_size=row["stored_size"],
        size=row["size"],
        digest=bytes_of(row["digest"]),
    )
