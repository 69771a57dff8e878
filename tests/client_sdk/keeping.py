"""A scripted manager with the extension `resume`: it keeps uploads, and tests say what becomes of them."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from protocol import c2s, generic, s2c
from protocol.chunks import chunk_count, missing_ranges
from protocol.codec import Frame
from protocol.extensions import REJECTIONS, RESUME
from tests.client_sdk.conftest import Peer, RunningUpload, ScriptedManager

TIME = "2026-01-01T00:00:00Z"


@dataclass
class Kept:
    """An upload that is kept."""

    upload: RunningUpload
    fingerprint: str
    state: s2c.KeptUploadState | None = None


class KeepingManager(ScriptedManager):
    """See the module. The chunks from `held_from` on are stored only once `released` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.granted = frozenset({REJECTIONS, RESUME})
        self.kept: dict[str, Kept] = {}
        self.page_size = 100
        self.held_from: int | None = None
        self.released = asyncio.Event()
        self.on(c2s.UploadKeep, self._keep)
        self.on(c2s.KeptUploadsRequest, self._list_kept)
        self.on(c2s.UploadResume, self._resume)
        self.on(c2s.UploadPark, self._park)
        self.on(c2s.UploadDrop, self._drop)

    async def held(self, upload_count: int = 1) -> RunningUpload:
        """Wait until one upload is kept and has all chunks but those that are held."""

        def is_held() -> bool:
            uploads = [kept.upload for kept in self.kept.values()]
            return (
                len(uploads) == upload_count
                and len(uploads[-1].chunks) == self.held_from
                and self.chunks_now > 0
            )

        await self.until(is_held)
        return list(self.kept.values())[-1].upload

    async def park(self, upload: RunningUpload, code: str) -> None:
        """End the run of an upload, which stays kept."""
        del self.uploads[upload.upload_id]
        await upload.peer.send(
            s2c.UploadParked(upload_id=upload.upload_id, code=code, reason="for a test")
        )

    async def lose_service(self, upload: RunningUpload) -> None:
        """The service of an upload goes away, and another one comes."""
        upload.peer.held -= 1
        await upload.peer.send(
            s2c.UploadStageFinish(upload_id=upload.upload_id, service_disconnect=True)
        )
        await self.park(upload, "service-lost")
        await upload.peer.send(s2c.UploadBookingModify(effective_change=-1))
        upload.peer.held += 1
        await upload.peer.send(s2c.UploadBookingModify(effective_change=1))

    async def finish(self, upload: RunningUpload, *, rename_target: str | None = None) -> None:
        """Commit an upload."""
        self.kept.pop(upload.upload_id, None)
        await super().finish(upload, rename_target=rename_target)

    async def fail(self, upload: RunningUpload, reason: str) -> None:
        """End an upload for good."""
        self.kept.pop(upload.upload_id, None)
        await super().fail(upload, reason)

    async def _store(self, fields: dict[str, bytes]) -> web.Response:
        if self.held_from is not None and int(fields["chunk"]) >= self.held_from:
            await self.released.wait()
        answer = await super()._store(fields)
        await self._tell()
        return answer

    async def _keep(self, peer: Peer, frame: Frame, packet: c2s.UploadKeep) -> None:
        upload = self.uploads.get(packet.upload_id)
        if upload is not None:
            self.kept[packet.upload_id] = Kept(upload, packet.fingerprint)
        await peer.send(generic.Boolean(success=upload is not None), frame)

    async def _list_kept(self, peer: Peer, frame: Frame, packet: c2s.KeptUploadsRequest) -> None:
        ids = list(self.kept)
        start = 0 if packet.after is None else ids.index(packet.after) + 1
        page = ids[start : start + self.page_size]
        listed = tuple(self._listed(upload_id) for upload_id in page)
        has_more = len(ids) > start + len(page)
        await peer.send(s2c.KeptUploads(uploads=listed, has_more=has_more), frame)

    def _listed(self, upload_id: str) -> s2c.KeptUpload:
        kept = self.kept[upload_id]
        request = kept.upload.packet
        return s2c.KeptUpload(
            upload_id=upload_id,
            name=request.name,
            path=request.path,
            size=request.size,
            chunk_size=self.chunk_size,
            is_public=request.is_public,
            fingerprint=kept.fingerprint,
            state=kept.state or ("running" if upload_id in self.uploads else "parked"),
            stored_chunks=len(kept.upload.chunks),
            created_at=TIME,
            expires_at=TIME,
        )

    async def _resume(self, peer: Peer, frame: Frame, packet: c2s.UploadResume) -> None:
        kept = self.kept.get(packet.upload_id)
        if kept is None:
            await self.reject_resume(peer, frame, "upload-gone", "never")
        elif packet.fingerprint not in {None, kept.fingerprint}:
            await self.reject_resume(peer, frame, "source-changed", "never")
        else:
            await self._go_on(peer, frame, kept.upload)

    async def reject_resume(self, peer: Peer, frame: Frame, code: str, retry: s2c.Retry) -> None:
        """Refuse to go on with an upload."""
        await peer.send(s2c.UploadRejection(code=code, reason="for a test", retry=retry), frame)

    async def _go_on(self, peer: Peer, frame: Frame, upload: RunningUpload) -> None:
        upload.peer, upload.is_stored = peer, False
        self.uploads[upload.upload_id] = upload
        count = chunk_count(upload.packet.size, self.chunk_size)
        missing = missing_ranges(sorted(upload.chunks), count)
        resumed = s2c.UploadResumed(
            upload_id=upload.upload_id,
            name=upload.packet.name,
            path=upload.packet.path,
            size=upload.packet.size,
            chunk_size=self.chunk_size,
            missing=missing,
            upload_address=f"{self.url}/chunks" if missing else None,
        )
        await peer.send(resumed, frame)
        if not missing:
            await self._stored(upload)

    async def _park(self, peer: Peer, frame: Frame, packet: c2s.UploadPark) -> None:
        upload = self.uploads.get(packet.upload_id)
        is_parked = upload is not None and packet.upload_id in self.kept
        await peer.send(generic.Boolean(success=is_parked), frame)
        if upload is not None and is_parked:
            await self.park(upload, "parked")

    async def _drop(self, peer: Peer, frame: Frame, packet: c2s.UploadDrop) -> None:
        kept = self.kept.pop(packet.upload_id, None)
        await peer.send(generic.Boolean(success=kept is not None, message="no such upload"), frame)
