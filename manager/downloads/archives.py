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
from typing import IO
from uuid import UUID

from aiohttp import web

from catalog.port import Catalog
from catalog.records import EnvelopeKind, File, Folder, User
from manager.downloads.content import content_of, expected_chunk
from manager.downloads.representation import attachment
from manager.downloads.subtree import ListedFile, Selection, TreeFolder, subtree
from manager.errors import NoSuchFile
from manager.files.rights import FileOperation, access_to
from reading.chunk_cache import Buffer
from reading.content import ContentSource
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
_NAME_OF_ROOT = "discord-cloud"
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
_Places = Mapping[UUID, ExpectedChunk]
_PackedFile = tuple[ArchivePiece, ExpectedChunk | None]
"""A file, still without its content, and its only chunk; None for an empty one."""


@dataclass(frozen=True, slots=True)
class _Viewer:
    """For whom an archive is made, and what must be allowed on each file in it."""

    id: int
    operation: FileOperation

    def may(self, file: File) -> bool:
        return access_to(file, self.id).allows(self.operation)


class FolderSender:
    """Answers requests for whole folders.

    Args:
        catalog: Where folders and files are looked up.
        source: Where their content comes from.
        delivery: How it goes out.
        clock: Seconds since the Unix epoch; folders are dated with it.
        memory: Bounds what is read ahead.
        temp_folder: Where directories of large archives are kept until they are sent; None: where the
            system keeps temporary files.
    """

    def __init__(
        self,
        catalog: Catalog,
        source: ContentSource,
        delivery: Delivery,
        clock: Callable[[], float],
        memory: ReadAheadMemory,
        temp_folder: Path | None,
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._delivery = delivery
        self._clock = clock
        self._memory = memory
        self._temp_folder = temp_folder

    async def send(
        self,
        request: web.Request,
        folder: Folder,
        user: User,
        selection: Selection | None,
        reader: str,
        *,
        operation: FileOperation = FileOperation.DOWNLOAD,
    ) -> web.StreamResponse:
        """Answers with what is in the folder, or in a selection of its entries.

        These are the files on which the user may perform the operation. The download counts towards the
        limit of `reader`.

        Raises `TooManyDownloads`, `StorageError`, `CatalogError`: all before the first byte. What goes
        wrong later ends the connection.
        """
        if request.method == "HEAD":
            return web.Response(headers=_headers(folder))
        viewer = _Viewer(user.id, operation)
        async with (
            self._delivery.admitted(request, reader) as writer,
            ReadAhead(self._pieces(folder, viewer, selection), self._memory) as pieces,
        ):
            await pieces.ready()
            response = web.StreamResponse(headers=_headers(folder))
            await response.prepare(request)
            with writer.body(), self._directory() as directory, ZipStream(directory) as archive:
                sending = _ArchiveWriter(response, archive, writer)
                async for together in pieces:
                    for piece in together:
                        await sending.add(piece)
                await sending.finish()
            return response

    def _directory(self) -> IO[bytes]:
        folder = None if self._temp_folder is None else str(self._temp_folder)
        return SpooledTemporaryFile(max_size=_DIRECTORY_BYTES, dir=folder)

    async def _pieces(
        self, folder: Folder, viewer: _Viewer, selection: Selection | None
    ) -> AsyncGenerator[Load[_Pieces], None]:
        began_at = self._clock()
        pages = subtree(self._catalog, folder.id, viewer_id=viewer.id, selection=selection)
        async with contextlib.aclosing(pages):
            async for page in pages:
                if isinstance(page, TreeFolder):
                    yield _made(ArchivePiece(path=page.path, modified_at=began_at))
                    continue
                pieces = self._pieces_of_files(page, viewer)
                async with contextlib.aclosing(pieces):
                    async for piece in pieces:
                        yield piece

    async def _pieces_of_files(
        self, page: Sequence[ListedFile], viewer: _Viewer
    ) -> AsyncGenerator[Load[_Pieces], None]:
        places = await self._places_of(page) if len(page) > 1 else {}
        for together, is_packed in _runs(page, places):
            others = together
            if is_packed:
                packed, others = await self._packed(together, places, viewer)
                for load in self._loads(packed):
                    yield load
            for each in others:
                pieces = self._pieces_of_file(each, viewer)
                async with contextlib.aclosing(pieces):
                    async for piece in pieces:
                        yield piece

    async def _places_of(self, page: Sequence[ListedFile]) -> _Places:
        """Where those files lie that have one chunk, which proves by itself what it is."""
        chunks = await self._catalog.single_chunks({each.file.object_id for each in page})
        return {
            content.id: expected_chunk(content_of(content), location)
            for content, location in chunks
            if content.envelope is EnvelopeKind.V1
        }

    async def _packed(
        self, listed: Sequence[ListedFile], places: _Places, viewer: _Viewer
    ) -> tuple[list[_PackedFile], list[ListedFile]]:
        """Those files of a folder that are still what they were, and all others."""
        # Minutes may have passed since they were listed.
        names = [each.file.name for each in listed]
        found = await self._catalog.files_in(listed[0].file.folder_id, names, viewer_id=viewer.id)
        current = {(file.id, file.object_id): file for file in found if viewer.may(file)}
        packed: list[_PackedFile] = []
        others: list[ListedFile] = []
        for each in listed:
            file = current.get((each.file.id, each.file.object_id))
            if file is None:
                others.append(each)
                continue
            piece = ArchivePiece(path=each.path, modified_at=file.last_modified, size=file.size)
            packed.append((piece, places.get(file.object_id)))
        return packed, others

    def _loads(self, packed: Sequence[_PackedFile]) -> Iterator[Load[_Pieces]]:
        """Reads of files, those together that lie together."""
        for piece, chunk in packed:
            if chunk is None:
                yield _made(replace(piece, content=b""))
        filled = [(piece, chunk) for piece, chunk in packed if chunk is not None]
        for positions in extents([chunk.address for _, chunk in filled]):
            together = [filled[position] for position in positions]
            size_bytes = sum(chunk.address.stored_size for _, chunk in together)
            yield Load(size_bytes, partial(self._read_together, together))

    async def _read_together(self, packed: Sequence[tuple[ArchivePiece, ExpectedChunk]]) -> _Pieces:
        """The pieces of files whose content lies together. Raises `StorageError`."""
        pieces: list[ArchivePiece] = []
        read = await self._source.read_together([chunk for _, chunk in packed])
        for (piece, _), plain in zip(packed, read, strict=True):
            if isinstance(plain, StorageError):
                raise plain
            pieces.append(replace(piece, content=plain))
        return pieces

    async def _pieces_of_file(
        self, listed: ListedFile, viewer: _Viewer
    ) -> AsyncGenerator[Load[_Pieces], None]:
        # Minutes may have passed since it was listed.
        file = await self._catalog.file_by_id(listed.file.id, viewer_id=viewer.id)
        if file is None or not viewer.may(file):
            return
        stored = await self._catalog.object_by_id(file.object_id)
        if stored is None:
            return
        content = content_of(stored)
        new = partial(
            ArchivePiece, path=listed.path, modified_at=file.last_modified, size=content.size
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                if content.chunk_count > 1:
                    await stack.enter_async_context(self._source.kept_alive(content))
            except NoSuchFile:
                return
            if content.chunk_count == 0:
                yield _made(new(content=b""))
            reads, chunks = _FileReads(), self._source.loads(content)
            last = content.chunk_count - 1
            await stack.enter_async_context(contextlib.aclosing(chunks))
            for index in range(content.chunk_count):
                piece = partial(new, is_first=index == 0, is_last=index == last)
                yield reads.of_piece(await anext(chunks), piece)
            # The content is kept alive until all of it is read.
            await reads.over()


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


def _runs(page: Sequence[ListedFile], places: _Places) -> Iterator[tuple[list[ListedFile], bool]]:
    """Cuts a page into files that are read together, True, and others, False, in the page's order."""

    def is_packed(each: ListedFile) -> bool:
        return each.file.size == 0 or each.file.object_id in places

    run: list[ListedFile] = []
    size = 0
    for each in page:
        size += each.file.size
        if run and (size > RUN_BYTES or is_packed(each) != is_packed(run[0])):
            yield run, is_packed(run[0])
            run, size = [], each.file.size
        run.append(each)
    if run:
        yield run, is_packed(run[0])


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


def archive_name(folder: Folder) -> str:
    """What the archive of a folder is called."""
    return f"{folder.name or _NAME_OF_ROOT}.zip"


def _headers(folder: Folder) -> dict[str, str]:
    return {
        "Content-Type": "application/zip",
        "Content-Disposition": attachment(archive_name(folder)),
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
    }
