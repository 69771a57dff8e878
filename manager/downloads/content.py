"""Stored content as verified chunks: located, read, and kept alive while they are sent.

A base-protocol service reports no digest of a chunk, only the hash of the whole. Nothing else shows whether
its plain chunks are intact, nor, as its envelope binds a chunk to no position, whether encrypted ones stand
in the right order. So when such content is read as a whole, its hash is checked as well.
"""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Container, Iterable, Sequence
from functools import partial

import structlog

from catalog.content_port import ObjectStore
from catalog.errors import ObjectMissing
from catalog.records import ChunkLocation, EnvelopeKind, StoredObject
from manager.downloads.chunk_cache import Buffer, ChunkCache
from manager.downloads.read_ahead import Load
from manager.errors import NoSuchFile
from manager.gc.temporary_references import TemporaryReferences
from manager.services.webhooks import WebhookDirectory
from manager.uploads.readability import address_of
from protocol.chunks import content_hash
from storage.errors import ChunkCorrupt, StorageError, UnauthenticatedContent, WebhookUnusable
from storage.reader import ChunkReader, ExpectedChunk

log = structlog.get_logger(__name__)

WINDOW = 64
"""Chunks that are looked up in the catalog at once."""


class ContentSource:
    """Opens stored content for reading.

    Args:
        catalog: Where chunks are looked up.
        reader: Fetches and verifies chunks.
        references: Keeps content alive while it is being sent.
        webhooks: Quarantines webhooks that turn out to be gone.
        cache: Chunks that were read for ranges in them.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        reader: ChunkReader,
        references: TemporaryReferences,
        webhooks: WebhookDirectory,
        cache: ChunkCache,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._references = references
        self._webhooks = webhooks
        self._cache = cache

    async def loads(
        self,
        content: StoredObject,
        indexes: Iterable[int] | None = None,
        *,
        kept: Container[int] = (),
    ) -> AsyncGenerator[Load[Buffer], None]:
        """Yields reads of the plain chunks of these indexes; they may run at the same time.

        With None it yields all chunks in order. Those of content that is not what was stored do not all
        succeed. The reads raise `StorageError`, and this `StorageError` and `CatalogUnavailable`.
        Chunks whose indexes are in `kept` come from the cache, or are kept there.
        """
        # Our own envelope verifies every single chunk, so the hash of the whole is not needed.
        is_checked_whole = indexes is None and content.envelope is not EnvelopeKind.V1
        whole = _WholeHash(content) if is_checked_whole else None
        located: dict[int, ChunkLocation] = {}
        for index in range(content.chunk_count) if indexes is None else indexes:
            if index not in located:
                located = await self._locate(content, index)
            location = located[index]
            read = partial(self._read, content, location, whole)
            if index in kept:
                read = partial(self._cache.read, (content.id, index), read)
            yield Load(location.chunk.stored_size, read)

    async def _locate(self, content: StoredObject, index: int) -> dict[int, ChunkLocation]:
        """Where this chunk and those after it lie. Raises `ChunkCorrupt` if it lies nowhere."""
        found = await self._catalog.chunks(content.id, first=index, limit=WINDOW)
        located = {location.chunk.index: location for location in found}
        if index not in located:
            raise ChunkCorrupt(f"chunk {index} is not in the catalog any more")
        return located

    async def _read(
        self, content: StoredObject, location: ChunkLocation, whole: "_WholeHash | None"
    ) -> Buffer:
        try:
            plain = await self._reader.read(expected_chunk(content, location))
        except StorageError as error:
            self._note(error, content, location)
            raise
        if whole is not None:
            await whole.add(location.chunk.index, plain)
        return plain

    async def read_together(
        self, found: Sequence[tuple[StoredObject, ChunkLocation]]
    ) -> list[Buffer | StorageError]:
        """Reads objects of one chunk each, which lie in one attachment, by one request.

        Answers of each, in order, its content, or why it cannot be read.
        """
        chunks = [expected_chunk(content, location) for content, location in found]
        read = await self._reader.read_together(chunks)
        for (content, location), plain in zip(found, read, strict=True):
            if isinstance(plain, StorageError):
                self._note(plain, content, location)
        return list(read)

    def _note(self, error: StorageError, content: StoredObject, location: ChunkLocation) -> None:
        """Draws the consequences of a chunk that cannot be read."""
        if isinstance(error, WebhookUnusable):
            self._webhooks.lost(error)
        elif isinstance(error, UnauthenticatedContent):
            log.error(
                "unauthenticated-content",
                object=str(content.id),
                index=location.chunk.index,
                envelope=content.envelope.value,
                has_digest=location.chunk.digest is not None,
            )

    @contextlib.asynccontextmanager
    async def kept_alive(self, content: StoredObject) -> AsyncIterator[None]:
        """Keeps the content, even if its names are deleted. Raises `NoSuchFile`."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._references.protecting(content.id))
            except ObjectMissing as error:
                raise NoSuchFile from error
            yield


def expected_chunk(content: StoredObject, location: ChunkLocation) -> ExpectedChunk:
    """What a chunk must turn out to be when it is read."""
    index = location.chunk.index
    return ExpectedChunk(
        address=address_of(location),
        envelope=content.envelope.value,
        object_id=content.id,
        index=index,
        count=content.chunk_count,
        # Of another length, it would put later bytes in the wrong place.
        size=min(content.chunk_size, content.size - index * content.chunk_size),
        digest=location.chunk.digest,
    )


class _WholeHash:
    """Checks all chunks of an object against the hash of the whole."""

    def __init__(self, content: StoredObject) -> None:
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
