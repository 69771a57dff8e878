"""Content, its chunks, the messages that hold them, and what keeps them alive."""

from collections.abc import Collection
from uuid import UUID

from catalog.records import ChunkLocation, Garbage, Reference, StoredObject
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import garbage_of, location_of, object_of, text_of


def beginning_of(draft: StoredObject, hold: Reference) -> dict[str, object]:
    """An object and its first reference, as arguments."""
    return {
        "object_id": str(draft.id),
        "size": draft.size,
        "chunk_size": draft.chunk_size,
        "chunk_count": draft.chunk_count,
        "envelope": draft.envelope.value,
        "created_at": draft.created_at,
        "hold_object_id": str(hold.object_id),
        "service": hold.service,
        "key": hold.key,
        "expires_at": hold.expires_at,
    }


class SupabaseObjects(SupabasePart):
    """`ObjectStore` on Supabase."""

    async def begin_object(self, draft: StoredObject, hold: Reference) -> None:
        """Starts an object in state `uploading`, together with what keeps it alive."""
        await self._functions.write("begin_object", **beginning_of(draft, hold))

    async def add_chunk(self, location: ChunkLocation) -> bool:
        """Journals a message, and the chunk that it holds. True when the chunk is now this one."""
        chunk, message = location.chunk, location.message
        is_added: bool = await self._functions.write(
            "add_chunk",
            object_id=str(chunk.object_id),
            index=chunk.index,
            message_id=message.id,
            channel_id=message.channel_id,
            webhook_id=message.webhook_id,
            message_stored_size=message.stored_size,
            attachment_id=chunk.attachment_id,
            offset=chunk.offset,
            stored_size=chunk.stored_size,
            size=chunk.size,
            digest=text_of(chunk.digest),
        )
        return is_added

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
