"""Runs uploads: carries out what the `Upload` machine decides.

An event moves the machine at once, so that its state is always true; the effects are carried out in order,
by one task per upload. Nothing blocks that task: answers of the service, the client and the catalog come
back as events. So a service is free, and its client notified, however long the catalog takes.

All packets about an upload go out through the client's connection at the moment of their effect, the reply
to the request like the others. So they arrive in that order: what comes after the reply finds a client that
knows the upload's id.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog

from catalog.errors import (
    CatalogError,
    CatalogFaulty,
    IsAFolder,
    NameTaken,
    NotAFolder,
    NotPermitted,
)
from catalog.port import CommittedFile
from catalog.records import EnvelopeKind
from common.log_events import bound_ids
from common.tasks import BackgroundTasks
from manager.connections.clients import ClientSession
from manager.error_texts import log_level, public_text
from manager.errors import ContentOutOfReach, IllegalTransition
from manager.files.changes import ChangeFeed, ExpectedChange
from manager.files.rights import FileOperation, permit_for
from manager.files.upload_requests import RequestedUpload
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.services.reports import BaseContent
from manager.uploads import effects
from manager.uploads.assignment import ServiceAssignment, ask_service
from manager.uploads.committing import FileCommitter, ObjectWriter
from manager.uploads.effects import (
    CATALOG_AWAY,
    FAILED_HERE,
    Rejection,
    Retry,
    refused_by_service,
)
from manager.uploads.overwrites import Action, OverwriteQueue
from manager.uploads.state_machine import Upload
from protocol import generic, s2c, s2u
from protocol.extensions import REJECTIONS
from protocol.packet import Packet
from protocol.values import format_path

log = structlog.get_logger(__name__)

INTERNAL_ERROR = 1011

UploadEvent = Callable[[Upload], list[effects.Effect]]


@dataclass(slots=True, eq=False)
class ClientUploads:
    """The uploads of one connected client.

    Attributes:
        client: the client.
        overwrites: what the client was asked about taken names.
        running: its uploads that have not ended, by upload id.
    """

    client: ClientSession
    overwrites: OverwriteQueue = field(default_factory=OverwriteQueue)
    running: "dict[str, RunningUpload]" = field(default_factory=dict)


class UploadManager:
    """Starts uploads, and knows those of every client."""

    def __init__(
        self,
        objects: ObjectWriter,
        committer: FileCommitter,
        slots: UploadSlotRegistry,
        changes: ChangeFeed,
        tasks: BackgroundTasks,
        wake_reaper: Callable[[], None],
    ) -> None:
        self._objects = objects
        self._committer = committer
        self._slots = slots
        self._changes = changes
        self._tasks = tasks
        self._wake_reaper = wake_reaper
        self._clients: dict[str, ClientUploads] = {}

    def client_joined(self, client: ClientSession) -> None:
        """A client has connected."""
        self._clients[client.id] = ClientUploads(client)

    def client_left(self, client: ClientSession) -> None:
        """A client has disconnected: its uploads end, as far as they still can."""
        for upload in tuple(self._clients.pop(client.id).running.values()):
            upload.client_left()

    def of(self, client: ClientSession) -> ClientUploads:
        """The uploads of a client that is connected."""
        return self._clients[client.id]

    def start(
        self,
        client: ClientSession,
        slot: UploadSlot,
        requested: RequestedUpload,
        *,
        reply: Callable[[Packet], None],
    ) -> None:
        """Starts an upload on a slot; `reply` answers the request once the service has accepted it."""
        upload = RunningUpload(
            requested,
            self.of(client),
            slot,
            reply=reply,
            objects=self._objects,
            committer=self._committer,
            slots=self._slots,
            changes=self._changes,
            tasks=self._tasks,
            wake_reaper=self._wake_reaper,
        )
        upload.start()


class RunningUpload:
    """One upload of one client on one service, from the request to its end."""

    def __init__(
        self,
        requested: RequestedUpload,
        siblings: ClientUploads,
        slot: UploadSlot,
        *,
        reply: Callable[[Packet], None],
        objects: ObjectWriter,
        committer: FileCommitter,
        slots: UploadSlotRegistry,
        changes: ChangeFeed,
        tasks: BackgroundTasks,
        wake_reaper: Callable[[], None],
    ) -> None:
        """`siblings`: all uploads of the client; `reply` answers the client's request."""
        self.requested = requested
        self._upload = Upload(requested)
        self._siblings = siblings
        self._client = siblings.client
        self._reply = reply
        self._objects = objects
        self._committer = committer
        self._slots = slots
        self._changes = changes
        self._tasks = tasks
        self._wake_reaper = wake_reaper
        self._assignment = ServiceAssignment(
            self,
            slot,
            slots,
            tasks,
            is_wanted=lambda: self._upload.is_requested,
            on_answer=self._service_answered,
        )
        self._effects: deque[effects.Effect] = deque()
        self._has_effects = asyncio.Event()
        self._defect: Exception | None = None
        self._is_answered = False
        self._is_finish_sent = False
        self._is_prepared = asyncio.Event()
        self._content: BaseContent | None = None
        self._committed: CommittedFile | None = None
        self._announced: ExpectedChange | None = None
        self._is_finished = False
        self._carry_out: dict[type, Callable[[Any], None]] = {
            effects.TellAccepted: self._send_accepted,
            effects.TellRejected: lambda effect: self._send_rejected(effect.rejection),
            effects.TellStageFinish: self._send_stage_finish,
            effects.TellFinish: self._send_finish,
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
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""
        return self._upload.takes_chunks

    def start(self) -> None:
        """Begins; the request is answered once the service has said whether it accepts the upload."""
        self._siblings.running[self.requested.upload_id] = self
        self._committer.destinations.track(self._upload.destination)
        self._siblings.overwrites.began(self.requested.upload_id)
        with bound_ids(upload=self.requested.upload_id):
            self._tasks.spawn(self._run(), f"upload {self.requested.upload_id}")

    # Events of the client

    def abort(self) -> None:
        """The client aborts the upload. Raises `IllegalTransition` when it is too late."""
        self._queue(self._upload.abort_requested())

    def decided(self, action: Action) -> None:
        """The client, or its standing answer, has decided about the taken name."""
        self._move(lambda upload: upload.decision(action))

    def client_left(self) -> None:
        """The client has disconnected."""
        self._move(Upload.client_left)

    # Events of the service

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
        if not self._assignment.slot_lost():
            self._move(Upload.service_lost)

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
            log.debug("upload-event-late", upload=self.requested.upload_id, problem=error.message)

    def _queue(self, following: list[effects.Effect]) -> None:
        self._effects.extend(following)
        self._has_effects.set()

    async def _run(self) -> None:
        upload_id = self.requested.upload_id
        try:
            log.debug("upload-began", size=self.requested.size, service=self._assignment.slot.id)
            self._spawn(self._begin(), "begin an upload")
            await self._carry_out_effects()
        except Exception:
            log.exception("upload-defect", upload=upload_id)
            await self._fail()
        finally:
            self._is_finished = True
            self._close_announced()
            self._send_rejected(FAILED_HERE)
            self._siblings.running.pop(upload_id, None)
            self._committer.destinations.untrack(self._upload.destination)
            self._siblings.overwrites.ended(upload_id)
            self._assignment.leave()

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
        if self._is_answered and not self._is_finish_sent:
            self._send_finish(effects.TellFinish(success=False, reason=FAILED_HERE.reason))
        self._siblings.overwrites.drop(self.requested.upload_id)
        self._tasks.spawn(self._clean_up(), "clean up after an upload")
        slot = self._assignment.slot
        if slot.upload is self:
            self._assignment.leave()
            await slot.connection.close(INTERNAL_ERROR, "internal error")

    # Packets to the client

    def _send_accepted(self, _: effects.TellAccepted) -> None:
        requested = self.requested
        self._answer(
            s2c.UploadResponse(
                name=requested.name,
                path=self._path,
                accepted=True,
                chunk_size=requested.chunk_size,
                upload_id=requested.upload_id,
                upload_address=self._assignment.slot.address,
            )
        )

    def _send_rejected(self, rejection: Rejection) -> None:
        """Answers the request, unless it was answered before."""
        requested = self.requested
        self._answer(
            rejection_packet(
                self._client, rejection, requested.name, self._path, requested.chunk_size
            )
        )

    def _answer(self, response: Packet) -> None:
        if not self._is_answered:
            self._is_answered = True
            self._reply(response)

    def _send_stage_finish(self, effect: effects.TellStageFinish) -> None:
        self._client.connection.send(
            s2c.UploadStageFinish(
                upload_id=self.requested.upload_id,
                service_disconnect=True if effect.service_disconnect else None,
            )
        )

    def _send_finish(self, effect: effects.TellFinish) -> None:
        self._is_finish_sent = True
        self._client.connection.send(
            s2c.UploadFinishInfo(
                success=effect.success,
                upload_id=self.requested.upload_id,
                rename_target=effect.rename_target,
                reason=effect.reason,
            )
        )

    def _ask_client(self, _: effects.AskClient) -> None:
        standing = self._siblings.overwrites.ask(self.requested.upload_id)
        if standing is None:
            self.send_prompt()
        else:
            self.decided(standing)

    def send_prompt(self) -> None:
        """Asks the client, perhaps once more, what to do about the taken name."""
        self._client.connection.send(
            s2c.UploadOverwriteRequest(
                upload_id=self.requested.upload_id,
                file_name=self.requested.name,
                file_path=self._path,
            )
        )

    def _close_prompt(self, _: effects.ClosePrompt) -> None:
        self._siblings.overwrites.drop(self.requested.upload_id)

    @property
    def _path(self) -> str:
        return format_path(self._upload.destination.path)

    # Work on the service

    async def _begin(self) -> None:
        try:
            is_prepared = await self._prepare()
        finally:
            self._is_prepared.set()
        if is_prepared and self._upload.is_requested:
            await self._start_on_service()

    async def _prepare(self) -> bool:
        """Writes the object into the catalog, so that no chunk is posted that it does not know.

        A base-protocol service reports its chunks at the end, so there the object is written then.
        False when the upload cannot begin.
        """
        try:
            await self._committer.check(self._upload)
            if self._assignment.slot.channel_id is None:
                await self._objects.begin(self.requested, EnvelopeKind.V1)
        except (IsAFolder, NotAFolder) as error:
            rejection = Rejection(error.code, str(error), Retry.NEVER)
        except CatalogFaulty as error:
            rejection = Rejection(error.code, public_text(error), Retry.NEVER)
        except CatalogError as error:
            log.error("upload-not-prepared", code=error.code, problem=str(error))
            rejection = CATALOG_AWAY
        else:
            return True
        self._move(lambda upload: upload.service_refused(rejection))
        return False

    async def _start_on_service(self) -> None:
        requested = self.requested
        packet = s2u.UploadStart(
            name=requested.name,
            path=self._path,
            size=requested.size,
            client=requested.client,
            upload_id=requested.upload_id,
            chunk_size=requested.chunk_size,
        )
        await self._assignment.start(packet)

    def _abort_service(self, _: effects.AbortService) -> None:
        self._spawn(self._stop_service(), "abort an upload on its service")

    async def _stop_service(self) -> None:
        slot = self._assignment.slot
        if not self._assignment.is_asked or await ask_service(slot, s2u.UploadAbort()) is not None:
            self._move(Upload.service_stopped)

    def _free_service(self, _: effects.FreeService) -> None:
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
        except NameTaken as error:
            file_id = error.file.id
            self._move(lambda upload: upload.name_taken(file_id))
        except IsAFolder as error:
            reason = str(error)
            self._move(lambda upload: upload.name_taken_by_folder(reason))
        except (NotAFolder, ContentOutOfReach) as error:
            reason = str(error)
            self._move(lambda upload: upload.commit_failed(reason))
        except NotPermitted:
            self._move(Upload.overwrite_refused)
        except CatalogError as error:
            level = log_level(error)
            log.log(level, "file-not-committed", code=error.code, problem=str(error))
            reason = public_text(error)
            self._move(lambda upload: upload.commit_failed(reason))
        else:
            self._committed = committed
            self._move(lambda upload: upload.commit_done(committed.file.name))
        finally:
            if self._committed is None or self._is_finished:
                expected.close()
            else:
                self._announced = expected

    async def _commit_content(self, commit: effects.Commit) -> CommittedFile:
        content, self._content = self._content, None
        if content is not None:
            await self._objects.write(self.requested, content)
        permit = permit_for(self._client.user, FileOperation.OVERWRITE)
        return await self._committer.commit(self._upload, commit, permit=permit)

    def _announce(self, _: effects.AnnounceFile) -> None:
        if self._committed is not None:
            self._changes.file_committed(self._committed)
            self._close_announced()

    def _close_announced(self) -> None:
        if self._announced is not None:
            self._announced.close()

    def _release(self, _: effects.ReleaseReference) -> None:
        self._tasks.spawn(self._clean_up(), "clean up after an upload")

    async def _clean_up(self) -> None:
        """Releases the content; what no file refers to is garbage then."""
        # The temporary reference may still be on its way into the catalog.
        await self._is_prepared.wait()
        await self._objects.release(self.requested.upload_id)
        if self._committed is None or self._committed.replaced:
            # Otherwise nothing is left over, and looking for it costs more than the upload.
            self._wake_reaper()


def rejection_packet(
    client: ClientSession, rejection: Rejection, name: str, path: str, chunk_size: int
) -> Packet:
    """The reply to a client whose request for an upload is rejected.

    Base-protocol clients get the reason alone.
    """
    if REJECTIONS in client.extensions:
        return s2c.UploadRejection(
            code=rejection.code, reason=rejection.reason, retry=rejection.retry.value
        )
    return s2c.UploadResponse(
        name=name,
        path=path,
        accepted=False,
        # The protocol wants a chunk size and an id even here; they mean nothing.
        chunk_size=chunk_size,
        upload_id=str(uuid4()),
        rejection_reason=rejection.reason,
    )
