"""What callers may hand in to be uploaded, and the temporary file that some of it needs.

The wire binds an upload to its size before the first byte, and an upload may have to begin anew. So a
stream that can be read only once, or is of unknown size, is written to a file as it is read: a private
one without a name, which is gone with the process at the latest. Little is kept in memory instead. A
stream whose size was given is uploaded while it is still being read; otherwise it is read to its end
first.
"""

import asyncio
import contextlib
import io
import os
import tempfile
import threading
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from client_sdk.errors import InvalidInput, SourceUnreadable
from client_sdk.settings import ClientSettings
from client_sdk.sources import (
    PIECE_SIZE,
    Bytes,
    BytesSource,
    DiskChunk,
    FileSource,
    OpenSource,
    Source,
    SourceChunk,
)
from client_sdk.streams import (
    ByteStream,
    Opening,
    StreamFactory,
    StreamSource,
    factory_opening,
    rewindable,
    stream_errors,
    stream_opening,
    too_long,
    too_short,
)
from client_sdk.transfers import ProgressMeter, Stage
from common.tasks import cancel_and_wait
from common.wording import counted

MEMORY_LIMIT = 1024 * 1024
"""Bytes that are kept in memory before there is a file."""


@dataclass(frozen=True)
class OneTimeStream:
    """A stream that has yet to be read.

    Attributes:
        opening: Opens its pieces; called once.
        size: Its size in bytes; None if it is not known.
    """

    opening: Opening
    size: int | None

    @contextlib.asynccontextmanager
    async def spooled(
        self, settings: ClientSettings, meter: ProgressMeter
    ) -> AsyncIterator["SpooledSource"]:
        """Read it, and make a source of it, which has a size and can be read again.

        Args:
            settings: Where the temporary file is, and how large it may become.
            meter: Counts the bytes that are read while the size is not known.

        Raises:
            InvalidInput: It is larger than the settings allow.
            SourceUnreadable: It cannot be read, or the temporary file cannot be written.
        """
        if self.size is not None and self.size > settings.spool_limit:
            raise _too_large(settings.spool_limit)
        source, filling = SpooledSource(self.size, settings), None
        try:
            if self.size is None:
                meter.enter(Stage.SPOOLING)
                async with self.opening() as pieces:
                    await source.fill(pieces, meter.add)
            else:
                filling = asyncio.create_task(self._fill(source), name="spool")
            meter.measure(source.size)
            yield source
        finally:
            try:
                if filling is not None:
                    await cancel_and_wait(filling)
            finally:
                source.close()

    async def _fill(self, source: "SpooledSource") -> None:
        try:
            async with self.opening() as pieces:
                await source.fill(pieces, lambda _: None)
        except Exception as error:  # noqa: BLE001 - the next call of `chunk` raises it
            source.fail(error)


class SpooledSource:
    """What has been read of a stream, and what will be.

    Args:
        size: Its size in bytes; None until it was read to its end.
        settings: Where the temporary file is, and how large it may become.
    """

    def __init__(self, size: int | None, settings: ClientSettings) -> None:
        self._size = size
        self._limit = settings.spool_limit
        folder = None if settings.spool_folder is None else os.fspath(settings.spool_folder)
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - `close` closes it
            MEMORY_LIMIT, dir=folder
        )
        # Closed at the end of the upload, while threads may still read or write it.
        self._in_use = threading.Lock()
        self._received = 0
        self._saved = 0
        # A turn of a thread for every small piece would take longer than writing it.
        self._pending: deque[bytes] = deque()
        self._is_complete = False
        self._failure: Exception | None = None
        self._news = asyncio.Event()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._received if self._size is None else self._size

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[OpenSource]:
        """Open it from the start."""
        yield self

    async def chunk(self, offset: int, length: int) -> SourceChunk:
        """The bytes from `offset` on, as soon as they were read."""
        end = offset + length
        # With the last chunk it has to be known that the stream holds nothing more.
        while self._received < end or (end == self.size and not self._is_complete):
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        return DiskChunk(self._read, offset, length)

    async def fill(self, pieces: AsyncIterator[Bytes], count: Callable[[int], None]) -> None:
        """Take all pieces of the stream. Raises what `OneTimeStream.spooled` raises."""
        unsaved = 0
        async for piece in pieces:
            after = self._received + len(piece)
            if self._size is not None and after > self._size:
                raise too_long()
            if after > self._limit:
                raise _too_large(self._limit)
            # Copied if need be: the caller may fill the same buffer again.
            self._pending.append(bytes(piece))
            self._received = after
            self._news.set()
            count(len(piece))
            unsaved += len(piece)
            if unsaved >= PIECE_SIZE:
                await asyncio.to_thread(self._save)
                unsaved = 0
        if self._size is not None and self._received < self._size:
            raise too_short()
        self._is_complete = True
        self._news.set()

    def fail(self, error: Exception) -> None:
        """There will be no more bytes."""
        self._failure = error
        self._news.set()

    def close(self) -> None:
        """Forget all bytes."""
        with self._in_use:
            self._file.close()

    def _save(self) -> None:
        with self._in_use, _file_errors():
            self._write_pending()

    def _read(self, offset: int, length: int) -> bytes:
        with self._in_use, _file_errors():
            self._write_pending()
            self._file.seek(offset)
            return self._file.read(length)

    def _write_pending(self) -> None:
        # What could not be written stays pending, so that nothing ever lies at a wrong offset.
        while self._pending:
            self._file.seek(self._saved)
            self._file.write(self._pending[0])
            self._saved += len(self._pending.popleft())


@contextlib.contextmanager
def _file_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = f"the temporary file for the stream cannot be used: {error.strerror}"
        raise SourceUnreadable(reason) from error


def _too_large(limit: int) -> InvalidInput:
    return InvalidInput(
        f"the stream is larger than the {counted(limit, 'byte')} that a temporary file may hold: "
        "allow more with ClientSettings.spool_limit"
    )


UploadSource = str | os.PathLike[str] | Bytes | ByteStream | StreamFactory
"""A local path; the bytes themselves; an open binary file or another reader; an iterable of bytes; or a
function that opens one of these streams. Streams may be asynchronous."""


async def as_source(source: UploadSource, size: int | None = None) -> Source | OneTimeStream:
    """Make a source of what a caller handed in.

    Args:
        source: What is to be uploaded.
        size: Its size in bytes; None if the caller does not know it.

    Raises:
        InvalidInput: The source is known to have another size.
        SourceUnreadable: There is no regular file at the path, or the file is closed.
        TypeError: It is none of these, a file that is open as text for example.
    """
    if size is not None and size < 0:
        raise InvalidInput("a size cannot be negative")
    made: Source | OneTimeStream
    if isinstance(source, Bytes):
        made = BytesSource(source)
    elif isinstance(source, str | os.PathLike):
        made = await asyncio.to_thread(FileSource, Path(source))
    else:
        made = await _stream_as_source(source, size)
    if size is not None and made.size != size:
        raise InvalidInput(f"the size is {counted(made.size or 0, 'byte')}, not {size}")
    return made


async def _stream_as_source(
    source: ByteStream | StreamFactory, size: int | None
) -> Source | OneTimeStream:
    if type(source) is io.BytesIO:
        with stream_errors():
            return BytesSource(memoryview(source.getvalue())[source.tell() :])
    if _is_stream(source):
        file = await asyncio.to_thread(rewindable, source)
        if file is None:
            return OneTimeStream(stream_opening(source), size)
        return StreamSource(file.opening, file.size)
    if not callable(source):
        raise TypeError(
            "what is uploaded is a path, bytes, an open binary file, an iterable of bytes, or a "
            f"function that opens one, not {type(source).__name__}"
        )
    opening = factory_opening(source)
    return OneTimeStream(opening, None) if size is None else StreamSource(opening, size)


def _is_stream(source: object) -> TypeGuard[ByteStream]:
    # A class with a method `read` is a function that makes readers. What is open as text is none.
    if isinstance(source, type | io.TextIOBase):
        return False
    has_read = callable(getattr(source, "read", None))
    return has_read or isinstance(source, AsyncIterable | Iterable)
