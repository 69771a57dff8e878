"""Chunks of one object in the order needed: verified, and one read ahead of its use."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Self

from catalog.port import ObjectStore
from catalog.records import ChunkLocation, StoredObject
from storage.address import ChunkAddress
from storage.errors import ChunkCorrupt
from storage.reader import ChunkReader

Buffer = bytes | memoryview

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
        chunk, message = location.chunk, location.message
        address = ChunkAddress(
            message_id=message.id,
            channel_id=message.channel_id,
            webhook_id=message.webhook_id,
            attachment_id=chunk.attachment_id,
            offset=chunk.offset,
            stored_size=chunk.stored_size,
        )
        return await self._reader.read(
            address,
            envelope=self._content.envelope.value,
            object_id=self._content.id,
            index=index,
            count=self._content.chunk_count,
            size=self._length(index),
            digest=chunk.digest,
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


class ReadAhead:
    """Reads things in a given order, always one before it is asked for.

    At most two are in memory, if the caller drops one before it asks for the next: the one in use
    and the one being read. Leaving the context ends the read that is under way.
    """

    def __init__(self, read: Callable[[int], Awaitable[Buffer]], order: Iterator[int]) -> None:
        self._read = read
        self._order = order
        self._coming: asyncio.Task[Buffer] | None = None

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
        if coming is not None:
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await coming

    async def ready(self) -> None:
        """Waits until the first one is there; raises what reading it raised."""
        if self._coming is not None:
            await self._coming

    async def next(self) -> Buffer:
        """The next one of the order; raises what reading it raised."""
        if self._coming is None:
            raise ValueError("everything in the order has been handed out")
        buffer = await self._coming
        self._start_next()
        return buffer

    def _start_next(self) -> None:
        index = next(self._order, None)
        self._coming = None if index is None else asyncio.create_task(self._load(index))

    async def _load(self, index: int) -> Buffer:
        return await self._read(index)
