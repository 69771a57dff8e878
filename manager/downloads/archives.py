"""Folders as archives: what is in them as the catalog knows it, and for whom."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiohttp import web

from catalog.port import Catalog
from catalog.records import EnvelopeKind, File, Folder
from manager.downloads.archive_tokens import ArchiveManifests
from manager.downloads.content import content_of, expected_chunk
from manager.downloads.manifests import GATEWAY
from manager.downloads.redirects import Redirects
from manager.downloads.representation import attachment
from manager.downloads.subtree import ListedFile, Selection, SubtreeWalk, subtree
from manager.downloads.viewers import Viewer
from manager.errors import NoSuchFile
from reading.archives import (
    ArchiveFile,
    ArchiveSender,
    OpenedFile,
    PackedFile,
    PackedFiles,
    TreeFolder,
)
from reading.content import ContentSource
from storage.reader import ExpectedChunk

_NAME_OF_ROOT = "discord-cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFile(ArchiveFile):
    """A file as the catalog has listed it; `chunk`: its only one."""

    file: File
    chunk: ExpectedChunk | None


class ArchiveFiles:
    """Looks up files for archives.

    Args:
        catalog: Where they are looked up.
        source: Where their content is read.
    """

    def __init__(self, catalog: Catalog, source: ContentSource) -> None:
        self._catalog = catalog
        self._source = source

    async def listed(self, page: Sequence[ListedFile]) -> list[CatalogFile]:
        """Files of one folder, with their only chunks."""
        chunks: Mapping[UUID, ExpectedChunk] = {}
        if len(page) > 1:
            chunks = await self.only_chunks([each.file for each in page])
        return [
            CatalogFile(
                path=each.path,
                size=each.file.size,
                is_packed=each.file.size == 0 or each.file.object_id in chunks,
                file=each.file,
                chunk=chunks.get(each.file.object_id),
            )
            for each in page
        ]

    async def only_chunks(self, files: Sequence[File]) -> dict[UUID, ExpectedChunk]:
        """By their objects, the chunks of files that have one, which proves by itself what it is."""
        found = await self._catalog.single_chunks({each.object_id for each in files})
        return {
            content.id: expected_chunk(content_of(content), location)
            for content, location in found
            if content.envelope is EnvelopeKind.V1
        }

    async def current(self, folder_id: int, names: Sequence[str], viewer: Viewer) -> list[File]:
        """Files of a folder that the viewer may have now."""
        found = await self._catalog.files_in(folder_id, names, viewer_id=viewer.id)
        return [file for file in found if viewer.may(file)]

    async def opened(self, file_id: int, viewer: Viewer) -> OpenedFile | None:
        """A file as it is now; None: it is gone, or the viewer may not have it."""
        file = await self._catalog.file_by_id(file_id, viewer_id=viewer.id)
        if file is None or not viewer.may(file):
            return None
        stored = await self._catalog.object_by_id(file.object_id)
        if stored is None:
            return None
        return OpenedFile(content_of(stored), file.last_modified, self._source)


class CatalogListing:
    """What lies in a folder, or in a selection of its entries."""

    gone: tuple[type[Exception], ...] = (NoSuchFile,)

    def __init__(
        self,
        catalog: Catalog,
        files: ArchiveFiles,
        source: ContentSource,
        folder: Folder,
        viewer: Viewer,
        selection: Selection | None,
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._source = source
        self._folder = folder
        self._viewer = viewer
        self._selection = selection

    async def pages(self) -> AsyncGenerator[TreeFolder | Sequence[CatalogFile], None]:
        """As `ArchiveListing` says. Raises `FolderMissing`, `CatalogUnavailable`."""
        pages = subtree(
            self._catalog, self._folder.id, viewer_id=self._viewer.id, selection=self._selection
        )
        async with contextlib.aclosing(pages):
            async for page in pages:
                yield page if isinstance(page, TreeFolder) else await self._files.listed(page)

    async def packed(self, files: Sequence[CatalogFile]) -> PackedFiles:
        """As `ArchiveListing` says: minutes may have passed since they were listed."""
        names = [each.file.name for each in files]
        found = await self._files.current(files[0].file.folder_id, names, self._viewer)
        current = {(file.id, file.object_id): file for file in found}
        return PackedFiles(
            [_packed(each, current.get((each.file.id, each.file.object_id))) for each in files],
            self._source,
        )

    async def opened(self, file: CatalogFile) -> OpenedFile | None:
        """As `ArchiveListing` says: minutes may have passed since it was listed."""
        return await self._files.opened(file.file.id, self._viewer)


def _packed(listed: CatalogFile, file: File | None) -> PackedFile | None:
    if file is None:
        return None
    return PackedFile(size=file.size, modified_at=file.last_modified, chunk=listed.chunk)


class FolderSender:
    """Answers requests for whole folders.

    Args:
        catalog: Where folders and files are looked up.
        files: Looks them up.
        source: Where their content comes from.
        sender: Sends archives.
        manifests: Has gateways send them.
        redirects: Leads clients to gateways.
    """

    def __init__(
        self,
        catalog: Catalog,
        files: ArchiveFiles,
        source: ContentSource,
        sender: ArchiveSender,
        manifests: ArchiveManifests,
        redirects: Redirects,
    ) -> None:
        self._catalog = catalog
        self._files = files
        self._source = source
        self._sender = sender
        self._manifests = manifests
        self._redirects = redirects

    async def send(
        self,
        request: web.Request,
        folder: Folder,
        viewer: Viewer,
        selection: Selection | None,
        reader: str,
    ) -> web.StreamResponse:
        """Answers with what is in the folder, or in a selection of its entries.

        These are the files that the viewer may have. The download counts towards the limit of `reader`.
        A gateway is answered with a manifest; a client that follows there is led to a gateway, but for a
        selection.

        Raises `TooManyDownloads`, `StorageError`, `CatalogError`: all before the first byte. What goes
        wrong later ends the connection.
        """
        headers = _headers(folder)
        if request.method == "HEAD":
            return web.Response(headers=headers)
        if self._manifests.may_give:
            elsewhere = await self._by_gateway(request, folder, viewer, selection, headers, reader)
            if elsewhere is not None:
                return elsewhere
        listing = CatalogListing(
            self._catalog, self._files, self._source, folder, viewer, selection
        )
        return await self._sender.send(request, headers, listing, reader)

    async def _by_gateway(
        self,
        request: web.Request,
        folder: Folder,
        viewer: Viewer,
        selection: Selection | None,
        headers: Mapping[str, str],
        reader: str,
    ) -> web.Response | None:
        """The manifest for the gateway that asks, or the way to one; None: the manager is to send it."""
        gateway = request.get(GATEWAY)
        if gateway is None:
            is_whole = selection is None
            return self._redirects.to_folder(request, folder, viewer, reader) if is_whole else None
        if selection is None:
            walk = await SubtreeWalk.of(self._catalog, folder.id, viewer_id=viewer.id)
        else:
            walk = await SubtreeWalk.selected(
                self._catalog, folder.id, selection, viewer_id=viewer.id
            )
        return self._manifests.answer(gateway, viewer, walk.cursor, headers, reader)


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
