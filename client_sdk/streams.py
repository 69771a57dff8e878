"""Streams that are uploaded: open files, other readers, and iterators of bytes.

An upload may have to begin anew, and the manager has to know the size before the first byte. What
can be opened or rewound and has a known size is read again for every try; as it can be read only in
order, its chunks are kept in memory until they have arrived. What can be read only once, or has an
unknown size, goes through a temporary file (`client_sdk.upload_source`).

Whatever a stream raises becomes `SourceUnreadable`, with that as its cause. Synchronous streams are
read in worker threads.
"""

import asyncio
import contextlib
import inspect
import os
import threading
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
)
from typing import Protocol, cast

from client_sdk.errors import CloudError, SourceChanged, SourceUnreadable
from client_sdk.sources import PIECE_SIZE, Bytes, MemoryChunk, OpenSource, SourceChunk

_END = bytearray()
LONGEST_WAIT_S = 0.1
"""Seconds for which small pieces of an iterator are gathered before they are passed on."""


class Reader(Protocol):
    """A binary stream, synchronous or not."""

    def read(self, size: int, /) -> bytes | Awaitable[bytes] | None:
        """At most `size` bytes; none at the end."""
        ...


ByteStream = Reader | Iterable[Bytes] | AsyncIterable[Bytes]
"""What gives bytes in order, once."""
StreamFactory = Callable[[], ByteStream | Awaitable[ByteStream]]
"""Opens a stream at its start, as often as it is called."""
Opening = Callable[[], contextlib.AbstractAsyncContextManager[AsyncIterator[Bytes]]]
"""Opens the pieces of a stream, from its start."""


class StreamSource:
    """A stream of known size that can be begun anew.

    Args:
        opening: Opens its pieces from the start, for every try.
        size: How many bytes they are.
    """

    def __init__(self, opening: Opening, size: int) -> None:
        self._opening = opening
        self._size = size

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[OpenSource]:
        """Open it from the start."""
        async with self._opening() as pieces:
            yield _OpenStream(pieces, self._size)


class _OpenStream:
    def __init__(self, pieces: AsyncIterator[Bytes], size: int) -> None:
        self._pieces = pieces
        self._size = size
        self._rest = memoryview(b"")
        self._failure: CloudError | None = None

    async def chunk(self, offset: int, length: int) -> SourceChunk:
        content = bytearray()
        while len(content) < length:
            content += await self._next(length - len(content))
        if offset + length == self._size and (self._rest or await self._more()):
            raise too_long()
        return MemoryChunk(content)

    async def _next(self, most: int) -> Bytes:
        if not (self._rest or await self._more()):
            raise too_short()
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    async def _more(self) -> bool:
        # After an error the pieces are at their end, which is not that of the stream.
        if self._failure is not None:
            raise self._failure
        try:
            piece = await anext(self._pieces, None)
        except CloudError as error:
            self._failure = error
            raise
        if piece is not None:
            self._rest = memoryview(piece)
        return piece is not None


def stream_opening(stream: ByteStream) -> Opening:
    """Opens a stream where it stands, and leaves it open."""

    @contextlib.asynccontextmanager
    async def opening() -> AsyncIterator[AsyncIterator[Bytes]]:
        async with contextlib.aclosing(pieces_of(stream)) as pieces:
            yield pieces

    return opening


def factory_opening(factory: StreamFactory) -> Opening:
    """Opens the streams that a factory makes, and closes them in the end."""

    @contextlib.asynccontextmanager
    async def opening() -> AsyncIterator[AsyncIterator[Bytes]]:
        with stream_errors():
            made = factory()
            stream = await made if inspect.isawaitable(made) else made
        try:
            async with contextlib.aclosing(pieces_of(stream)) as pieces:
                yield pieces
        except BaseException:
            # Its failure to close would hide why it is closed, a cancellation for example.
            with contextlib.suppress(Exception):
                await _close(stream)
            raise
        with stream_errors():
            await _close(stream)

    return opening


class OpenFile:
    """An open file that can be rewound: its content from where it stands now to its end.

    It is left open, and where it stands afterwards is not said.

    Args:
        file: The file. Blocks on it.

    Raises:
        SourceUnreadable: It cannot be rewound after all, or is closed.
    """

    def __init__(self, file: "SeekableReader") -> None:
        self._file = file
        # A try that was given up may still read in its thread when the next one rewinds the file.
        self._in_use = threading.Lock()
        with stream_errors():
            self._start = file.tell()
            file.seek(0, os.SEEK_END)
            self.size = max(0, file.tell() - self._start)
            file.seek(self._start)

    @contextlib.asynccontextmanager
    async def opening(self) -> AsyncIterator[AsyncIterator[Bytes]]:
        """Its pieces, from the start."""
        await asyncio.to_thread(self._rewind)
        async with contextlib.aclosing(pieces_of(self)) as pieces:
            yield pieces

    def read(self, size: int, /) -> bytes | None:
        """As `Reader` says."""
        with self._in_use:
            return self._file.read(size)

    def _rewind(self) -> None:
        with self._in_use, stream_errors():
            self._file.seek(self._start)


class SeekableReader(Protocol):
    """A synchronous binary stream that can be rewound."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes; none at the end."""
        ...

    def tell(self) -> int:
        """Where it stands, in bytes."""
        ...

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> object:
        """Go to an offset from its start, or from its end."""
        ...


def rewindable(stream: ByteStream) -> OpenFile | None:
    """The stream as a file that can be rewound, if it is one. Raises `SourceUnreadable`."""
    seekable = getattr(stream, "seekable", None)
    if seekable is None or inspect.iscoroutinefunction(getattr(stream, "read", None)):
        return None
    with stream_errors():
        return OpenFile(cast("SeekableReader", stream)) if seekable() is True else None


def too_short() -> SourceChanged:
    """The error for a stream that is shorter than was said."""
    return SourceChanged("the stream ended before the size that was given for it")


def too_long() -> SourceChanged:
    """The error for a stream that is longer than was said."""
    return SourceChanged("the stream holds more than the size that was given for it")


def pieces_of(stream: ByteStream) -> AsyncGenerator[Bytes, None]:
    """The bytes of a stream, to its end; none of the pieces is empty.

    Raises:
        SourceUnreadable: It gives no bytes at all; while they are read, it cannot be read.
    """
    if callable(getattr(stream, "read", None)):
        return _read(cast("Reader", stream))
    if isinstance(stream, AsyncIterable):
        return _listened(aiter(stream))
    if isinstance(stream, Iterable):
        return _gathered(iter(stream))
    raise SourceUnreadable(f"{type(stream).__name__} is no stream of bytes")


async def _read(reader: Reader) -> AsyncGenerator[Bytes, None]:
    is_async = inspect.iscoroutinefunction(reader.read)
    while True:
        with stream_errors():
            made = reader.read(PIECE_SIZE) if is_async else await asyncio.to_thread(_ask, reader)
            piece = _checked(await made if inspect.isawaitable(made) else made)
        if not piece:
            return
        yield piece


def _ask(reader: Reader) -> bytes | Awaitable[bytes] | None:
    # Translated in the thread: a StopIteration would never come out of it.
    with stream_errors():
        return reader.read(PIECE_SIZE)


async def _listened(iterator: AsyncIterator[Bytes]) -> AsyncGenerator[Bytes, None]:
    while True:
        with stream_errors():
            piece = _checked(await anext(iterator, _END))
        if piece is _END:
            return
        if piece:
            yield piece


async def _gathered(iterator: Iterator[Bytes]) -> AsyncGenerator[Bytes, None]:
    """The bytes of an iterator, several small pieces at a time: each step costs a thread's turn."""
    while True:
        piece, is_over = await asyncio.to_thread(_some_of, iterator)
        if piece:
            yield piece
        if is_over:
            return


def _some_of(iterator: Iterator[Bytes]) -> tuple[bytes, bool]:
    """Some bytes of an iterator, and whether they are its last."""
    deadline = time.monotonic() + LONGEST_WAIT_S
    pieces: list[Bytes] = []
    size = 0
    with stream_errors():
        for piece in iterator:
            pieces.append(_checked(piece))
            size += len(pieces[-1])
            if size >= PIECE_SIZE or time.monotonic() >= deadline:
                return b"".join(pieces), False
    return b"".join(pieces), True


def _checked(piece: object) -> Bytes:
    """A piece that was given, as bytes of which the length is the size."""
    if not isinstance(piece, Bytes):
        kind = type(piece).__name__
        raise SourceUnreadable(f"the stream gave {kind}, not bytes: open it in binary mode")
    return memoryview(piece).cast("B") if isinstance(piece, memoryview) else piece


async def _close(stream: ByteStream) -> None:
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    closing = close() if close is not None else None
    if inspect.isawaitable(closing):
        await closing


@contextlib.contextmanager
def stream_errors() -> Iterator[None]:
    """Whatever the code of a caller's stream raises becomes one error, with that as its cause."""
    try:
        yield
    except CloudError:
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise SourceUnreadable(f"the stream cannot be read: {reason}") from error
