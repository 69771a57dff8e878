"""What a link is good for at a moment. No I/O."""

from collections.abc import Mapping
from enum import StrEnum

from catalog.link_port import FileLink
from catalog.records import File
from manager.errors import (
    LinkExpired,
    LinkNotPermitted,
    LinkRefused,
    LinkRevoked,
    LinkUsedUp,
    ManagerError,
    NoSuchFile,
)
from manager.files.rights import FileOperation, access_to


class LinkState(StrEnum):
    """Whether a link opens its file, or why not."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"
    FILE_DELETED = "file-deleted"
    CONTENT_CHANGED = "content-changed"
    """The file has other content than that for which the link was made."""
    NOT_PERMITTED = "not-permitted"
    """Its owner may not share the file any more."""
    USED_UP = "used-up"
    """It was used as often as it may be."""


_ERRORS: Mapping[LinkState, type[ManagerError]] = {
    LinkState.REVOKED: LinkRevoked,
    LinkState.EXPIRED: LinkExpired,
    LinkState.FILE_DELETED: NoSuchFile,
    LinkState.CONTENT_CHANGED: NoSuchFile,
    LinkState.NOT_PERMITTED: LinkNotPermitted,
    LinkState.USED_UP: LinkUsedUp,
}


def state_of(link: FileLink, file: File | None, now: float) -> LinkState:
    """The state of a link to a file, which carries the share of the link's owner, if there is one."""
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.expires_at is not None and link.expires_at <= now:
        return LinkState.EXPIRED
    if file is None:
        return LinkState.FILE_DELETED
    if not access_to(file, link.owner_id).allows(FileOperation.SHARE):
        return LinkState.NOT_PERMITTED
    if link.object_id is not None and link.object_id != file.object_id:
        return LinkState.CONTENT_CHANGED
    if link.max_downloads is not None and link.downloads >= link.max_downloads:
        return LinkState.USED_UP
    return LinkState.ACTIVE


def refusal_of(state: LinkState, link: FileLink) -> ManagerError | None:
    """What a client is told of a link in this state; None of one that is active."""
    if state is LinkState.ACTIVE:
        return None
    error = _ERRORS[state]()
    if isinstance(error, LinkRefused):
        error.link_id = link.id
    return error
