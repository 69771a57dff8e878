"""What can be uploaded: files on disk, bytes in memory, and streams that can be opened anew.

A source is opened once per try of an upload and then asked for chunks, which are sent in parallel.
A chunk yields its bytes in pieces of at most `PIECE_SIZE`, as often as it is asked to: a chunk that
has to be sent again is read again. Files are read piece by piece in worker threads, so memory does
not grow with the size of the file or of the chunks. A stream can be read only once and only in
order, so its chunks are kept in memory until they have arrived.
"""

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from inspect import isawaitable
from pathlib import Path
from typing import Protocol

from client_sdk.errors import CloudError, InvalidInput, SourceChanged, SourceUnreadable

PIECE_SIZE = 512 * 1024

Bytes = bytes | bytearray | memoryview


class Chunk(Protocol):
    """Some bytes of a source."""

    def pieces(self) -> AsyncIterator[Bytes]:
        """Yield the bytes in order; again from the start at every call.

        Raises:
            SourceChanged: The source no longer is what it was when it was opened.
            SourceUnreadable: The source cannot be read.
        """
        ...


class OpenSource(Protocol):
    """A source that is open for one try."""

    async def chunk(self, offset: int, length: int) -> Chunk:
        """The bytes from `offset` on.

        Chunks are asked for in order, without gaps, one at a time.
        """
        ...


class Source(Protocol):
    """Something of a known size that can be uploaded.

    Attributes:
        size: Its size in bytes.
    """

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def open(self) -> contextlib.AbstractAsyncContextManager[OpenSource]:
        """Open it from the start."""
        ...


class Reader(Protocol):
    """A binary stream, synchronous or not."""

    def read(self, size: int, /) -> bytes | Awaitable[bytes]:
        """At most `size` bytes; none at the end."""
        ...


ReaderFactory = Callable[[], Reader | Awaitable[Reader]]


@dataclass(frozen=True)
class _MemoryChunk:
    content: Bytes

    async def pieces(self) -> AsyncIterator[Bytes]:
        view = memoryview(self.content)
        for start in range(0, len(view), PIECE_SIZE):
            yield view[start : start + PIECE_SIZE]


class BytesSource:
    """Bytes in memory."""

    def __init__(self, content: Bytes) -> None:
        self._content = memoryview(content).cast("B")

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self._content)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[OpenSource]:
        """Open it from the start."""
        yield self

    async def chunk(self, offset: int, length: int) -> Chunk:
        """The bytes from `offset` on."""
        return _MemoryChunk(self._content[offset : offset + length])


class FileSource:
    """A regular file on disk.

    Args:
        path: Where it is.

    Raises:
        SourceUnreadable: There is no regular file at this path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _translated(path):
            facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise SourceUnreadable(f"{path} is not a regular file")
        self._version = _version(facts)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._version[0]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[OpenSource]:
        """Open it from the start."""
        with _translated(self.path):
            descriptor = await asyncio.to_thread(os.open, self.path, os.O_RDONLY | os.O_CLOEXEC)
        reader = _OpenFile(self.path, descriptor, self._version)
        try:
            reader.check_unchanged()
            yield reader
        finally:
            reader.close()


class _OpenFile:
    def __init__(self, path: Path, descriptor: int, version: tuple[int, int]) -> None:
        self._path = path
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self._version = version

    def close(self) -> None:
        self._file.close()

    def check_unchanged(self) -> None:
        if _version(os.fstat(self._file.fileno())) != self._version:
            raise SourceChanged(f"{self._path} changed since its upload began")

    async def chunk(self, offset: int, length: int) -> Chunk:
        return _FileChunk(self, offset, length)

    def read(self, offset: int, length: int) -> bytes:
        """Read exactly so many bytes, in a worker thread."""
        with _translated(self._path):
            piece = os.pread(self._file.fileno(), length, offset)
        if len(piece) != length:
            raise SourceChanged(f"{self._path} became shorter while it was being uploaded")
        self.check_unchanged()
        return piece


@dataclass(frozen=True)
class _FileChunk:
    file: _OpenFile
    offset: int
    length: int

    async def pieces(self) -> AsyncIterator[Bytes]:
        end = self.offset + self.length
        for start in range(self.offset, end, PIECE_SIZE):
            yield await asyncio.to_thread(self.file.read, start, min(PIECE_SIZE, end - start))


class StreamSource:
    """A stream of known size, made anew by a factory for every try.

    Args:
        factory: Returns a reader at the start of the content; it and the reader may be synchronous
            or not. A synchronous reader is read in worker threads.
        size: How many bytes the reader will give.
    """

    def __init__(self, factory: ReaderFactory, size: int) -> None:
        if size < 0:
            raise InvalidInput("a size cannot be negative")
        self._factory = factory
        self._size = size

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[OpenSource]:
        """Open it from the start."""
        with _stream_errors():
            made = self._factory()
            reader = await made if isawaitable(made) else made
        try:
            yield _OpenStream(reader, self._size)
        finally:
            with _stream_errors():
                close = getattr(reader, "close", None)
                closing = close() if close is not None else None
                if isawaitable(closing):
                    await closing


class _OpenStream:
    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self._size = size

    async def chunk(self, offset: int, length: int) -> Chunk:
        content = bytearray()
        while len(content) < length:
            piece = await self._read(length - len(content))
            if not piece:
                raise SourceChanged("the stream ended before the size that was given for it")
            content += piece
        if offset + length == self._size and await self._read(1):
            raise SourceChanged("the stream holds more than the size that was given for it")
        return _MemoryChunk(content)

    async def _read(self, length: int) -> Bytes:
        size = min(length, PIECE_SIZE)
        made = await asyncio.to_thread(self._ask, size)
        with _stream_errors():
            piece: object = await made if isawaitable(made) else made
        if not isinstance(piece, Bytes):
            kind = type(piece).__name__
            raise SourceUnreadable(f"the stream gave {kind}, not bytes: open it in binary mode")
        if len(piece) > size:
            raise SourceUnreadable("the stream gave more bytes than it was asked for")
        return piece

    def _ask(self, size: int) -> bytes | Awaitable[bytes]:
        # Translated in the thread: a StopIteration would never come out of it.
        with _stream_errors():
            return self._reader.read(size)


def as_source(
    source: str | os.PathLike[str] | Bytes | ReaderFactory, size: int | None = None
) -> Source:
    """Make a source of what a caller handed in; blocks on the file system for a path.

    Args:
        source: A path, the bytes themselves, or a factory of readers.
        size: Size in bytes, for a factory of readers; None for all others.

    Raises:
        InvalidInput: The size is missing, or given where it is not needed.
        SourceUnreadable: There is no regular file at the path.
        TypeError: It is none of these, an open file for example.
    """
    if not (callable(source) or isinstance(source, str | os.PathLike | Bytes)):
        raise TypeError(
            "what is uploaded is a path, bytes, or a function that opens a binary stream with its "
            f"size (lambda: open(name, 'rb')), not {type(source).__name__}"
        )
    if callable(source):
        if size is None:
            raise InvalidInput("a stream needs its size: pass size=…")
        return StreamSource(source, size)
    if size is not None:
        raise InvalidInput("a size is only given for a stream")
    if isinstance(source, Bytes):
        return BytesSource(source)
    return FileSource(Path(source))


def _version(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_size, facts.st_mtime_ns


@contextlib.contextmanager
def _stream_errors() -> Iterator[None]:
    """Whatever the code of a caller's stream raises becomes one error, with that as its cause."""
    try:
        yield
    except CloudError:
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise SourceUnreadable(f"the stream cannot be read: {reason}") from error


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error
