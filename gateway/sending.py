"""Answers clients: the manager decides each request, and what it gives a manifest for is sent from here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog
from aiohttp import ClientError, ClientResponse, web

from common.addresses import ClientAddresses
from common.tasks import BackgroundTasks
from gateway.archive_listing import ManagerListing
from gateway.errors import ManagerAway, ManagerUnusable
from gateway.manager_client import (
    MOST_CONNECTIONS,
    DownloadClient,
    ManagerClient,
    limited,
    passed_on,
    unpacked,
)
from gateway.manifest_content import ManifestContent
from gateway.metrics import GatewayMetrics
from reading.admission import DownloadAdmission, DownloadLimits
from reading.archives import ArchiveSender
from reading.chunk_cache import ChunkCache
from reading.content import ContentSource
from reading.delivery import BodySender
from reading.file_stream import FileBatch, FileStreamSender
from reading.manifest import (
    MANIFEST_ARCHIVE,
    MANIFEST_FILE,
    MANIFEST_FILES,
    MANIFEST_HEADER,
    ArchiveManifest,
    FileManifest,
    FilesManifest,
    KeyOfObject,
    LocatedChunk,
)
from storage.discord.http import DiscordHttp
from storage.object_keys import KeysOfObjects
from storage.read_buffers import ReadBuffers
from storage.reader import AttachmentCache, ChunkReader

log = structlog.get_logger(__name__)

ASKING: Final = DownloadLimits(
    total=MOST_CONNECTIONS, per_address=64, per_reader=MOST_CONNECTIONS, wait_s=10.0
)
"""How many requests are passed on at once, in all and of one address: each waits for the manager."""
_PASSED_BYTES: Final = 256 * 1024
_BODILESS: Final = frozenset({204, 304})


class GatewaySender:
    """Answers every request that a gateway serves.

    Args:
        manager: Decides.
        http: The connections to the CDN.
        bodies: Sends what manifests of files say.
        archives: Sends folders.
        files: Sends many small files.
        cache: Chunks that were read for ranges in them.
        addresses: Identifies clients.
        metrics: Counts.
        tasks: What no download waits for.
    """

    def __init__(
        self,
        manager: ManagerClient,
        http: DiscordHttp,
        bodies: BodySender,
        archives: ArchiveSender,
        files: FileStreamSender,
        cache: ChunkCache,
        addresses: ClientAddresses,
        metrics: GatewayMetrics,
        tasks: BackgroundTasks,
    ) -> None:
        self._manager = manager
        self._http = http
        self._bodies = bodies
        self._archives = archives
        self._files = files
        self._cache = cache
        self._addresses = addresses
        self._metrics = metrics
        self._tasks = tasks
        self._buffers = ReadBuffers()
        self._messages = AttachmentCache(http.wall_clock)
        self._asking = DownloadAdmission(ASKING)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers a request as the manager would.

        Raises `TooManyDownloads`, `GatewayError`, `StorageError`: all before the first byte.
        """
        client = DownloadClient(
            self._addresses.of_request(request), request.headers.get("Accept", "*/*")
        )
        async with (
            self._asking.admitted(client.address, client.address),
            self._manager.forwarded(request, client.address) as answer,
        ):
            kind = answer.headers.get(MANIFEST_HEADER)
            if kind is None:
                return await self._pass_on(request, answer)
            manifest = await _manifest_of(answer, kind)
        self._metrics.manifests.inc()
        if isinstance(manifest, ArchiveManifest):
            return await self._send_archive(request, client, manifest)
        if isinstance(manifest, FilesManifest):
            return await self._send_files(request, client, manifest)
        return await self._send_file(request, client, manifest)

    async def _send_file(
        self, request: web.Request, client: DownloadClient, manifest: FileManifest
    ) -> web.StreamResponse:
        content = manifest.content
        forwarded = self.opened(client, manifest.token, manifest.chunks)
        source = self.source_of(forwarded, {content.id: manifest.keys})
        before = forwarded.begin if manifest.is_counted else None
        return await self._bodies.send(
            request, manifest.plan, content, source, manifest.reader, before
        )

    async def _send_archive(
        self, request: web.Request, client: DownloadClient, manifest: ArchiveManifest
    ) -> web.StreamResponse:
        listing = ManagerListing(self._manager, client, manifest.token, self)
        return await self._archives.send(request, manifest.headers, listing, manifest.reader)

    async def _send_files(
        self, request: web.Request, client: DownloadClient, manifest: FilesManifest
    ) -> web.StreamResponse:
        files = [each.file for each in manifest.files]
        located = [
            LocatedChunk(chunk=each.file.chunk, signature=each.signature) for each in manifest.files
        ]
        keys = {each.file.chunk.object_id: each.keys for each in manifest.files}
        source = self.source_of(self.opened(client, manifest.token, located), keys)
        batches = _only(FileBatch(manifest.frames, files))
        return await self._files.send(request, batches, source, manifest.reader)

    def opened(
        self, client: DownloadClient, token: str, chunks: Sequence[LocatedChunk]
    ) -> ManifestContent:
        """What the manager has given a token and the first chunks for."""
        return ManifestContent(self._manager, client, token, chunks, self._messages, self._tasks)

    def source_of(
        self, forwarded: ManifestContent, keys: Mapping[UUID, Sequence[KeyOfObject]]
    ) -> ContentSource:
        """Where content is read that these keys open."""
        ring = KeysOfObjects({owner: [each.key for each in own] for owner, own in keys.items()})
        return ContentSource(
            forwarded,
            ChunkReader(self._http, forwarded, ring, buffers=self._buffers),
            forwarded.kept_alive,
            forwarded.note_unreadable,
            self._cache,
        )

    async def _pass_on(self, request: web.Request, answer: ClientResponse) -> web.StreamResponse:
        """Sends what the manager has answered, as it is; a body that breaks off is visibly cut off."""
        headers = passed_on(answer.headers)
        if request.method == "HEAD" or answer.status in _BODILESS:
            return web.Response(status=answer.status, headers=headers)
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        try:
            async for piece in answer.content.iter_chunked(_PASSED_BYTES):
                await response.write(piece)
            await response.write_eof()
        except (ClientError, TimeoutError):
            self._metrics.cut_downloads.labels(ManagerAway.code).inc()
            if request.transport is not None:
                request.transport.abort()
        return response


async def _only(batch: FileBatch) -> AsyncIterator[FileBatch]:
    yield batch


_Manifest = FileManifest | FilesManifest | ArchiveManifest
_KINDS: Final[Mapping[str, type[_Manifest]]] = {
    MANIFEST_FILE: FileManifest,
    MANIFEST_FILES: FilesManifest,
    MANIFEST_ARCHIVE: ArchiveManifest,
}


async def _manifest_of(answer: ClientResponse, name: str) -> _Manifest:
    kind = _KINDS.get(name)
    if kind is None:
        raise ManagerUnusable("the manager does not take the SERVICE_CREDENTIAL of this gateway")
    try:
        return unpacked(await limited(answer), kind)
    except (ClientError, TimeoutError) as error:
        raise ManagerAway from error
