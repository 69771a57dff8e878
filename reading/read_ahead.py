"""Reads content ahead of its reader: as much as the reader takes, within bounds of memory.

Discord answers after a time that has nothing to do with the size of a chunk. One chunk at a time, a reader
waits that long for each; with several under way, only for the first. How many that must be depends on how
quickly the reader takes them, so the window follows the reader: it doubles whenever the reader has to wait,
and shrinks by one whenever all that was read ahead is there already. A slow reader holds two chunks: the
one that it is taking, and the next one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from common.tasks import cancel_and_wait

MOST_AHEAD: Final = 32
"""Items that one download reads ahead, at most, however small they are."""

_Item = TypeVar("_Item")
_Item_co = TypeVar("_Item_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Load(Generic[_Item_co]):
    """Something to be read.

    Attributes:
        size_bytes: Memory that it takes.
        run: Reads it. Called once, while others run.
    """

    size_bytes: int
    run: Callable[[], Awaitable[_Item_co]]


class ReadAheadMemory:
    """The memory in which downloads read ahead, but for the next item of each, which needs no permission.

    Args:
        total_bytes: For all downloads together.
        per_download_bytes: For one download.
    """

    def __init__(self, *, total_bytes: int, per_download_bytes: int) -> None:
        self._left_bytes = total_bytes
        self._per_download_bytes = per_download_bytes

    def take(self, size_bytes: int, *, held_bytes: int) -> bool:
        """Takes memory for a download that has `held_bytes` of it; False when there is too little."""
        is_within = held_bytes + size_bytes <= self._per_download_bytes
        if not is_within or size_bytes > self._left_bytes:
            return False
        self._left_bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """Gives back what was taken."""
        self._left_bytes += size_bytes


class Window:
    """How many items are read ahead.

    Attributes:
        size: Items, at least 1.
    """

    def __init__(self) -> None:
        self.size = 1

    def reader_waits(self) -> None:
        """The reader wants an item that is not there yet."""
        self.size = min(self.size * 2, MOST_AHEAD)

    def reader_lags(self) -> None:
        """All that was read ahead is there before the reader wants it."""
        self.size = max(self.size - 1, 1)


@dataclass(frozen=True, slots=True)
class _Ahead(Generic[_Item]):
    reading: asyncio.Task[_Item]
    taken_bytes: int


class ReadAhead(Generic[_Item]):
    """Iterates over what a source has read, in the source's order, while what comes next is being read.

    Leaving the context ends the reads that are under way, and the source.

    Args:
        source: What is to be read, in order. It is asked for the next item while earlier ones are read.
        memory: Bounds what is read ahead.
    """

    def __init__(self, source: AsyncGenerator[Load[_Item], None], memory: ReadAheadMemory) -> None:
        self._source = source
        self._memory = memory
        self._window = Window()
        self._ahead: deque[_Ahead[_Item]] = deque()
        self._taken_bytes = 0
        self._arrived = asyncio.Event()
        self._handed_out = asyncio.Event()
        self._filling: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._filling = asyncio.create_task(self._fill(), name="read-ahead")
        self._filling.add_done_callback(lambda _: self._arrived.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await cancel_and_wait(self._filling, *(each.reading for each in self._ahead))
        finally:
            self._memory.give_back(self._taken_bytes)
            # A read that was cancelled keeps its frames, and a chunk in them, for as long as it is kept.
            self._ahead.clear()
            await self._source.aclose()

    async def ready(self) -> None:
        """Waits for the first item, or for the end of a source without any. Raises its error."""
        first = await self._first()
        if first is not None:
            await asyncio.shield(first.reading)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _Item:
        """The next item; raises what reading it raised."""
        first = await self._first()
        if first is None:
            raise StopAsyncIteration
        self._adapt(first)
        item = await asyncio.shield(first.reading)
        self._ahead.popleft()
        self._taken_bytes -= first.taken_bytes
        self._memory.give_back(first.taken_bytes)
        self._handed_out.set()
        return item

    def _adapt(self, first: _Ahead[_Item]) -> None:
        if not first.reading.done():
            self._window.reader_waits()
            # The source may go on at once: there is room for more.
            self._handed_out.set()
        elif all(each.reading.done() for each in self._ahead):
            self._window.reader_lags()

    async def _first(self) -> _Ahead[_Item] | None:
        """What is next, which may still be being read; None at the end."""
        while not self._ahead:
            if self._filling.done():
                self._filling.result()
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._ahead[0]

    async def _fill(self) -> None:
        """Begins reads whenever there is room. Raises what the source raises."""
        while (load := await anext(self._source, None)) is not None:
            while (taken_bytes := self._room_for(load.size_bytes)) is None:
                self._handed_out.clear()
                await self._handed_out.wait()
            self._begin(load, taken_bytes)

    def _room_for(self, size_bytes: int) -> int | None:
        """The bytes of the common memory that a read takes; None when it has to wait."""
        if not self._ahead:
            return 0
        if len(self._ahead) >= self._window.size:
            return None
        is_taken = self._memory.take(size_bytes, held_bytes=self._taken_bytes)
        return size_bytes if is_taken else None

    def _begin(self, load: Load[_Item], taken_bytes: int) -> None:
        async def read() -> _Item:
            return await load.run()

        self._taken_bytes += taken_bytes
        reading = asyncio.create_task(read(), name="read-ahead-load")
        self._ahead.append(_Ahead(reading, taken_bytes))
        self._arrived.set()
