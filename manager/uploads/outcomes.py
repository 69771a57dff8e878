"""What errors of the catalog, and of what holds the content, mean to the uploads that meet them."""

from collections.abc import Callable

import structlog

from catalog.errors import (
    CatalogError,
    CatalogFaulty,
    CatalogUnavailable,
    IsAFolder,
    NameTaken,
    NotAFolder,
    NotPermitted,
    QuotaExceeded,
)
from manager.error_texts import log_level, public_text
from manager.errors import ContentOutOfReach
from manager.uploads.committing import CommitError
from manager.uploads.effects import CATALOG_AWAY, Effect, Rejection, Retry
from manager.uploads.state_machine import Upload

log = structlog.get_logger(__name__)

UploadEvent = Callable[[Upload], list[Effect]]


def rejection_of(error: CatalogError) -> Rejection:
    """Why an upload cannot begin that the catalog does not take."""
    match error:
        case IsAFolder() | NotAFolder() | QuotaExceeded():
            return Rejection(error.code, str(error), Retry.NEVER)
        case CatalogFaulty():
            return Rejection(error.code, public_text(error), Retry.NEVER)
    log.error("upload-not-prepared", code=error.code, reason=str(error))
    return CATALOG_AWAY


def event_of(error: CommitError) -> UploadEvent:
    """What happens to an upload that could not be committed."""
    match error:
        case NameTaken(file=file):
            return lambda upload: upload.name_taken(file.id)
        case IsAFolder():
            return lambda upload: upload.name_taken_by_folder(str(error))
        case NotAFolder() | ContentOutOfReach() | QuotaExceeded():
            return lambda upload: upload.commit_failed(str(error))
        case NotPermitted():
            return Upload.not_permitted
    log.log(log_level(error), "file-not-committed", code=error.code, reason=str(error))
    reason = public_text(error)
    if isinstance(error, CatalogUnavailable):
        return lambda upload: upload.commit_postponed(reason)
    return lambda upload: upload.commit_failed(reason)
