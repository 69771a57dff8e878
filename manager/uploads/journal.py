"""Enters every chunk that a service reports into the catalog, as content or as garbage.

A message that the catalog does not know could never be deleted. A service keeps its report until the
manager has answered for good, on its disk, too; so while the catalog is away the manager remembers
nothing. Base-protocol services keep no reports: a task of the manager remembers what they have posted in
vain until the catalog is back. Whatever turns out to be garbage is the reaper's at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from uuid import UUID

import structlog

from catalog.content_port import ObjectStore
from catalog.errors import CatalogError, CatalogUnavailable
from catalog.records import Chunk, ChunkLocation, Message
from common.tasks import BackgroundTasks
from manager.error_texts import log_level
from manager.retrying import CatalogRetry

log = structlog.get_logger(__name__)

NO_OBJECT = UUID(int=0)
"""No object has this id: a chunk of it is not entered, but its message is."""


CHUNKS_PER_CALL = 1000


async def journalled_chunks(
    read: Callable[[int, int], Awaitable[list[ChunkLocation]]],
) -> AsyncIterator[Chunk]:
    """Yields all chunks of an object that are journalled, in order, a page at a time.

    `read` returns those from an index on, as many as are asked for at most. Raises what `read` raises.
    """
    first = 0
    while True:
        page = await read(first, CHUNKS_PER_CALL)
        for location in page:
            yield location.chunk
        if len(page) < CHUNKS_PER_CALL:
            return
        first = page[-1].chunk.index + 1


class ChunkJournal:
    """The chunks of running uploads, as they are stored."""

    def __init__(
        self,
        catalog: ObjectStore,
        tasks: BackgroundTasks,
        retry: CatalogRetry,
        wake_reaper: Callable[[], None],
    ) -> None:
        self._catalog = catalog
        self._tasks = tasks
        self._retry = retry
        self._wake_reaper = wake_reaper
        self._entering: dict[ChunkLocation, asyncio.Task[bool]] = {}

    async def record(self, location: ChunkLocation) -> bool:
        """True when these bytes are now durably the chunk of their object; else they are garbage.

        Raises `CatalogUnavailable` within the time in which an answer is due; then the service has to
        send the report again.
        """
        return await self._retry.answering(partial(self._enter, location))

    async def record_garbage(self, location: ChunkLocation) -> None:
        """Enters the message alone, for the reaper; one that holds a chunk already is no change.

        Raises as `record` does.
        """
        chunk = replace(location.chunk, object_id=NO_OBJECT)
        await self.record(replace(location, chunk=chunk))

    def discard(self, messages: Iterable[Message]) -> None:
        """Enters messages that hold nothing, for the reaper, as soon as the catalog takes them."""
        self._tasks.spawn(self._enter_garbage(tuple(messages)), "enter garbage")

    async def _enter(self, location: ChunkLocation) -> bool:
        entering = self._entering.get(location)
        if entering is None:
            entering = asyncio.create_task(self._catalog.add_chunk(location), name="enter chunk")
            self._entering[location] = entering
            entering.add_done_callback(partial(self._entered, location))
        # Otherwise the call for an earlier report of the same chunk still runs, perhaps for a wait
        # that was given up; a second call would only queue up behind it.
        if await asyncio.shield(entering):
            return True
        self._wake_reaper()
        chunk = location.chunk
        stored = await self._catalog.chunks(chunk.object_id, first=chunk.index, limit=1)
        # Another message may hold the same bytes: the answer to an earlier report was lost.
        return any(
            other.chunk.index == chunk.index and other.chunk.digest == chunk.digest
            for other in stored
        )

    def _entered(self, location: ChunkLocation, task: asyncio.Task[bool]) -> None:
        del self._entering[location]
        if not task.cancelled():
            task.exception()  # retrieved, as perhaps no call waits for it any more

    async def _enter_garbage(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            try:
                await self._enter_patiently(_alone(message))
            except CatalogError as error:
                log.error("garbage-not-entered", code=error.code, reason=str(error))

    async def _enter_patiently(self, location: ChunkLocation) -> None:
        backoff = self._retry.policy.backoff()
        while True:
            try:
                await self._catalog.add_chunk(location)
            except CatalogUnavailable as error:
                log.log(log_level(error), "garbage-entry-delayed", reason=str(error))
                await backoff.wait()
            else:
                self._wake_reaper()
                return


def _alone(message: Message) -> ChunkLocation:
    """The message with a chunk of no object, as the catalog takes it."""
    chunk = Chunk(
        object_id=NO_OBJECT,
        index=0,
        message_id=message.id,
        attachment_id=None,
        offset=0,
        stored_size=message.stored_size,
        size=message.stored_size,
        digest=None,
    )
    return ChunkLocation(chunk=chunk, message=message)
