"""Uploads in action: what the `Upload` machine decides is carried out here.

An event moves the machine at once, so that its state is always true; what follows from it is carried out
in order, by one task per upload. Nothing holds that task up: what the service, the client and the catalog
answer comes back as events. So a service is free, and its client is told, however long the catalog takes.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from catalog.errors import (
    CatalogError,
    CatalogFaulty,
    IsAFolder,
    NameTaken,
    NotAFolder,
    NotPermitted,
)
from catalog.port import Catalog, CommittedFile
from catalog.records import EnvelopeKind
from common.tasks import BackgroundTasks
from manager.broadcast.changes import ChangeFeed, ExpectedChange
from manager.connections.clients import ClientSession
from manager.error_texts import log_level, public_text
from manager.errors import ContentOutOfReach, IllegalTransition
from manager.files.rights import Operation, permit_for
from manager.retrying import CatalogPatience
from manager.services.base_content import BaseContent
from manager.services.fleet import UploadFleet
from manager.services.upload_slots import UploadSlot
from manager.uploads import effects
from manager.uploads.assignment import ServiceAssignment, ask_service
from manager.uploads.committing import draft_of, enter_chunks, enter_upload
from manager.uploads.destinations import UploadPlaces
from manager.uploads.effect_queue import EffectQueue
from manager.uploads.holds import TemporaryHolds
from manager.uploads.journal import ChunkJournal
from manager.uploads.news import UploadNews
from manager.uploads.overwrites import Action
from manager.uploads.readability import ReadabilityCheck
from manager.uploads.rejections import (
    CATALOG_AWAY,
    FAILED_HERE,
    Rejection,
    Retry,
    refused_by_service,
)
from manager.uploads.state_machine import Upload, UploadFacts
from protocol import generic, s2u
from protocol.packet import Packet
from protocol.values import format_path

log = structlog.get_logger(__name__)

HOLD_KEY = "upload"
INTERNAL_ERROR = 1011

UploadEvent = Callable[[Upload], list[effects.Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadDesk:
    """What running an upload needs of the rest of the manager."""

    catalog: Catalog
    patience: CatalogPatience
    holds: TemporaryHolds
    fleet: UploadFleet
    changes: ChangeFeed
    journal: ChunkJournal
    places: UploadPlaces
    readability: ReadabilityCheck
    tasks: BackgroundTasks
    clock: Callable[[], float]
    nudge_reaper: Callable[[], None]


class RunningUpload:
    """One upload of one client on one service, from the request to its end."""

    def __init__(
        self,
        facts: UploadFacts,
        client: ClientSession,
        slot: UploadSlot,
        desk: UploadDesk,
        *,
        answer: Callable[[Packet], None],
    ) -> None:
        """`answer` sends the response to the client's request."""
        self.facts = facts
        self._upload = Upload(facts)
        self._client = client
        self._desk = desk
        self._assignment = ServiceAssignment(
            self,
            slot,
            desk.fleet,
            desk.tasks,
            is_wanted=lambda: self._upload.is_requested,
            on_answer=self._service_answered,
        )
        self._effects = EffectQueue()
        self._news = UploadNews(self._upload, client, answer)
        self._is_prepared = asyncio.Event()
        self._content: BaseContent | None = None
        self._committed: CommittedFile | None = None
        self._announced: ExpectedChange | None = None
        self._is_finished = False
        self._carry_out: dict[type, Callable[[Any], None]] = {
            effects.TellAccepted: self._tell_accepted,
            effects.TellRejected: self._tell_rejected,
            effects.TellStageFinish: self._tell_stage_finish,
            effects.TellFinish: self._news.finished,
            effects.AskClient: self._ask_client,
            effects.ClosePrompt: self._close_prompt,
            effects.AbortService: self._abort_service,
            effects.FreeService: self._free_service,
            effects.Commit: self._commit,
            effects.AnnounceFile: self._announce,
            effects.ReleaseHold: self._release_hold,
        }

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""
        return self._upload.takes_chunks

    def start(self) -> None:
        """Begins; the client's request is answered once the service has said whether it takes it."""
        self._client.uploads[self.facts.upload_id] = self
        self._desk.places.follow(self._upload.place)
        self._client.overwrites.began(self.facts.upload_id)
        self._desk.tasks.spawn(self._run(), f"upload {self.facts.upload_id}")

    def abort(self) -> None:
        """The client wants no more of it. Raises `IllegalTransition` when it is too late."""
        self._effects.extend(self._upload.abort_requested())

    def decided(self, action: Action) -> None:
        """The client, or its standing answer, says what to do about the taken name."""
        self._move(lambda upload: upload.decision(action))

    def ask(self) -> None:
        """Asks the client, perhaps once more, what to do about the taken name."""
        self._news.asked()

    def client_left(self) -> None:
        """The client is gone."""
        self._move(Upload.client_left)

    def service_finished(
        self, content_hash: str, mime_type: str, content: BaseContent | None = None
    ) -> None:
        """The service has stored every chunk; `content`: those that are not journalled yet."""
        self._content = content
        self._move(lambda upload: upload.service_finished(content_hash, mime_type))

    def service_failed(self, reason: str) -> None:
        """The service gave up."""
        self._move(lambda upload: upload.service_failed(reason))

    def service_lost(self) -> None:
        """The service is gone, and out of its client's booking."""
        if not self._assignment.slot_lost():
            self._move(Upload.service_lost)

    def _move(self, event: UploadEvent) -> None:
        """Moves the machine at once and queues what follows; an event that comes too late is dropped."""
        try:
            self._effects.extend(event(self._upload))
        except IllegalTransition as error:
            log.debug("an event came too late", upload=self.facts.upload_id, problem=error.message)

    async def _run(self) -> None:
        try:
            self._spawn(self._begin(), "begin an upload")
            async for effect in self._effects.until(lambda: self._upload.is_over):
                self._carry_out[type(effect)](effect)
        except Exception:
            log.exception("an upload failed", upload=self.facts.upload_id)
            await self._give_up()
        finally:
            self._is_finished = True
            self._close_announced()
            self._news.rejected(FAILED_HERE)
            self._client.uploads.pop(self.facts.upload_id, None)
            self._desk.places.leave(self._upload.place)
            self._client.overwrites.ended(self.facts.upload_id)
            self._assignment.leave()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs what takes time beside the effects; a defect in it ends the upload."""
        self._desk.tasks.spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            if self._upload.is_over:
                # Nobody takes effects any more, and nobody hears of an end a second time.
                log.exception("work for an upload that is over failed", upload=self.facts.upload_id)
            else:
                self._effects.fail(error)

    async def _give_up(self) -> None:
        """After a defect of our own: the client hears of it, and the service starts afresh."""
        if self._news.lacks_end:
            self._news.finished(effects.TellFinish(success=False, reason=FAILED_HERE.reason))
        self._client.overwrites.drop(self.facts.upload_id)
        self._desk.tasks.spawn(self._clean_up(), "clean up after an upload")
        slot = self._assignment.slot
        if slot.upload is self:
            self._assignment.leave()
            await slot.connection.close(INTERNAL_ERROR, "internal error")

    async def _begin(self) -> None:
        try:
            is_prepared = await self._prepare()
        finally:
            self._is_prepared.set()
        if is_prepared and self._upload.is_requested:
            await self._start_on_service()

    async def _prepare(self) -> bool:
        """Enters the object into the catalog, so that no chunk is posted that it does not know.

        A base-protocol service tells of its chunks at the end, so there the object comes with them.
        False when the upload cannot begin.
        """
        try:
            await self._check_place()
            if self._assignment.slot.channel_id is None:
                await self._begin_object(EnvelopeKind.V1)
        except (IsAFolder, NotAFolder) as error:
            rejection = Rejection(error.code, str(error), Retry.NEVER)
        except CatalogFaulty as error:
            rejection = Rejection(error.code, public_text(error), Retry.NEVER)
        except CatalogError as error:
            log.error("an upload could not be prepared", code=error.code, problem=str(error))
            rejection = CATALOG_AWAY
        else:
            return True
        self._move(lambda upload: upload.service_refused(rejection))
        return False

    async def _check_place(self) -> None:
        """Raises `IsAFolder`, `NotAFolder` for an upload that would be sent in vain.

        The commit decides; one chunk costs little more than a look beforehand.
        """
        if self.facts.chunk_count == 1:
            return
        try:
            await self._desk.catalog.check_place(self._upload.place.path, self.facts.name)
        except IsAFolder:
            if self.facts.do_overwrite:
                raise

    async def _begin_object(self, envelope: EnvelopeKind) -> None:
        draft = draft_of(self.facts, envelope, self._desk.clock())
        hold = self._desk.holds.begin(draft.id, HOLD_KEY)
        await self._desk.catalog.begin_object(draft, hold)

    async def _start_on_service(self) -> None:
        facts = self.facts
        packet = s2u.UploadStart(
            name=facts.name,
            path=format_path(self._upload.place.path),
            size=facts.size,
            client=facts.client,
            upload_id=facts.upload_id,
            chunk_size=facts.chunk_size,
        )
        await self._assignment.start(packet)

    def _service_answered(self, answer: generic.Boolean) -> None:
        if answer.success:
            self._move(Upload.service_accepted)
        else:
            reason = answer.message or "the upload service refused the upload"
            self._move(lambda upload: upload.service_refused(refused_by_service(reason)))

    def _tell_accepted(self, _: effects.TellAccepted) -> None:
        self._news.accepted(self._assignment.slot.address)

    def _tell_rejected(self, told: effects.TellRejected) -> None:
        self._news.rejected(told.rejection)

    def _tell_stage_finish(self, told: effects.TellStageFinish) -> None:
        self._news.stage_finished(service_disconnect=told.service_disconnect)

    def _ask_client(self, _: effects.AskClient) -> None:
        standing = self._client.overwrites.ask(self.facts.upload_id)
        if standing is None:
            self.ask()
        else:
            self.decided(standing)

    def _close_prompt(self, _: effects.ClosePrompt) -> None:
        self._client.overwrites.drop(self.facts.upload_id)

    def _abort_service(self, _: effects.AbortService) -> None:
        self._spawn(self._stop_service(), "abort an upload on its service")

    async def _stop_service(self) -> None:
        slot = self._assignment.slot
        if not self._assignment.is_asked or await ask_service(slot, s2u.UploadAbort()) is not None:
            self._move(Upload.service_stopped)

    def _free_service(self, _: effects.FreeService) -> None:
        self._assignment.leave()
        self._desk.fleet.upload_ended(self._assignment.slot)

    def _commit(self, commit: effects.Commit) -> None:
        self._spawn(self._enter(commit), "enter an upload")

    async def _enter(self, commit: effects.Commit) -> None:
        """Completes the object and gives it its name; the outcome comes back as an event."""
        expected = self._desk.changes.expect()
        try:
            await self._enter_content()
            committed = await self._desk.patience.committing(lambda: self._enter_file(commit))
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
            log.log(level, "a file could not be entered", code=error.code, problem=str(error))
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

    async def _enter_file(self, commit: effects.Commit) -> CommittedFile:
        desk, permit = self._desk, permit_for(self._client.user, Operation.OVERWRITE)
        while True:
            lost = await desk.readability.require(UUID(self.facts.upload_id))
            async with desk.places.entering():
                if desk.readability.is_current(lost):
                    return await enter_upload(desk.catalog, self._upload, commit, permit=permit)

    async def _enter_content(self) -> None:
        """Enters object and chunks, if the service told of them only now. Raises `CatalogError`."""
        content, self._content = self._content, None
        if content is None:
            return
        desk, locations = self._desk, tuple(content.locations(self.facts))
        try:
            await desk.patience.committing(lambda: self._begin_object(content.envelope))
            await enter_chunks(desk.catalog, desk.patience, locations)
        except CatalogError:
            desk.journal.discard([location.message for location in locations])
            raise

    def _announce(self, _: effects.AnnounceFile) -> None:
        if self._committed is not None:
            self._desk.changes.file_committed(self._committed)
            self._close_announced()

    def _close_announced(self) -> None:
        if self._announced is not None:
            self._announced.close()

    def _release_hold(self, _: effects.ReleaseHold) -> None:
        self._desk.tasks.spawn(self._clean_up(), "clean up after an upload")

    async def _clean_up(self) -> None:
        """Lets the content go; what no file refers to is garbage then."""
        # The hold may still be on its way into the catalog.
        await self._is_prepared.wait()
        object_id = UUID(self.facts.upload_id)
        try:
            await self._desk.patience.committing(
                lambda: self._desk.holds.release(object_id, HOLD_KEY)
            )
        except CatalogError as error:
            log.warning("a hold was not released and will expire", code=error.code)
        if self._committed is None or self._committed.replaced:
            # Otherwise nothing was left behind, and looking for it costs more than the upload.
            self._desk.nudge_reaper()
