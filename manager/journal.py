"""Writes every chunk that a service reports into the catalog, sooner or later.

A message that the catalog does not know could never be deleted. So a report which cannot be written now
is refused to the service, and kept here until it can be: by then it is garbage, or it is the chunk after
all, if the client has not sent it again.
"""

from collections.abc import Callable

import structlog

from catalog.errors import CatalogUnavailable
from catalog.port import ObjectStore
from catalog.records import ChunkLocation
from client_sdk.backoff import Backoff
from manager.retrying import retried
from manager.tasks import BackgroundTasks

log = structlog.get_logger(__name__)


class ChunkJournal:
    """The chunks of running uploads, as they are stored."""

    def __init__(
        self,
        catalog: ObjectStore,
        tasks: BackgroundTasks,
        *,
        new_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._catalog = catalog
        self._tasks = tasks
        self._new_backoff = new_backoff

    async def record(self, location: ChunkLocation) -> bool:
        """True when these bytes are now durably the chunk of their object.

        Raises `CatalogUnavailable`; the message is then journalled later.
        """
        try:
            return await retried(lambda: self._record_once(location))
        except CatalogUnavailable:
            self._tasks.spawn(self._record_later(location), "journal a chunk later")
            raise

    async def _record_once(self, location: ChunkLocation) -> bool:
        if await self._catalog.add_chunk(location):
            return True
        chunk = location.chunk
        stored = await self._catalog.chunks(chunk.object_id, first=chunk.index, limit=1)
        # Another message may hold the same bytes: the answer to an earlier report was lost.
        return any(
            other.chunk.index == chunk.index and other.chunk.digest == chunk.digest
            for other in stored
        )

    async def _record_later(self, location: ChunkLocation) -> None:
        backoff = self._new_backoff()
        while True:
            await backoff.wait()
            try:
                await self._catalog.add_chunk(location)
            except CatalogUnavailable as error:
                log.warning("a chunk is not journalled yet", problem=str(error))
            else:
                return
