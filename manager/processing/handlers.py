"""Handles the packets of processing and thumbnail services, and clients' requests for thumbnails."""

from catalog.port import Catalog
from catalog.records import File
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.downloads.links import ContentLinks
from manager.files.lookup import file_by_id
from manager.files.rights import Operation
from manager.processing.jobs import ProcessingManager, ProcessingService
from manager.processing.thumbnails import ThumbnailCache, ThumbnailService, ThumbnailServices
from protocol import c2s, generic, s2t, t2s

NOTHING_TO_DO = generic.Boolean(success=False, message="there is nothing to do")
_DONE = generic.Boolean(success=True)


class ProcessingHandlers:
    """The handlers of what processing services send."""

    def __init__(self, processing: ProcessingManager) -> None:
        self._processing = processing

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            t2s.JobAlive: self.job_alive,
            t2s.JobDone: self.job_done,
            t2s.JobFailed: self.job_failed,
            t2s.JobRequest: self.request_job,
            t2s.ViewRequest: self.request_view,
        }

    async def request_job(
        self, service: ProcessingService, packet: t2s.JobRequest
    ) -> s2t.Job | generic.Boolean:
        """A worker of the service is idle."""
        return await self._processing.next_job(service, packet.recipe_version) or NOTHING_TO_DO

    async def request_view(
        self, service: ProcessingService, packet: t2s.ViewRequest
    ) -> s2t.ViewTicket:
        """A service has made a view and wants to store it."""
        return await self._processing.view_form(service, packet)

    async def job_done(self, service: ProcessingService, packet: t2s.JobDone) -> generic.Boolean:
        """A service is done with a job."""
        await self._processing.done(service, packet)
        return _DONE

    async def job_failed(
        self, service: ProcessingService, packet: t2s.JobFailed
    ) -> generic.Boolean:
        """A service could not do a job."""
        await self._processing.failed(service, packet)
        return _DONE

    async def job_alive(self, service: ProcessingService, packet: t2s.JobAlive) -> generic.Boolean:
        """A service still works on a job."""
        await self._processing.alive(service, packet)
        return _DONE


class ThumbnailServiceHandlers:
    """The handlers of what thumbnail services of the base protocol send."""

    def __init__(self, thumbnail_services: ThumbnailServices) -> None:
        self._thumbnail_services = thumbnail_services

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {t2s.ThumbnailData: self.thumbnail_data}

    async def thumbnail_data(self, service: ThumbnailService, packet: t2s.ThumbnailData) -> None:
        """A thumbnail was made, or cannot be made."""
        self._thumbnail_services.received(service, packet)


class ThumbnailHandlers:
    """The handlers of what clients send about thumbnails."""

    def __init__(
        self, catalog: Catalog, links: ContentLinks, thumbnail_cache: ThumbnailCache
    ) -> None:
        self._catalog = catalog
        self._links = links
        self._cache = thumbnail_cache

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.ThumbnailRequest: self.find_thumbnail}

    async def find_thumbnail(
        self, request: ClientRequest, packet: c2s.ThumbnailRequest
    ) -> generic.Boolean:
        """A link to the file's thumbnail, if a service has made one or can make it now."""
        client = request.client
        file = await file_by_id(self._catalog, client.user, packet.file_id, Operation.DOWNLOAD)
        if not file.has_thumbnail and not await self._is_made(request, file):
            return generic.Boolean(success=False, message="this file has no thumbnail")
        path = self._links.thumbnail(file.object_id)
        return generic.Boolean(success=True, message=client.base_url + path)

    async def _is_made(self, request: ClientRequest, file: File) -> bool:
        """Whether a service has made a thumbnail lately, or makes one now."""
        if self._cache.kept(file.object_id) is not None:
            return True
        with request.client.connection.external_wait():
            return await self._cache.make(file)
