"""Stored content as verified chunks: located, read, and kept alive while they are sent.

A base-protocol service reports no digest of a chunk, only the hash of the whole. Nothing else shows whether
its plain chunks are intact, nor, as its envelope binds a chunk to no position, whether encrypted ones stand
in the right order. So when such content is read as a whole, its hash is checked as well.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator, Callable, Container, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from protocol.chunks import content_hash
from reading.chunk_cache import Buffer, ChunkCache
from reading.read_ahead import Load
from storage.envelope import Envelope
from storage.errors import ChunkCorrupt, StorageError
from storage.reader import ChunkReader, ExpectedChunk

WINDOW = 64
"""Chunks that are looked up at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Stored content: `chunk_count` chunks of `chunk_size` bytes, the last one with the rest.

    Attributes:
        hash: SHA-256 over the concatenated lowercase hex SHA-256 digests of the plain chunks in order.
    """

    id: UUID
    size: int
    chunk_size: int
    chunk_count: int
    envelope: Envelope
    hash: str


class ChunkLocator(Protocol):
    """Knows where chunks lie."""

    async def chunks(self, content: Content, first: int) -> Sequence[ExpectedChunk]:
        """The chunks from an index on, up to `WINDOW` of them; those that are stored nowhere are missing."""


KeepAlive = Callable[[Content], AbstractAsyncContextManager[None]]
"""Keeps content for the length of the context, even if its names are deleted meanwhile."""
NoteUnreadable = Callable[[StorageError, ExpectedChunk], None]
"""Draws the consequences of a chunk that cannot be read."""


class ContentSource:
    """Opens stored content for reading.

    Args:
        locator: Where chunks are looked up.
        reader: Fetches and verifies chunks.
        kept_alive: Keeps content alive while it is being sent.
        note_unreadable: Told of each chunk that cannot be read.
        cache: Chunks that were read for ranges in them.
    """

    def __init__(
        self,
        locator: ChunkLocator,
        reader: ChunkReader,
        kept_alive: KeepAlive,
        note_unreadable: NoteUnreadable,
        cache: ChunkCache,
    ) -> None:
        self._locator = locator
        self._reader = reader
        self.kept_alive = kept_alive
        self._note_unreadable = note_unreadable
        self._cache = cache

    async def loads(
        self,
        content: Content,
        indexes: Iterable[int] | None = None,
        *,
        kept: Container[int] = (),
    ) -> AsyncGenerator[Load[Buffer], None]:
        """Yields reads of the plain chunks of these indexes; they may run at the same time.

        With None it yields all chunks in order. Those of content that is not what was stored do not all
        succeed. The reads raise `StorageError`, and this `StorageError` and what the locator raises.
        Chunks whose indexes are in `kept` come from the cache, or are kept there.
        """
        # Our own envelope verifies every single chunk, so the hash of the whole is not needed.
        is_checked_whole = indexes is None and content.envelope != "v1"
        whole = _WholeHash(content) if is_checked_whole else None
        located: dict[int, ExpectedChunk] = {}
        for index in range(content.chunk_count) if indexes is None else indexes:
            if index not in located:
                located = await self._locate(content, index)
            chunk = located[index]
            read = partial(self._read, chunk, whole)
            if index in kept:
                read = partial(self._cache.read, (content.id, index), read)
            yield Load(chunk.address.stored_size, read)

    async def _locate(self, content: Content, index: int) -> dict[int, ExpectedChunk]:
        """This chunk and those after it. Raises `ChunkCorrupt` if it lies nowhere."""
        found = await self._locator.chunks(content, index)
        located = {chunk.index: chunk for chunk in found}
        if index not in located:
            raise ChunkCorrupt(f"chunk {index} is not in the catalog any more")
        return located

    async def _read(self, chunk: ExpectedChunk, whole: "_WholeHash | None") -> Buffer:
        try:
            plain = await self._reader.read(chunk)
        except StorageError as error:
            self._note_unreadable(error, chunk)
            raise
        if whole is not None:
            await whole.add(chunk.index, plain)
        return plain

    async def read_together(self, chunks: Sequence[ExpectedChunk]) -> list[Buffer | StorageError]:
        """Reads objects of one chunk each, which lie in one attachment, by one request.

        Answers of each, in order, its content, or why it cannot be read.
        """
        read = await self._reader.read_together(chunks)
        for chunk, plain in zip(chunks, read, strict=True):
            if isinstance(plain, StorageError):
                self._note_unreadable(plain, chunk)
        return list(read)


class _WholeHash:
    """Checks all chunks of an object against the hash of the whole."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._digests: dict[int, bytes] = {}

    async def add(self, index: int, plain: Buffer) -> None:
        """Takes a chunk. Raises `ChunkCorrupt` at the one that comes last if the hash is another one."""
        content, digests = self._content, self._digests
        digests[index] = (await asyncio.to_thread(hashlib.sha256, plain)).digest()
        if len(digests) < content.chunk_count:
            return
        in_order = [digest for _, digest in sorted(digests.items())]
        if not hmac.compare_digest(content_hash(in_order), content.hash):
            raise ChunkCorrupt(f"the hash of the whole object {content.id} is another one")
