"""Content, the messages that hold it, the webhooks that post them, and master keys."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from uuid import UUID

from catalog.content_port import REMEMBERED_WATCH_S, require_chunks_of
from catalog.errors import ObjectIncomplete, ObjectMissing
from catalog.records import (
    ChannelLimits,
    Chunk,
    ChunkLocation,
    ChunkMove,
    Garbage,
    Message,
    MessageAuthor,
    MessageUse,
    ObjectState,
    Quarantine,
    Reference,
    StoredObject,
    Watch,
)
from catalog.rows import channel_limits_of, chunk_of, message_of, object_of, quarantine_of
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, long_write, read, snapshot, write
from catalog.sqlite.folders import find_path
from catalog.sqlite.rows import garbage_of, location_of
from catalog.sqlite.statements import sql

_BATCH = 1000
_CHUNKS_AT_ONCE = 20_000
_NOTICES_AT_ONCE = 20_000
_REMEMBERED_S = 30 * 24 * 3600.0
"""How long a message that was deleted is known as that."""


def require_object(session: Session, object_id: UUID) -> StoredObject:
    """The object. Raises `ObjectMissing`."""
    row = session.row(sql.object_by_id, object_id=object_id.bytes)
    if row is None:
        raise ObjectMissing(f"there is no object {object_id}")
    return object_of(row)


def begin_object(session: Session, draft: StoredObject, hold: Reference) -> None:
    """A new object, together with what keeps it alive; no change when it exists."""
    insert_object(session, draft)
    put_reference(session, hold)


def insert_object(session: Session, draft: StoredObject) -> None:
    """A new object, which nothing keeps alive yet; no change when it exists."""
    session.run(
        sql.insert_object,
        object_id=draft.id.bytes,
        size=draft.size,
        chunk_size=draft.chunk_size,
        chunk_count=draft.chunk_count,
        envelope=draft.envelope.value,
        created_at=draft.created_at,
        modified_at=draft.modified_at,
    )


def finish_object(
    session: Session, object_id: UUID, *, mime_type: str, hash_hex: str
) -> StoredObject:
    """From `uploading` to `stored`. Raises `ObjectMissing`, `ObjectIncomplete`."""
    draft = require_object(session, object_id)
    if draft.state is ObjectState.STORED:
        return draft
    _require_complete(session, draft)
    (row,) = session.rows(
        sql.finish_object, object_id=object_id.bytes, mime_type=mime_type, hash=hash_hex
    )
    return object_of(row)


def require_stored(session: Session, object_id: UUID) -> StoredObject:
    """The object, once it is stored. Raises `ObjectMissing`, `ObjectIncomplete`."""
    content = require_object(session, object_id)
    if content.state is not ObjectState.STORED:
        raise ObjectIncomplete(f"the object {object_id} is still being uploaded")
    return content


def put_reference(session: Session, reference: Reference) -> None:
    """Adds a reference, or moves its expiry."""
    session.run(
        sql.put_reference,
        object_id=reference.object_id.bytes,
        service=reference.service,
        key=reference.key,
        expires_at=reference.expires_at,
    )


def release(session: Session, object_id: UUID, *, service: str, key: str) -> None:
    """Removes a reference. A missing one is no error."""
    session.run(sql.delete_reference, object_id=object_id.bytes, service=service, key=key)


def _insert_message(session: Session, message: Message, statement: str) -> bool:
    """Enters a message by one of the statements for that. Answers whether it is new."""
    row = session.row(
        statement,
        message_id=message.id,
        channel_id=message.channel_id,
        webhook_id=message.webhook_id,
        stored_size=message.stored_size,
    )
    return row is not None


class SqliteObjects(SqlitePart):
    """`ObjectStore` on SQLite."""

    @write
    def begin_objects(
        self, session: Session, drafts: Sequence[StoredObject], holds: Sequence[Reference]
    ) -> None:
        """Starts objects in state `uploading`, each with what keeps it alive."""
        for draft, hold in zip(drafts, holds, strict=True):
            begin_object(session, draft, hold)

    @write
    def add_message(
        self, session: Session, message: Message, chunks: Sequence[Chunk]
    ) -> list[bool]:
        """Enters a message with its chunks. For each of them whether it is there now."""
        require_chunks_of(message, chunks)
        is_new = _insert_message(session, message, sql.insert_message)
        session.run_many(
            sql.insert_chunk,
            [
                {
                    **_place(chunk),
                    "is_new": is_new,
                    "stored_size": chunk.stored_size,
                    "size": chunk.size,
                    "digest": chunk.digest,
                }
                for chunk in chunks
            ],
        )
        return [session.row(sql.is_chunk, **_place(chunk)) is not None for chunk in chunks]

    @write
    def finish_object(
        self, session: Session, object_id: UUID, *, mime_type: str, hash_hex: str
    ) -> StoredObject:
        """From `uploading` to `stored`. Raises `ObjectMissing`, `ObjectIncomplete`."""
        return finish_object(session, object_id, mime_type=mime_type, hash_hex=hash_hex)

    @read
    def object_by_id(self, session: Session, object_id: UUID) -> StoredObject | None:
        """The object with that id, or None."""
        row = session.row(sql.object_by_id, object_id=object_id.bytes)
        return object_of(row) if row else None

    @read
    def chunks(
        self, session: Session, object_id: UUID, *, first: int, limit: int
    ) -> list[ChunkLocation]:
        """Chunks from index `first` on, in order, `limit` at most."""
        rows = session.rows(sql.chunks, object_id=object_id.bytes, first=first, limit=limit)
        return [location_of(row) for row in rows]

    @snapshot
    def single_chunks(
        self, session: Session, object_ids: Collection[UUID]
    ) -> list[tuple[StoredObject, ChunkLocation]]:
        """Those of these objects that are stored as one chunk, and where that lies."""
        if not object_ids:
            return []
        objects = session.rows(sql.single_chunk_objects, ids=_joined(object_ids))
        found = {content.id: content for content in map(object_of, objects)}
        chunks = session.rows(sql.first_chunks, ids=_joined(found)) if found else []
        locations = map(location_of, chunks)
        return [(found[location.chunk.object_id], location) for location in locations]

    @write
    def hold(self, session: Session, reference: Reference) -> None:
        """Adds a reference or moves its expiry. Raises `ObjectMissing`."""
        require_object(session, reference.object_id)
        put_reference(session, reference)

    @write
    def release(self, session: Session, object_id: UUID, *, service: str, key: str) -> None:
        """Removes a reference. A missing one is no error."""
        release(session, object_id, service=service, key=key)

    @write
    def renew(
        self,
        session: Session,
        service: str,
        held: Collection[tuple[UUID, str]],
        *,
        expires_at: float,
    ) -> None:
        """Moves the expiry of a service's temporary references that are not over yet."""
        common = {"service": service, "expires_at": expires_at, "now": self._clock()}
        session.run_many(
            sql.renew_reference,
            ({"object_id": object_id.bytes, "key": key, **common} for object_id, key in held),
        )

    @long_write
    def collect_objects(self, session: Session, *, limit: int, grace_s: float = 0.0) -> int:
        """Deletes up to `limit` objects that nothing needs. Answers how many it deleted."""
        now = self._clock()
        deleted, chunks, notices_left = 0, 0, _NOTICES_AT_ONCE
        session.run(
            sql.drop_old_deleted_messages, before=now - _REMEMBERED_S, limit=_NOTICES_AT_ONCE
        )
        # Deleting an object releases its views, deleting a reference its object.
        while deleted < limit and chunks < _CHUNKS_AT_ONCE and notices_left > 0:
            expired = session.rows(sql.delete_expired_references, now=now, limit=_BATCH)
            noticed = session.rows(sql.notice_unreferenced_objects, now=now, limit=notices_left)
            due = session.rows(sql.due_objects, due=now - grace_s, limit=limit - deleted)
            going = _beginning(due, chunks=_CHUNKS_AT_ONCE - chunks)
            session.run_many(sql.delete_object, ({"object_id": row["id"]} for row in going))
            if not (expired or noticed or going):
                break
            deleted += len(going)
            chunks += sum(row["chunk_count"] for row in going)
            notices_left -= len(noticed)
        return deleted

    @snapshot
    def garbage(self, session: Session, *, limit: int) -> list[Garbage]:
        """What collection would delete, what was noticed first first."""
        now = self._clock()
        rows = [
            *session.rows(sql.noticed_garbage, limit=limit),
            *session.rows(sql.unnoticed_garbage, limit=limit),
            *session.rows(sql.expired_garbage, now=now, limit=limit),
        ][:limit]
        folders = {
            folder_id: find_path(session, folder_id)
            for folder_id in {row["folder_id"] for row in rows}
        }
        return [garbage_of(row, folders[row["folder_id"]]) for row in rows]


def _place(chunk: Chunk) -> dict[str, object]:
    return {
        "object_id": chunk.object_id.bytes,
        "index": chunk.index,
        "message_id": chunk.message_id,
        "attachment_id": chunk.attachment_id,
        "offset": chunk.offset,
    }


def _beginning(objects: list[sqlite3.Row], *, chunks: int) -> list[sqlite3.Row]:
    """The first of the objects, up to the one that brings their chunks to that many."""
    taken = []
    for row in objects:
        if chunks <= 0:
            break
        taken.append(row)
        chunks -= row["chunk_count"]
    return taken


def _require_complete(session: Session, draft: StoredObject) -> None:
    rows = session.rows(sql.journalled_chunks, object_id=draft.id.bytes)
    count, size = rows[0]["chunk_count"], rows[0]["size"]
    if (count, size) != (draft.chunk_count, draft.size):
        raise ObjectIncomplete(
            f"{count} of {draft.chunk_count} chunks and {size} of {draft.size} bytes of the object "
            f"{draft.id} are stored"
        )


class SqliteMasterKeys(SqlitePart):
    """`MasterKeyStore` on SQLite."""

    @write
    def note_master_key(self, session: Session, key_id: bytes) -> bool:
        """New content is sealed with this key from now on. False if it was before."""
        row = session.row(sql.note_master_key, key_id=key_id, now=self._clock())
        return row is not None

    @read
    def content_of_missing_keys(
        self, session: Session, configured: Collection[bytes]
    ) -> Mapping[bytes, int]:
        """How many stored objects were sealed with each key that is not one of these."""
        ids = json.dumps([key_id.hex() for key_id in configured])
        rows = session.rows(sql.content_of_missing_keys, configured=ids)
        return {row["key_id"]: row["objects"] for row in rows}


class SqliteMessages(SqlitePart):
    """`MessageStore` on SQLite."""

    @read
    def orphan_authors(self, session: Session, *, limit: int) -> list[MessageAuthor]:
        """Who has posted messages that hold no chunk."""
        rows = session.rows(sql.orphan_authors, limit=limit)
        return [MessageAuthor(**dict(row)) for row in rows]

    @read
    def orphan_messages(
        self, session: Session, author: MessageAuthor, *, limit: int
    ) -> list[Message]:
        """Messages of the author that hold no chunk and are due, oldest first."""
        rows = session.rows(
            sql.orphan_messages,
            webhook_id=author.webhook_id,
            channel_id=author.channel_id,
            now=self._clock(),
            limit=limit,
        )
        return [message_of(row) for row in rows]

    @snapshot
    def count_orphans(self, session: Session, authors: Collection[MessageAuthor]) -> int:
        """How many messages of these authors hold no chunk."""
        number = 0
        for author in authors:
            row = session.row(
                sql.count_orphans, webhook_id=author.webhook_id, channel_id=author.channel_id
            )
            number += row["number"] if row else 0
        return number

    @write
    def postpone_message(self, session: Session, message_id: int, *, until: float) -> None:
        """Keeps a message out of `orphan_messages` until then."""
        session.run(sql.postpone_message, message_id=message_id, until=until)

    @write
    def forget_message(self, session: Session, message_id: int) -> None:
        """Forgets a message, unless a chunk lies in it."""
        session.run(sql.remember_deleted_message, message_id=message_id, now=self._clock())
        session.run(sql.forget_message, message_id=message_id)

    @read
    def messages_in_use(self, session: Session, *, after: int, limit: int) -> list[MessageUse]:
        """Messages that hold chunks, those behind an id, in order."""
        rows = session.rows(sql.messages_in_use, after=after, limit=limit)
        return [MessageUse(message=message_of(row), used_bytes=row["used_bytes"]) for row in rows]

    @read
    def chunks_in(self, session: Session, message_id: int) -> list[Chunk]:
        """The chunks that lie in a message."""
        return [chunk_of(row) for row in session.rows(sql.chunks_in, message_id=message_id)]

    @write
    def move_chunks(
        self, session: Session, message: Message, moves: Sequence[ChunkMove], *, keep_until: float
    ) -> int:
        """Enters a message and has chunks lie there. Answers how many do."""
        moved = 0
        is_new = _insert_message(session, message, sql.insert_message)
        for move in moves:
            target = {
                "new_message_id": message.id,
                "new_attachment_id": move.attachment_id,
                "new_offset": move.offset,
            }
            session.run(sql.move_chunk, **_place(move.chunk), **target, is_new=is_new)
            there = replace(
                move.chunk,
                message_id=message.id,
                attachment_id=move.attachment_id,
                offset=move.offset,
            )
            moved += session.row(sql.is_chunk, **_place(there)) is not None
        for message_id in {move.chunk.message_id for move in moves}:
            session.run(sql.keep_emptied_message, message_id=message_id, until=keep_until)
        return moved

    @read
    def channel_sweeps(self, session: Session) -> Mapping[int, int]:
        """Up to which message each channel was looked through."""
        rows = session.rows(sql.channel_sweeps)
        return {row["channel_id"]: row["swept_until"] for row in rows}

    @write
    def note_sweep(
        self,
        session: Session,
        channel_id: int,
        *,
        swept_until: int,
        messages: Sequence[Message] = (),
    ) -> int:
        """Notes how far a channel was looked through, and enters what is unknown of the messages."""
        number = 0
        for message in messages:
            number += _insert_message(session, message, sql.insert_unknown_message)
        session.run(sql.put_channel_sweep, channel_id=channel_id, swept_until=swept_until)
        return number

    @read
    def watches(self, session: Session) -> list[Watch]:
        """The times at which a manager has kept this catalog."""
        rows = session.rows(sql.watches)
        return [Watch(**dict(row)) for row in rows]

    @write
    def keep_watch(self, session: Session, watch: Watch) -> None:
        """Adds a watch, or prolongs the one that began at the same time."""
        session.run(sql.put_watch, began_at=watch.began_at, seen_at=watch.seen_at)
        session.run(sql.drop_old_watches, before=watch.seen_at - REMEMBERED_WATCH_S)


class SqliteWebhooks(SqlitePart):
    """`WebhookStore` on SQLite."""

    @read
    def quarantines(self, session: Session) -> list[Quarantine]:
        """The webhooks that are not used any more."""
        rows = session.rows(sql.quarantines)
        return [quarantine_of(row) for row in rows]

    @write
    def put_quarantine(self, session: Session, quarantine: Quarantine) -> None:
        """Adds a webhook's quarantine, or replaces it."""
        session.run(
            sql.put_quarantine,
            webhook_id=quarantine.webhook_id,
            reason=quarantine.reason,
            is_gone=quarantine.is_gone,
            since=quarantine.since,
        )

    @write
    def end_quarantine(self, session: Session, webhook_id: int) -> None:
        """The webhook may be used again."""
        session.run(sql.end_quarantine, webhook_id=webhook_id)

    @read
    def channel_limits(self, session: Session) -> list[ChannelLimits]:
        """What a message of each channel takes, as far as it was learned."""
        return [channel_limits_of(row) for row in session.rows(sql.channel_limits)]

    @write
    def put_channel_limits(self, session: Session, limits: ChannelLimits) -> None:
        """Adds what is known of a channel, or replaces it."""
        session.run(sql.put_channel_limits, **asdict(limits))

    @read
    def chunks_posted_by(
        self, session: Session, object_id: UUID, webhook_ids: Collection[int]
    ) -> list[ChunkLocation]:
        """One chunk of the object for each of these webhooks, and each channel."""
        rows = session.rows(
            sql.chunks_posted_by,
            object_id=object_id.bytes,
            webhook_ids=json.dumps(sorted(webhook_ids)),
        )
        return [location_of(row) for row in rows]


def _joined(ids: Iterable[UUID]) -> bytes:
    """Ids as the statements take many of them, each once."""
    return b"".join(object_id.bytes for object_id in dict.fromkeys(ids))
