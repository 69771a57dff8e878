"""The life of one upload, from the request to its end.

One table, `TRANSITIONS`, holds every step: what may happen to an upload in which state, where that
leads, and what has to be done. Nothing else decides. The diagram in docs/uploads.md
is drawn from it. An `Upload` takes an event, moves, and returns effects in the order in which they
are to be carried out; an event that the table does not know raises `IllegalTransition` and changes
nothing.

Three things hold on every path, and the tests walk them all:

* The client is told the end exactly once, by `TellRejected` or `TellFinish`, unless it has left.
* The service is freed exactly once, by `FreeService`, unless it was lost.
* The upload's temporary reference to its content is released once: by the commit, or by
  `ReleaseReference`, at its end.
  Content that no file refers to is garbage from then on; a committed file refers to its content
  itself.
"""

from dataclasses import replace

from manager.errors import IllegalTransition
from manager.files.upload_requests import DestinationFolder, RequestedUpload
from manager.uploads.effects import Effect, Rejection
from manager.uploads.overwrites import Action
from manager.uploads.transitions import (
    ENDS,
    KEEPABLE,
    MAY_NOT_ADD,
    MAY_NOT_OVERWRITE,
    ON_SERVICE,
    TAKES_CHUNKS,
    TRANSITIONS,
    Memory,
    UploadEvent,
    UploadState,
)

_CHOSEN = {
    Action.OVERWRITE: UploadEvent.CHOSE_OVERWRITE,
    Action.RENAME: UploadEvent.CHOSE_RENAME,
    Action.SKIP: UploadEvent.CHOSE_SKIP,
}


class Upload:
    """One upload. Its methods are the events; each returns what is to be done, in this order.

    All of them raise `IllegalTransition`, and change nothing, when that cannot happen now.

    Attributes:
        destination: the folder of the file, which may be renamed and moved meanwhile.
    """

    def __init__(
        self,
        requested: RequestedUpload,
        *,
        is_kept: bool = False,
        destination: DestinationFolder | None = None,
    ) -> None:
        """Begins.

        Args:
            requested: what the client has requested.
            is_kept: whether it goes on with a kept upload.
            destination: the folder of the file, if other uploads share it; None for one of its own.
        """
        self.requested = requested
        self._state = UploadState.REQUESTED
        self._memory = Memory()
        self._is_kept = is_kept
        self.destination = destination or DestinationFolder(requested.folder)

    @property
    def state(self) -> UploadState:
        """Where the upload stands."""
        return self._state

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self._state in ENDS

    @property
    def is_requested(self) -> bool:
        """Whether the client waits for the response to its request."""
        return self._state is UploadState.REQUESTED

    @property
    def is_on_service(self) -> bool:
        """Whether it occupies its service."""
        return self._state in ON_SERVICE

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is stored now is of use."""
        return self._state in TAKES_CHUNKS

    @property
    def is_kept(self) -> bool:
        """Whether it is parked rather than given up when its client or its service is lost."""
        return self._is_kept

    @property
    def mime_type(self) -> str | None:
        """What a service has found out; None if none has."""
        return self._memory.mime_type or None

    def keep(self) -> None:
        """Keeps the upload from now on."""
        if self._state not in KEEPABLE:
            text = f"an upload that is {self._state} cannot be kept"
            raise IllegalTransition("illegal-transition", text)
        self._is_kept = True

    def type_found(self, mime_type: str) -> None:
        """The service has seen the first chunk."""
        self._memory = replace(self._memory, mime_type=mime_type)

    def nothing_missing(self, mime_type: str) -> list[Effect]:
        """Every chunk was stored before the upload was resumed."""
        learned = replace(self._memory, content_hash="", mime_type=mime_type)
        return self._move(UploadEvent.NOTHING_MISSING, learned)

    def taken_over(self) -> list[Effect]:
        """Another connection goes on with the kept upload. Too late once the file is being committed."""
        if not self._is_kept:
            raise IllegalTransition("illegal-transition", "only kept uploads are taken over")
        return self._move(UploadEvent.TAKEN_OVER)

    def park_requested(self) -> list[Effect]:
        """The client leaves the kept upload, and may stay connected."""
        if not self._is_kept:
            raise IllegalTransition("illegal-transition", "this upload is not kept")
        return self._move(UploadEvent.PARK_REQUESTED)

    def service_accepted(self) -> list[Effect]:
        """The service is ready for the chunks."""
        return self._move(UploadEvent.SERVICE_ACCEPTED)

    def service_refused(self, rejection: Rejection) -> list[Effect]:
        """The service will not take the upload, or it could not be prepared."""
        return self._move(UploadEvent.SERVICE_REFUSED, replace(self._memory, rejection=rejection))

    def service_finished(self, content_hash: str, mime_type: str) -> list[Effect]:
        """The service has stored every chunk."""
        learned = replace(self._memory, content_hash=content_hash, mime_type=mime_type)
        return self._move(UploadEvent.SERVICE_FINISHED, learned)

    def service_failed(self, reason: str) -> list[Effect]:
        """The service could not store the content, for example as no chunk came for too long."""
        event = self._kept_or(UploadEvent.KEPT_SERVICE_FAILED, UploadEvent.SERVICE_FAILED)
        return self._move(event, replace(self._memory, reason=reason))

    def service_lost(self) -> list[Effect]:
        """The service disconnected, or did not answer in time and was disconnected.

        While the client waits for the response another service may be tried first.
        """
        return self._move(self._kept_or(UploadEvent.KEPT_SERVICE_LOST, UploadEvent.SERVICE_LOST))

    def service_stopped(self) -> list[Effect]:
        """The service answered the abort: whatever it said, it does not work on the upload now."""
        return self._move(UploadEvent.SERVICE_STOPPED)

    def abort_requested(self) -> list[Effect]:
        """The client aborts it. Too late once the file is being committed."""
        return self._move(UploadEvent.ABORT_REQUESTED)

    def withdrawn(self) -> list[Effect]:
        """The client aborts a file of a bundle of which the service goes on with other files."""
        return self._move(UploadEvent.WITHDRAWN)

    def client_left(self) -> list[Effect]:
        """The client disconnected."""
        return self._move(self._kept_or(UploadEvent.KEPT_CLIENT_LEFT, UploadEvent.CLIENT_LEFT))

    def commit_done(self, name: str) -> list[Effect]:
        """The file is in the catalog under `name`."""
        target = None if name == self.requested.name else name
        return self._move(UploadEvent.COMMIT_DONE, replace(self._memory, rename_target=target))

    def commit_failed(self, reason: str) -> list[Effect]:
        """The catalog did not take the file, for another reason than its name."""
        return self._move(UploadEvent.COMMIT_FAILED, replace(self._memory, reason=reason))

    def commit_postponed(self, reason: str) -> list[Effect]:
        """The catalog cannot take the file now, which may pass."""
        event = self._kept_or(UploadEvent.COMMIT_POSTPONED, UploadEvent.COMMIT_FAILED)
        return self._move(event, replace(self._memory, reason=reason))

    def not_permitted(self) -> list[Effect]:
        """The user may not replace the file that has the name, or add one to the folder."""
        is_taken = self._memory.taken_by != 0
        return self.commit_failed(MAY_NOT_OVERWRITE if is_taken else MAY_NOT_ADD)

    def name_taken(self, file_id: int) -> list[Effect]:
        """This file has the name."""
        replaces = self.requested.do_overwrite
        event = UploadEvent.NAME_TAKEN_REPLACE if replaces else self._name_taken
        learned = replace(self._memory, taken_by=file_id, is_taken_by_folder=False)
        return self._move(event, learned)

    def name_taken_by_folder(self, reason: str) -> list[Effect]:
        """A folder has the name; `reason` is for a client that requested to overwrite it."""
        replaces = self.requested.do_overwrite
        event = UploadEvent.CANNOT_REPLACE if replaces else self._name_taken
        return self._move(event, replace(self._memory, is_taken_by_folder=True, reason=reason))

    def decision(self, action: Action) -> list[Effect]:
        """The client, or its standing answer, has decided about the taken name."""
        if action is Action.OVERWRITE and self._memory.is_taken_by_folder:
            return self._move(UploadEvent.CANNOT_REPLACE)
        return self._move(_CHOSEN[action])

    @property
    def _name_taken(self) -> UploadEvent:
        return self._kept_or(UploadEvent.KEPT_NAME_TAKEN, UploadEvent.NAME_TAKEN)

    def _kept_or(self, kept: UploadEvent, event: UploadEvent) -> UploadEvent:
        """The event of a kept upload where that makes a difference now."""
        return kept if self._is_kept and (self._state, kept) in TRANSITIONS else event

    def _move(self, event: UploadEvent, learned: Memory | None = None) -> list[Effect]:
        step = TRANSITIONS.get((self._state, event))
        if step is None:
            text = f"{event} cannot happen to an upload that is {self._state}"
            raise IllegalTransition("illegal-transition", text)
        self._memory = learned or self._memory
        self._state = step.to
        return [effect(self._memory) if callable(effect) else effect for effect in step.effects]
