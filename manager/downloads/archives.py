"""Sends a folder with everything below it as one zip archive, made while it is sent."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from aiohttp import web

from catalog.port import Catalog
from catalog.records import File, Folder, User
from manager.downloads.content import ContentSource
from manager.downloads.delivery import WRITE_BYTES, BodyWriter, Delivery
from manager.downloads.disposition import attachment
from manager.downloads.read_ahead import Buffer, ReadAhead
from manager.downloads.subtree import Entry, Selection, subtree
from manager.downloads.zip_stream import MemberPath, ZipStream
from manager.errors import NoSuchFile
from manager.files.rights import may_read

_DIRECTORY_BYTES = 256 * 1024
"""Of an archive's directory, so much is kept in memory; a longer one goes to the disk."""
_NAME_OF_ROOT = "discord-cloud"
_JOINED_BYTES = 16 * 1024
"""Up to so many bytes of small pieces are copied together, which costs less than a write of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A folder (without `content`), or the next chunk of a file, in the order of the archive.

    An empty file has one chunk, which is empty. `size` is that of the whole file.
    """

    path: MemberPath
    modified_at: float
    size: int = 0
    content: Buffer | None = None
    is_first: bool = True
    is_last: bool = True


class FolderSender:
    """Answers requests for whole folders.

    Args:
        catalog: Where folders and files are looked up.
        source: Where their content comes from.
        delivery: How it goes out.
        clock: Seconds since the Unix epoch; folders are dated with it.
        temp_folder: Where directories of large archives are kept until they are sent; None: where the
            system keeps temporary files.
    """

    def __init__(
        self,
        catalog: Catalog,
        source: ContentSource,
        delivery: Delivery,
        clock: Callable[[], float],
        temp_folder: Path | None,
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._delivery = delivery
        self._clock = clock
        self._temp_folder = temp_folder

    async def send(
        self,
        request: web.Request,
        folder: Folder,
        user: User,
        selection: Selection | None,
        reader: str,
    ) -> web.StreamResponse:
        """Answers with all that the user may read of the folder, or of a selection of its entries.

        `reader` is whose share of the places for downloads it takes.

        Raises `Overloaded`, `StorageError`, `CatalogError`: all before the first byte. What goes
        wrong later ends the connection.
        """
        async with (
            self._delivery.place(request, reader) as writer,
            ReadAhead(self._pieces(folder, user, selection)) as pieces,
        ):
            await pieces.ready()
            response = web.StreamResponse(headers=_headers(folder))
            await response.prepare(request)
            with writer.body(), self._directory() as directory, ZipStream(directory) as archive:
                sending = _ArchiveWriter(response, archive, writer)
                async for piece in pieces:
                    await sending.add(piece)
                await sending.finish()
            return response

    def _directory(self) -> IO[bytes]:
        folder = None if self._temp_folder is None else str(self._temp_folder)
        return SpooledTemporaryFile(max_size=_DIRECTORY_BYTES, dir=folder)

    async def _pieces(
        self, folder: Folder, user: User, selection: Selection | None
    ) -> AsyncGenerator[Piece, None]:
        began_at = self._clock()
        entries = subtree(self._catalog, folder.id, viewer_id=user.id, selection=selection)
        async with contextlib.aclosing(entries):
            async for entry in entries:
                if entry.file is None:
                    yield Piece(path=entry.path, modified_at=began_at)
                    continue
                pieces = self._pieces_of_file(entry, entry.file, user)
                async with contextlib.aclosing(pieces):
                    async for piece in pieces:
                        yield piece

    async def _pieces_of_file(
        self, entry: Entry, listed: File, user: User
    ) -> AsyncGenerator[Piece, None]:
        # Minutes may have passed since it was listed.
        file = await self._catalog.file_by_id(listed.id, viewer_id=user.id)
        if file is None or not may_read(file, user):
            return
        content = await self._catalog.object_by_id(file.object_id)
        if content is None:
            return
        async with contextlib.AsyncExitStack() as stack:
            try:
                if content.chunk_count > 1:
                    await stack.enter_async_context(self._source.kept_alive(content))
            except NoSuchFile:
                return
            new = partial(Piece, path=entry.path, modified_at=file.updated_at, size=content.size)
            if content.chunk_count == 0:
                yield new(content=b"")
            read, last = self._source.whole(content), content.chunk_count - 1
            for index in range(content.chunk_count):
                chunk = await read(index)
                yield new(content=chunk, is_first=index == 0, is_last=index == last)


class _ArchiveWriter:
    """Sends an archive while it is made."""

    def __init__(
        self, response: web.StreamResponse, archive: ZipStream, writer: BodyWriter
    ) -> None:
        self._response = response
        self._archive = archive
        self._writer = writer

    async def add(self, piece: Piece) -> None:
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
