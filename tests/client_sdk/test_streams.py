"""Uploads of what is open, of iterators, and of what nobody knows the size of."""

import asyncio
import gzip
import io
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from client_sdk import Outcome, Progress, Stage
from client_sdk.errors import InvalidInput, SourceChanged, SourceUnreadable
from client_sdk.settings import ClientSettings
from client_sdk.streams import stream_opening
from client_sdk.transfers import ProgressMeter
from client_sdk.upload_source import MEMORY_LIMIT, OneTimeStream
from tests.client_sdk.content import content_of

SIZE = 2500
CONTENT = content_of(SIZE)


class AsyncReader:
    """A reader as aiofiles or a web framework has it."""

    def __init__(self) -> None:
        self.inner = io.BytesIO(CONTENT)

    async def read(self, size: int = -1) -> bytes:
        """At most so many bytes."""
        return self.inner.read(size)


def generated(content: bytes = CONTENT, step: int = 700) -> Iterator[bytes]:
    """The content in pieces, with an empty one among them."""
    for start in range(0, len(content), step):
        yield content[start : start + step]
        yield b""


async def async_generated(content: bytes = CONTENT) -> AsyncIterator[bytes]:
    """The same, asynchronously."""
    for piece in generated(content):
        yield piece


def pipe(_: Path) -> io.BufferedReader:
    """The end of a pipe: a file that cannot be rewound."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(CONTENT)
    return os.fdopen(reading, "rb")


def packed(folder: Path) -> gzip.GzipFile:
    """A file of which the length on disk is not that of its content."""
    path = folder / "packed.gz"
    path.write_bytes(gzip.compress(CONTENT))
    return gzip.open(path)


def on_disk(folder: Path) -> Path:
    """The content in a file."""
    path = folder / "content"
    path.write_bytes(CONTENT)
    return path


KINDS: dict[str, Callable[[Path], Any]] = {
    "path as text": lambda folder: str(on_disk(folder)),
    "memoryview of numbers": lambda _: memoryview(CONTENT).cast("H"),
    "open file": lambda folder: on_disk(folder).open("rb"),
    "unbuffered file": lambda folder: on_disk(folder).open("rb", buffering=0),
    "bytes in a file": lambda _: io.BytesIO(CONTENT),
    "pipe": pipe,
    "packed file": packed,
    "async reader": lambda _: AsyncReader(),
    "generator": lambda _: generated(),
    "list": lambda _: list(generated()),
    "async generator": lambda _: async_generated(),
    "function that opens a file": lambda folder: partial(on_disk(folder).open, "rb"),
    "function that makes a generator": lambda _: generated,
    "function that makes an async generator": lambda _: async_generated,
}


@pytest.mark.parametrize("is_size_known", [True, False])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_source_arrives(
    manager, make_client, tmp_path: Path, kind: str, is_size_known: bool
) -> None:
    """Byte for byte, whether its size is told or not; what was open stays open."""
    source = KINDS[kind](tmp_path)
    async with make_client() as cloud:
        result = await cloud.upload(source, "/name", size=SIZE if is_size_known else None)
    assert manager.files == {"/name": CONTENT}
    assert (result.outcome, result.size) == (Outcome.STORED, SIZE)
    if isinstance(source, io.IOBase):
        assert not source.closed
        source.close()


async def test_an_open_file_is_read_from_where_it_stands(manager, make_client) -> None:
    """What was read before is not uploaded."""
    file = io.BytesIO(CONTENT)
    file.seek(2000)
    async with make_client() as cloud:
        await cloud.upload(file, "/name")
    assert manager.files == {"/name": CONTENT[2000:]}


@pytest.mark.parametrize("source", [io.BytesIO(), iter(()), [], io.BytesIO])
async def test_empty_streams_become_empty_files(manager, make_client, source: Any) -> None:
    """Nothing is a content like any other."""
    async with make_client() as cloud:
        assert (await cloud.upload(source, "/name")).size == 0
    assert manager.files == {"/name": b""}


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
@pytest.mark.parametrize("make", [generated, async_generated])
async def test_an_iterator_of_another_size_is_an_error(
    manager, make_client, make: Callable[[], Any], size: int
) -> None:
    """A size that is told has to be true, and nothing is stored otherwise."""
    async with make_client() as cloud:
        with pytest.raises(SourceChanged, match=r"ended before|holds more"):
            await cloud.upload(make(), "/name", size=size)
    assert manager.files == {}


async def test_a_stream_of_known_size_is_sent_while_it_is_read(manager, make_client) -> None:
    """The second piece is made when the first chunk has arrived."""

    async def stream() -> AsyncIterator[bytes]:
        yield CONTENT[:1000]
        await manager.until(lambda: bool(manager.running and manager.running[0].chunks))
        yield CONTENT[1000:]

    async with make_client() as cloud:
        await cloud.upload(stream(), "/name", size=SIZE)
    assert manager.files == {"/name": CONTENT}


@pytest.mark.parametrize("size", [None, SIZE])
@pytest.mark.parametrize("kind", ["open file", "packed file", "pipe", "generator", "async reader"])
async def test_what_can_be_read_once_can_be_sent_twice(
    manager, make_client, tmp_path: Path, kind: str, size: int | None
) -> None:
    """An upload that loses its service begins anew, with the same bytes."""
    manager.chunk_gate.clear()
    source = KINDS[kind](tmp_path)
    async with make_client(chunks_in_flight=2) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/name", size=size))
        await manager.until(lambda: manager.chunks_now == 2)
        await manager.lose_service(manager.running[0])
        manager.chunk_gate.set()
        await upload
    assert manager.files == {"/name": CONTENT}
    if isinstance(source, io.IOBase):
        source.close()


async def test_progress_of_an_unknown_size(manager, make_client) -> None:
    """First the bytes that are read are counted, then those that are sent, of a known total."""
    reports: list[Progress] = []
    async with make_client() as cloud:
        await cloud.upload(async_generated(), "/name", progress=reports.append)
    read = [report for report in reports if report.total is None]
    assert {report.stage for report in read} == {Stage.SPOOLING}
    assert read[-1].transferred == SIZE
    sent = reports[len(read) :]
    assert {report.total for report in sent} == {SIZE}
    assert sent[-1] == Progress(Stage.DONE, SIZE, SIZE)


class Broken(Exception):
    """The stream's own error."""


def broken() -> Iterator[bytes]:
    """Fails after some bytes."""
    yield CONTENT
    raise Broken("the stream's own words")


async def async_broken() -> AsyncIterator[bytes]:
    """The same, asynchronously."""
    for piece in broken():
        yield piece


@pytest.mark.parametrize("size", [None, 2 * SIZE])
@pytest.mark.parametrize("make", [broken, async_broken])
async def test_the_error_of_an_iterator_is_told_with_its_cause(
    manager, make_client, make: Callable[[], Any], size: int | None
) -> None:
    """It is a `SourceUnreadable`, and the upload ends."""
    async with make_client() as cloud:
        with pytest.raises(SourceUnreadable, match="the stream's own words") as caught:
            await cloud.upload(make(), "/name", size=size)
    assert isinstance(caught.value.__cause__, Broken)
    assert manager.files == {}


@pytest.mark.parametrize("source", [["text"], [1], {"a": 1}])
async def test_an_iterable_of_other_things_is_told(make_client, source: Any) -> None:
    """What is given instead of bytes is named."""
    async with make_client() as cloud:
        with pytest.raises(SourceUnreadable, match=r"the stream gave (str|int), not bytes"):
            await cloud.upload(source, "/name")


async def test_a_closed_file_is_an_error(make_client) -> None:
    """It is noticed before anything is sent."""
    file = io.BytesIO(CONTENT)
    file.close()
    async with make_client() as cloud:
        with pytest.raises(SourceUnreadable, match="closed"):
            await cloud.upload(file, "/name")


@pytest.mark.parametrize("size", [None, SIZE])
async def test_a_temporary_file_is_bounded(manager, make_client, size: int | None) -> None:
    """A stream without an end does not fill the disk; the error tells what to do."""
    async with make_client(spool_limit=SIZE - 1) as cloud:
        with pytest.raises(InvalidInput, match=r"the 2499 bytes .* ClientSettings.spool_limit"):
            await cloud.upload(async_generated(), "/name", size=size)
        await cloud.upload(io.BytesIO(CONTENT), "/rewindable")
    assert manager.files == {"/rewindable": CONTENT}


async def test_a_temporary_file_has_no_name(tmp_path: Path) -> None:
    """It lies in the folder of the settings, but nobody can open it; afterwards it is gone."""
    (tmp_path / "spool").mkdir()
    settings = ClientSettings(spool_folder=tmp_path / "spool")
    content = bytes(MEMORY_LIMIT + 1)

    def open_here() -> list[str]:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        targets = [str(link.readlink()) for link in links]
        return [target for target in targets if target.startswith(str(tmp_path / "spool"))]

    stream = OneTimeStream(stream_opening([content]), None)
    async with stream.spooled(settings, ProgressMeter(None, None)) as source:
        assert source.size == len(content)
        assert len(open_here()) == 1
        assert list((tmp_path / "spool").iterdir()) == []
        async with source.open() as opened:
            chunk = await opened.chunk(1, MEMORY_LIMIT)
            assert b"".join([bytes(piece) async for piece in chunk.pieces()]) == content[1:]
    assert open_here() == []


async def test_a_folder_without_room_is_an_error(make_client, tmp_path: Path) -> None:
    """What keeps the temporary file from being written is told."""
    async with make_client(spool_folder=tmp_path / "missing") as cloud:
        with pytest.raises(SourceUnreadable, match="cannot be used: No such file"):
            await cloud.upload([bytes(MEMORY_LIMIT + 1)], "/name")


@pytest.mark.parametrize("size", [None, SIZE])
async def test_a_stream_that_hangs_can_be_given_up(manager, make_client, size) -> None:
    """Cancelling an upload does not wait for the thread that reads."""
    hangs, may_end = threading.Event(), threading.Event()

    def stream() -> Iterator[bytes]:
        yield CONTENT[:1]
        hangs.set()
        may_end.wait()

    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(stream(), "/name", size=size))
        await asyncio.to_thread(hangs.wait)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        may_end.set()
    assert manager.files == {}


async def test_a_skipped_stream_is_not_read(manager, make_client) -> None:
    """A name that is taken is noticed before the stream is begun."""
    manager.files["/name"] = b"old"
    source = generated()
    async with make_client() as cloud:
        result = await cloud.upload(source, "/name", on_conflict="skip")
    assert (result.outcome, result.size, result.path) == (Outcome.SKIPPED, 0, "/name")
    assert next(source) == CONTENT[:700]
