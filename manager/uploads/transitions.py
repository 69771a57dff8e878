"""Every step of an upload: what may happen in which state, where it leads, what is done.

`manager.uploads.state_machine` says what holds on every path. docs/uploads.md shows the table as a
diagram.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from catalog.records import KeptUploadState
from manager.uploads.effects import (
    FAILED_HERE,
    RESUMED_ELSEWHERE,
    SERVICE_LOST,
    AbortService,
    AnnounceFile,
    AskClient,
    ClosePrompt,
    Commit,
    Effect,
    FailIfTaken,
    FreeService,
    NumberName,
    Park,
    Rejection,
    ReleaseReference,
    ReplaceFile,
    TellAccepted,
    TellFinish,
    TellParked,
    TellRejected,
    TellStageFinish,
)

ABORTED = "the upload was aborted"
PARKED = "its client left the upload"
SKIPPED = "skipped: this name is taken"
MAY_NOT_OVERWRITE = "a file of this name exists already and you may not overwrite it"
MAY_NOT_ADD = "you have no right to add files here"


class UploadState(StrEnum):
    """Where an upload stands."""

    REQUESTED = "requested"
    """The service was asked to start and has not answered; the client waits for its response."""
    UPLOADING = "uploading"
    """The client sends chunks, the service stores them and reports each."""
    ABORTING = "aborting"
    """The client has aborted; the service was asked to stop and has not confirmed."""
    ABANDONED = "abandoned"
    """The client has left; the service was asked to stop and has not confirmed."""
    PARKING = "parking"
    """A kept upload without a client; the service was asked to stop and has not confirmed."""
    STORED = "stored"
    """All chunks lie on Discord, the service is free; the catalog is to enter the file."""
    LEFT_BEHIND = "left_behind"
    """As `stored`, but the client has left: the entry is completed if that needs no decision."""
    AWAITING_DECISION = "awaiting_decision"
    """The name is taken and the client has been asked; nothing is entered until it answers."""
    PARKED = "parked"
    """A kept upload that waits in the catalog until a client goes on with it. An end of this run."""
    COMMITTED = "committed"
    """The file is in the catalog. An end."""
    REJECTED = "rejected"
    """The upload never began: the client's request was answered with a refusal. An end."""
    FAILED = "failed"
    """Something went wrong. An end."""
    ABORTED = "aborted"
    """The client aborted it, skipped it, or left. An end."""


class UploadEvent(StrEnum):
    """What can happen to an upload."""

    SERVICE_ACCEPTED = "service accepted"
    SERVICE_REFUSED = "service refused"
    SERVICE_FINISHED = "service finished"
    SERVICE_FAILED = "service failed"
    SERVICE_LOST = "service lost"
    SERVICE_STOPPED = "service stopped"
    ABORT_REQUESTED = "abort requested"
    WITHDRAWN = "withdrawn"
    """The client aborts a file of a bundle whose other files go on, so that the service does not stop."""
    CLIENT_LEFT = "client left"
    TAKEN_OVER = "resumed elsewhere"
    """Another connection goes on with the kept upload."""
    PARK_REQUESTED = "park requested"
    """The client leaves the kept upload and stays connected."""
    NOTHING_MISSING = "nothing missing"
    """All chunks of a kept upload were stored before: no service is needed."""
    COMMIT_DONE = "commit done"
    COMMIT_FAILED = "commit failed"
    COMMIT_POSTPONED = "commit postponed"
    """The catalog cannot take the file now; the upload is kept."""
    NAME_TAKEN = "name taken"
    """The client has to decide."""
    NAME_TAKEN_REPLACE = "name taken, to be replaced"
    """The request said `do_overwrite`."""
    CANNOT_REPLACE = "folder to be replaced"
    """A folder has the name, and was to be overwritten: by `do_overwrite`, or by the client's choice."""
    KEPT_CLIENT_LEFT = "client of a kept upload left"
    KEPT_SERVICE_FAILED = "service of a kept upload failed"
    KEPT_SERVICE_LOST = "service of a kept upload lost"
    KEPT_NAME_TAKEN = "name of a kept upload taken"
    CHOSE_OVERWRITE = "overwrite chosen"
    CHOSE_RENAME = "rename chosen"
    CHOSE_SKIP = "skip chosen"


@dataclass(frozen=True, slots=True)
class Memory:
    """What effects need to know of the events so far."""

    reason: str = ""
    rejection: Rejection = FAILED_HERE
    content_hash: str = ""
    mime_type: str = ""
    taken_by: int = 0
    is_taken_by_folder: bool = False
    rename_target: str | None = None


EffectMaker = Callable[[Memory], Effect]


@dataclass(frozen=True, slots=True)
class Step:
    """Where an event leads, and what is done then, in this order."""

    to: UploadState
    effects: tuple[Effect | EffectMaker, ...] = ()


def _tell_rejected(memory: Memory) -> Effect:
    return TellRejected(memory.rejection)


def _tell_failed(memory: Memory) -> Effect:
    return TellFinish(success=False, reason=memory.reason)


def _tell_succeeded(memory: Memory) -> Effect:
    return TellFinish(success=True, rename_target=memory.rename_target)


def _commit_if_free(memory: Memory) -> Effect:
    return Commit(memory.content_hash, memory.mime_type, FailIfTaken())


def _commit_replacing(memory: Memory) -> Effect:
    return Commit(memory.content_hash, memory.mime_type, ReplaceFile(memory.taken_by))


def _commit_numbered(memory: Memory) -> Effect:
    return Commit(memory.content_hash, memory.mime_type, NumberName())


def _park(state: KeptUploadState) -> EffectMaker:
    return lambda memory: Park(state, memory.mime_type or None)


def _tell_service_failed(memory: Memory) -> Effect:
    return TellParked("service-failed", memory.reason)


def _tell_postponed(memory: Memory) -> Effect:
    return TellParked("catalog-unavailable", memory.reason)


_S, _E = UploadState, UploadEvent
_free, _release, _abort = FreeService(), ReleaseReference(), AbortService()
_tell_aborted = TellFinish(success=False, reason=ABORTED)
_tell_skipped = TellFinish(success=False, reason=SKIPPED)
_tell_lost = TellFinish(success=False, reason=SERVICE_LOST.reason)
_tell_parked_lost = TellParked(SERVICE_LOST.code, SERVICE_LOST.reason)
_tell_left = TellParked("parked", PARKED)
_tell_taken_over = TellParked(RESUMED_ELSEWHERE.code, RESUMED_ELSEWHERE.reason)
_park_uploading = _park(KeptUploadState.UPLOADING)
_park_stored = _park(KeptUploadState.STORED)
_park_awaiting = _park(KeptUploadState.AWAITING_DECISION)
_stage_finished, _stage_lost = TellStageFinish(), TellStageFinish(service_disconnect=True)

TRANSITIONS: dict[tuple[UploadState, UploadEvent], Step] = {
    (_S.REQUESTED, _E.SERVICE_ACCEPTED): Step(_S.UPLOADING, (TellAccepted(),)),
    (_S.REQUESTED, _E.SERVICE_REFUSED): Step(_S.REJECTED, (_free, _tell_rejected, _release)),
    (_S.REQUESTED, _E.SERVICE_LOST): Step(_S.REJECTED, (TellRejected(SERVICE_LOST), _release)),
    (_S.REQUESTED, _E.CLIENT_LEFT): Step(_S.ABANDONED, (_abort,)),
    (_S.REQUESTED, _E.KEPT_CLIENT_LEFT): Step(_S.PARKING, (_abort,)),
    (_S.REQUESTED, _E.TAKEN_OVER): Step(_S.PARKING, (TellRejected(RESUMED_ELSEWHERE), _abort)),
    (_S.REQUESTED, _E.NOTHING_MISSING): Step(
        _S.STORED, (TellAccepted(), _stage_finished, _commit_if_free)
    ),
    #
    (_S.UPLOADING, _E.SERVICE_FINISHED): Step(_S.STORED, (_free, _stage_finished, _commit_if_free)),
    (_S.UPLOADING, _E.SERVICE_FAILED): Step(_S.FAILED, (_free, _tell_failed, _release)),
    (_S.UPLOADING, _E.SERVICE_LOST): Step(_S.FAILED, (_stage_lost, _tell_lost, _release)),
    (_S.UPLOADING, _E.ABORT_REQUESTED): Step(_S.ABORTING, (_abort,)),
    (_S.UPLOADING, _E.WITHDRAWN): Step(_S.ABORTED, (_tell_aborted, _release)),
    (_S.UPLOADING, _E.CLIENT_LEFT): Step(_S.ABANDONED, (_abort,)),
    (_S.UPLOADING, _E.KEPT_CLIENT_LEFT): Step(_S.PARKING, (_abort,)),
    (_S.UPLOADING, _E.TAKEN_OVER): Step(_S.PARKING, (_tell_taken_over, _abort)),
    (_S.UPLOADING, _E.PARK_REQUESTED): Step(_S.PARKING, (_tell_left, _abort)),
    (_S.UPLOADING, _E.KEPT_SERVICE_FAILED): Step(
        _S.PARKED, (_free, _park_uploading, _tell_service_failed, _release)
    ),
    (_S.UPLOADING, _E.KEPT_SERVICE_LOST): Step(
        _S.PARKED, (_stage_lost, _park_uploading, _tell_parked_lost, _release)
    ),
    # What the service sent before it heard of the abort crosses it, and changes nothing any more:
    # the service answers the abort in any case, and after that answer it is free.
    (_S.ABORTING, _E.SERVICE_FINISHED): Step(_S.ABORTING),
    (_S.ABORTING, _E.SERVICE_FAILED): Step(_S.ABORTING),
    (_S.ABORTING, _E.ABORT_REQUESTED): Step(_S.ABORTING),
    (_S.ABORTING, _E.SERVICE_STOPPED): Step(_S.ABORTED, (_free, _tell_aborted, _release)),
    (_S.ABORTING, _E.SERVICE_LOST): Step(_S.ABORTED, (_stage_lost, _tell_aborted, _release)),
    (_S.ABORTING, _E.CLIENT_LEFT): Step(_S.ABANDONED),
    #
    (_S.ABANDONED, _E.SERVICE_ACCEPTED): Step(_S.ABANDONED),
    (_S.ABANDONED, _E.SERVICE_REFUSED): Step(_S.ABANDONED),
    (_S.ABANDONED, _E.SERVICE_FINISHED): Step(_S.ABANDONED),
    (_S.ABANDONED, _E.SERVICE_FAILED): Step(_S.ABANDONED),
    (_S.ABANDONED, _E.SERVICE_STOPPED): Step(_S.ABORTED, (_free, _release)),
    (_S.ABANDONED, _E.SERVICE_LOST): Step(_S.ABORTED, (_release,)),
    # What the service still stores belongs to the kept upload: whoever resumes it does not send it.
    (_S.PARKING, _E.SERVICE_ACCEPTED): Step(_S.PARKING),
    (_S.PARKING, _E.SERVICE_REFUSED): Step(_S.PARKING),
    (_S.PARKING, _E.SERVICE_FINISHED): Step(_S.PARKING),
    (_S.PARKING, _E.KEPT_SERVICE_FAILED): Step(_S.PARKING),
    (_S.PARKING, _E.CLIENT_LEFT): Step(_S.PARKING),
    (_S.PARKING, _E.TAKEN_OVER): Step(_S.PARKING),
    (_S.PARKING, _E.PARK_REQUESTED): Step(_S.PARKING),
    (_S.PARKING, _E.ABORT_REQUESTED): Step(_S.ABANDONED),
    (_S.PARKING, _E.SERVICE_STOPPED): Step(_S.PARKED, (_free, _park_uploading, _release)),
    (_S.PARKING, _E.KEPT_SERVICE_LOST): Step(_S.PARKED, (_park_uploading, _release)),
    #
    (_S.STORED, _E.COMMIT_DONE): Step(_S.COMMITTED, (_tell_succeeded, AnnounceFile(), _release)),
    (_S.STORED, _E.COMMIT_FAILED): Step(_S.FAILED, (_tell_failed, _release)),
    (_S.STORED, _E.NAME_TAKEN): Step(_S.AWAITING_DECISION, (AskClient(),)),
    (_S.STORED, _E.NAME_TAKEN_REPLACE): Step(_S.STORED, (_commit_replacing,)),
    (_S.STORED, _E.CANNOT_REPLACE): Step(_S.FAILED, (_tell_failed, _release)),
    (_S.STORED, _E.COMMIT_POSTPONED): Step(_S.PARKED, (_park_stored, _tell_postponed, _release)),
    (_S.STORED, _E.CLIENT_LEFT): Step(_S.LEFT_BEHIND),
    (_S.STORED, _E.PARK_REQUESTED): Step(_S.LEFT_BEHIND, (_tell_left,)),
    #
    (_S.LEFT_BEHIND, _E.PARK_REQUESTED): Step(_S.LEFT_BEHIND),
    (_S.LEFT_BEHIND, _E.COMMIT_DONE): Step(_S.COMMITTED, (AnnounceFile(), _release)),
    (_S.LEFT_BEHIND, _E.COMMIT_FAILED): Step(_S.FAILED, (_release,)),
    (_S.LEFT_BEHIND, _E.NAME_TAKEN): Step(_S.ABORTED, (_release,)),
    (_S.LEFT_BEHIND, _E.NAME_TAKEN_REPLACE): Step(_S.LEFT_BEHIND, (_commit_replacing,)),
    (_S.LEFT_BEHIND, _E.CANNOT_REPLACE): Step(_S.FAILED, (_release,)),
    (_S.LEFT_BEHIND, _E.COMMIT_POSTPONED): Step(_S.PARKED, (_park_stored, _release)),
    (_S.LEFT_BEHIND, _E.KEPT_NAME_TAKEN): Step(_S.PARKED, (_park_awaiting, _release)),
    #
    (_S.AWAITING_DECISION, _E.CHOSE_OVERWRITE): Step(_S.STORED, (_commit_replacing,)),
    (_S.AWAITING_DECISION, _E.CANNOT_REPLACE): Step(_S.FAILED, (_tell_failed, _release)),
    (_S.AWAITING_DECISION, _E.CHOSE_RENAME): Step(_S.STORED, (_commit_numbered,)),
    (_S.AWAITING_DECISION, _E.CHOSE_SKIP): Step(_S.ABORTED, (_tell_skipped, _release)),
    (_S.AWAITING_DECISION, _E.ABORT_REQUESTED): Step(
        _S.ABORTED, (ClosePrompt(), _tell_aborted, _release)
    ),
    (_S.AWAITING_DECISION, _E.CLIENT_LEFT): Step(_S.ABORTED, (_release,)),
    (_S.AWAITING_DECISION, _E.KEPT_CLIENT_LEFT): Step(_S.PARKED, (_park_awaiting, _release)),
    (_S.AWAITING_DECISION, _E.PARK_REQUESTED): Step(
        _S.PARKED, (ClosePrompt(), _park_awaiting, _tell_left, _release)
    ),
    (_S.AWAITING_DECISION, _E.TAKEN_OVER): Step(
        _S.PARKED, (ClosePrompt(), _park_awaiting, _tell_taken_over, _release)
    ),
}

ENDS = frozenset({_S.PARKED, _S.COMMITTED, _S.REJECTED, _S.FAILED, _S.ABORTED})
"""The states that nothing leads out of."""

ON_SERVICE = frozenset({_S.REQUESTED, _S.UPLOADING, _S.ABORTING, _S.ABANDONED, _S.PARKING})
"""The states in which an upload occupies its service."""

TAKES_CHUNKS = frozenset({_S.UPLOADING, _S.PARKING})
"""The states in which a chunk that is stored is of use."""

KEEPABLE = frozenset({_S.UPLOADING, _S.STORED, _S.AWAITING_DECISION})
"""The states in which a client may ask to keep its upload."""
