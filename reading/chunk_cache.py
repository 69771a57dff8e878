"""Opened chunks that were read for a range, kept for the next ranges.

A player asks for a video in many small ranges, and a chunk can only be verified as a whole: without a cache
the same chunk would be fetched and opened for every one of them. Each request has passed its own check of
rights before it comes here, and has found its object in the catalog.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

Buffer = bytes | memoryview
ChunkKey = tuple[UUID, int]
"""An object, which never changes, and the index of one of its chunks."""


@dataclass(slots=True)
class _Reading:
    task: asyncio.Task[Buffer]
    waiting: int = 0


class ChunkCache:
    """Keeps the chunks that were used last. Requests for a chunk that is being read share one read.

    Args:
        capacity_bytes: Of all chunks together; 0 keeps none.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._kept: OrderedDict[ChunkKey, Buffer] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[ChunkKey, _Reading] = {}

    async def read(self, key: ChunkKey, load: Callable[[], Awaitable[Buffer]]) -> Buffer:
        """The chunk from memory, or as `load` reads it. Raises what `load` raises.

        A read ends when all who wait for it are cancelled.
        """
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        reading = self._reading.get(key)
        if reading is None:
            task = asyncio.create_task(self._load(key, load), name="read-chunk")
            reading = self._reading[key] = _Reading(task)
        reading.waiting += 1
        try:
            return await asyncio.shield(reading.task)
        finally:
            reading.waiting -= 1
            if not reading.waiting:
                # Removed at once: who comes now must not wait for a read that is being cancelled.
                self._forget(key, reading)
                reading.task.cancel()

    def _forget(self, key: ChunkKey, reading: _Reading) -> None:
        if self._reading.get(key) is reading:
            del self._reading[key]

    async def _load(self, key: ChunkKey, load: Callable[[], Awaitable[Buffer]]) -> Buffer:
        chunk = await load()
        self._keep(key, chunk)
        return chunk

    def _keep(self, key: ChunkKey, chunk: Buffer) -> None:
        if len(chunk) > self._capacity_bytes or key in self._kept:
            return
        self._kept[key] = chunk
        self._kept_bytes += len(chunk)
        while self._kept_bytes > self._capacity_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)
