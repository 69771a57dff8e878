"""Handles what clients send about kept uploads."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from catalog.errors import (
    CatalogUnavailable,
    KeptUploadClaimed,
    KeptUploadMissing,
    TooManyKeptBytes,
    TooManyKeptUploads,
)
from catalog.port import Catalog
from catalog.records import KeptUpload, KeptUploadState
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import BookingsUnavailable, IllegalTransition, NoFreeService
from manager.files.conversion import timestamp
from manager.files.upload_requests import DestinationFolder
from manager.services.registry import UploadSlotRegistry
from manager.uploads.effects import CATALOG_AWAY, RESUMED_ELSEWHERE, Rejection, Retry
from manager.uploads.kept import KeptUploadRegistry, Resumption
from manager.uploads.kept_exchange import KeptUploadExchange
from manager.uploads.manager import UploadManager
from manager.uploads.messages import NO_SUCH_UPLOAD, resume_rejection
from manager.uploads.session import RunningUpload
from protocol import c2s, generic, s2c
from protocol.packet import Packet
from protocol.values import REPLY_TIMEOUT_S, format_path

HAND_OVER_TIMEOUT_S = REPLY_TIMEOUT_S - 2.0
"""How long a client waits for the end of a run that it takes over, in seconds."""
GONE = Rejection(
    "upload-gone", "no such upload is kept: it was finished or dropped, or it expired", Retry.NEVER
)
SOURCE_CHANGED = Rejection(
    "source-changed", "the upload was begun with another source", Retry.NEVER
)
STILL_RUNNING = Rejection(
    "still-running", "the upload still ends on its service: try again", Retry.LATER
)
CANNOT_RESUME = Rejection(
    "cannot-resume-here", "no booked service that is free can go on with uploads", Retry.SOON
)


class KeptUploadHandlers:
    """The handlers of packets about kept uploads."""

    def __init__(
        self,
        catalog: Catalog,
        kept: KeptUploadRegistry,
        uploads: UploadManager,
        slots: UploadSlotRegistry,
        wake_reaper: Callable[[], None],
        elsewhere: KeptUploadExchange,
    ) -> None:
        """Takes what it uses; `elsewhere`: what other managers run."""
        self._catalog = catalog
        self._kept = kept
        self._uploads = uploads
        self._slots = slots
        self._wake_reaper = wake_reaper
        self._elsewhere = elsewhere

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.UploadKeep: self.keep_upload,
            c2s.KeptUploadsRequest: self.list_uploads,
            c2s.UploadResume: self.resume_upload,
            c2s.UploadPark: self.park_upload,
            c2s.UploadDrop: self.drop_upload,
        }

    async def keep_upload(self, request: ClientRequest, packet: c2s.UploadKeep) -> generic.Boolean:
        """Keeps an upload that the client runs. Raises `CatalogUnavailable`."""
        upload = self._uploads.of(request.client).running.get(packet.upload_id)
        if not isinstance(upload, RunningUpload):
            return generic.Boolean(success=False, message=NO_SUCH_UPLOAD)
        try:
            await upload.keep(packet.fingerprint)
        except (TooManyKeptUploads, TooManyKeptBytes) as error:
            return generic.Boolean(success=False, message=str(error))
        except IllegalTransition as error:
            return generic.Boolean(success=False, message=error.message)
        return generic.Boolean(success=True)

    async def list_uploads(
        self, request: ClientRequest, packet: c2s.KeptUploadsRequest
    ) -> s2c.KeptUploads:
        """Lists a page of the user's kept uploads, as far as the login covers them.

        Raises `CatalogUnavailable`.
        """
        client = request.client
        after = None if packet.after is None else UUID(packet.after)
        while True:
            page, has_more = await self._kept.of(client.user.id, after)
            covered = [kept for kept in page if client.login.shown(kept.folder) is not None]
            if covered or not has_more:
                break
            # A client goes on after the last one that it gets, so that an empty page would be the last.
            after = page[-1].object_id
        return s2c.KeptUploads(
            uploads=tuple(self._listed(client, kept) for kept in covered), has_more=has_more
        )

    def _listed(self, client: ClientSession, kept: KeptUpload) -> s2c.KeptUpload:
        folder = DestinationFolder(client.login.shown(kept.folder) or ())
        running = self._uploads.kept_upload(str(kept.object_id))
        return s2c.KeptUpload(
            upload_id=str(kept.object_id),
            name=kept.name,
            path=format_path(folder.path),
            size=kept.size,
            chunk_size=kept.chunk_size,
            is_public=kept.is_public,
            fingerprint=kept.fingerprint,
            state=_listed_state(kept, running),
            stored_chunks=kept.stored_chunks,
            created_at=timestamp(kept.created_at),
            expires_at=timestamp(kept.expires_at),
        )

    async def resume_upload(
        self, request: ClientRequest, packet: c2s.UploadResume
    ) -> Packet | None:
        """Goes on with a kept upload, or tells how it ended; the upload replies itself once it runs."""
        try:
            outcome = await self._resumed(request, packet)
        except KeptUploadMissing:
            outcome = GONE
        except KeptUploadClaimed:
            outcome = RESUMED_ELSEWHERE
        except CatalogUnavailable:
            outcome = CATALOG_AWAY
        except NoFreeService:
            outcome = CANNOT_RESUME
        except BookingsUnavailable as error:
            outcome = Rejection(error.code, str(error), Retry.LATER)
        except TimeoutError:
            outcome = STILL_RUNNING
        if isinstance(outcome, Rejection):
            return resume_rejection(outcome)
        return outcome

    async def _resumed(
        self, request: ClientRequest, packet: c2s.UploadResume
    ) -> Packet | Rejection | None:
        object_id, user_id = UUID(packet.upload_id), request.client.user.id
        await self._end_run(packet.upload_id, user_id)
        await self._elsewhere.end(packet.upload_id, user_id, within_s=HAND_OVER_TIMEOUT_S)
        kept = await self._kept.find(object_id)
        if kept is None or kept.owner_id != user_id:
            return await self._finished(request, object_id)
        if packet.fingerprint not in {None, kept.fingerprint}:
            return SOURCE_CHANGED
        async with self._kept.claiming(kept) as resumption:
            return await self._run(request, resumption)

    async def _run(self, request: ClientRequest, resumption: Resumption) -> Rejection | None:
        # Another connection may have claimed and begun it while this one asked the catalog, or before.
        if self._kept.is_latest(resumption.kept):
            await self._end_run(str(resumption.kept.object_id), request.client.user.id)
        if not self._kept.is_latest(resumption.kept):
            return RESUMED_ELSEWHERE
        if not request.client.is_connected:
            return None
        slot = None
        if resumption.missing:
            chunk_size = resumption.kept.chunk_size
            slot = await self._slots.resume_upload(request.client.id, chunk_size)
            if not self._kept.is_latest(resumption.kept):
                self._slots.upload_ended(slot)
                return RESUMED_ELSEWHERE
        self._uploads.resume(request.client, slot, resumption, reply=request.reply)
        return None

    async def _end_run(self, upload_id: str, user_id: int) -> None:
        """Takes an upload of the user from the connection that runs it. Raises `TimeoutError`."""
        async with asyncio.timeout(HAND_OVER_TIMEOUT_S):
            while running := self._uploads.kept_upload(upload_id):
                if running.requested.user_id != user_id:
                    return
                await running.hand_over()

    async def _finished(self, request: ClientRequest, object_id: UUID) -> Packet | Rejection | None:
        """Tells a client that was away that its file was entered; else the upload is gone."""
        content = await self._catalog.object_by_id(object_id)
        files = [
            placed
            for placed in await self._catalog.files_of(object_id)
            if placed.file.owner_id == request.client.user.id
        ]
        if content is None or not files:
            return GONE
        upload_id, placed = str(object_id), files[0]
        request.reply(
            s2c.UploadResumed(
                upload_id=upload_id,
                name=placed.file.name,
                path=format_path(request.client.login.shown(placed.folder) or ()),
                size=content.size,
                chunk_size=content.chunk_size,
                missing=(),
            )
        )
        connection = request.client.connection
        connection.send(s2c.UploadStageFinish(upload_id=upload_id))
        connection.send(s2c.UploadFinishInfo(success=True, upload_id=upload_id))
        return None

    async def park_upload(self, request: ClientRequest, packet: c2s.UploadPark) -> generic.Boolean:
        """Leaves an upload that the client runs."""
        upload = self._uploads.of(request.client).running.get(packet.upload_id)
        if not isinstance(upload, RunningUpload):
            return generic.Boolean(success=False, message=NO_SUCH_UPLOAD)
        try:
            upload.park()
        except IllegalTransition as error:
            return generic.Boolean(success=False, message=error.message)
        return generic.Boolean(success=True)

    async def drop_upload(self, request: ClientRequest, packet: c2s.UploadDrop) -> generic.Boolean:
        """Gives up a kept upload. Raises `CatalogUnavailable`."""
        user_id = request.client.user.id
        running = self._uploads.kept_upload(packet.upload_id)
        if running is not None and running.requested.user_id == user_id:
            try:
                running.abort()
            except IllegalTransition:
                if not running.has_ended:
                    message = "this upload is being begun, or its file entered: try again"
                    return generic.Boolean(success=False, message=message)
                try:
                    await self._end_run(packet.upload_id, user_id)
                except TimeoutError:
                    return generic.Boolean(success=False, message=STILL_RUNNING.reason)
            else:
                return generic.Boolean(success=True)
        try:
            await self._elsewhere.end(packet.upload_id, user_id, within_s=HAND_OVER_TIMEOUT_S)
        except TimeoutError:
            return generic.Boolean(success=False, message=STILL_RUNNING.reason)
        if not await self._kept.drop(UUID(packet.upload_id), user_id):
            return generic.Boolean(success=False, message="you keep no upload with this id")
        self._wake_reaper()
        return generic.Boolean(success=True)


def _listed_state(kept: KeptUpload, running: RunningUpload | None) -> s2c.KeptUploadState:
    if running is not None and running.is_sent:
        return "running"
    match kept.state:
        case KeptUploadState.UPLOADING:
            return "parked" if kept.stored_chunks < kept.chunk_count else "stored"
        case KeptUploadState.STORED:
            return "stored"
        case KeptUploadState.AWAITING_DECISION:
            return "awaiting-decision"
