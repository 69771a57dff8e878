"""Writes the content and the names of uploads into the catalog."""

import asyncio
from collections.abc import Callable, Sequence
from mimetypes import guess_type
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError, IsAFolder
from catalog.permits import Permit
from catalog.port import (
    Catalog,
    CommittedFile,
    FailOnConflict,
    OnConflict,
    OverwriteOnConflict,
    RenameOnConflict,
    UploadCommit,
)
from catalog.records import ChunkLocation, EnvelopeKind, ObjectState, StoredObject
from common.tasks import cancel_and_wait
from manager.errors import ContentOutOfReach
from manager.files.changes import ChangeFeed
from manager.files.destinations import DestinationTracker
from manager.files.upload_requests import DestinationFolder, RequestedUpload
from manager.gc.temporary_references import TemporaryReferences
from manager.retrying import CatalogRetry
from manager.services.reports import BaseContent
from manager.uploads import effects
from manager.uploads.journal import ChunkJournal, journalled_chunks
from manager.uploads.permissions import PermissionCheck
from manager.uploads.quotas import QuotaCheck
from manager.uploads.readability import ReadabilityCheck
from manager.uploads.state_machine import Upload
from protocol.chunks import content_hash
from protocol.values import CHUNK_SIZE
from storage.errors import UnauthenticatedContent

log = structlog.get_logger(__name__)

CHUNKS_AT_ONCE = 16
"""Chunks that are written at the same time, where a service reports all at once."""
REFERENCE_KEY = "upload"
UNKNOWN_TYPE = "application/octet-stream"

CommitError = CatalogError | ContentOutOfReach | UnauthenticatedContent
"""Why the content of an upload gets no name."""


class ObjectWriter:
    """Writes the objects of uploads, and refers to them while the uploads run."""

    def __init__(
        self,
        catalog: Catalog,
        references: TemporaryReferences,
        journal: ChunkJournal,
        *,
        retry: CatalogRetry,
        clock: Callable[[], float],
    ) -> None:
        """`clock`: seconds since the Unix epoch."""
        self._catalog = catalog
        self._references = references
        self._journal = journal
        self._retry = retry
        self._clock = clock

    async def begin(self, uploads: Sequence[RequestedUpload], envelope: EnvelopeKind) -> None:
        """Writes the objects that uploads fill. May be repeated. Raises `CatalogError`."""
        now = self._clock()
        drafts = [
            StoredObject(
                id=UUID(requested.upload_id),
                size=requested.size,
                chunk_size=requested.chunk_size,
                chunk_count=requested.chunk_count,
                envelope=envelope,
                state=ObjectState.UPLOADING,
                mime_type="",
                hash="",
                created_at=now,
                modified_at=requested.modified_at,
            )
            for requested in uploads
        ]
        holds = [self._references.begin(draft.id, REFERENCE_KEY) for draft in drafts]
        await self._catalog.begin_objects(drafts, holds)

    async def hold(self, upload_id: str) -> None:
        """Refers to an object that is there already. Raises `ObjectMissing`, `CatalogUnavailable`."""
        reference = self._references.begin(UUID(upload_id), REFERENCE_KEY)
        await self._catalog.hold(reference)

    async def write(self, requested: RequestedUpload, content: BaseContent) -> None:
        """Writes an object with all of its chunks. Raises `CatalogError`; then they are garbage."""
        locations = tuple(content.locations(requested))
        try:
            await self._retry.committing(lambda: self.begin([requested], content.envelope))
            await self._write_chunks(locations)
        except CatalogError:
            self._journal.discard([location.message for location in locations])
            raise

    async def release(self, upload_id: str) -> None:
        """Stops referring to an object: it is garbage unless a file refers to it."""
        try:
            await self._retry.committing(
                lambda: self._references.release(UUID(upload_id), REFERENCE_KEY)
            )
        except CatalogError as error:
            log.warning("temporary-reference-not-released", code=error.code)

    async def _write_chunks(self, locations: tuple[ChunkLocation, ...]) -> None:
        free = asyncio.Semaphore(CHUNKS_AT_ONCE)

        async def write(location: ChunkLocation) -> None:
            async with free:
                await self._retry.committing(
                    lambda: self._catalog.add_message(location.message, [location.chunk])
                )

        writing = [asyncio.create_task(write(location)) for location in locations]
        try:
            await asyncio.gather(*writing)
        finally:
            await cancel_and_wait(*writing)


class FileCommitter:
    """Gives stored objects their names."""

    def __init__(
        self,
        catalog: Catalog,
        references: TemporaryReferences,
        destinations: DestinationTracker,
        readability: ReadabilityCheck,
        retry: CatalogRetry,
        *,
        takes_base_content: bool,
        quotas: QuotaCheck,
        permissions: PermissionCheck,
        versions: int,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has the files.
            references: Have kept the content alive so far.
            destinations: Follows folders that move.
            readability: Checks that content can be read.
            retry: How calls of the catalog are retried.
            takes_base_content: Whether content is committed that a base-protocol service has sealed.
            quotas: Refuses early what would be too much.
            permissions: Refuses early what goes where its user may not write.
            versions: Earlier contents that are kept of a file; 0 keeps none.
        """
        self._catalog = catalog
        self._references = references
        self._takes_base_content = takes_base_content
        self._readability = readability
        self._retry = retry
        self._versions = versions
        self.destinations = destinations
        self.quotas = quotas
        self.permissions = permissions

    def require_authenticated(self, envelope: EnvelopeKind) -> None:
        """Raises `UnauthenticatedContent` for content whose bytes nobody could verify, unless it is taken."""
        if not (self._takes_base_content or envelope is EnvelopeKind.V1):
            raise UnauthenticatedContent

    async def check(self, upload: Upload) -> None:
        """Raises `IsAFolder`, `NotAFolder`, `QuotaExceeded` for an upload whose commit would fail.

        The commit decides; for one chunk the check of its path costs as much as sending it in vain.
        """
        requested = upload.requested
        await self.quotas.require(requested, upload.destination.path)
        if requested.chunk_count == 1:
            return
        try:
            await self._catalog.check_place(upload.destination.path, requested.name)
        except IsAFolder:
            if requested.do_overwrite:
                raise

    async def commit_all(
        self,
        orders: Sequence[tuple[Upload, effects.Commit]],
        *,
        permit: Permit,
        began_at: float,
    ) -> list[CommittedFile | CommitError]:
        """Completes objects of one client and gives them their names, each as `commit` does.

        What fails for one of them is its answer. Raises `CatalogUnavailable` when the catalog takes none.

        Args:
            orders: the uploads and what is to be done with them.
            permit: says which files may be replaced at that moment.
            began_at: when the uploads began, in seconds since the Unix epoch.
        """
        return await self._retry.committing(lambda: self._commit_all_once(orders, permit, began_at))

    async def _commit_all_once(
        self, orders: Sequence[tuple[Upload, effects.Commit]], permit: Permit, began_at: float
    ) -> list[CommittedFile | CommitError]:
        objects = [UUID(upload.requested.upload_id) for upload, _ in orders]
        while True:
            lost, unreadable = await self._readability.unreadable(objects, began_at=began_at)
            async with self.destinations.committing():
                if self._readability.is_current(lost):
                    due = [
                        self._upload_commit(upload, commit, permit, commit.content_hash)
                        for object_id, (upload, commit) in zip(objects, orders, strict=True)
                        if object_id not in unreadable
                    ]
                    committed = iter(await self._commit_readable(due))
                    return [unreadable.get(each) or next(committed) for each in objects]

    async def _commit_readable(
        self, uploads: Sequence[UploadCommit]
    ) -> list[CommittedFile | CatalogError]:
        outcomes = await self._catalog.commit_uploads(uploads)
        for upload, outcome in zip(uploads, outcomes, strict=True):
            if isinstance(outcome, CommittedFile):
                self._references.released(upload.object_id, REFERENCE_KEY)
        return outcomes

    async def commit(
        self, upload: Upload, commit: effects.Commit, *, permit: Permit
    ) -> CommittedFile:
        """Completes the object, gives it its name and releases it. May be repeated.

        `permit` says which files may be replaced at that moment, whenever the client decided about it.
        Raises `CatalogError`, `ContentOutOfReach`, `UnauthenticatedContent`; then nothing is released.
        """
        return await self._retry.committing(lambda: self._commit_once(upload, commit, permit))

    async def _commit_once(
        self, upload: Upload, commit: effects.Commit, permit: Permit
    ) -> CommittedFile:
        while True:
            lost = await self._readability.require(UUID(upload.requested.upload_id))
            async with self.destinations.committing():
                if self._readability.is_current(lost):
                    hash_hex = commit.content_hash or await self._hash_of(upload)
                    due = self._upload_commit(upload, commit, permit, hash_hex)
                    committed = await self._catalog.commit_upload(due)
                    self._references.released(due.object_id, REFERENCE_KEY)
                    return committed

    def _upload_commit(
        self, upload: Upload, commit: effects.Commit, permit: Permit, hash_hex: str
    ) -> UploadCommit:
        requested, destination = upload.requested, upload.destination
        return UploadCommit(
            object_id=UUID(requested.upload_id),
            mime_type=commit.mime_type,
            hash_hex=hash_hex,
            folder=destination.path,
            name=requested.name,
            owner_id=requested.user_id,
            is_public=requested.is_public,
            # A file in the parent is not the one that would have the name in the folder asked for.
            on_conflict=RenameOnConflict()
            if destination.is_truncated
            else _for_catalog(commit.on_conflict, permit),
            hold=self._references.name_of(REFERENCE_KEY),
            keep_versions=self._versions,
        )

    async def _hash_of(self, upload: Upload) -> str:
        """The hash of content that several services have stored, from its journalled chunks.

        The upload was begun by an earlier run, or by another manager. Raises `UnauthenticatedContent`
        for content of a kind that is not taken, and when the digest of any chunk is not there.
        """
        object_id = UUID(upload.requested.upload_id)
        content = await self._catalog.object_by_id(object_id)
        if content is not None:
            self.require_authenticated(content.envelope)
        chunks = journalled_chunks(
            lambda first, limit: self._catalog.chunks(object_id, first=first, limit=limit)
        )
        digests = [chunk.digest async for chunk in chunks]
        known = [digest for digest in digests if digest is not None]
        if len(known) < len(digests):
            raise UnauthenticatedContent
        return content_hash(known)


class EmptyFileCommitter:
    """Makes files of 0 bytes: no service is needed, and nothing is posted."""

    def __init__(
        self,
        catalog: Catalog,
        destinations: DestinationTracker,
        changes: ChangeFeed,
        *,
        retry: CatalogRetry,
        clock: Callable[[], float],
    ) -> None:
        """`clock`: seconds since the Unix epoch."""
        self._catalog = catalog
        self._destinations = destinations
        self._changes = changes
        self._retry = retry
        self._clock = clock

    async def commit(
        self,
        owner_id: int,
        folder: tuple[str, ...],
        name: str,
        *,
        modified_at: float | None = None,
    ) -> None:
        """Makes a file. Raises `NameTaken`, `IsAFolder`, `NotAFolder`, `CatalogUnavailable`."""
        draft, destination = self._draft(modified_at), DestinationFolder(folder)
        self._destinations.track(destination)
        try:
            await self._retry.answering(
                lambda: self._commit_once(draft, destination, owner_id, name)
            )
        finally:
            self._destinations.untrack(destination)

    def _draft(self, modified_at: float | None) -> StoredObject:
        return StoredObject(
            id=uuid4(),
            size=0,
            chunk_size=CHUNK_SIZE,
            chunk_count=0,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=self._clock(),
            modified_at=modified_at,
        )

    async def _commit_once(
        self, draft: StoredObject, destination: DestinationFolder, owner_id: int, name: str
    ) -> None:
        """May be repeated with the same draft: the catalog knows it again."""
        async with self._destinations.committing():
            with self._changes.expecting():
                committed = await self._catalog.commit_upload(
                    UploadCommit(
                        object_id=draft.id,
                        draft=draft,
                        mime_type=type_by_name(name),
                        hash_hex=content_hash(()),
                        folder=destination.path,
                        name=name,
                        owner_id=owner_id,
                        is_public=False,
                        on_conflict=FailOnConflict(),
                    )
                )
                self._changes.file_committed(committed)


def type_by_name(name: str) -> str:
    """The MIME type that the name of a file says."""
    return guess_type(name)[0] or UNKNOWN_TYPE


def _for_catalog(on_conflict: effects.OnConflict, permit: Permit) -> OnConflict:
    match on_conflict:
        case effects.ReplaceFile(file_id):
            return OverwriteOnConflict(file_id, permit)
        case effects.NumberName():
            return RenameOnConflict()
        case effects.FailIfTaken():
            return FailOnConflict()
