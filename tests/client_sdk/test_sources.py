"""What uploads read from: streams and files, whole and broken."""

import asyncio
import contextlib
import io
import os
import select
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from client_sdk.errors import InvalidInput, SourceChanged, SourceUnreadable
from client_sdk.sources import FileSource
from protocol import c2s
from tests.client_sdk.content import content_of


async def test_streams_are_read_in_order(manager, make_client) -> None:
    """A factory of readers is a source, synchronous or not."""

    class AsyncReader:
        def __init__(self) -> None:
            self.inner = io.BytesIO(content_of(2500))

        async def read(self, size: int) -> bytes:
            return self.inner.read(size)

    async with make_client() as cloud:
        await cloud.upload(lambda: io.BytesIO(content_of(2500)), "/sync", size=2500)
        await cloud.upload(AsyncReader, "/async", size=2500)
    assert manager.files == {"/sync": content_of(2500), "/async": content_of(2500)}


@pytest.mark.parametrize("size", [0, 2499, 2501])
async def test_a_stream_of_another_size_is_an_error(manager, make_client, size: int) -> None:
    """A stream that ends early or late fails its upload, and the manager is told."""
    async with make_client() as cloud:
        with pytest.raises(SourceChanged):
            await cloud.upload(lambda: io.BytesIO(content_of(2500)), "/name", size=size)
        if size > 0:
            await manager.seen(c2s.UploadAbortRequest)
        await cloud.upload(io.BytesIO, "/empty", size=0)
    assert manager.files == {"/empty": b""}


class Broken:
    """A stream that fails in one of its methods."""

    def __init__(self, error: Exception, method: str, size: int) -> None:
        self.error, self.method = error, method
        self.inner = io.BytesIO(bytes(size))

    def read(self, size: int) -> bytes:
        """Nothing but zeros."""
        self._fail("read")
        return self.inner.read(size)

    def close(self) -> None:
        """Nothing to close."""
        self._fail("close")

    def _fail(self, method: str) -> None:
        if method == self.method:
            raise self.error


@pytest.mark.parametrize("method", ["factory", "read", "close"])
@pytest.mark.parametrize("error", [OSError("broken"), ValueError("broken"), StopIteration()])
async def test_errors_of_a_stream_are_errors_of_the_client(
    manager, make_client, error: Exception, method: str
) -> None:
    """Whatever a stream raises, and wherever, comes out as one `SourceUnreadable`."""
    async with make_client() as cloud:
        for size in (0, 2500):

            def make(size: int = size) -> Broken:
                if method == "factory":
                    raise error
                return Broken(error, method, size)

            with pytest.raises(SourceUnreadable, match=r"broken|StopIteration"):
                await cloud.upload(make, "/name", size=size)


@pytest.mark.parametrize("content", ["text", None, 7])
async def test_a_stream_gives_bytes(make_client, content: object) -> None:
    """Text, or nothing at all, is said to be what it is."""

    class Strange:
        def read(self, _: int) -> object:
            return content

    async with make_client() as cloud:
        with pytest.raises(SourceUnreadable, match="the stream gave"):
            await cloud.upload(Strange, "/name", size=2500)


@pytest.mark.parametrize("source", [io.StringIO("x"), 7, None])
@pytest.mark.parametrize("size", [None, 1])
async def test_a_source_of_another_type_is_named(make_client, source: Any, size) -> None:
    """The error tells what may be handed in, also for a file that is open as text."""
    async with make_client() as cloud:
        with pytest.raises(TypeError, match=f"a path, bytes, an .* not {type(source).__name__}"):
            await cloud.upload(source, "/name", size=size)


async def test_a_wrong_size_of_what_is_known_is_an_error(make_client, tmp_path: Path) -> None:
    """A size may be told of everything, but has to be true; nothing is sent otherwise."""
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    async with make_client() as cloud:
        for source in (path, b"abc", io.BytesIO(b"abc")):
            with pytest.raises(InvalidInput, match="3 bytes, not 4"):
                await cloud.upload(source, "/name", size=4)
            await cloud.upload(source, "/name", size=3, on_conflict="overwrite")
        with pytest.raises(InvalidInput, match="negative"):
            await cloud.upload(b"", "/name", size=-1)


class TellingThreads(ThreadPoolExecutor):
    """Worker threads that tell when they begin something, which cannot be taken back then."""

    def __init__(self) -> None:
        super().__init__(1)
        self.has_begun = asyncio.Event()

    def submit(self, work: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        """As the base class says."""
        loop = asyncio.get_running_loop()

        def begin() -> Any:
            loop.call_soon_threadsafe(self.has_begun.set)
            return work(*arguments, **options)

        return super().submit(begin)


async def opened_for_writing(fifo: Path) -> int:
    """Opens a fifo as soon as somebody is about to read it."""
    while True:
        with contextlib.suppress(OSError):  # ENXIO
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        await asyncio.sleep(0)


async def test_a_cancelled_upload_closes_what_is_opened_too_late(tmp_path: Path) -> None:
    """A thread that still opens the file when its upload is cancelled leaves nothing open."""
    path = tmp_path / "file"
    path.write_bytes(b"")
    source = FileSource(path)
    path.unlink()
    os.mkfifo(path)  # opening it for reading waits for a writer

    async def use() -> None:
        async with source.open():
            raise AssertionError("it should not come to this")

    threads = TellingThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    using = asyncio.create_task(use())
    await threads.has_begun.wait()
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    writing = await opened_for_writing(path)
    poller = select.poll()
    poller.register(writing, 0)
    assert await asyncio.to_thread(poller.poll, 5000) == [(writing, select.POLLERR)]
    os.close(writing)


async def test_a_file_that_changes_is_an_error(manager, make_client, tmp_path: Path) -> None:
    """A file that grows while it is uploaded is not stored."""
    source = tmp_path / "log"
    source.write_bytes(content_of(3000))
    manager.chunk_gate.clear()
    async with make_client(chunks_in_flight=1) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/log"))
        await manager.until(lambda: manager.chunks_now == 1)
        with source.open("ab") as file:
            file.write(b"more")
        manager.chunk_gate.set()
        with pytest.raises(SourceChanged, match="log changed"):
            await upload
    assert manager.files == {}


async def test_what_is_no_file_is_an_error(make_client, tmp_path: Path) -> None:
    """Missing files and folders are named before anything is sent."""
    async with make_client() as cloud:
        for source in (tmp_path, tmp_path / "missing"):
            with pytest.raises(SourceUnreadable, match=source.name):
                await cloud.upload(source, "/name")
