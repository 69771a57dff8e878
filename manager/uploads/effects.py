"""The effects of an upload's events, which are carried out without deciding anything, and rejections.

`Upload` (manager.uploads.state_machine) returns effects in the order in which they are to be carried out.
"""

from dataclasses import dataclass
from enum import StrEnum

from catalog.records import KeptUploadState


class Retry(StrEnum):
    """When the same request may succeed."""

    SOON = "soon"
    """No fault: as soon as a booked service is free."""
    LATER = "later"
    """A fault that may be repaired."""
    NEVER = "never"
    """The request itself has to be another one, or the operator has to act."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The answer to a request for an upload that will not be.

    Attributes:
        code: stable identifier of the reason.
        reason: the reason in words that a person understands.
    """

    code: str
    reason: str
    retry: Retry


SERVICE_LOST = Rejection("service-lost", "the upload service went away", Retry.LATER)
CATALOG_AWAY = Rejection(
    "catalog-unavailable", "the catalog is not available: try again later", Retry.LATER
)
RESUMED_ELSEWHERE = Rejection(
    "resumed-elsewhere", "another connection went on with this upload", Retry.NEVER
)
FAILED_HERE = Rejection(
    "internal-error",
    "the manager failed at this upload: try again, or ask its operator",
    Retry.LATER,
)


def refused_by_service(reason: str) -> Rejection:
    """The service does not take the upload, in its own words."""
    return Rejection("service-refused", reason, Retry.LATER)


@dataclass(frozen=True, slots=True)
class FailIfTaken:
    """A taken name is reported back by `name_taken`, or `name_taken_by_folder`."""


@dataclass(frozen=True, slots=True)
class ReplaceFile:
    """This file may have the name, and is replaced; whatever else has it is reported as for `FailIfTaken`.

    A file that the user may not write by then is reported by `not_permitted`.
    """

    file_id: int


@dataclass(frozen=True, slots=True)
class NumberName:
    """A taken name is numbered until it is free."""


OnConflict = FailIfTaken | ReplaceFile | NumberName


@dataclass(frozen=True, slots=True)
class TellAccepted:
    """Answer the client's request: it may send chunks to the service."""


@dataclass(frozen=True, slots=True)
class TellRejected:
    """Answer the client's request: there will be no upload, and why."""

    rejection: Rejection


@dataclass(frozen=True, slots=True)
class TellStageFinish:
    """Tell the client that the service is done with its upload, or that the service is lost."""

    service_disconnect: bool = False


@dataclass(frozen=True, slots=True)
class TellFinish:
    """Tell the client how the upload ended.

    Attributes:
        reason: why it did not succeed; None when it did.
        rename_target: the name that the file got instead of the requested one.
    """

    success: bool
    reason: str | None = None
    rename_target: str | None = None


@dataclass(frozen=True, slots=True)
class TellParked:
    """Tell the client that its kept upload does not run any more, and why."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Park:
    """Note in the catalog how far the kept upload has come.

    Attributes:
        mime_type: None if no service has found it out.
    """

    state: KeptUploadState
    mime_type: str | None


@dataclass(frozen=True, slots=True)
class AskClient:
    """Ask the client's `OverwriteQueue`, which may know; else the client. Then call `decision`."""


@dataclass(frozen=True, slots=True)
class ClosePrompt:
    """Drop the question from the client's `OverwriteQueue`: it needs no answer any more."""


@dataclass(frozen=True, slots=True)
class AbortService:
    """Tell the service to stop.

    Then call `service_stopped`; or `service_lost` when it goes away or does not answer in time, in
    which case it is to be disconnected.
    """


@dataclass(frozen=True, slots=True)
class FreeService:
    """Tell the booking ledger that the upload has ended on its service."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Complete the content and enter the file into the catalog.

    Then call `commit_done`, `name_taken`, `name_taken_by_folder`, `not_permitted`,
    `commit_failed` or `commit_postponed`. May be asked for several times, with the same content and
    another way to treat a taken name.

    Attributes:
        content_hash: empty for content that several services have stored; the catalog knows its chunks.
    """

    content_hash: str
    mime_type: str
    on_conflict: OnConflict


@dataclass(frozen=True, slots=True)
class AnnounceFile:
    """Broadcast to all clients that the file was added or changed."""


@dataclass(frozen=True, slots=True)
class ReleaseReference:
    """Release the upload's own reference to its content, unless its commit has done that."""


Effect = (
    TellAccepted
    | TellRejected
    | TellStageFinish
    | TellFinish
    | TellParked
    | Park
    | AskClient
    | ClosePrompt
    | AbortService
    | FreeService
    | Commit
    | AnnounceFile
    | ReleaseReference
)
