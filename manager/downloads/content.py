"""Where the bytes of stored content come from: verified chunks, kept alive while they are sent."""

import contextlib
from collections.abc import AsyncIterator

from catalog.errors import ObjectMissing
from catalog.object_port import ObjectStore
from catalog.records import StoredObject
from manager.downloads.read_ahead import Buffer, ObjectChunks, ReadChunk
from manager.downloads.whole_hash import checked_whole
from manager.errors import NoSuchFile
from manager.services.webhooks import WebhookDirectory
from manager.uploads.holds import TemporaryHolds
from storage.errors import WebhookUnusable
from storage.reader import ChunkReader


class ContentSource:
    """Opens stored content for reading.

    Args:
        catalog: Where chunks are looked up.
        reader: Fetches and verifies chunks.
        holds: Keeps content alive while it is being sent.
        webhooks: Is told of webhooks that turn out to be gone.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        reader: ChunkReader,
        holds: TemporaryHolds,
        webhooks: WebhookDirectory,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._holds = holds
        self._webhooks = webhooks

    def chunks(self, content: StoredObject) -> ReadChunk:
        """Reads any chunk of the content. Raises `StorageError`, `CatalogUnavailable`."""
        chunks = ObjectChunks(self._catalog, self._reader, content)

        async def read(index: int) -> Buffer:
            try:
                return await chunks.read(index)
            except WebhookUnusable as error:
                self._webhooks.lost(error)
                raise

        return read

    def whole(self, content: StoredObject) -> ReadChunk:
        """Reads all chunks in their order, once each, and checks the whole as well as the parts."""
        return checked_whole(self.chunks(content), content)

    @contextlib.asynccontextmanager
    async def kept_alive(self, content: StoredObject) -> AsyncIterator[None]:
        """Holds the content, whatever becomes of its names. Raises `NoSuchFile`."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._holds.hold(content.id))
            except ObjectMissing as error:
                raise NoSuchFile from error
            yield
