"""What uploads read: bytes in memory and files on disk, and what every source promises.

A source is opened once per try of an upload and then asked for chunks, which are sent in parallel.
A chunk yields its bytes in pieces of at most `PIECE_SIZE`, as often as it is asked to: a chunk that
has to be sent again is read again. Files are read piece by piece in worker threads, so memory does
not grow with the size of the file or of the chunks.
"""

import asyncio
import contextlib
import hashlib
import os
import stat
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from client_sdk.errors import SourceChanged, SourceUnreadable
from client_sdk.local_files import modification_time

PIECE_SIZE = 512 * 1024
BEGINNING_SIZE = 64 * 1024
"""Bytes of a file that its fingerprint tells of. The page makes the same fingerprints."""

Bytes = bytes | bytearray | memoryview


class SourceChunk(Protocol):
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

    async def chunk(self, offset: int, length: int) -> SourceChunk:
        """The bytes from `offset` on.

        Chunks are asked for in order, one at a time; without gaps unless it is a `LastingSource`.
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


@runtime_checkable
class LastingSource(Source, Protocol):
    """A source that a later call can have again, and that can be read at any offset."""

    async def fingerprint(self) -> str:
        """A text by which the same bytes are known again.

        Raises:
            SourceChanged, SourceUnreadable: As `SourceChunk.pieces`.
        """
        ...


@dataclass(frozen=True)
class MemoryChunk:
    """Bytes in memory as a chunk."""

    content: Bytes

    async def pieces(self) -> AsyncIterator[Bytes]:
        """As `SourceChunk` says."""
        view = memoryview(self.content)
        for start in range(0, len(view), PIECE_SIZE):
            yield view[start : start + PIECE_SIZE]


@dataclass(frozen=True)
class DiskChunk:
    """A part of a file as a chunk.

    Attributes:
        read: Reads exactly so many bytes (second argument) at an offset (first argument); runs in
            worker threads.
        offset: Where the chunk begins in the file.
        length: Bytes of the chunk.
    """

    read: Callable[[int, int], bytes]
    offset: int
    length: int

    async def pieces(self) -> AsyncIterator[Bytes]:
        """As `SourceChunk` says."""
        end = self.offset + self.length
        for start in range(self.offset, end, PIECE_SIZE):
            yield await asyncio.to_thread(self.read, start, min(PIECE_SIZE, end - start))


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

    async def chunk(self, offset: int, length: int) -> SourceChunk:
        """The bytes from `offset` on."""
        return MemoryChunk(self._content[offset : offset + length])

    async def fingerprint(self) -> str:
        """As `LastingSource` says: without a time of change, only all bytes tell."""
        digest = await asyncio.to_thread(hashlib.sha256, self._content)
        return _fingerprint(self.size, 0, digest.hexdigest())


class FileSource:
    """A regular file on disk.

    Args:
        path: Where it is.

    Attributes:
        modified_at: Its modification time, as `local_files.modification_time` has it.

    Raises:
        SourceUnreadable: There is no regular file at this path.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _translated(path):
            facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise SourceUnreadable(f"{path} is not a regular file")
        self._version = _version(facts)
        self.modified_at = modification_time(facts)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._version[0]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[OpenSource]:
        """Open it from the start."""
        file = _OpenFile(self._path, self._version)
        try:
            await asyncio.to_thread(file.open)
            yield file
        finally:
            file.close()

    async def fingerprint(self) -> str:
        """As `LastingSource` says: by its size, its time of change and its beginning."""
        async with self.open() as file:
            chunk = await file.chunk(0, min(self.size, BEGINNING_SIZE))
            digest = hashlib.sha256()
            async for piece in chunk.pieces():
                digest.update(piece)
        return _fingerprint(self.size, self._version[1] // 1_000_000, digest.hexdigest())


class _OpenFile:
    def __init__(self, path: Path, version: tuple[int, int]) -> None:
        self._path = path
        self._version = version
        self._descriptor: int | None = None
        self._is_closed = False
        # A thread may still be opening the file when the upload is cancelled and closes it.
        self._opening = threading.Lock()

    def open(self) -> None:
        with _translated(self._path):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        with self._opening:
            if self._is_closed:
                os.close(descriptor)
                return
            self._descriptor = descriptor
        # Finds out whether it has changed since the upload was ordered.
        self._read(0, 0)

    def close(self) -> None:
        with self._opening:
            self._is_closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    async def chunk(self, offset: int, length: int) -> SourceChunk:
        return DiskChunk(self._read, offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        descriptor = self._descriptor
        if descriptor is None:
            raise SourceUnreadable(f"{self._path} is not open any more")
        with _translated(self._path):
            piece = os.pread(descriptor, length, offset)
        if len(piece) != length:
            raise SourceChanged(f"{self._path} became shorter while it was being uploaded")
        if _version(os.fstat(descriptor)) != self._version:
            raise SourceChanged(f"{self._path} changed since its upload began")
        return piece


def _fingerprint(size: int, changed_at_ms: int, digest: str) -> str:
    return f"v1:{size}:{changed_at_ms}:{digest}"


def _version(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_size, facts.st_mtime_ns


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceUnreadable(f"{path} cannot be read: {error.strerror}") from error
