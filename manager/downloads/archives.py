"""Sends a folder with everything below it as one zip archive, made while it is sent.

The folders are walked in the order of the archive, with one page of entries in memory for each level.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from aiohttp import web

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import File, Folder, FolderCounts, User
from manager.downloads.chunk_cache import Buffer
from manager.downloads.content import ContentSource
from manager.downloads.delivery import WRITE_BYTES, BodyWriter, Delivery
from manager.downloads.read_ahead import Load, ReadAhead, ReadAheadMemory
from manager.downloads.representation import attachment
from manager.downloads.zip_stream import MemberPath, ZipStream
from manager.errors import AccessDenied, NoSuchEntries, NoSuchFile, names_listed
from manager.files.rights import may_read

PAGE = 100

EntryPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A folder (without `file`) or a file, and its path from where the walk began."""

    path: EntryPath
    file: File | None = None


@dataclass(frozen=True, slots=True)
class _FolderPosition:
    path: EntryPath
    folder_id: int
    counts: FolderCounts


@dataclass(frozen=True, slots=True)
class Selection:
    """Some of the entries that lie directly in a folder."""

    files: tuple[File, ...]
    folders: tuple[Folder, ...]


async def select(catalog: Catalog, folder_id: int, names: Iterable[str], user: User) -> Selection:
    """The entries of the folder that have these names.

    Raises `NoSuchEntries`, `AccessDenied`, `CatalogUnavailable`.
    """
    wanted = list(dict.fromkeys(names))
    files: list[File] = []
    folders: list[Folder] = []
    for start in range(0, len(wanted), PAGE):
        batch = wanted[start : start + PAGE]
        files += await catalog.files_in(folder_id, batch, viewer_id=user.id)
        folders += await catalog.subfolders_in(folder_id, batch)
    found = {file.name for file in files} | {folder.name for folder in folders}
    if missing := [name for name in wanted if name not in found]:
        raise NoSuchEntries(missing)
    unreadable = {file.name for file in files if not may_read(file, user)}
    if refused := [name for name in wanted if name in unreadable]:
        raise AccessDenied(f"read {names_listed(refused)}")
    return Selection(tuple(sorted(files, key=_name)), tuple(sorted(folders, key=_name)))


async def subtree(
    catalog: Catalog, folder_id: int, *, viewer_id: int, selection: Selection | None = None
) -> AsyncGenerator[TreeEntry, None]:
    """All entries below the folder: each folder before what lies in it, its files first.

    With a selection, just those of the folder's entries, and all below them.
    Raises `FolderMissing`, `CatalogUnavailable`.
    """
    top = _FolderPosition((), folder_id, await catalog.counts(folder_id))
    if selection is None:
        walk = _walk(catalog, top, viewer_id)
    else:
        walk = _walk_selected(catalog, top, viewer_id, selection)
    async with contextlib.aclosing(walk):
        async for entry in walk:
            yield entry


async def _walk_selected(
    catalog: Catalog, top: _FolderPosition, viewer_id: int, selection: Selection
) -> AsyncGenerator[TreeEntry, None]:
    for file in selection.files:
        yield _entry_of(top, file)
    for folder in selection.folders:
        try:
            counts = await catalog.counts(folder.id)
        except FolderMissing:
            continue
        walk = _walk(catalog, _FolderPosition((folder.name,), folder.id, counts), viewer_id)
        async with contextlib.aclosing(walk):
            async for entry in walk:
                yield entry


async def _walk(
    catalog: Catalog, top: _FolderPosition, viewer_id: int
) -> AsyncGenerator[TreeEntry, None]:
    levels: list[_Subfolders] = []
    position: _FolderPosition | None = top
    while position is not None:
        if position.path:
            yield TreeEntry(position.path)
        files = _Files(catalog, position, viewer_id)
        while page := await files.next_page():
            for entry in page:
                yield entry
        levels.append(_Subfolders(catalog, position))
        position = await _next_position(levels)


async def _next_position(levels: list["_Subfolders"]) -> _FolderPosition | None:
    """The next folder of the deepest level that has one; drops the levels that have none."""
    while levels:
        position = await levels[-1].next()
        if position is not None:
            return position
        levels.pop()
    return None


class _Subfolders:
    """The subfolders of one folder, one after the other."""

    def __init__(self, catalog: Catalog, parent: _FolderPosition) -> None:
        self._catalog = catalog
        self._parent = parent
        self._page: deque[_FolderPosition] = deque()
        self._after = ""
        self._is_over = parent.counts.subfolders == 0

    async def next(self) -> _FolderPosition | None:
        if not self._page and not self._is_over:
            await self._turn_page()
        return self._page.popleft() if self._page else None

    async def _turn_page(self) -> None:
        found = await self._catalog.subfolders_after(
            self._parent.folder_id, after=self._after, limit=PAGE
        )
        self._is_over = len(found) < PAGE
        for each in found:
            self._after = each.folder.name
            path = (*self._parent.path, each.folder.name)
            self._page.append(_FolderPosition(path, each.folder.id, each.counts))


class _Files:
    """The files of one folder, page by page."""

    def __init__(self, catalog: Catalog, position: _FolderPosition, viewer_id: int) -> None:
        self._catalog = catalog
        self._position = position
        self._viewer_id = viewer_id
        self._after = ""
        self._is_over = position.counts.files == 0

    async def next_page(self) -> list[TreeEntry]:
        """The next files; none when there are no more."""
        if self._is_over:
            return []
        found = await self._catalog.files_after(
            self._position.folder_id, viewer_id=self._viewer_id, after=self._after, limit=PAGE
        )
        self._is_over = len(found) < PAGE
        self._after = found[-1].name if found else ""
        return [_entry_of(self._position, file) for file in found]


def _name(entry: File | Folder) -> str:
    return entry.name


def _entry_of(position: _FolderPosition, file: File) -> TreeEntry:
    return TreeEntry((*position.path, file.name), file)


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
    ) -> web.StreamResponse:
        """Answers with all that the user may read of the folder, or of a selection of its entries.

        The download counts towards the limit of `reader`.

        Raises `Overloaded`, `StorageError`, `CatalogError`: all before the first byte. What goes
        wrong later ends the connection.
        """
        async with (
            self._delivery.admitted(request, reader) as writer,
            ReadAhead(self._pieces(folder, user, selection), self._memory) as pieces,
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
    ) -> AsyncGenerator[Load[ArchivePiece], None]:
        began_at = self._clock()
        entries = subtree(self._catalog, folder.id, viewer_id=user.id, selection=selection)
        async with contextlib.aclosing(entries):
            async for entry in entries:
                if entry.file is None:
                    yield _made(ArchivePiece(path=entry.path, modified_at=began_at))
                    continue
                pieces = self._pieces_of_file(entry, entry.file, user)
                async with contextlib.aclosing(pieces):
                    async for piece in pieces:
                        yield piece

    async def _pieces_of_file(
        self, entry: TreeEntry, listed: File, user: User
    ) -> AsyncGenerator[Load[ArchivePiece], None]:
        # Minutes may have passed since it was listed.
        file = await self._catalog.file_by_id(listed.id, viewer_id=user.id)
        if file is None or not may_read(file, user):
            return
        content = await self._catalog.object_by_id(file.object_id)
        if content is None:
            return
        new = partial(ArchivePiece, path=entry.path, modified_at=file.updated_at, size=content.size)
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

    def of_piece(
        self, chunk: Load[Buffer], piece: Callable[..., ArchivePiece]
    ) -> Load[ArchivePiece]:
        """A read of a chunk as a piece of the archive."""
        self._left += 1

        async def read() -> ArchivePiece:
            try:
                return piece(content=await chunk.run())
            finally:
                self._left -= 1
                self._are_over.set()

        return Load(chunk.size_bytes, read)

    async def over(self) -> None:
        """Waits until all have ended, well or not."""
        while self._left:
            self._are_over.clear()
            await self._are_over.wait()


def _made(piece: ArchivePiece) -> Load[ArchivePiece]:
    """A piece for which nothing has to be read."""

    async def read() -> ArchivePiece:
        return piece

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
