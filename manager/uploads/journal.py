"""Writes every chunk that a service reports into the catalog, sooner or later.

A message that the catalog does not know could never be deleted. So a report which cannot be written now
is refused to the service, and its message is kept here until it can be written, as garbage: the chunk is
missing again, and what the client sends instead may be other bytes. Whatever turns out to be garbage is the
reaper's at once.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from uuid import uuid4

import structlog

from catalog.errors import CatalogError, CatalogUnavailable
from catalog.object_port import ObjectStore
from catalog.records import Chunk, ChunkLocation, Message
from manager.retrying import CatalogPatience
from manager.tasks import BackgroundTasks

log = structlog.get_logger(__name__)


class ChunkJournal:
    """The chunks of running uploads, as they are stored."""

    def __init__(
        self,
        catalog: ObjectStore,
        tasks: BackgroundTasks,
        patience: CatalogPatience,
        nudge_reaper: Callable[[], None],
    ) -> None:
        self._catalog = catalog
        self._tasks = tasks
        self._patience = patience
        self._nudge_reaper = nudge_reaper

    async def record(self, location: ChunkLocation) -> bool:
        """True when these bytes are now durably the chunk of their object.

        Raises `CatalogUnavailable`; the message is then journalled later, alone.
        """
        try:
            return await self._patience.answering(lambda: self._record_once(location))
        except CatalogUnavailable:
            self._tasks.spawn(self._record_later(location.message), "journal a message later")
            raise

    async def record_garbage(self, location: ChunkLocation) -> None:
        """Journals the message alone, for the reaper; one that holds a chunk already is no change.

        Raises `CatalogUnavailable`; the message is then journalled later.
        """
        # The chunk of an object that does not exist is not entered, but its message is.
        await self.record(replace(location, chunk=replace(location.chunk, object_id=uuid4())))

    async def discard(self, messages: Iterable[Message]) -> None:
        """Journals messages that hold nothing, for the reaper; what fails is tried again later."""
        for message in messages:
            try:
                await self.record_garbage(_alone(message))
            except CatalogUnavailable as error:
                log.warning("garbage is not journalled yet", problem=str(error))
            except CatalogError as error:
                log.error("garbage cannot be journalled", code=error.code, problem=str(error))

    async def _record_once(self, location: ChunkLocation) -> bool:
        if await self._catalog.add_chunk(location):
            return True
        self._nudge_reaper()
        chunk = location.chunk
        stored = await self._catalog.chunks(chunk.object_id, first=chunk.index, limit=1)
        # Another message may hold the same bytes: the answer to an earlier report was lost.
        return any(
            other.chunk.index == chunk.index and other.chunk.digest == chunk.digest
            for other in stored
        )

    async def _record_later(self, message: Message) -> None:
        backoff = self._patience.new_backoff()
        while True:
            await backoff.wait()
            try:
                # If a write that was not confirmed has entered the chunk, this is no change.
                await self._catalog.add_chunk(_alone(message))
            except CatalogUnavailable as error:
                log.warning("a message is not journalled yet", problem=str(error))
            except CatalogError as error:
                log.error("a message cannot be journalled", code=error.code, problem=str(error))
                return
            else:
                self._nudge_reaper()
                return


def _alone(message: Message) -> ChunkLocation:
    """The message with a chunk of no object, as the catalog takes it."""
    chunk = Chunk(
        object_id=uuid4(),
        index=0,
        message_id=message.id,
        attachment_id=None,
        offset=0,
        stored_size=message.stored_size,
        size=message.stored_size,
        digest=None,
    )
    return ChunkLocation(chunk=chunk, message=message)
