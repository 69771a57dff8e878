"""Reading ahead: how much, in which order, and what is left when it ends."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from functools import partial

import pytest

from reading.read_ahead import MOST_AHEAD, Load, ReadAhead, ReadAheadMemory

SIZE = 10


async def in_order(
    read: Callable[[int], Awaitable[bytes]], order: Iterable[int]
) -> AsyncGenerator[Load[bytes], None]:
    """The reads of these indexes."""
    for index in order:
        yield Load(SIZE, partial(read, index))


def ahead_of(
    source: AsyncGenerator[Load[bytes], None],
    *,
    total: int = 1000 * SIZE,
    per_download: int = 1000 * SIZE,
) -> ReadAhead[bytes]:
    """Reads ahead with memory of its own."""
    return ReadAhead(source, ReadAheadMemory(total_bytes=total, per_download_bytes=per_download))


async def others_run() -> None:
    """Lets all tasks run until they wait for something."""
    for _ in range(20):
        await asyncio.sleep(0)


class Source:
    """Reads that end when the test lets them."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.cancelled: list[int] = []
        self.gates: dict[int, asyncio.Future[bytes]] = {}

    async def read(self, index: int) -> bytes:
        """Waits for `finish` of this index."""
        self.started.append(index)
        try:
            return await self._gate(index)
        except asyncio.CancelledError:
            self.cancelled.append(index)
            raise

    def finish(self, *indexes: int) -> None:
        """Ends reads, also those that have not begun."""
        for index in indexes:
            self._gate(index).set_result(b"%d" % index)

    def fail(self, index: int) -> None:
        """Ends a read with an error."""
        self._gate(index).set_exception(OSError("broken"))

    def _gate(self, index: int) -> asyncio.Future[bytes]:
        return self.gates.setdefault(index, asyncio.get_running_loop().create_future())


async def test_one_is_read_while_one_is_used_by_a_slow_reader():
    """A reader that never waits makes no more than one further read begin, and gets all in order."""
    source = Source()
    source.finish(*range(50))
    async with ahead_of(in_order(source.read, range(50))) as ahead:
        for index in range(50):
            await others_run()
            assert source.started == list(range(index + 1))
            assert await anext(ahead) == b"%d" % index
        assert [chunk async for chunk in ahead] == []


async def test_the_window_grows_with_a_reader_who_waits():
    """The longer Discord takes, compared with the reader, the more reads run at the same time."""
    source, widths = Source(), []
    async with ahead_of(in_order(source.read, range(200))) as ahead:
        for index in range(100):
            reading = asyncio.create_task(anext(ahead))
            await others_run()
            widths.append(len(source.started) - index)
            source.finish(index)
            assert await reading == b"%d" % index
    assert widths[:6] == [2, 4, 8, 16, 32, 32]
    assert max(widths) == MOST_AHEAD


async def test_the_window_shrinks_when_the_reader_slows_down():
    """Memory that a reader no longer needs is given back."""
    source = Source()
    async with ahead_of(in_order(source.read, range(300))) as ahead:
        for index in range(5):
            reading = asyncio.create_task(anext(ahead))
            await others_run()
            source.finish(index)
            await reading
        source.finish(*range(5, 300))
        for index in range(5, 100):
            await others_run()
            assert await anext(ahead) == b"%d" % index
        await others_run()
        assert len(source.started) - 100 == 1


@pytest.mark.parametrize(
    ("total", "per_download"), [(3 * SIZE, 1000 * SIZE), (1000 * SIZE, 3 * SIZE)]
)
async def test_memory_bounds_what_is_read_ahead(total: int, per_download: int):
    """All downloads together, and each one, read ahead no more than is allowed; the next one always."""
    source = Source()
    async with ahead_of(
        in_order(source.read, range(100)), total=total, per_download=per_download
    ) as ahead:
        for index in range(20):
            reading = asyncio.create_task(anext(ahead))
            await others_run()
            assert len(source.started) - index <= 1 + 3
            source.finish(index)
            await reading


async def test_a_download_goes_on_when_others_have_all_the_memory():
    """Each always reads its next chunk, and has more again when the others have ended."""
    memory = ReadAheadMemory(total_bytes=SIZE, per_download_bytes=SIZE)
    greedy, source = Source(), Source()
    async with ReadAhead(in_order(source.read, range(10)), memory) as ahead:
        async with ReadAhead(in_order(greedy.read, range(10)), memory) as other:
            waiting = asyncio.create_task(anext(other))
            await others_run()
            assert greedy.started == [0, 1]
            reading = asyncio.create_task(anext(ahead))
            await others_run()
            assert source.started == [0]
            source.finish(0)
            assert await reading == b"0"
            waiting.cancel()
        reading = asyncio.create_task(anext(ahead))
        await others_run()
        assert source.started == [0, 1, 2]
        reading.cancel()


async def test_an_error_is_raised_where_its_chunk_is_wanted():
    """A failed read spoils neither what came before it nor the end."""
    source = Source()
    async with ahead_of(in_order(source.read, [0, 1])) as ahead:
        source.finish(0)
        source.fail(1)
        await ahead.ready()
        assert await anext(ahead) == b"0"
        with pytest.raises(OSError, match="broken"):
            await anext(ahead)


async def test_an_error_of_the_source_comes_after_what_it_gave():
    """What could not be located ends the reading there, and not before."""

    async def failing() -> AsyncGenerator[Load[bytes], None]:
        async def read() -> bytes:
            return b"zero"

        yield Load(SIZE, read)
        raise OSError("not located")

    async with ahead_of(failing()) as ahead:
        await ahead.ready()
        assert await anext(ahead) == b"zero"
        with pytest.raises(OSError, match="not located"):
            await anext(ahead)


async def test_who_is_cancelled_while_leaving_stays_cancelled():
    """The end of the reads, which is a cancellation too, is not mistaken for the caller's own."""
    leaving, may_end = asyncio.Event(), asyncio.Event()

    async def read(_index: int) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            leaving.set()
            await may_end.wait()
        return b""

    async def use() -> None:
        async with ahead_of(in_order(read, [0])):
            await others_run()

    reader = asyncio.create_task(use())
    await leaving.wait()
    reader.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_leaving_ends_all_reads():
    """Nothing goes on in the background afterwards."""
    source = Source()
    async with ahead_of(in_order(source.read, range(10))) as ahead:
        reading = asyncio.create_task(anext(ahead))
        await others_run()
        reading.cancel()
        await others_run()
    assert source.started == source.cancelled == [0, 1]


async def test_reads_that_are_given_up_let_go_of_their_memory():
    """At once, and not when the collector comes by: a server that is idle collects nothing."""
    chunk, has_begun = bytearray(10), asyncio.Event()

    async def read() -> memoryview:
        view = memoryview(chunk)
        has_begun.set()
        await asyncio.Event().wait()
        return view

    async def source() -> AsyncGenerator[Load[memoryview], None]:
        yield Load(10, read)

    memory = ReadAheadMemory(total_bytes=100, per_download_bytes=100)
    gc.disable()
    try:
        async with ReadAhead(source(), memory) as ahead:
            await has_begun.wait()
        await others_run()
        # Refused while there is a view.
        chunk.append(0)
    finally:
        gc.enable()
    assert ahead is not None
