"""Stored content as the catalog knows it: where its chunks lie, and what keeps it."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import structlog

from catalog.content_port import ObjectStore
from catalog.errors import ObjectMissing
from catalog.records import ChunkLocation, StoredObject
from manager.errors import NoSuchFile
from manager.gc.temporary_references import TemporaryReferences
from manager.services.webhooks import WebhookDirectory
from manager.uploads.readability import address_of
from reading.content import WINDOW, Content
from storage.errors import StorageError, UnauthenticatedContent, WebhookUnusable
from storage.reader import ExpectedChunk

log = structlog.get_logger(__name__)


class CatalogChunks:
    """Finds chunks in the catalog, keeps their objects, and acts on those that cannot be read.

    Args:
        catalog: Where chunks are looked up.
        references: Keeps content alive while it is being sent.
        webhooks: Quarantines webhooks that turn out to be gone.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        references: TemporaryReferences,
        webhooks: WebhookDirectory,
    ) -> None:
        self._catalog = catalog
        self._references = references
        self._webhooks = webhooks

    async def chunks(self, content: Content, first: int) -> Sequence[ExpectedChunk]:
        """The chunks from an index on, up to `WINDOW` of them. Raises `CatalogUnavailable`."""
        found = await self._catalog.chunks(content.id, first=first, limit=WINDOW)
        return [expected_chunk(content, location) for location in found]

    def note_unreadable(self, error: StorageError, chunk: ExpectedChunk) -> None:
        """Draws the consequences of a chunk that cannot be read."""
        if isinstance(error, WebhookUnusable):
            self._webhooks.lost(error)
        elif isinstance(error, UnauthenticatedContent):
            log.error(
                "unauthenticated-content",
                object=str(chunk.object_id),
                index=chunk.index,
                envelope=chunk.envelope,
                has_digest=chunk.digest is not None,
            )

    @contextlib.asynccontextmanager
    async def kept_alive(self, content: Content) -> AsyncIterator[None]:
        """Keeps the content, even if its names are deleted. Raises `NoSuchFile`."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._references.protecting(content.id))
            except ObjectMissing as error:
                raise NoSuchFile from error
            yield


def content_of(stored: StoredObject) -> Content:
    """An object as its readers know it."""
    return Content(
        id=stored.id,
        size=stored.size,
        chunk_size=stored.chunk_size,
        chunk_count=stored.chunk_count,
        envelope=stored.envelope.value,
        hash=stored.hash,
    )


def expected_chunk(content: Content, location: ChunkLocation) -> ExpectedChunk:
    """What a chunk must turn out to be when it is read."""
    index = location.chunk.index
    return ExpectedChunk(
        address=address_of(location),
        envelope=content.envelope,
        object_id=content.id,
        index=index,
        count=content.chunk_count,
        # Of another length, it would put later bytes in the wrong place.
        size=min(content.chunk_size, content.size - index * content.chunk_size),
        digest=location.chunk.digest,
    )
