"""What gateways ask for while they send a folder as an archive (`reading.manifest`)."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import EnvelopeKind, File
from common.addresses import VOUCHED_ADDRESS
from manager.downloads.archive_tokens import ArchiveToken
from manager.downloads.archives import ArchiveFiles
from manager.downloads.content import CatalogChunks
from manager.downloads.manifests import DownloadTokenSigner, ManifestMaker
from manager.downloads.subtree import ListedFile, SubtreeWalk
from manager.errors import InvalidDownloadToken, NoSuchFolder
from manager.gateways.asking import asked_for, packed
from manager.services.credentials import ServiceAccess
from reading.archives import TreeFolder
from reading.manifest import (
    ARCHIVE_TOKEN_LIFE_S,
    ArchiveEntry,
    ArchiveFileAnswer,
    ArchiveFileFound,
    ArchiveFileRequest,
    ArchivePage,
    ArchivePages,
    ArchiveTokenRequest,
    PackedEntries,
    PackedEntry,
    PackedFilesRequest,
)
from storage.reader import ExpectedChunk

ENTRIES = 100
"""Files and folders after which an answer is full."""
PAGES = 20
"""Pages after which it is, since each has a path."""
_Asked = TypeVar("_Asked", ArchiveTokenRequest, PackedFilesRequest, ArchiveFileRequest)


class GatewayArchiveRoutes:
    """The routes for gateways that send archives.

    Args:
        access: Knows their credentials.
        tokens: Reads and signs tokens.
        catalog: Has folders.
        files: Looks up files.
        chunks: Where chunks lie.
        manifests: Has the keys of objects.
    """

    def __init__(
        self,
        access: ServiceAccess,
        tokens: DownloadTokenSigner,
        catalog: Catalog,
        files: ArchiveFiles,
        chunks: CatalogChunks,
        manifests: ManifestMaker,
    ) -> None:
        self._access = access
        self._tokens = tokens
        self._catalog = catalog
        self._files = files
        self._chunks = chunks
        self._manifests = manifests

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.post("/gateway/archive/pages", self.pages),
            web.post("/gateway/archive/packed", self.packed),
            web.post("/gateway/archive/file", self.file),
        ]

    async def pages(self, request: web.Request) -> web.Response:
        """The next pages of the listing."""
        _, token = await self._asked(request, ArchiveTokenRequest)
        walk = SubtreeWalk(self._catalog, token.cursor, viewer_id=token.user_id)
        pages: list[ArchivePage] = []
        entries = 0
        try:
            while entries < ENTRIES and len(pages) < PAGES:
                found = await walk.next_page()
                if found is None:
                    return packed(ArchivePages(pages=tuple(pages), token=None))
                page = await self._page(found)
                entries += max(1, len(page.files))
                pages.append(page)
        except FolderMissing as error:
            raise NoSuchFolder from error
        expiry = self._tokens.expiry(ARCHIVE_TOKEN_LIFE_S)
        following = msgspec.structs.replace(token, cursor=walk.cursor, exp=expiry)
        return packed(ArchivePages(pages=tuple(pages), token=self._tokens.text_of(following)))

    async def _page(self, found: TreeFolder | Sequence[ListedFile]) -> ArchivePage:
        if isinstance(found, TreeFolder):
            return ArchivePage(path=found.path)
        entries = [
            ArchiveEntry(
                id=each.file.id, name=each.file.name, size=each.size, is_packed=each.is_packed
            )
            for each in await self._files.listed(found)
        ]
        first = found[0]
        return ArchivePage(
            path=first.path[:-1], folder_id=first.file.folder_id, files=tuple(entries)
        )

    async def packed(self, request: web.Request) -> web.Response:
        """Small files of a folder that may be sent now."""
        asked, token = await self._asked(request, PackedFilesRequest)
        files = await self._files.current(asked.folder_id, asked.names, token.viewer)
        chunks = await self._files.only_chunks(files)
        entries = [
            self._entry(file, chunks.get(file.object_id))
            for file in files
            if file.size == 0 or file.object_id in chunks
        ]
        object_id = next((file.object_id for file in files), None)
        text = "" if object_id is None else self._begun(request, token, object_id)
        return packed(PackedEntries(files=tuple(entries), token=text))

    def _entry(self, file: File, chunk: ExpectedChunk | None) -> PackedEntry:
        located = None if chunk is None else self._tokens.signed([chunk])[0]
        return PackedEntry(
            id=file.id,
            size=file.size,
            modified_at=file.last_modified,
            chunk=located,
            keys=() if chunk is None else self._manifests.keys_of(file.object_id),
        )

    async def file(self, request: web.Request) -> web.Response:
        """A file that may be sent now."""
        asked, token = await self._asked(request, ArchiveFileRequest)
        found = await self._files.opened(asked.file_id, token.viewer)
        # Where gateways send archives, no other content can be read (`ArchiveManifests.may_give`).
        if found is None:
            return packed(ArchiveFileFound(file=None))
        content = found.content
        if content.envelope != EnvelopeKind.V1.value:
            raise InvalidDownloadToken
        answer = ArchiveFileAnswer(
            token=self._begun(request, token, content.id),
            modified_at=found.modified_at,
            content=content,
            keys=self._manifests.keys_of(content.id),
            chunks=self._tokens.signed(await self._chunks.chunks(content, 0)),
        )
        return packed(ArchiveFileFound(file=answer))

    def _begun(self, request: web.Request, token: ArchiveToken, object_id: UUID) -> str:
        return self._tokens.begun(token.gateway, object_id, address=request[VOUCHED_ADDRESS])

    async def _asked(self, request: web.Request, kind: type[_Asked]) -> tuple[_Asked, ArchiveToken]:
        """What a gateway asks for, and its token. Raises `InvalidRequest`, `InvalidDownloadToken`."""
        gateway, asked = await asked_for(self._access, request, kind)
        return asked, self._tokens.read(asked.token, gateway, ArchiveToken)
