"""What is in an archive that a gateway sends: listed by the manager, which checks every file again."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from gateway.errors import ManagerRefused
from gateway.manager_client import DownloadClient, ManagerClient
from gateway.manifest_content import ManifestContent
from reading.archives import ArchiveFile, OpenedFile, PackedFile, PackedFiles, TreeFolder
from reading.content import ContentSource
from reading.manifest import (
    ArchiveFileFound,
    ArchiveFileRequest,
    ArchivePage,
    ArchivePages,
    ArchiveTokenRequest,
    KeyOfObject,
    LocatedChunk,
    PackedEntries,
    PackedEntry,
    PackedFilesRequest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedByManager(ArchiveFile):
    """A file as the manager has listed it."""

    file_id: int
    folder_id: int


class Sources(Protocol):
    """Opens what the manager has given a token for."""

    def opened(
        self, client: DownloadClient, token: str, chunks: Sequence[LocatedChunk]
    ) -> ManifestContent:
        """Content, with its first chunks."""

    def source_of(
        self, forwarded: ManifestContent, keys: Mapping[UUID, Sequence[KeyOfObject]]
    ) -> ContentSource:
        """Where it is read."""


class ManagerListing:
    """The listing of one archive. What the manager does not answer ends the archive.

    Args:
        manager: Is asked.
        client: For whom.
        token: With which it is asked for the first pages.
        sources: Opens content.
    """

    gone: tuple[type[Exception], ...] = (ManagerRefused,)

    def __init__(
        self, manager: ManagerClient, client: DownloadClient, token: str, sources: Sources
    ) -> None:
        self._manager = manager
        self._client = client
        self._token = token
        self._sources = sources

    async def pages(self) -> AsyncGenerator[TreeFolder | Sequence[ListedByManager], None]:
        """As `ArchiveListing` says. Raises `GatewayError`."""
        is_over = False
        while not is_over:
            question = ArchiveTokenRequest(token=self._token)
            answer = await self._manager.ask(
                "/gateway/archive/pages", question, ArchivePages, self._client
            )
            for page in answer.pages:
                yield _listed(page)
            is_over = answer.token is None
            self._token = answer.token or self._token

    async def packed(self, files: Sequence[ListedByManager]) -> PackedFiles:
        """As `ArchiveListing` says. Raises `GatewayError`."""
        question = PackedFilesRequest(
            token=self._token,
            folder_id=files[0].folder_id,
            names=tuple(each.path[-1] for each in files),
        )
        answer = await self._manager.ask(
            "/gateway/archive/packed", question, PackedEntries, self._client
        )
        located = [each.chunk for each in answer.files if each.chunk is not None]
        keys = {
            each.chunk.chunk.object_id: each.keys for each in answer.files if each.chunk is not None
        }
        forwarded = self._sources.opened(self._client, answer.token, located)
        by_id = {each.id: each for each in answer.files}
        return PackedFiles(
            [_packed(by_id.get(each.file_id)) for each in files],
            self._sources.source_of(forwarded, keys),
        )

    async def opened(self, file: ListedByManager) -> OpenedFile | None:
        """As `ArchiveListing` says. Raises `GatewayError`."""
        question = ArchiveFileRequest(token=self._token, file_id=file.file_id)
        answer = await self._manager.ask(
            "/gateway/archive/file", question, ArchiveFileFound, self._client
        )
        found = answer.file
        if found is None:
            return None
        forwarded = self._sources.opened(self._client, found.token, found.chunks)
        source = self._sources.source_of(forwarded, {found.content.id: found.keys})
        return OpenedFile(found.content, found.modified_at, source)


def _listed(page: ArchivePage) -> TreeFolder | Sequence[ListedByManager]:
    if page.folder_id is None:
        return TreeFolder(page.path)
    return [
        ListedByManager(
            path=(*page.path, each.name),
            size=each.size,
            is_packed=each.is_packed,
            file_id=each.id,
            folder_id=page.folder_id,
        )
        for each in page.files
    ]


def _packed(entry: PackedEntry | None) -> PackedFile | None:
    if entry is None:
        return None
    chunk = None if entry.chunk is None else entry.chunk.chunk
    return PackedFile(size=entry.size, modified_at=entry.modified_at, chunk=chunk)
