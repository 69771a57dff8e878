"""Runs uploads: carries out what the `Upload` machine decides.

An event moves the machine at once, so that its state is always true; the effects are carried out in order,
by one task per upload. Nothing blocks that task: answers of the service, the client and the catalog come
back as events. So a service is free, and its client notified, however long the catalog takes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from mimetypes import guess_type
from typing import Any, Protocol

import structlog
from msgspec.structs import asdict

from catalog.errors import CatalogError, ObjectMissing
from catalog.port import CommittedFile
from catalog.records import EnvelopeKind, KeptUpload, KeptUploadState
from common.log_events import bound_ids
from common.tasks import BackgroundTasks
from manager.connections.clients import ClientSession
from manager.errors import ContentOutOfReach, IllegalTransition
from manager.files.changes import ChangeFeed, ExpectedChange
from manager.files.rights import FileOperation, permit_for
from manager.files.upload_requests import RequestedUpload
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.services.reports import BaseContent, ChunkTarget
from manager.uploads import effects
from manager.uploads.assignment import ServiceAssignment, StartPacket, ask_service
from manager.uploads.committing import UNKNOWN_TYPE, FileCommitter, ObjectWriter
from manager.uploads.effects import (
    FAILED_HERE,
    Rejection,
    Retry,
    refused_by_service,
)
from manager.uploads.kept import KeptUploadRegistry, Resumption
from manager.uploads.messages import UploadMessages
from manager.uploads.outcomes import UploadEvent, event_of, rejection_of
from manager.uploads.overwrites import Action, OverwriteQueue
from manager.uploads.state_machine import Upload
from manager.uploads.transitions import UploadState
from protocol import generic, s2u
from protocol.packet import Packet
from protocol.values import format_path
from storage.errors import UnauthenticatedContent

log = structlog.get_logger(__name__)

INTERNAL_ERROR = 1011


class ClientUpload(Protocol):
    """An upload, a bundle, or a file of a bundle."""

    def abort(self) -> None:
        """The client aborts it. Raises `IllegalTransition` when it is too late."""

    def decided(self, action: Action) -> None:
        """The client, or its standing answer, has decided about the taken name."""

    def ask_again(self) -> None:
        """The client takes the question about the taken name for settled, and it is not."""

    def client_left(self) -> None:
        """The client has disconnected."""


@dataclass(slots=True, eq=False)
class ClientUploads:
    """The uploads of one connected client.

    Attributes:
        client: the client.
        overwrites: what the client was asked about taken names.
        running: its uploads and bundles that have not ended, by id.
    """

    client: ClientSession
    overwrites: OverwriteQueue = field(default_factory=OverwriteQueue)
    running: "dict[str, ClientUpload]" = field(default_factory=dict)


class RunningUpload:
    """One upload of one client on one service, from the request to its end."""

    def __init__(
        self,
        requested: RequestedUpload,
        siblings: ClientUploads,
        slot: UploadSlot | None,
        resumption: Resumption | None,
        *,
        reply: Callable[[Packet], None],
        objects: ObjectWriter,
        committer: FileCommitter,
        kept_uploads: KeptUploadRegistry,
        running: "dict[str, RunningUpload]",
        slots: UploadSlotRegistry,
        changes: ChangeFeed,
        tasks: BackgroundTasks,
        wake_reaper: Callable[[], None],
    ) -> None:
        """Takes what it uses.

        Args:
            requested: What the client has requested, now or when the upload began.
            siblings: All uploads of the client.
            slot: Where it runs first; None for one of which no chunk is missing.
            resumption: The kept upload that goes on; None for a new upload.
            reply: Answers the client's request.
            objects: Writes the content.
            committer: Gives it its name.
            kept_uploads: Keeps it.
            running: The kept uploads that run, by id.
            slots: Where to find another slot.
            changes: What clients hear of the file.
            tasks: Runs everything.
            wake_reaper: Called when garbage is left.
        """
        self.requested = requested
        self._resumption = resumption
        self._kept = None if resumption is None else resumption.kept
        self._upload = Upload(requested, is_kept=resumption is not None)
        self._siblings = siblings
        self._client = siblings.client
        missing = None if resumption is None else resumption.missing
        self.messages = UploadMessages(self._upload, self._client, reply, missing)
        self._objects = objects
        self._committer = committer
        self._kept_uploads = kept_uploads
        self._kept_running = running
        self._slots = slots
        self._changes = changes
        self._tasks = tasks
        self._wake_reaper = wake_reaper
        self._assignment = (
            None
            if slot is None
            else ServiceAssignment(
                self,
                slot,
                slots,
                tasks,
                is_wanted=lambda: self._upload.is_requested,
                on_answer=self._service_answered,
            )
        )
        self._effects: deque[effects.Effect] = deque()
        self._has_effects = asyncio.Event()
        self._defect: Exception | None = None
        self._is_prepared = asyncio.Event()
        self._content: BaseContent | None = None
        self._committed: CommittedFile | None = None
        self._announced: ExpectedChange | None = None
        self._parked: effects.Park | None = None
        self._finished = asyncio.Event()
        self._is_cleaned_up = asyncio.Event()
        self._carry_out: dict[type, Callable[[Any], None]] = {
            effects.TellAccepted: self._tell_accepted,
            effects.TellRejected: lambda effect: self.messages.send_rejected(effect.rejection),
            effects.TellStageFinish: self.messages.send_stage_finish,
            effects.TellFinish: self.messages.send_finish,
            effects.TellParked: self.messages.send_parked,
            effects.Park: self._note_progress,
            effects.AskClient: self._ask_client,
            effects.ClosePrompt: self._close_prompt,
            effects.AbortService: self._abort_service,
            effects.FreeService: self._free_service,
            effects.Commit: self._commit,
            effects.AnnounceFile: self._announce,
            effects.ReleaseReference: self._release,
        }

    @property
    def layout(self) -> RequestedUpload:
        """How the content is cut into chunks."""
        return self.requested

    @property
    def client_id(self) -> str:
        """The connection of the client."""
        return self.requested.client

    @property
    def chunk_size(self) -> int:
        """Bytes of its chunks."""
        return self.layout.chunk_size

    @property
    def is_bundle(self) -> bool:
        """Whether it is a bundle."""
        return False

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""
        return self._upload.takes_chunks

    def chunk_target(self, upload_id: str) -> ChunkTarget | None:
        """Itself, if a chunk that is reported now for that upload belongs to it."""
        is_its_own = upload_id == self.requested.upload_id
        return self if is_its_own and self.takes_chunks else None

    @property
    def is_resumed(self) -> bool:
        """Whether chunks of it were stored before."""
        return self._resumption is not None

    @property
    def has_ended(self) -> bool:
        """Whether this run is over; what it leaves behind may still be written."""
        return self._upload.is_over

    @property
    def is_sent(self) -> bool:
        """Whether a client sends chunks of it now, or is about to."""
        return self._upload.is_on_service

    def start(self) -> None:
        """Begins; the request is answered once the service has said whether it accepts the upload."""
        self._siblings.running[self.requested.upload_id] = self
        if self._kept is not None:
            self._register_kept(self._kept)
        else:
            self._committer.quotas.began(self.requested)
        self._committer.destinations.track(self._upload.destination)
        self._siblings.overwrites.began(self.requested.upload_id)
        with bound_ids(upload=self.requested.upload_id):
            self._tasks.spawn(self._run(), f"upload {self.requested.upload_id}")

    # Events of the client

    def abort(self) -> None:
        """The client aborts the upload. Raises `IllegalTransition` when it is too late."""
        self._queue(self._upload.abort_requested())

    def park(self) -> None:
        """The client leaves the upload, which is kept. Raises `IllegalTransition` when it is not."""
        self._queue(self._upload.park_requested())

    def decided(self, action: Action) -> None:
        """The client, or its standing answer, has decided about the taken name."""
        self._move(lambda upload: upload.decision(action))

    def ask_again(self) -> None:
        """The client takes the question about the taken name for settled, and it is not."""
        self.messages.send_prompt()

    def client_left(self) -> None:
        """The client has disconnected."""
        self._move(Upload.client_left)

    async def keep(self, fingerprint: str) -> None:
        """Keeps the upload from now on.

        Raises `IllegalTransition` when it is too late, or when its service reports chunks only at the
        end; also `CatalogError`.
        """
        slot, user_id = self._slot, self.requested.user_id
        if slot is None or slot.channel_id is not None or user_id is None:
            raise IllegalTransition("not-keepable", "uploads to this service cannot be kept")
        if self._kept is not None:
            return
        await self._is_prepared.wait()
        kept = await self._kept_uploads.keep(self._upload, user_id, fingerprint)
        try:
            self._upload.keep()
        except IllegalTransition:
            await self._kept_uploads.end(kept)
            raise
        if self._kept is None:
            self._kept = kept
            self._register_kept(kept)
            self._note_service(kept)

    def _note_service(self, kept: KeptUpload) -> None:
        if self._slot is not None and self._slot.credential_id is not None:
            noting = self._kept_uploads.note_service(kept, self._slot.credential_id)
            self._spawn(noting, "note the service of a kept upload")

    def _register_kept(self, kept: KeptUpload) -> None:
        self._kept_running[self.requested.upload_id] = self
        self._committer.quotas.ended(self.requested)
        self._kept_uploads.began(kept)

    async def hand_over(self) -> None:
        """Ends this run, so that another one can begin; returns once nothing is left of this one.

        A file that is being committed is committed first.
        """
        self._move(Upload.taken_over)
        await self._finished.wait()
        await self._is_cleaned_up.wait()

    # Events of the service

    def first_chunk_seen(self, mime_type: str) -> None:
        """The service has found out the MIME type; the catalog notes that of a kept upload."""
        self._upload.type_found(mime_type)
        if self._kept is not None:
            noting = self._kept_uploads.park(self._kept, KeptUploadState.UPLOADING, mime_type)
            self._spawn(noting, "note the type of a kept upload")

    def service_finished(
        self, content_hash: str, mime_type: str, content: BaseContent | None = None
    ) -> None:
        """The service has stored every chunk; `content`: those that are not journalled yet."""
        self._content = content
        self._move(lambda upload: upload.service_finished(content_hash, mime_type))

    def service_failed(self, reason: str) -> None:
        """The service could not store the content."""
        self._move(lambda upload: upload.service_failed(reason))

    def service_lost(self) -> None:
        """The service has disconnected, and is out of its client's booking."""
        if self._assignment is not None:
            self._assignment.slot_lost(lambda: self._move(Upload.service_lost))

    def _service_answered(self, answer: generic.Boolean) -> None:
        if answer.success:
            self._move(Upload.service_accepted)
        else:
            reason = answer.message or "the upload service refused the upload"
            self._move(lambda upload: upload.service_refused(refused_by_service(reason)))

    # From event to effect

    def _move(self, event: UploadEvent) -> None:
        """Moves the machine at once and queues the effects; an event that comes too late is dropped."""
        try:
            self._queue(event(self._upload))
        except IllegalTransition as error:
            log.debug("upload-event-late", upload=self.requested.upload_id, reason=error.message)

    def _queue(self, following: list[effects.Effect]) -> None:
        self._effects.extend(following)
        self._has_effects.set()

    async def _run(self) -> None:
        upload_id = self.requested.upload_id
        try:
            log.debug(
                "upload-began",
                size=self.requested.size,
                service=self._slot and self._slot.id,
                is_resumed=self._resumption is not None,
            )
            self._spawn(self._begin(), "begin an upload")
            await self._carry_out_effects()
        except Exception:
            log.exception("upload-defect", upload=upload_id)
            await self._fail()
        finally:
            self._close_announced()
            self.messages.send_rejected(FAILED_HERE)
            self._siblings.running.pop(upload_id, None)
            self._committer.destinations.untrack(self._upload.destination)
            self._committer.quotas.ended(self.requested)
            self._siblings.overwrites.ended(upload_id)
            if self._assignment is not None:
                self._assignment.leave()
            self._finished.set()

    async def _carry_out_effects(self) -> None:
        """Returns once none is left and none will follow. Raises a defect in work beside them."""
        while True:
            while self._effects:
                effect = self._effects.popleft()
                log.debug("upload-step", step=type(effect).__name__)
                self._carry_out[type(effect)](effect)
            if self._defect is not None:
                raise self._defect
            if self._upload.is_over:
                return
            self._has_effects.clear()
            await self._has_effects.wait()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs what takes time beside the effects; a defect in it ends the upload."""
        self._tasks.spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            if self._upload.is_over:
                # No effect is carried out any more, and the client has been told the end.
                log.exception("late-upload-work-failed", upload=self.requested.upload_id)
            else:
                self._defect = error
                self._has_effects.set()

    async def _fail(self) -> None:
        """After a defect of our own: tells the client, and disconnects the service."""
        if self.messages.lacks_end:
            self.messages.send_finish(effects.TellFinish(success=False, reason=FAILED_HERE.reason))
        self._siblings.overwrites.drop(self.requested.upload_id)
        self._tasks.spawn(self._clean_up(), "clean up after an upload")
        slot = self._slot
        if self._assignment is not None and slot is not None and slot.upload is self:
            self._assignment.leave()
            await slot.connection.close(INTERNAL_ERROR, "internal error")

    def _tell_accepted(self, _: effects.TellAccepted) -> None:
        if self._kept is not None:
            self._note_service(self._kept)
        self.messages.send_accepted(None if self._slot is None else self._slot.address)

    def _ask_client(self, _: effects.AskClient) -> None:
        standing = self._siblings.overwrites.ask(self.requested.upload_id)
        if standing is None:
            self.messages.send_prompt()
        else:
            self.decided(standing)

    def _close_prompt(self, _: effects.ClosePrompt) -> None:
        self._siblings.overwrites.drop(self.requested.upload_id)

    @property
    def _path(self) -> str:
        return format_path(self._upload.destination.path)

    @property
    def _slot(self) -> UploadSlot | None:
        return None if self._assignment is None else self._assignment.slot

    # Work on the service

    async def _begin(self) -> None:
        try:
            is_prepared = await self._prepare()
        finally:
            self._is_prepared.set()
        if not is_prepared or not self._upload.is_requested:
            return
        if self._assignment is None:
            self._move(lambda upload: upload.nothing_missing(self._known_type))
        else:
            await self._assignment.start(self._start_packet)

    async def _prepare(self) -> bool:
        """Writes the object into the catalog, so that no chunk is posted that it does not know.

        A base-protocol service reports its chunks at the end, so there the object is written then.
        False when the upload cannot begin.
        """
        rejection: Rejection | None = None
        try:
            # What is stored already is left to the commit, which ends the kept upload.
            if self._slot is not None:
                rejection = await self._committer.permissions.refusal(self._client, self._upload)
            if rejection is None:
                await self._prepare_object()
                return True
        except ObjectMissing as error:
            rejection = Rejection("upload-gone", str(error), Retry.NEVER)
        except CatalogError as error:
            rejection = rejection_of(error)
        refused = rejection
        self._move(lambda upload: upload.service_refused(refused))
        return False

    async def _prepare_object(self) -> None:
        if self._resumption is not None:
            await self._objects.hold(self.requested.upload_id)
            return
        await self._committer.check(self._upload)
        if self._slot is not None and self._slot.channel_id is None:
            await self._objects.begin([self.requested], EnvelopeKind.V1)

    def _start_packet(self, slot: UploadSlot) -> StartPacket:
        """What the slot is sent, with the key of the object if it takes such keys."""
        requested, resumption = self.requested, self._resumption
        object_key = self._slots.object_key_for(slot, requested.upload_id)
        start = s2u.UploadStart(
            name=requested.name,
            path=self._path,
            size=requested.size,
            client=requested.client,
            upload_id=requested.upload_id,
            chunk_size=requested.chunk_size,
        )
        if resumption is not None:
            is_first_stored = not resumption.missing or resumption.missing[0].first > 0
            return s2u.UploadContinue(
                **asdict(start),
                missing=resumption.missing,
                type=self._known_type if is_first_stored else None,
                object_key=object_key,
            )
        if object_key is not None:
            return s2u.UploadStartWithKey(**asdict(start), object_key=object_key)
        return start

    @property
    def _known_type(self) -> str:
        """What a service has found out about a resumed upload; else what its name says."""
        found = None if self._kept is None else self._kept.mime_type
        return found or guess_type(self.requested.name)[0] or UNKNOWN_TYPE

    def _abort_service(self, _: effects.AbortService) -> None:
        self._spawn(self._stop_service(), "abort an upload on its service")

    async def _stop_service(self) -> None:
        assignment = self._assignment
        if (
            assignment is None
            or not assignment.is_asked
            or await ask_service(assignment.slot, s2u.UploadAbort()) is not None
        ):
            self._move(Upload.service_stopped)

    def _free_service(self, _: effects.FreeService) -> None:
        if self._assignment is not None:
            self._assignment.leave()
            self._slots.upload_ended(self._assignment.slot)

    # Work on the catalog

    def _commit(self, commit: effects.Commit) -> None:
        self._spawn(self._enter(commit), "commit an upload")

    async def _enter(self, commit: effects.Commit) -> None:
        """Completes the object and gives it its name; the outcome comes back as an event."""
        expected = self._changes.expect()
        try:
            committed = await self._commit_content(commit)
        except (CatalogError, ContentOutOfReach, UnauthenticatedContent) as error:
            self._move(event_of(error))
        else:
            self._committed = committed
            self._move(lambda upload: upload.commit_done(committed.file.name))
        finally:
            if self._committed is None or self._finished.is_set():
                expected.close()
            else:
                self._announced = expected

    async def _commit_content(self, commit: effects.Commit) -> CommittedFile:
        content, self._content = self._content, None
        if content is not None:
            await self._objects.write(self.requested, content)
            self._committer.require_authenticated(content.envelope)
        permit = permit_for(self._client.user, FileOperation.OVERWRITE)
        return await self._committer.commit(self._upload, commit, permit=permit)

    def _announce(self, _: effects.AnnounceFile) -> None:
        if self._committed is not None:
            self._changes.file_committed(self._committed)
            self._close_announced()

    def _close_announced(self) -> None:
        if self._announced is not None:
            self._announced.close()

    def _note_progress(self, effect: effects.Park) -> None:
        self._parked = effect

    def _release(self, _: effects.ReleaseReference) -> None:
        self._tasks.spawn(self._clean_up(), "clean up after an upload")

    async def _clean_up(self) -> None:
        """Releases the content; what no file refers to is garbage then."""
        try:
            await self._release_content()
        finally:
            # Whoever resumes the upload sooner waits: the next run refers to the content as this one did.
            if self._kept_running.get(self.requested.upload_id) is self:
                del self._kept_running[self.requested.upload_id]
            if self._kept is not None:
                self._kept_uploads.ended(self._kept)
            self._is_cleaned_up.set()

    async def _release_content(self) -> None:
        # The temporary reference may still be on its way into the catalog.
        await self._is_prepared.wait()
        if self._kept is not None:
            await self._end_kept(self._kept)
        if self._committed is None:
            await self._objects.release(self.requested.upload_id)
        if self._committed is None or self._committed.replaced:
            # Otherwise nothing is left over, and looking for it costs more than the upload.
            self._wake_reaper()

    async def _end_kept(self, kept: KeptUpload) -> None:
        """Parks the kept upload, or keeps it no longer.

        One that was only rejected stays as it is; the commit of a file ends its kept upload itself.
        """
        if self._parked is not None:
            await self._kept_uploads.park(kept, self._parked.state, self._parked.mime_type)
        elif self._upload.state not in {UploadState.REJECTED, UploadState.COMMITTED}:
            await self._kept_uploads.end(kept)
