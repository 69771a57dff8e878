"""Reading one ahead: order, errors and tidiness."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

import pytest

from manager.downloads.content import ReadAhead


async def in_order(
    read: Callable[[int], Awaitable[bytes]], order: Iterable[int]
) -> AsyncGenerator[bytes, None]:
    """What is read of these indexes, each when it is asked for."""
    for index in order:
        yield await read(index)


class Source:
    """Reads that end when the test lets them."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.cancelled: list[int] = []
        self.gates: dict[int, asyncio.Future[bytes]] = {}
        self.second_started = asyncio.Event()

    async def read(self, index: int) -> bytes:
        """Waits for `finish` of this index."""
        self.started.append(index)
        if len(self.started) == 2:
            self.second_started.set()
        gate = self.gates.setdefault(index, asyncio.get_running_loop().create_future())
        try:
            return await gate
        except asyncio.CancelledError:
            self.cancelled.append(index)
            raise

    def finish(self, index: int, result: bytes) -> None:
        """Ends a read, also one that has not begun."""
        self.gates.setdefault(index, asyncio.get_running_loop().create_future()).set_result(result)


async def test_one_is_read_while_one_is_used():
    """The next read begins when one is handed out, and never two of them."""
    source = Source()
    async with ReadAhead(in_order(source.read, [4, 5, 6])) as ahead:
        source.finish(4, b"four")
        assert await anext(ahead) == b"four"
        source.finish(5, b"five")
        await ahead.ready()
        assert source.started == [4, 5]
        assert await anext(ahead) == b"five"
        source.finish(6, b"six")
        assert await anext(ahead) == b"six"
        assert [chunk async for chunk in ahead] == []


async def test_an_error_is_raised_where_its_chunk_is_wanted():
    """A failed read spoils neither what came before it nor the tidying up."""
    source = Source()
    async with ReadAhead(in_order(source.read, [0, 1])) as ahead:
        source.finish(0, b"zero")
        assert await anext(ahead) == b"zero"
        source.gates[1] = asyncio.get_running_loop().create_future()
        source.gates[1].set_exception(OSError("broken"))
        with pytest.raises(OSError, match="broken"):
            await anext(ahead)


async def test_who_is_cancelled_while_leaving_stays_cancelled():
    """The end of the read, which is a cancellation too, is not mistaken for the caller's own."""
    leaving, may_end = asyncio.Event(), asyncio.Event()

    async def read(_index: int) -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            leaving.set()
            await may_end.wait()
        return b""

    async def use() -> None:
        async with ReadAhead(in_order(read, [0])):
            await asyncio.sleep(0)

    reader = asyncio.create_task(use())
    await leaving.wait()
    reader.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_leaving_ends_the_read():
    """Nothing goes on in the background afterwards."""
    source = Source()
    async with ReadAhead(in_order(source.read, [0, 1])) as ahead:
        source.finish(0, b"zero")
        await anext(ahead)
        await source.second_started.wait()
    assert source.cancelled == [1]
