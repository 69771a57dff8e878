"""Checks content whose chunks have no digests of their own against the hash of the whole.

A base-protocol service tells only that hash. Nothing else says whether its plain chunks are intact,
nor, as its envelope binds a chunk to no place, whether encrypted ones stand in the right order.
"""

import asyncio
import hashlib
import hmac

from catalog.records import EnvelopeKind, StoredObject
from manager.downloads.read_ahead import Buffer, ReadChunk
from protocol.chunks import content_hash
from storage.errors import ChunkCorrupt


def checked_whole(read: ReadChunk, content: StoredObject) -> ReadChunk:
    """A reader for whoever reads all chunks in their order, and needs the last one to go on.

    It holds the last chunk back, with `ChunkCorrupt`, when the whole is not what was stored. Our
    own envelope tells as much with every single chunk, so such content is read as it is.
    """
    if content.envelope is EnvelopeKind.V1:
        return read
    digests: list[bytes] = []

    async def read_and_hash(index: int) -> Buffer:
        plain = await read(index)
        digests.append(await asyncio.to_thread(_digest, plain))
        if len(digests) == content.chunk_count:
            _check(digests, content)
        return plain

    return read_and_hash


def _digest(plain: Buffer) -> bytes:
    return hashlib.sha256(plain).digest()


def _check(digests: list[bytes], content: StoredObject) -> None:
    if not hmac.compare_digest(content_hash(digests), content.hash):
        raise ChunkCorrupt(f"the hash of the whole object {content.id} is another one")
