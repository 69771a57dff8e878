"""Enters every chunk that a service reports into the catalog, as content or as garbage.

A message that the catalog does not know could never be deleted. A service keeps its report until the
manager has answered for good, on its disk, too; so while the catalog is away the manager remembers
nothing. Base-protocol services keep no reports: a task of the manager remembers what they have posted in
vain until the catalog is back. Whatever turns out to be garbage is the reaper's at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial

import structlog

from catalog.content_port import ObjectStore
from catalog.errors import CatalogError, CatalogUnavailable
from catalog.records import Chunk, ChunkLocation, Message
from common.tasks import BackgroundTasks
from manager.error_texts import log_level
from manager.retrying import CatalogRetry

log = structlog.get_logger(__name__)

CHUNKS_PER_CALL = 1000

_Entry = tuple[Message, tuple[Chunk, ...]]


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
        self._entering: dict[_Entry, asyncio.Task[list[bool]]] = {}

    async def record(self, message: Message, chunks: tuple[Chunk, ...]) -> list[bool]:
        """For each chunk of a message whether its bytes are now durably the chunk of their object.

        The others are garbage: a message of which no chunk is wanted, or for which there is none, is
        the reaper's. One that holds a chunk already stays as it is.

        Raises `CatalogUnavailable` within the time in which an answer is due; then the service has to
        send the report again.
        """
        return await self._retry.answering(partial(self._enter, message, chunks))

    def discard(self, messages: Iterable[Message]) -> None:
        """Enters messages that hold nothing, for the reaper, as soon as the catalog takes them."""
        self._tasks.spawn(self._enter_garbage(tuple(messages)), "enter garbage")

    async def _enter(self, message: Message, chunks: tuple[Chunk, ...]) -> list[bool]:
        entry = (message, chunks)
        entering = self._entering.get(entry)
        if entering is None:
            entering = asyncio.create_task(
                self._catalog.add_message(message, chunks), name="enter message"
            )
            self._entering[entry] = entering
            entering.add_done_callback(partial(self._entered, entry))
        # Otherwise the call for an earlier report of the same message still runs, perhaps for a wait
        # that was given up; a second call would only queue up behind it.
        are_there = await asyncio.shield(entering)
        if not any(are_there):
            self._wake_reaper()
        return [
            is_there or await self._is_stored_elsewhere(chunk)
            for chunk, is_there in zip(chunks, are_there, strict=True)
        ]

    async def _is_stored_elsewhere(self, chunk: Chunk) -> bool:
        """Whether another message holds the same bytes: the answer to an earlier report was lost."""
        stored = await self._catalog.chunks(chunk.object_id, first=chunk.index, limit=1)
        return any(
            other.chunk.index == chunk.index and other.chunk.digest == chunk.digest
            for other in stored
        )

    def _entered(self, entry: _Entry, task: asyncio.Task[list[bool]]) -> None:
        del self._entering[entry]
        if not task.cancelled():
            task.exception()  # retrieved, as perhaps no call waits for it any more

    async def _enter_garbage(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            try:
                await self._enter_patiently(message)
            except CatalogError as error:
                log.error("garbage-not-entered", code=error.code, reason=str(error))

    async def _enter_patiently(self, message: Message) -> None:
        backoff = self._retry.policy.backoff()
        while True:
            try:
                await self._catalog.add_message(message, ())
            except CatalogUnavailable as error:
                log.log(log_level(error), "garbage-entry-delayed", reason=str(error))
                await backoff.wait()
            else:
                self._wake_reaper()
                return
