"""Sends a folder with everything below it as one zip archive, made while it is sent.

Small files of a folder are looked up together, and those that lie beside each other in one attachment are
fetched together, so they come in the order in which they lie there.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Generic, Protocol, TypeVar

from aiohttp import web

from reading.chunk_cache import Buffer
from reading.content import Content, ContentSource
from reading.delivery import WRITE_BYTES, BodyWriter, Delivery
from reading.read_ahead import Load, ReadAhead, ReadAheadMemory
from reading.zip_stream import MemberPath, ZipStream
from storage.errors import StorageError
from storage.extents import extents
from storage.reader import ExpectedChunk

RUN_BYTES = 8 * 1024 * 1024
"""Of small files whose rights are checked at once, shortly before they are read."""
_DIRECTORY_BYTES = 256 * 1024
"""Of an archive's directory, so much is kept in memory; a longer one goes to the disk."""
_JOINED_BYTES = 16 * 1024
"""Up to so many bytes of small pieces are copied together, which costs less than a write of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePiece:
    """A folder (without `content`), or the next chunk of a file, in the order of the archive.

    An empty file has one chunk, which is empty. `size` is that of the whole file.
    """

    path: MemberPath
    modified_at: float
    size: int = 0
    content: Buffer | None = None
    is_first: bool = True
    is_last: bool = True


_Pieces = Sequence[ArchivePiece]


@dataclass(frozen=True, slots=True)
class TreeFolder:
    """A folder, and its path from where the walk began."""

    path: MemberPath


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """A file as it was listed.

    Attributes:
        path: From where the walk began.
        size: In bytes.
        is_packed: Whether it is empty, or has one chunk, which proves by itself what it is.
    """

    path: MemberPath
    size: int
    is_packed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFile:
    """A small file that may be sent now; `chunk` None: it is empty."""

    size: int
    modified_at: float
    chunk: ExpectedChunk | None


@dataclass(frozen=True, slots=True)
class PackedFiles:
    """Some small files, and where they are read; None for those that are not what was listed."""

    files: Sequence[PackedFile | None]
    source: ContentSource


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that may be sent now, and where it is read."""

    content: Content
    modified_at: float
    source: ContentSource


_File = TypeVar("_File", bound=ArchiveFile)


class ArchiveListing(Protocol[_File]):
    """What an archive has in it. Rights are checked when a file is listed, and again before it is read."""

    @property
    def gone(self) -> tuple[type[Exception], ...]:
        """What is raised when content is to be kept that was deleted."""

    def pages(self) -> AsyncGenerator[TreeFolder | Sequence[_File], None]:
        """Folders, each before what lies in it, and some files of one folder."""

    async def packed(self, files: Sequence[_File]) -> PackedFiles:
        """Small files of one folder, as they are now."""

    async def opened(self, file: _File) -> OpenedFile | None:
        """A file as it is now; None: it is gone, or may not be read any more."""


class ArchiveSender:
    """Answers requests for whole folders.

    Args:
        delivery: How they go out.
        clock: Seconds since the Unix epoch; folders are dated with it.
        memory: Bounds what is read ahead.
        temp_folder: Where directories of large archives are kept until they are sent; None: where the
            system keeps temporary files.
    """

    def __init__(
        self,
        delivery: Delivery,
        clock: Callable[[], float],
        memory: ReadAheadMemory,
        temp_folder: Path | None,
    ) -> None:
        self._delivery = delivery
        self._clock = clock
        self._memory = memory
        self._temp_folder = temp_folder

    async def send(
        self,
        request: web.Request,
        headers: Mapping[str, str],
        listing: ArchiveListing[_File],
        reader: str,
    ) -> web.StreamResponse:
        """Answers with an archive; the download counts towards the limit of `reader`.

        Raises `TooManyDownloads`, `StorageError`, and what the listing raises: all before the first byte.
        What goes wrong later ends the connection.
        """
        pieces = _PieceReads(listing, self._clock()).all()
        async with (
            self._delivery.admitted(request, reader) as writer,
            ReadAhead(pieces, self._memory) as ahead,
        ):
            await ahead.ready()
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            with writer.body(), self._directory() as directory, ZipStream(directory) as archive:
                sending = _ArchiveWriter(response, archive, writer)
                async for together in ahead:
                    for piece in together:
                        await sending.add(piece)
                await sending.finish()
            return response

    def _directory(self) -> IO[bytes]:
        folder = None if self._temp_folder is None else str(self._temp_folder)
        return SpooledTemporaryFile(max_size=_DIRECTORY_BYTES, dir=folder)


class _PieceReads(Generic[_File]):
    """The reads of an archive's pieces, in order."""

    def __init__(self, listing: ArchiveListing[_File], began_at: float) -> None:
        self._listing = listing
        self._began_at = began_at

    async def all(self) -> AsyncGenerator[Load[_Pieces], None]:
        """Yields reads of pieces, and raises what the listing raises."""
        pages = self._listing.pages()
        async with contextlib.aclosing(pages):
            async for page in pages:
                if isinstance(page, TreeFolder):
                    yield _made(ArchivePiece(path=page.path, modified_at=self._began_at))
                    continue
                pieces = self._of_page(page)
                async with contextlib.aclosing(pieces):
                    async for piece in pieces:
                        yield piece

    async def _of_page(self, page: Sequence[_File]) -> AsyncGenerator[Load[_Pieces], None]:
        for together in _runs(page):
            others = together
            if together[0].is_packed:
                found = await self._listing.packed(together)
                others = [
                    each for each, file in zip(together, found.files, strict=True) if file is None
                ]
                for load in _packed_loads(together, found):
                    yield load
            for each in others:
                pieces = self._of_file(each)
                async with contextlib.aclosing(pieces):
                    async for piece in pieces:
                        yield piece

    async def _of_file(self, listed: _File) -> AsyncGenerator[Load[_Pieces], None]:
        file = await self._listing.opened(listed)
        if file is None:
            return
        content = file.content
        new = partial(
            ArchivePiece, path=listed.path, modified_at=file.modified_at, size=content.size
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                if content.chunk_count > 1:
                    await stack.enter_async_context(file.source.kept_alive(content))
            except self._listing.gone:
                return
            if content.chunk_count == 0:
                yield _made(new(content=b""))
            reads, chunks = _FileReads(), file.source.loads(content)
            last = content.chunk_count - 1
            await stack.enter_async_context(contextlib.aclosing(chunks))
            for index in range(content.chunk_count):
                piece = partial(new, is_first=index == 0, is_last=index == last)
                yield reads.of_piece(await anext(chunks), piece)
            # The content is kept alive until all of it is read.
            await reads.over()


def _packed_loads(listed: Sequence[ArchiveFile], found: PackedFiles) -> Iterator[Load[_Pieces]]:
    """Reads of small files, those together that lie together."""
    filled: list[tuple[ArchivePiece, ExpectedChunk]] = []
    for each, file in zip(listed, found.files, strict=True):
        if file is None:
            continue
        piece = ArchivePiece(path=each.path, modified_at=file.modified_at, size=file.size)
        if file.chunk is None:
            yield _made(replace(piece, content=b""))
        else:
            filled.append((piece, file.chunk))
    for positions in extents([chunk.address for _, chunk in filled]):
        together = [filled[position] for position in positions]
        size_bytes = sum(chunk.address.stored_size for _, chunk in together)
        yield Load(size_bytes, partial(_read_together, together, found.source))


async def _read_together(
    packed: Sequence[tuple[ArchivePiece, ExpectedChunk]], source: ContentSource
) -> _Pieces:
    """The pieces of files whose content lies together. Raises `StorageError`."""
    pieces: list[ArchivePiece] = []
    read = await source.read_together([chunk for _, chunk in packed])
    for (piece, _), plain in zip(packed, read, strict=True):
        if isinstance(plain, StorageError):
            raise plain
        pieces.append(replace(piece, content=plain))
    return pieces


class _FileReads:
    """The reads of one file, which run at the same time."""

    def __init__(self) -> None:
        self._left = 0
        self._are_over = asyncio.Event()

    def of_piece(self, chunk: Load[Buffer], piece: Callable[..., ArchivePiece]) -> Load[_Pieces]:
        """A read of a chunk as a piece of the archive."""
        self._left += 1

        async def read() -> _Pieces:
            try:
                return (piece(content=await chunk.run()),)
            finally:
                self._left -= 1
                self._are_over.set()

        return Load(chunk.size_bytes, read)

    async def over(self) -> None:
        """Waits until all have ended, well or not."""
        while self._left:
            self._are_over.clear()
            await self._are_over.wait()


def _runs(page: Sequence[_File]) -> Iterator[list[_File]]:
    """Cuts a page into files that are read together, all packed or none, in the page's order."""
    run: list[_File] = []
    size = 0
    for each in page:
        size += each.size
        if run and (size > RUN_BYTES or each.is_packed != run[0].is_packed):
            yield run
            run, size = [], each.size
        run.append(each)
    if run:
        yield run


def _made(piece: ArchivePiece) -> Load[_Pieces]:
    """A piece for which nothing has to be read."""

    async def read() -> _Pieces:
        return (piece,)

    return Load(0, read)


class _ArchiveWriter:
    """Sends an archive while it is made."""

    def __init__(
        self, response: web.StreamResponse, archive: ZipStream, writer: BodyWriter
    ) -> None:
        self._response = response
        self._archive = archive
        self._writer = writer

    async def add(self, piece: ArchivePiece) -> None:
        """Adds a folder, or the next chunk of a file."""
        if piece.content is None:
            self._archive.add_folder(piece.path, modified_at=piece.modified_at)
        else:
            if piece.is_first:
                self._archive.begin_file(piece.path, size=piece.size, modified_at=piece.modified_at)
            await self._write(memoryview(piece.content))
            if piece.is_last:
                self._archive.end_file()
        await self._push()

    async def finish(self) -> None:
        """Ends the archive."""
        await self._push()
        pieces = self._archive.finish()
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await self._writer.push(self._response, piece)
        await self._writer.finish(self._response)

    async def _write(self, content: memoryview) -> None:
        # Checksums are computed on the event loop, hence little at a time.
        for start in range(0, len(content), WRITE_BYTES):
            self._archive.write(content[start : start + WRITE_BYTES])
            if len(content) > WRITE_BYTES:
                await self._push()
        self._writer.count(len(content))

    async def _push(self) -> None:
        made = self._archive.take()
        if sum(map(len, made)) <= _JOINED_BYTES:
            made = [b"".join(made)]
        for piece in made:
            await self._writer.push(self._response, piece)
