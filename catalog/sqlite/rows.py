"""Rows of SQLite as records, where they are not as `catalog.rows` has them."""

import sqlite3
from uuid import UUID

from catalog.permits import Holder, Standing
from catalog.port import FolderPath
from catalog.records import ChunkLocation, File, Garbage, Message, Share
from catalog.rows import chunk_of, file_with_share


def path_of(text: str) -> FolderPath:
    """A path as the statements build it: `/a/b`, empty for the root."""
    return tuple(text.split("/")[1:])


def file_of(row: sqlite3.Row) -> File:
    """A row with a file's columns, and the viewer's share where there is one."""
    share = None
    if row["viewer_id"] is not None:
        share = Share(
            file_id=row["id"],
            user_id=row["viewer_id"],
            can_write=bool(row["can_write"]),
            shared_at=row["shared_at"],
        )
    return file_with_share(row, share)


def standing_of(row: sqlite3.Row) -> Standing:
    """A row with holder, is_public, and can_write of the user's share (NULL without one)."""
    can_write = row["can_write"]
    return Standing(
        holder=Holder(row["holder"]),
        is_public=bool(row["is_public"]),
        can_write=None if can_write is None else bool(can_write),
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


def location_of(row: sqlite3.Row) -> ChunkLocation:
    """A row of `chunks`, joined with its message."""
    message = Message(
        id=row["message_id"],
        channel_id=row["channel_id"],
        webhook_id=row["webhook_id"],
        stored_size=row["message_stored_size"],
    )
    return ChunkLocation(chunk=chunk_of(row), message=message)
