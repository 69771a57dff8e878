"""Downloads as streams: files, parts of them, and folders as zip archives.

Nothing is passed on that was not asked for, and nothing is missing: the range that the manager announces
is compared with the one that was asked for, and the bytes are counted. What breaks off is continued with
`If-Range` (RFC 9110, 13.1.5). A stream fails when the file has changed meanwhile.

An archive is made while it is sent: its length is not known before its end, and one that broke off cannot
be continued.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Self

import aiohttp

from client_sdk.answered_ranges import PIECE_SIZE, sent_part, strong_tag
from client_sdk.errors import DownloadFailed, InvalidInput, ServerFailed, Unreachable
from client_sdk.http import BULK_DOWNLOAD, DOWNLOAD, ManagerHttp
from client_sdk.settings import ClientSettings
from client_sdk.sinks import sink_at
from client_sdk.transfers import ProgressMeter, Stage
from common.tasks import settled


class RemoteStream:
    """The bytes of a remote file, or of a part of it, as they arrive. Use it in one task.

    Iterate over it, or `read` from it; either way each byte comes once, and in order.

    Attributes:
        size: Size of the whole file, in bytes.
        offset: Where the stream begins in the file.
        length: How many bytes it gives in all.
    """

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], *, size: int, offset: int, length: int
    ) -> None:
        self.size = size
        self.offset = offset
        self.length = length
        self._pieces: AsyncGenerator[bytes, None] | None = pieces
        self._rest = b""
        self._fetched = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece, self._rest = self._rest or await self._next(), b""
        if not piece:
            raise StopAsyncIteration
        return piece

    async def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, those that are there first; none at the end.

        A negative size reads all that remain.

        Raises:
            DownloadFailed, Unreachable, ServerFailed: The rest does not come, however often it was
                asked for, or the file has changed meanwhile.
        """
        if size < 0:
            return b"".join([piece async for piece in self])
        self._rest = self._rest or await self._next()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        """Give no more bytes: to read on is an error, as it would look like the end."""
        self._pieces = None
        self._rest = b""

    async def _next(self) -> bytes:
        """The next piece; none at the end."""
        if self._pieces is None:
            raise RuntimeError("the stream is closed: read it inside of its `async with`")
        piece = await anext(self._pieces, b"")
        self._fetched += len(piece)
        if not piece and self._fetched < self.length:
            # A generator that was cancelled looks as one that has come to its end.
            raise DownloadFailed("the stream was cancelled while it was read: open it anew")
        return piece


class RangeRead:
    """A file, or a part of it, on however many requests it takes.

    Args:
        http: The manager.
        path: Remote folder.
        name: Name in that folder.
        offset: Where to begin, in bytes; past the end there is nothing.
        length: How many bytes, at most; None for all up to the end.
        settings: Retries.

    Raises:
        InvalidInput: Offset or length are negative.
    """

    def __init__(
        self,
        http: ManagerHttp,
        path: str,
        name: str,
        offset: int,
        length: int | None,
        settings: ClientSettings,
    ) -> None:
        if offset < 0 or (length is not None and length < 0):
            raise InvalidInput("offset and length cannot be negative")
        self._http = http
        self._remote = path, name
        self._offset = offset
        self._length = length
        self._settings = settings
        self._size: int | None = None
        self._tag: str | None = None
        self._position = self._end = 0
        self._has_changed = False

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[RemoteStream, None]:
        """Ask for it.

        Raises:
            NotFound, Forbidden, NotLoggedIn: The manager does not give the file.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
        """
        async with contextlib.aclosing(self._run()) as pieces:
            await anext(pieces)
            size, start = self._size or 0, self._position
            stream = RemoteStream(pieces, size=size, offset=start, length=self._end - start)
            with contextlib.closing(stream):
                yield stream

    async def _run(self) -> AsyncGenerator[bytes, None]:
        """Yield an empty piece as soon as it is known what comes, then the bytes."""
        attempts = self._settings.attempts(self._settings.download_attempts)
        while True:
            before = self._position
            try:
                async with contextlib.aclosing(self._fetch()) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except (DownloadFailed, Unreachable, ServerFailed):
                if self._position > before:
                    attempts.reset()
                if not self._may_go_on or not await attempts.wait():
                    raise

    @property
    def _may_go_on(self) -> bool:
        return self._size is None or (self._tag is not None and not self._has_changed)

    async def _fetch(self) -> AsyncGenerator[bytes, None]:
        async with self._http.content(DOWNLOAD, *self._remote, headers=self._range()) as response:
            start, end, size = sent_part(response)
            tag = strong_tag(response)
            if self._size is None:
                self._begin(size, tag)
                self._check_sent(start, end)
                yield b""
            else:
                self._has_changed = (size, tag) != (self._size, self._tag)
                if self._has_changed:
                    raise DownloadFailed("the file has changed while it was read: read it anew")
                self._check_sent(start, end)
            if self._position < self._end:
                async for piece in self._receive(response):
                    yield piece

    def _range(self) -> dict[str, str]:
        if self._size is not None and self._tag is not None:
            return {"Range": f"bytes={self._position}-{self._end - 1}", "If-Range": self._tag}
        if self._length is None:
            return {"Range": f"bytes={self._offset}-"} if self._offset else {}
        # There is no range of no bytes; one is asked for to hear of the file.
        return {"Range": f"bytes={self._offset}-{self._offset + max(1, self._length) - 1}"}

    def _begin(self, size: int, tag: str | None) -> None:
        self._size, self._tag = size, tag
        self._position = min(self._offset, size)
        self._end = size if self._length is None else min(size, self._position + self._length)

    def _check_sent(self, start: int, end: int) -> None:
        if start != self._position or end < self._end:
            raise DownloadFailed("the manager sent another part of the file than was asked for")

    async def _receive(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        try:
            rate = self._http.rate
            async for piece in response.content.iter_chunked(rate.piece_size(PIECE_SIZE)):
                await rate.take(len(piece))
                # The whole file is there if the manager knows no ranges.
                wanted = piece[: self._end - self._position]
                self._position += len(wanted)
                yield wanted
                if self._position == self._end:
                    return
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DownloadFailed("the connection broke while the file was read") from error
        raise DownloadFailed(f"{self._end - self._position} bytes are missing")


END_LENGTH, END_SIGNATURE = 22, b"PK\x05\x06"
"""The last record of an archive without a comment (APPNOTE 4.3.16)."""


async def pieces_of_archive(http: ManagerHttp, path: str) -> AsyncGenerator[bytes, None]:
    """The archive of a folder, to its true end.

    Raises:
        NotFound: There is no such folder.
        DownloadFailed, Unreachable, ServerFailed: It did not get through.
    """
    async with http.content(BULK_DOWNLOAD, path) as response:
        pieces = response.content.iter_chunked(http.rate.piece_size(PIECE_SIZE))
        last = b""
        while True:
            try:
                piece = await anext(pieces, None)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise DownloadFailed("the archive broke off") from error
            if piece is None:
                break
            await http.rate.take(len(piece))
            last = piece if len(piece) >= END_LENGTH else last[-END_LENGTH:] + piece
            yield piece
        # Some proxies, such as Caddy before 2.8, pass a body that broke off on as if it were whole.
        if not last[-END_LENGTH:].startswith(END_SIGNATURE):
            raise DownloadFailed("the archive broke off")


async def download_archive(
    http: ManagerHttp, path: str, target: Path, meter: ProgressMeter
) -> Path:
    """Write the archive of a folder to a file, which appears at the end; returns that file.

    Raises:
        TargetUnwritable: The disk is full, or the place cannot be written.
        CloudError: As `pieces_of_archive`.
    """
    async with contextlib.aclosing(pieces_of_archive(http, path)) as pieces:
        # Asked for first: a folder that is not there leaves no trace.
        piece: bytes | None = await anext(pieces, b"")
        sink = await asyncio.to_thread(sink_at, target, resume=False)
        try:
            await asyncio.to_thread(sink.open)
            meter.enter(Stage.TRANSFERRING)
            await asyncio.to_thread(sink.restart, None)
            position = 0
            while piece is not None:
                await asyncio.to_thread(sink.write, position, piece)
                position += len(piece)
                meter.add(len(piece))
                piece = await anext(pieces, None)
            await asyncio.to_thread(sink.finish, position)
        finally:
            await settled(asyncio.to_thread(sink.close, is_kept=False))
    meter.enter(Stage.DONE)
    return target
