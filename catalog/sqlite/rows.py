"""Database rows as records."""

import sqlite3
from uuid import UUID

from catalog.permits import Holder, Standing
from catalog.port import FolderPath
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


def user_of(row: sqlite3.Row) -> User:
    """A row of `users`."""
    return User(
        id=row["id"],
        name=row["name"],
        is_admin=bool(row["is_admin"]),
        password_hash=row["password_hash"],
        token_epoch=row["token_epoch"],
        created_at=row["created_at"],
    )


def folder_of(row: sqlite3.Row) -> Folder:
    """A row with id, name and parent_id."""
    return Folder(id=row["id"], name=row["name"], parent_id=row["parent_id"])


def path_of(text: str) -> FolderPath:
    """A path as the queries build it: `/a/b`, empty for the root."""
    return tuple(text.split("/")[1:])


def file_of(row: sqlite3.Row) -> File:
    """A row with a file's columns, and the viewer's share where there is one."""
    return File(
        id=row["id"],
        folder_id=row["folder_id"],
        name=row["name"],
        object_id=UUID(bytes=row["object_id"]),
        owner_id=row["owner_id"],
        is_public=bool(row["is_public"]),
        size=row["size"],
        mime_type=row["mime_type"],
        has_thumbnail=bool(row["has_thumbnail"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        share=None if row["viewer_id"] is None else _viewers_share_of(row),
    )


def share_of(row: sqlite3.Row) -> Share:
    """A row of `shares`."""
    return Share(
        file_id=row["file_id"],
        user_id=row["user_id"],
        can_write=bool(row["can_write"]),
        shared_at=row["shared_at"],
    )


def standing_of(row: sqlite3.Row) -> Standing:
    """A row with holder, is_public, and can_write of the user's share (NULL without one)."""
    can_write = row["can_write"]
    return Standing(
        holder=Holder(row["holder"]),
        is_public=bool(row["is_public"]),
        can_write=None if can_write is None else bool(can_write),
    )


def object_of(row: sqlite3.Row) -> StoredObject:
    """A row of `objects`."""
    return StoredObject(
        id=UUID(bytes=row["id"]),
        size=row["size"],
        chunk_size=row["chunk_size"],
        chunk_count=row["chunk_count"],
        envelope=EnvelopeKind(row["envelope"]),
        state=ObjectState(row["state"]),
        mime_type=row["mime_type"],
        hash=row["hash"],
        created_at=row["created_at"],
    )


def reference_of(row: sqlite3.Row) -> Reference:
    """A row of `references`."""
    return Reference(
        object_id=UUID(bytes=row["object_id"]),
        service=row["service"],
        key=row["key"],
        expires_at=row["expires_at"],
    )


def garbage_of(row: sqlite3.Row, folder: FolderPath | None) -> Garbage:
    """A row with id, size, unreferenced_since, name and owner of an object, and its folder's path."""
    return Garbage(
        object_id=UUID(bytes=row["id"]),
        size=row["size"],
        since=row["unreferenced_since"],
        name=row["name"],
        folder=folder,
        owner=row["owner"],
    )


def message_of(row: sqlite3.Row) -> Message:
    """A row of `messages`."""
    return Message(
        id=row["id"],
        channel_id=row["channel_id"],
        webhook_id=row["webhook_id"],
        stored_size=row["stored_size"],
    )


def quarantine_of(row: sqlite3.Row) -> Quarantine:
    """A row of `quarantined_webhooks`."""
    return Quarantine(
        webhook_id=row["webhook_id"],
        reason=row["reason"],
        is_gone=bool(row["is_gone"]),
        since=row["since"],
    )


def location_of(row: sqlite3.Row) -> ChunkLocation:
    """A row of `chunks`, joined with its message."""
    chunk = Chunk(
        object_id=UUID(bytes=row["object_id"]),
        index=row["index"],
        message_id=row["message_id"],
        attachment_id=row["attachment_id"],
        offset=row["offset"],
        stored_size=row["stored_size"],
        size=row["size"],
        digest=row["digest"],
    )
    message = Message(
        id=row["message_id"],
        channel_id=row["channel_id"],
        webhook_id=row["webhook_id"],
        stored_size=row["message_stored_size"],
    )
    return ChunkLocation(chunk=chunk, message=message)


def _viewers_share_of(row: sqlite3.Row) -> Share:
    return Share(
        file_id=row["id"],
        user_id=row["viewer_id"],
        can_write=bool(row["can_write"]),
        shared_at=row["shared_at"],
    )
