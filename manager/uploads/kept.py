"""Keeps uploads in the catalog, beyond their client, their service and this manager.

What runs here is renewed: an upload may take longer than a parked one is kept.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError
from catalog.port import Catalog
from catalog.records import ChunkLocation, KeptUpload, KeptUploadLimits, KeptUploadState
from manager.error_texts import log_level
from manager.files.destinations import DestinationTracker
from manager.files.upload_requests import DestinationFolder
from manager.retrying import CatalogRetry
from manager.uploads.journal import journalled_chunks
from manager.uploads.state_machine import Upload
from protocol.chunks import missing_ranges
from protocol.generic import ChunkRange

log = structlog.get_logger(__name__)

PAGE = 100
"""Kept uploads that a client gets at a time."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """A kept upload that a client goes on with, where it goes, and the chunks that it has to send."""

    kept: KeptUpload
    destination: DestinationFolder
    missing: tuple[ChunkRange, ...]


@dataclass(slots=True)
class _Claims:
    """The claims of one upload that have not led to a run yet, or to nothing."""

    pending: int = 0
    latest_epoch: int = 0


class KeptUploadRegistry:
    """The kept uploads of all users."""

    def __init__(
        self,
        catalog: Catalog,
        retry: CatalogRetry,
        destinations: DestinationTracker,
        *,
        life_s: float,
        limits: KeptUploadLimits,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Where they are kept.
            retry: How the catalog is tried again.
            destinations: Where uploads go while folders are moved.
            life_s: Seconds that an upload is kept after it was claimed or parked.
            limits: What one user may keep.
            clock: Seconds since the Unix epoch.
            sleep: Waits for seconds.
        """
        self._catalog = catalog
        self._retry = retry
        self._destinations = destinations
        self._life_s = life_s
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._running: dict[UUID, KeptUpload] = {}
        self._claims: dict[UUID, _Claims] = {}

    async def keep(self, upload: Upload, owner_id: int, fingerprint: str) -> KeptUpload:
        """Keeps an upload that runs. Raises `CatalogError`, also when the user keeps too many."""
        # Its folder is not moved before the catalog knows that the upload is to go along.
        async with self._destinations.committing():
            kept = self._kept_of(upload, owner_id, fingerprint)
            await self._retry.answering(
                lambda: self._catalog.keep_upload(kept, limits=self._limits)
            )
        return kept

    def _kept_of(self, upload: Upload, owner_id: int, fingerprint: str) -> KeptUpload:
        requested = upload.requested
        return KeptUpload(
            object_id=UUID(requested.upload_id),
            owner_id=owner_id,
            folder=upload.destination.whole_path,
            name=requested.name,
            is_public=requested.is_public,
            do_overwrite=requested.do_overwrite,
            fingerprint=fingerprint,
            created_at=self._clock(),
            expires_at=self._expiry(),
            size=requested.size,
            chunk_size=requested.chunk_size,
            chunk_count=requested.chunk_count,
            mime_type=upload.mime_type,
        )

    async def find(self, object_id: UUID) -> KeptUpload | None:
        """The kept upload of that object. Raises `CatalogUnavailable`."""
        return await self._retry.answering(lambda: self._catalog.kept_upload(object_id))

    async def of(self, owner_id: int, after: UUID | None) -> tuple[list[KeptUpload], bool]:
        """A page of a user's kept uploads, and whether there are more. Raises `CatalogUnavailable`."""
        found = await self._retry.answering(
            lambda: self._catalog.kept_uploads_of(owner_id, after=after, limit=PAGE + 1)
        )
        return found[:PAGE], len(found) > PAGE

    @asynccontextmanager
    async def claiming(self, kept: KeptUpload) -> AsyncIterator[Resumption]:
        """Takes an upload over as it was read; within the context `is_latest` says whether it still has it.

        Raises `KeptUploadMissing`, `KeptUploadClaimed`, `CatalogUnavailable`.
        """
        claims = self._claims.setdefault(kept.object_id, _Claims())
        claims.pending += 1
        destination = DestinationFolder(())
        try:
            async with self._destinations.committing():
                claimed = await self._claimed(kept)
                destination = DestinationFolder(claimed.folder)
                self._destinations.track(destination)
            claims.latest_epoch = max(claims.latest_epoch, claimed.epoch)
            chunks = journalled_chunks(partial(self._chunks, kept.object_id))
            stored = [chunk.index async for chunk in chunks]
            yield Resumption(claimed, destination, missing_ranges(stored, kept.chunk_count))
        finally:
            self._destinations.untrack(destination)
            claims.pending -= 1
            if not claims.pending:
                del self._claims[kept.object_id]

    def is_latest(self, claimed: KeptUpload) -> bool:
        """Whether no other connection to this manager has claimed the upload since.

        The catalog's answers may overtake one another, so their epochs count and not their order.
        """
        return self._claims[claimed.object_id].latest_epoch == claimed.epoch

    async def _claimed(self, kept: KeptUpload) -> KeptUpload:
        claimant = uuid4()
        return await self._retry.answering(
            lambda: self._catalog.claim_kept_upload(
                kept.object_id,
                owner_id=kept.owner_id,
                epoch=kept.epoch,
                claimant=claimant,
                expires_at=self._expiry(),
            )
        )

    async def _chunks(self, object_id: UUID, first: int, limit: int) -> list[ChunkLocation]:
        return await self._retry.answering(
            lambda: self._catalog.chunks(object_id, first=first, limit=limit)
        )

    def began(self, kept: KeptUpload) -> None:
        """The upload runs here: it is kept however long it takes, until `ended`."""
        self._running[kept.object_id] = kept

    async def note_service(self, kept: KeptUpload, credential_id: UUID) -> None:
        """Services with this credential were given the upload; they may report chunks of it late.

        Without the catalog it is not noted: then what they could not report is sent again.
        """
        try:
            await self._retry.committing(
                lambda: self._catalog.note_kept_upload_service(kept.object_id, credential_id)
            )
        except CatalogError as error:
            log.log(log_level(error), "service-of-kept-upload-not-noted", code=error.code)

    def ended(self, kept: KeptUpload) -> None:
        """The upload runs here no longer."""
        if self._running.get(kept.object_id) is kept:
            del self._running[kept.object_id]

    async def park(
        self,
        kept: KeptUpload,
        state: KeptUploadState,
        mime_type: str | None,
    ) -> None:
        """Notes how far the upload has come; without the catalog it stays as it was last noted."""
        expires_at = self._expiry()
        try:
            await self._retry.committing(
                lambda: self._catalog.park_kept_upload(
                    kept, state=state, mime_type=mime_type, expires_at=expires_at
                )
            )
        except CatalogError as error:
            log.log(log_level(error), "upload-not-parked", code=error.code)

    async def drop(self, object_id: UUID, owner_id: int) -> bool:
        """Gives up a user's kept upload. False when there is none. Raises `CatalogUnavailable`."""
        return await self._retry.answering(
            lambda: self._catalog.drop_kept_upload(object_id, owner_id=owner_id)
        )

    async def end(self, kept: KeptUpload) -> None:
        """The upload is over for good; without the catalog it expires."""
        try:
            await self._retry.committing(
                lambda: self._catalog.drop_kept_upload(kept.object_id, owner_id=None)
            )
        except CatalogError as error:
            log.log(log_level(error), "kept-upload-not-dropped", code=error.code)

    async def run(self) -> None:
        """Renews what runs here in time, until cancelled."""
        while True:
            await self._sleep(self._life_s / 3)
            for kept in tuple(self._running.values()):
                await self.park(kept, KeptUploadState.UPLOADING, None)

    def _expiry(self) -> float:
        return self._clock() + self._life_s
