"""Stored content as verified chunks: located, read one ahead, and kept alive while they are sent.

A base-protocol service reports no digest of a chunk, only the hash of the whole. Nothing else shows whether
its plain chunks are intact, nor, as its envelope binds a chunk to no position, whether encrypted ones stand
in the right order. So when such content is read as a whole, its hash is checked as well.
"""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

import structlog

from catalog.content_port import ObjectStore
from catalog.errors import ObjectMissing
from catalog.records import ChunkLocation, EnvelopeKind, StoredObject
from common.tasks import cancel_and_wait
from manager.errors import NoSuchFile
from manager.gc.temporary_references import TemporaryReferences
from manager.services.webhooks import WebhookDirectory
from manager.uploads.readability import address_of
from protocol.chunks import content_hash
from storage.errors import ChunkCorrupt, UnauthenticatedContent, WebhookUnusable
from storage.reader import ChunkReader

log = structlog.get_logger(__name__)

Buffer = bytes | memoryview

WINDOW = 64
"""Chunks that are looked up in the catalog at once."""

_Item = TypeVar("_Item")


class ContentSource:
    """Opens stored content for reading.

    Args:
        catalog: Where chunks are looked up.
        reader: Fetches and verifies chunks.
        references: Keeps content alive while it is being sent.
        webhooks: Quarantines webhooks that turn out to be gone.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        reader: ChunkReader,
        references: TemporaryReferences,
        webhooks: WebhookDirectory,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._references = references
        self._webhooks = webhooks

    async def chunks(
        self, content: StoredObject, indexes: Iterable[int] | None = None
    ) -> AsyncGenerator[Buffer, None]:
        """Yields the plain chunks of these indexes, each read when it is asked for.

        With None it yields all chunks in order, but not the last one of content that is not what was
        stored. Raises `StorageError`, `CatalogUnavailable`.
        """
        # Our own envelope verifies every single chunk, so the hash of the whole is not needed.
        is_checked_whole = indexes is None and content.envelope is not EnvelopeKind.V1
        whole = _WholeHash(content) if is_checked_whole else None
        located: dict[int, ChunkLocation] = {}
        for index in range(content.chunk_count) if indexes is None else indexes:
            if index not in located:
                located = await self._locate(content, index)
            yield await self._read(content, located[index], whole)

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
        index = location.chunk.index
        try:
            plain = await self._reader.read(
                address_of(location),
                envelope=content.envelope.value,
                object_id=content.id,
                index=index,
                count=content.chunk_count,
                # Of another length, it would put later bytes in the wrong place.
                size=min(content.chunk_size, content.size - index * content.chunk_size),
                digest=location.chunk.digest,
            )
        except WebhookUnusable as error:
            self._webhooks.lost(error)
            raise
        except UnauthenticatedContent:
            log.error(
                "unauthenticated-content",
                object=str(content.id),
                index=index,
                envelope=content.envelope.value,
                has_digest=location.chunk.digest is not None,
            )
            raise
        if whole is not None:
            await whole.add(plain)
        return plain

    @contextlib.asynccontextmanager
    async def kept_alive(self, content: StoredObject) -> AsyncIterator[None]:
        """Keeps the content, even if its names are deleted. Raises `NoSuchFile`."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._references.protecting(content.id))
            except ObjectMissing as error:
                raise NoSuchFile from error
            yield


class _WholeHash:
    """Checks all chunks of an object, in order, against the hash of the whole."""

    def __init__(self, content: StoredObject) -> None:
        self._content = content
        self._digests: list[bytes] = []

    async def add(self, plain: Buffer) -> None:
        """Takes the next chunk. Raises `ChunkCorrupt` at the last one if the hash is another one."""
        content, digests = self._content, self._digests
        digests.append((await asyncio.to_thread(hashlib.sha256, plain)).digest())
        is_last = len(digests) == content.chunk_count
        if is_last and not hmac.compare_digest(content_hash(digests), content.hash):
            raise ChunkCorrupt(f"the hash of the whole object {content.id} is another one")


class ReadAhead(Generic[_Item]):
    """Iterates over a source, and reads one item ahead.

    At most two are in memory, if the caller drops one before it asks for the next: the one in use
    and the one being read. Leaving the context ends the read that is under way, and the source.
    """

    def __init__(self, source: AsyncGenerator[_Item, None]) -> None:
        self._source = source
        self._coming: asyncio.Task[_Item | None] | None = None

    async def __aenter__(self) -> Self:
        self._coming = asyncio.create_task(self._load())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        coming, self._coming = self._coming, None
        try:
            if coming is not None:
                await cancel_and_wait(coming)
        finally:
            await self._source.aclose()

    async def ready(self) -> None:
        """Waits for the first item, or for the end of a source without any. Raises its error."""
        if self._coming is not None:
            await self._coming

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Item:
        """The next item; raises what reading it raised."""
        if self._coming is None:
            raise StopAsyncIteration
        item = await self._coming
        if item is None:
            raise StopAsyncIteration
        self._coming = asyncio.create_task(self._load())
        return item

    async def _load(self) -> _Item | None:
        return await anext(self._source, None)
