"""Streams that can be read only once, or of unknown size, on their way through a temporary file.

The wire binds an upload to its size before the first byte, and an upload may have to begin anew.
So the stream is written to a file as it is read: a private one without a name, which is gone with
the process at the latest. Little is kept in memory instead. A stream whose size was given is
uploaded while it is still being read; otherwise it is read to its end first.
"""

import asyncio
import contextlib
import os
import tempfile
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from client_sdk.errors import InvalidInput, SourceUnreadable
from client_sdk.settings import ClientSettings
from client_sdk.sources import PIECE_SIZE, Bytes, Chunk, DiskChunk, OpenSource
from client_sdk.streams import Opening, too_long, too_short
from common.tasks import cancel_and_wait
from common.wording import counted

MEMORY_LIMIT = 1024 * 1024
"""Bytes that are kept in memory before there is a file."""

CountCallback = Callable[[int], None]


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
        self, settings: ClientSettings, count: CountCallback
    ) -> AsyncIterator["SpooledSource"]:
        """Read it, and make a source of it.

        Args:
            settings: Where the temporary file is, and how large it may become.
            count: Is told how many bytes more were read, while the size is not known.

        Raises:
            InvalidInput: It is larger than the settings allow.
            SourceUnreadable: It cannot be read, or the temporary file cannot be written.
        """
        if self.size is not None and self.size > settings.spool_limit:
            raise _too_large(settings.spool_limit)
        source = SpooledSource(self.size, settings)
        try:
            if self.size is None:
                async with self.opening() as pieces:
                    await source.fill(pieces, count)
                yield source
            else:
                filling = asyncio.create_task(self._fill(source), name="spool")
                try:
                    yield source
                finally:
                    await cancel_and_wait(filling)
        finally:
            source.close()

    async def _fill(self, source: "SpooledSource") -> None:
        try:
            async with self.opening() as pieces:
                await source.fill(pieces, lambda _: None)
        except Exception as error:  # noqa: BLE001 - whoever asks for the bytes gets it
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

    async def chunk(self, offset: int, length: int) -> Chunk:
        """The bytes from `offset` on, as soon as they were read."""
        end = offset + length
        # With the last chunk it has to be known that the stream holds nothing more.
        while self._received < end or (end == self.size and not self._is_complete):
            if self._failure is not None:
                raise self._failure
            self._news.clear()
            await self._news.wait()
        return DiskChunk(self._read, offset, length)

    async def fill(self, pieces: AsyncIterator[Bytes], count: CountCallback) -> None:
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
