"""Runs bundles: many small uploads of one client that go through one slot, one body and one commit.

Each file of a bundle is an `Upload` with the transitions of any other. An event that concerns the whole
bundle moves all of them; the effects are collected and carried out by kind, for all files at once. So a
bundle costs as many packets and calls of the catalog as one upload, and yet each file has an end of its
own: one that is rejected, fails, or meets a taken name holds up no other.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from catalog.errors import CatalogError
from catalog.port import CommittedFile
from catalog.records import EnvelopeKind
from common.log_events import bound_ids
from common.tasks import BackgroundTasks
from manager.connections.clients import ClientSession
from manager.errors import IllegalTransition
from manager.files.changes import ChangeFeed, ExpectedChange
from manager.files.rights import FileOperation, permit_for
from manager.files.upload_requests import DestinationFolder, FolderPath
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.services.reports import ChunkTarget
from manager.uploads import effects
from manager.uploads.assignment import ServiceAssignment, ask_service
from manager.uploads.bundle_files import (
    BundledFile,
    RequestedFile,
    bundle_response,
    end_of,
    event_of_commit,
    event_of_result,
)
from manager.uploads.committing import CommitError, FileCommitter, ObjectWriter
from manager.uploads.effects import FAILED_HERE, Rejection, Retry, refused_by_service
from manager.uploads.outcomes import UploadEvent, event_of, rejection_of
from manager.uploads.overwrites import Action
from manager.uploads.session import INTERNAL_ERROR, ClientUploads
from manager.uploads.state_machine import Upload
from protocol import generic, s2c, s2u, u2s
from protocol.packet import Packet
from protocol.values import CHUNK_SIZE, format_path

log = structlog.get_logger(__name__)

_Group = Sequence[tuple[BundledFile, Any]]


class RunningBundle:
    """One bundle of one client on one slot, from the request to the end of its last file."""

    def __init__(
        self,
        bundle_id: str,
        requested: Sequence[RequestedFile],
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
        began_at: float,
    ) -> None:
        """Takes what it uses.

        Args:
            bundle_id: Uuid of the bundle.
            requested: Its files, in the order of the request; some of them can be uploaded.
            siblings: All uploads of the client.
            slot: Where it runs first.
            reply: Answers the client's request.
            objects: Writes the contents.
            committer: Gives them their names.
            slots: Where to find another slot.
            changes: What clients hear of the files.
            tasks: Runs everything.
            wake_reaper: Called when garbage is left.
            began_at: Now, in seconds since the Unix epoch.
        """
        self.id = bundle_id
        self._siblings = siblings
        self._client: ClientSession = siblings.client
        self._reply = reply
        self._objects = objects
        self._committer = committer
        self._slots = slots
        self._changes = changes
        self._tasks = tasks
        self._wake_reaper = wake_reaper
        self._began_at = began_at
        self._destinations: dict[FolderPath, DestinationFolder] = {}
        self._answers = [self._file_of(each) for each in requested]
        self._files = {
            each.layout.upload_id: each for each in self._answers if isinstance(each, BundledFile)
        }
        self._assignment = ServiceAssignment(
            self,
            slot,
            slots,
            tasks,
            is_wanted=lambda: any(file.upload.is_requested for file in self._files.values()),
            on_answer=self._service_answered,
        )
        self._effects: list[tuple[BundledFile, effects.Effect]] = []
        self._has_effects = asyncio.Event()
        self._defect: Exception | None = None
        self._is_prepared = asyncio.Event()
        self._is_answered = self._is_end_sent = self._is_over = False
        self._is_stopping = self._is_committing = False
        self._to_commit: list[tuple[BundledFile, effects.Commit]] = []
        self._announced: list[ExpectedChange] = []
        self._carry_out: dict[type, Callable[[_Group], None]] = {
            effects.TellAccepted: lambda _: self._answer(),
            effects.TellRejected: self._reject,
            effects.TellStageFinish: self._tell_stage_finish,
            effects.TellFinish: self._tell_finish,
            effects.AskClient: self._ask_client,
            effects.ClosePrompt: self._close_prompts,
            effects.AbortService: self._abort_service,
            effects.FreeService: self._free_service,
            effects.Commit: self._commit,
            effects.AnnounceFile: self._announce,
            effects.ReleaseReference: self._release,
        }

    def _file_of(self, requested: RequestedFile) -> BundledFile | Rejection:
        if isinstance(requested, Rejection):
            return requested
        folder = self._destinations.setdefault(
            requested.folder, DestinationFolder(requested.folder)
        )
        return BundledFile(self, Upload(requested, destination=folder))

    # What its slot knows of it

    @property
    def client_id(self) -> str:
        """The connection of the client."""
        return self._client.id

    @property
    def is_resumed(self) -> bool:
        """Whether chunks of it were stored before."""
        return False

    @property
    def chunk_size(self) -> int:
        """A bundle has the bytes of a chunk of the usual size, at most."""
        return CHUNK_SIZE

    @property
    def is_bundle(self) -> bool:
        """Whether it is a bundle."""
        return True

    def chunk_target(self, upload_id: str) -> ChunkTarget | None:
        """The file of that id, if a chunk that is reported now belongs to it."""
        file = self._files.get(upload_id)
        return file if file is not None and file.takes_chunks else None

    def start(self) -> None:
        """Begins; the request is answered once the service has said whether it accepts the bundle."""
        self._siblings.running[self.id] = self
        for upload_id, file in self._files.items():
            self._committer.quotas.began(file.layout)
            self._siblings.overwrites.began(upload_id)
        for destination in self._destinations.values():
            self._committer.destinations.track(destination)
        with bound_ids(upload=self.id):
            self._tasks.spawn(self._run(), f"bundle {self.id}")

    # Events of the client

    def abort(self) -> None:
        """The client aborts all that can be. Raises `IllegalTransition` when nothing can."""
        if not self._move(self._files.values(), Upload.abort_requested):
            raise IllegalTransition("illegal-transition", "the files of this bundle are entered")

    def abort_file(self, file: BundledFile) -> None:
        """The client aborts one file: the others go on. Raises `IllegalTransition` when it is too late."""
        others = (each for each in self._files.values() if each is not file)
        if file.takes_chunks and any(each.takes_chunks for each in others):
            following = file.upload.withdrawn()
        else:
            following = file.upload.abort_requested()
        file.is_told_alone = True
        self._queue(file, following)

    def file_decided(self, file: BundledFile, action: Action) -> None:
        """It is decided what happens to a file whose name is taken."""
        self._move([file], lambda upload: upload.decision(action))

    def decided(self, action: Action) -> None:
        """The client is asked about files, never about a bundle."""

    def ask_again(self) -> None:
        """The client is asked about files, never about a bundle."""

    def client_left(self) -> None:
        """The client has disconnected."""
        self._move(self._files.values(), Upload.client_left)

    # Events of the service

    def service_finished(self, packet: u2s.BundleFinish) -> None:
        """The service has stored what was sent to it, or nothing."""
        if not packet.success:
            reason = packet.reason or "the upload service gave up"
            self._move(self._files.values(), lambda upload: upload.service_failed(reason))
            return
        results = {result.upload_id: result for result in packet.files or ()}
        for upload_id, file in self._files.items():
            self._move([file], event_of_result(results.get(upload_id)))

    def service_lost(self) -> None:
        """The service has disconnected, and is out of its client's booking."""
        self._assignment.slot_lost(self._lost)

    def _lost(self) -> None:
        self._move(self._files.values(), Upload.service_lost)

    def _service_answered(self, answer: generic.Boolean) -> None:
        if answer.success:
            self._move(self._files.values(), Upload.service_accepted)
        else:
            self._refuse(
                refused_by_service(answer.message or "the upload service refused the bundle")
            )

    def _refuse(self, rejection: Rejection, files: Iterable[BundledFile] | None = None) -> None:
        refused = self._files.values() if files is None else files
        self._move(refused, lambda upload: upload.service_refused(rejection))

    # From event to effect

    def _move(self, files: Iterable[BundledFile], event: UploadEvent) -> int:
        """Moves the files at once and queues the effects; returns how many the event did not miss."""
        moved = 0
        for file in files:
            try:
                self._queue(file, event(file.upload))
                moved += 1
            except IllegalTransition:
                continue
        return moved

    def _queue(self, file: BundledFile, following: list[effects.Effect]) -> None:
        self._effects.extend((file, effect) for effect in following)
        self._has_effects.set()

    async def _run(self) -> None:
        try:
            log.debug("bundle-began", files=len(self._files), service=self._assignment.slot.id)
            self._spawn(self._begin(), "begin a bundle")
            await self._carry_out_effects()
        except Exception:
            log.exception("bundle-defect", bundle=self.id)
            await self._fail()
        finally:
            self._is_over = True
            self._close_announced()
            self._siblings.running.pop(self.id, None)
            for destination in self._destinations.values():
                self._committer.destinations.untrack(destination)
            self._forget(self._files.values())
            self._assignment.leave()
            log.debug("bundle-ended")

    async def _carry_out_effects(self) -> None:
        """Returns once none is left and none will follow. Raises a defect in work beside them."""
        while True:
            while self._effects:
                queued, self._effects = self._effects, []
                groups: dict[type, list[tuple[BundledFile, effects.Effect]]] = {}
                for file, effect in queued:
                    groups.setdefault(type(effect), []).append((file, effect))
                for kind, group in groups.items():
                    log.debug("bundle-step", step=kind.__name__, files=len(group))
                    self._carry_out[kind](group)
            if self._defect is not None:
                raise self._defect
            if all(file.upload.is_over for file in self._files.values()):
                return
            self._has_effects.clear()
            await self._has_effects.wait()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Runs what takes time beside the effects; a defect in it ends the bundle."""
        self._tasks.spawn(self._guarded(work), name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - `_run` logs it
            self._defect = error
            self._has_effects.set()

    async def _fail(self) -> None:
        """After a defect of our own: tells the client, and disconnects the service."""
        open_files = [file for file in self._files.values() if file.end is None]
        end = effects.TellFinish(success=False, reason=FAILED_HERE.reason)
        if self._is_answered:
            self._tell_finish([(file, end) for file in open_files])
        else:
            self._reject([(file, effects.TellRejected(FAILED_HERE)) for file in open_files])
        for file in open_files:
            self._siblings.overwrites.drop(file.layout.upload_id)
        self._tasks.spawn(self._clean_up(open_files), "clean up after a bundle")
        slot = self._assignment.slot
        if slot.upload is self:
            self._assignment.leave()
            await slot.connection.close(INTERNAL_ERROR, "internal error")

    # What the client receives

    def _answer(self) -> None:
        self._is_answered = True
        address = self._assignment.slot.address
        for upload_id, file in self._files.items():
            if file.upload.is_on_service:
                self._siblings.running[upload_id] = file
        self._reply(bundle_response(self.id, self._answers, address))

    def _reject(self, group: _Group) -> None:
        for file, effect in group:
            file.rejection = effect.rejection
        if not self._is_answered and all(file.rejection for file in self._files.values()):
            self._is_answered = self._is_end_sent = True
            self._reply(bundle_response(self.id, self._answers, None))

    def _tell_stage_finish(self, group: _Group) -> None:
        effect = group[0][1]
        self._client.connection.send(
            s2c.UploadStageFinish(
                upload_id=self.id, service_disconnect=True if effect.service_disconnect else None
            )
        )

    def _tell_finish(self, group: _Group) -> None:
        for file, effect in group:
            file.end = effect
            if file.is_told_alone:
                self._client.connection.send(
                    s2c.UploadFinishInfo(
                        success=effect.success,
                        upload_id=file.layout.upload_id,
                        rename_target=effect.rename_target,
                        reason=effect.reason,
                    )
                )
        self._finish_if_settled()

    def _finish_if_settled(self) -> None:
        """Tells how the files ended once each has, or waits for an answer of the client."""
        if self._is_end_sent:
            return
        files = [file for file in self._files.values() if file.rejection is None]
        if all(file.is_told_alone or file.end is not None for file in files):
            self._is_end_sent = True
            self._client.connection.send(
                s2c.BundleFinished(bundle_id=self.id, files=tuple(end_of(file) for file in files))
            )

    def _ask_client(self, group: _Group) -> None:
        for file, _ in group:
            upload_id = file.layout.upload_id
            standing = self._siblings.overwrites.ask(upload_id)
            if standing is None:
                file.is_told_alone = True
                self.ask(file)
            else:
                self.file_decided(file, standing)
        self._finish_if_settled()

    def ask(self, file: BundledFile) -> None:
        """Asks the client, perhaps once more, what to do about the taken name of a file."""
        self._client.connection.send(
            s2c.UploadOverwriteRequest(
                upload_id=file.layout.upload_id,
                file_name=file.layout.name,
                file_path=format_path(self._client.login.shown(file.upload.destination.path) or ()),
            )
        )

    def _close_prompts(self, group: _Group) -> None:
        for file, _ in group:
            self._siblings.overwrites.drop(file.layout.upload_id)

    # Work on the service

    async def _begin(self) -> None:
        try:
            await self._prepare()
        finally:
            self._is_prepared.set()
        if any(file.upload.is_requested for file in self._files.values()):
            await self._assignment.start(self._start_packet)

    async def _prepare(self) -> None:
        """Writes the objects into the catalog, but for files that their user has no room or no right for."""
        quotas, files = self._committer.quotas, self._files
        if not await self._refuse_not_permitted():
            return
        refused = await quotas.refused(
            [file.layout for file in files.values()],
            lambda requested: files[requested.upload_id].upload.destination.path,
        )
        for upload_id, error in refused.items():
            self._refuse(Rejection(error.code, str(error), Retry.NEVER), [files[upload_id]])
        beginning = [file for file in files.values() if file.upload.is_requested]
        for file in beginning:
            file.is_begun = True
        try:
            if beginning:
                await self._objects.begin([file.layout for file in beginning], EnvelopeKind.V1)
        except CatalogError as error:
            self._refuse(rejection_of(error))

    async def _refuse_not_permitted(self) -> bool:
        """Refuses what their user may not add: all of them, and then False, if the catalog cannot say."""
        uploads = [file.upload for file in self._files.values()]
        try:
            refused = await self._committer.permissions.refused(self._client, uploads)
        except CatalogError as error:
            self._refuse(rejection_of(error))
            return False
        for upload_id, rejection in refused.items():
            self._refuse(rejection, [self._files[upload_id]])
        return True

    def _start_packet(self, slot: UploadSlot) -> s2u.BundleStart:
        """What the slot is sent, with the key of each object."""
        requested = [file.layout for file in self._files.values() if file.upload.is_requested]
        keys = [self._slots.object_key(each.upload_id) for each in requested]
        return s2u.BundleStart(
            bundle_id=self.id,
            client=self.client_id,
            key_id=keys[0].key_id,
            files=tuple(
                s2u.BundledFileStart(
                    upload_id=each.upload_id, name=each.name, size=each.size, key=key.key
                )
                for each, key in zip(requested, keys, strict=True)
            ),
        )

    def _abort_service(self, _: _Group) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            self._spawn(self._stop_service(), "abort a bundle on its service")

    async def _stop_service(self) -> None:
        assignment = self._assignment
        if (
            not assignment.is_asked
            or await ask_service(assignment.slot, s2u.UploadAbort()) is not None
        ):
            self._move(self._files.values(), Upload.service_stopped)

    def _free_service(self, _: _Group) -> None:
        """The slot is free once the last file has left it."""
        if not any(file.upload.is_on_service for file in self._files.values()):
            self._assignment.leave()
            self._slots.upload_ended(self._assignment.slot)

    # Work on the catalog

    def _commit(self, group: _Group) -> None:
        self._to_commit.extend(group)
        if not self._is_committing:
            self._is_committing = True
            self._spawn(self._commit_all(), "commit a bundle")

    async def _commit_all(self) -> None:
        """Commits all files that are due, and those that become due meanwhile after them."""
        try:
            while self._to_commit:
                orders, self._to_commit = self._to_commit, []
                await self._enter(orders)
        finally:
            self._is_committing = False

    async def _enter(self, orders: list[tuple[BundledFile, effects.Commit]]) -> None:
        """Gives the files their names; each outcome comes back as an event."""
        expected = self._changes.expect()
        outcomes: Sequence[CommittedFile | CommitError] = ()
        try:
            outcomes = await self._committer.commit_all(
                [(file.upload, commit) for file, commit in orders],
                permit=permit_for(self._client.user, FileOperation.OVERWRITE),
                began_at=self._began_at,
            )
        except CatalogError as error:
            self._move((file for file, _ in orders), event_of(error))
        finally:
            is_any = any(isinstance(outcome, CommittedFile) for outcome in outcomes)
            if is_any and not self._is_over:
                self._announced.append(expected)
            else:
                expected.close()
        for (file, _), outcome in zip(orders, outcomes, strict=bool(outcomes)):
            if isinstance(outcome, CommittedFile):
                file.committed = outcome
                self._move([file], event_of_commit(outcome))
            else:
                self._move([file], event_of(outcome))

    def _announce(self, group: _Group) -> None:
        committed = [file.committed for file, _ in group if file.committed is not None]
        self._changes.files_committed(committed)
        self._close_announced()

    def _close_announced(self) -> None:
        announced, self._announced = self._announced, []
        for expected in announced:
            expected.close()

    def _release(self, group: _Group) -> None:
        files = [file for file, _ in group]
        self._forget(files)
        self._tasks.spawn(self._clean_up(files), "clean up after a bundle")

    def _forget(self, files: Iterable[BundledFile]) -> None:
        """The files are over, and nothing of them will be asked any more."""
        for file in files:
            upload_id = file.layout.upload_id
            self._committer.quotas.ended(file.layout)
            self._siblings.overwrites.ended(upload_id)
            self._siblings.running.pop(upload_id, None)

    async def _clean_up(self, files: Sequence[BundledFile]) -> None:
        """Releases the contents; what no file refers to is garbage then."""
        # Their temporary references may still be on their way into the catalog.
        await self._is_prepared.wait()
        begun = [file for file in files if file.is_begun]
        for file in begun:
            if file.committed is None:
                await self._objects.release(file.layout.upload_id)
        if any(file.committed is None or file.committed.replaced for file in begun):
            self._wake_reaper()
