"""Chunks in the order needed: verified, and one read ahead of its use."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Generic, Self, TypeVar

from catalog.object_port import ObjectStore
from catalog.records import ChunkLocation, StoredObject
from common.tasks import cancel_and_wait
from manager.uploads.readability import address_of
from storage.errors import ChunkCorrupt
from storage.reader import ChunkReader

Buffer = bytes | memoryview
ReadChunk = Callable[[int], Awaitable[Buffer]]

_Item = TypeVar("_Item")

WINDOW = 64
"""Chunks looked up in the catalog at once."""


class ObjectChunks:
    """Reads single chunks of an object, each checked against the catalog's facts."""

    def __init__(self, catalog: ObjectStore, reader: ChunkReader, content: StoredObject) -> None:
        self._catalog = catalog
        self._reader = reader
        self._content = content
        self._window: dict[int, ChunkLocation] = {}

    async def read(self, index: int) -> Buffer:
        """The plain bytes of a chunk. Raises `StorageError`, `CatalogUnavailable`."""
        location = await self._locate(index)
        return await self._reader.read(
            address_of(location),
            envelope=self._content.envelope.value,
            object_id=self._content.id,
            index=index,
            count=self._content.chunk_count,
            size=self._length(index),
            digest=location.chunk.digest,
        )

    async def _locate(self, index: int) -> ChunkLocation:
        if index not in self._window:
            found = await self._catalog.chunks(self._content.id, first=index, limit=WINDOW)
            self._window = {location.chunk.index: location for location in found}
        if index not in self._window:
            raise ChunkCorrupt(f"chunk {index} is not in the catalog any more")
        return self._window[index]

    def _length(self, index: int) -> int:
        """What the chunk must be long, or later bytes would stand in the wrong place."""
        return min(self._content.chunk_size, self._content.size - index * self._content.chunk_size)


async def in_order(read: ReadChunk, order: Iterable[int]) -> AsyncGenerator[Buffer, None]:
    """The chunks of these indexes, each read when it is asked for."""
    for index in order:
        yield await read(index)


class ReadAhead(Generic[_Item]):
    """Goes through a source, always one item before it is asked for.

    At most two are in memory, if the caller drops one before it asks for the next: the one in use
    and the one being read. Leaving the context ends the read that is under way, and the source.
    """

    def __init__(self, source: AsyncGenerator[_Item, None]) -> None:
        self._source = source
        self._coming: asyncio.Task[_Item | None] | None = None

    async def __aenter__(self) -> Self:
        self._start_next()
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
        """Waits until the first item is there, or it is clear that there is none; raises its error."""
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
        self._start_next()
        return item

    def _start_next(self) -> None:
        self._coming = asyncio.create_task(self._load())

    async def _load(self) -> _Item | None:
        return await anext(self._source, None)
