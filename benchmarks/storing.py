"""Stores files as an upload would, without the way through an upload service."""

import hashlib
import os
from dataclasses import dataclass
from uuid import uuid4

from benchmarks.live_manager import MASTER_KEY, USER_ID
from catalog.port import Catalog, FailOnConflict
from catalog.records import (
    Chunk,
    ChunkLocation,
    EnvelopeKind,
    Message,
    ObjectState,
    Reference,
    StoredObject,
)
from protocol.chunks import chunk_count, chunk_length, content_hash
from protocol.values import CHUNK_SIZE
from storage.envelope import ENVELOPE_OVERHEAD, SEALING_SLACK, ChunkSealer, KeyRing
from storage.pool import WebhookPool


@dataclass(frozen=True, slots=True)
class Store:
    """Where files go."""

    catalog: Catalog
    pool: WebhookPool

    async def put(self, folder: str, name: str, size: int) -> None:
        """A file of so many random bytes, in a folder of the root."""
        draft = StoredObject(
            id=uuid4(),
            size=size,
            chunk_size=CHUNK_SIZE,
            chunk_count=chunk_count(size, CHUNK_SIZE),
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=0.0,
        )
        hold = Reference(object_id=draft.id, service="benchmark", key="", expires_at=None)
        await self.catalog.begin_object(draft, hold)
        digests = [await self._put_chunk(draft, index) for index in range(draft.chunk_count)]
        await self.catalog.finish_object(
            draft.id, mime_type="application/octet-stream", hash_hex=content_hash(digests)
        )
        await self.catalog.commit_file(
            draft.id,
            (folder,),
            name,
            owner_id=USER_ID,
            is_public=False,
            on_conflict=FailOnConflict(),
        )

    async def _put_chunk(self, draft: StoredObject, index: int) -> bytes:
        content = os.urandom(chunk_length(draft.size, CHUNK_SIZE, index))
        buffer = memoryview(bytearray(len(content) + ENVELOPE_OVERHEAD + SEALING_SLACK))
        key = KeyRing.parse(MASTER_KEY).primary
        sealer = ChunkSealer(key, draft.id, index, draft.chunk_count, buffer)
        sealer.update(content)
        address = await self.pool.post(sealer.finish())
        digest = hashlib.sha256(content).digest()
        message = Message(
            id=address.message_id,
            channel_id=address.channel_id,
            webhook_id=address.webhook_id,
            stored_size=address.stored_size,
        )
        chunk = Chunk(
            object_id=draft.id,
            index=index,
            message_id=message.id,
            attachment_id=address.attachment_id,
            offset=address.offset,
            stored_size=address.stored_size,
            size=len(content),
            digest=digest,
        )
        await self.catalog.add_chunk(ChunkLocation(chunk=chunk, message=message))
        return digest
