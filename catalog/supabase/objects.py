"""Content, the messages that hold it, the webhooks that post them, and master keys."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from catalog.content_port import REMEMBERED_WATCH_S, require_chunks_of
from catalog.records import (
    ChannelLimits,
    Chunk,
    ChunkLocation,
    ChunkMove,
    Garbage,
    Message,
    MessageAuthor,
    MessageUse,
    Quarantine,
    Reference,
    StoredObject,
    Watch,
)
from catalog.rows import channel_limits_of, chunk_of, message_of, object_of, quarantine_of
from catalog.supabase.client import Functions, SupabasePart
from catalog.supabase.grouped_requests import GroupedRequests
from catalog.supabase.rows import garbage_of, location_of, text_of


def draft_to_json(draft: StoredObject) -> dict[str, object]:
    """An object that begins, as arguments."""
    return {
        "object_id": str(draft.id),
        "size": draft.size,
        "chunk_size": draft.chunk_size,
        "chunk_count": draft.chunk_count,
        "envelope": draft.envelope.value,
        "created_at": draft.created_at,
        "modified_at": draft.modified_at,
    }


def beginning_of(draft: StoredObject, hold: Reference) -> dict[str, object]:
    """An object and its first reference, as arguments."""
    return {
        **draft_to_json(draft),
        "hold_object_id": str(hold.object_id),
        "service": hold.service,
        "key": hold.key,
        "expires_at": hold.expires_at,
    }


class SupabaseObjects(SupabasePart):
    """`ObjectStore` on Supabase."""

    def __init__(self, functions: Functions, clock: Callable[[], float]) -> None:
        super().__init__(functions, clock)
        self._beginnings = GroupedRequests(self._begin_together)

    async def begin_objects(
        self, drafts: Sequence[StoredObject], holds: Sequence[Reference]
    ) -> None:
        """Starts objects in state `uploading`, each with what keeps it alive."""
        beginnings = [beginning_of(draft, hold) for draft, hold in zip(drafts, holds, strict=True)]
        await self._beginnings.carry_out(beginnings)

    async def _begin_together(self, beginnings: Sequence[Mapping[str, object]]) -> Sequence[None]:
        await self._functions.write("begin_objects", drafts=beginnings)
        return [None] * len(beginnings)

    async def add_message(self, message: Message, chunks: Sequence[Chunk]) -> list[bool]:
        """Enters a message with its chunks. For each of them whether it is there now."""
        require_chunks_of(message, chunks)
        are_there: list[bool] = await self._functions.write(
            "add_message",
            message_id=message.id,
            channel_id=message.channel_id,
            webhook_id=message.webhook_id,
            stored_size=message.stored_size,
            chunks=[
                {
                    "object_id": str(chunk.object_id),
                    "index": chunk.index,
                    "attachment_id": chunk.attachment_id,
                    "offset": chunk.offset,
                    "stored_size": chunk.stored_size,
                    "size": chunk.size,
                    "digest": text_of(chunk.digest),
                }
                for chunk in chunks
            ],
        )
        return are_there

    async def finish_object(
        self, object_id: UUID, *, mime_type: str, hash_hex: str
    ) -> StoredObject:
        """From `uploading` to `stored`. Raises `ObjectMissing`, `ObjectIncomplete`."""
        row = await self._functions.write(
            "finish_object", object_id=str(object_id), mime_type=mime_type, hash=hash_hex
        )
        return object_of(row)

    async def object_by_id(self, object_id: UUID) -> StoredObject | None:
        """The object with that id, or None."""
        row = await self._functions.read("object_by_id", object_id=str(object_id))
        return None if row is None else object_of(row)

    async def chunks(self, object_id: UUID, *, first: int, limit: int) -> list[ChunkLocation]:
        """Chunks from index `first` on, in order, `limit` at most."""
        rows = await self._functions.read(
            "chunks_of", object_id=str(object_id), first=first, limit=limit
        )
        return [location_of(row) for row in rows]

    async def single_chunks(
        self, object_ids: Collection[UUID]
    ) -> list[tuple[StoredObject, ChunkLocation]]:
        """Those of these objects that are stored as one chunk, and where that lies."""
        rows = await self._functions.read("single_chunks", object_ids=list(map(str, object_ids)))
        return [(object_of(row["object"]), location_of(row)) for row in rows]

    async def hold(self, reference: Reference) -> None:
        """Adds a reference or moves its expiry. Raises `ObjectMissing`."""
        await self._functions.write(
            "hold",
            object_id=str(reference.object_id),
            service=reference.service,
            key=reference.key,
            expires_at=reference.expires_at,
        )

    async def release(self, object_id: UUID, *, service: str, key: str) -> None:
        """Removes a reference. A missing one is no error."""
        await self._functions.write("release", object_id=str(object_id), service=service, key=key)

    async def renew(
        self, service: str, held: Collection[tuple[UUID, str]], *, expires_at: float
    ) -> None:
        """Moves the expiry of a service's temporary references that are not over yet."""
        await self._functions.write(
            "renew",
            service=service,
            object_ids=[str(object_id) for object_id, _ in held],
            keys=[key for _, key in held],
            expires_at=expires_at,
            now=self._clock(),
        )

    async def collect_objects(self, *, limit: int, grace_s: float = 0.0) -> int:
        """Deletes up to `limit` objects that nothing needs. Answers how many it deleted."""
        collected: int = await self._functions.write(
            "collect_objects", limit=limit, grace_s=grace_s, now=self._clock()
        )
        return collected

    async def garbage(self, *, limit: int) -> list[Garbage]:
        """What collection would delete, what was noticed first first."""
        rows = await self._functions.read("garbage", limit=limit, now=self._clock())
        return [garbage_of(row) for row in rows]


class SupabaseMessages(SupabasePart):
    """`MessageStore` on Supabase."""

    async def orphan_authors(self, *, limit: int) -> list[MessageAuthor]:
        """Who has posted messages that hold no chunk."""
        rows = await self._functions.read("orphan_authors", limit=limit)
        return [MessageAuthor(**row) for row in rows]

    async def orphan_messages(self, author: MessageAuthor, *, limit: int) -> list[Message]:
        """Messages of the author that hold no chunk and are due, oldest first."""
        rows = await self._functions.read(
            "orphan_messages",
            webhook_id=author.webhook_id,
            channel_id=author.channel_id,
            now=self._clock(),
            limit=limit,
        )
        return [message_of(row) for row in rows]

    async def count_orphans(self, authors: Collection[MessageAuthor]) -> int:
        """How many messages of these authors hold no chunk."""
        number: int = await self._functions.read(
            "count_orphans",
            webhook_ids=[author.webhook_id for author in authors],
            channel_ids=[author.channel_id for author in authors],
        )
        return number

    async def postpone_message(self, message_id: int, *, until: float) -> None:
        """Keeps a message out of `orphan_messages` until then."""
        await self._functions.write("postpone_message", message_id=message_id, until=until)

    async def forget_message(self, message_id: int) -> None:
        """Forgets a message, unless a chunk lies in it."""
        await self._functions.write("forget_message", message_id=message_id, now=self._clock())

    async def messages_in_use(self, *, after: int, limit: int) -> list[MessageUse]:
        """Messages that hold chunks, those behind an id, in order."""
        rows = await self._functions.read("messages_in_use", after=after, limit=limit)
        return [MessageUse(message=message_of(row), used_bytes=row["used_bytes"]) for row in rows]

    async def chunks_in(self, message_id: int) -> list[Chunk]:
        """The chunks that lie in a message."""
        rows = await self._functions.read("chunks_in", message_id=message_id)
        return [chunk_of(row) for row in rows]

    async def move_chunks(
        self, message: Message, moves: Sequence[ChunkMove], *, keep_until: float
    ) -> int:
        """Enters a message and has chunks lie there. Answers how many do."""
        moved: int = await self._functions.write(
            "move_chunks",
            message_id=message.id,
            channel_id=message.channel_id,
            webhook_id=message.webhook_id,
            stored_size=message.stored_size,
            moves=[
                {
                    "object_id": str(move.chunk.object_id),
                    "index": move.chunk.index,
                    "message_id": move.chunk.message_id,
                    "attachment_id": move.chunk.attachment_id,
                    "offset": move.chunk.offset,
                    "new_attachment_id": move.attachment_id,
                    "new_offset": move.offset,
                }
                for move in moves
            ],
            keep_until=keep_until,
        )
        return moved

    async def channel_sweeps(self) -> Mapping[int, int]:
        """Up to which message each channel was looked through."""
        rows = await self._functions.read("channel_sweeps")
        return {row["channel_id"]: row["swept_until"] for row in rows}

    async def note_sweep(
        self, channel_id: int, *, swept_until: int, messages: Sequence[Message] = ()
    ) -> int:
        """Notes how far a channel was looked through, and enters what is unknown of the messages."""
        number: int = await self._functions.write(
            "note_sweep",
            channel_id=channel_id,
            swept_until=swept_until,
            message_ids=[message.id for message in messages],
            webhook_ids=[message.webhook_id for message in messages],
            stored_sizes=[message.stored_size for message in messages],
        )
        return number

    async def watches(self) -> list[Watch]:
        """The times at which a manager has kept this catalog."""
        rows = await self._functions.read("watches")
        return [
            Watch(began_at=float(row["began_at"]), seen_at=float(row["seen_at"])) for row in rows
        ]

    async def keep_watch(self, watch: Watch) -> None:
        """Adds a watch, or prolongs the one that began at the same time."""
        await self._functions.write(
            "keep_watch",
            began_at=watch.began_at,
            seen_at=watch.seen_at,
            drop_before=watch.seen_at - REMEMBERED_WATCH_S,
        )


class SupabaseWebhooks(SupabasePart):
    """`WebhookStore` on Supabase."""

    async def quarantines(self) -> list[Quarantine]:
        """The webhooks that are not used any more."""
        return [quarantine_of(row) for row in await self._functions.read("quarantines")]

    async def put_quarantine(self, quarantine: Quarantine) -> None:
        """Adds a webhook's quarantine, or replaces it."""
        await self._functions.write(
            "put_quarantine",
            webhook_id=quarantine.webhook_id,
            reason=quarantine.reason,
            is_gone=quarantine.is_gone,
            since=quarantine.since,
        )

    async def end_quarantine(self, webhook_id: int) -> None:
        """The webhook may be used again."""
        await self._functions.write("end_quarantine", webhook_id=webhook_id)

    async def channel_limits(self) -> list[ChannelLimits]:
        """What a message of each channel takes, as far as it was learned."""
        return [channel_limits_of(row) for row in await self._functions.read("channel_limits")]

    async def put_channel_limits(self, limits: ChannelLimits) -> None:
        """Adds what is known of a channel, or replaces it."""
        await self._functions.write("put_channel_limits", **asdict(limits))

    async def chunks_posted_by(
        self, object_id: UUID, webhook_ids: Collection[int]
    ) -> list[ChunkLocation]:
        """One chunk of the object for each of these webhooks, and each channel."""
        rows = await self._functions.read(
            "chunks_posted_by", object_id=str(object_id), webhook_ids=sorted(webhook_ids)
        )
        return [location_of(row) for row in rows]


class SupabaseMasterKeys(SupabasePart):
    """`MasterKeyStore` on Supabase."""

    async def note_master_key(self, key_id: bytes) -> bool:
        """New content is sealed with this key from now on. False if it was before."""
        is_new: bool = await self._change("note_master_key", key_id=key_id.hex())
        return is_new

    async def content_of_missing_keys(self, configured: Collection[bytes]) -> Mapping[bytes, int]:
        """How many stored objects were sealed with each key that is not one of these."""
        found = await self._functions.read(
            "content_of_missing_keys", configured=[key_id.hex() for key_id in configured]
        )
        return {bytes.fromhex(key_id): objects for key_id, objects in found.items()}
