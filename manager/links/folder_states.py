"""What a link to a folder is good for at a moment. No I/O."""

from collections.abc import Mapping
from enum import StrEnum

from catalog.folder_link_port import FolderLink
from catalog.folder_rights import FolderRight
from manager.errors import (
    LinkExpired,
    LinkNotPermitted,
    LinkRefused,
    LinkRevoked,
    LinkUsedUp,
    ManagerError,
    NoSuchFolder,
)


class FolderLinkState(StrEnum):
    """Whether a link opens its folder, or why not."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"
    FOLDER_DELETED = "folder-deleted"
    NOT_PERMITTED = "not-permitted"
    """Its owner may not share the folder, or may not add to it, any more."""
    USED_UP = "used-up"
    """As much was added by it as may be."""


_ERRORS: Mapping[FolderLinkState, type[ManagerError]] = {
    FolderLinkState.REVOKED: LinkRevoked,
    FolderLinkState.EXPIRED: LinkExpired,
    FolderLinkState.FOLDER_DELETED: NoSuchFolder,
    FolderLinkState.NOT_PERMITTED: LinkNotPermitted,
    FolderLinkState.USED_UP: LinkUsedUp,
}


def needed_right(*, is_for_uploads: bool) -> FolderRight:
    """The right on a folder without which its link opens nothing, where rights on folders count."""
    return FolderRight.WRITE if is_for_uploads else FolderRight.MANAGE


def state_of(
    link: FolderLink, *, is_there: bool, right: FolderRight | None, now: float
) -> FolderLinkState:
    """The state of a link.

    Args:
        link: the link.
        is_there: whether its folder is where folders are, and not deleted.
        right: that of the link's owner on the folder; None: the owner has none.
        now: seconds since the epoch.
    """
    if link.revoked_at is not None:
        return FolderLinkState.REVOKED
    if link.expires_at is not None and link.expires_at <= now:
        return FolderLinkState.EXPIRED
    if not is_there:
        return FolderLinkState.FOLDER_DELETED
    if right is None or right < needed_right(is_for_uploads=link.is_for_uploads):
        return FolderLinkState.NOT_PERMITTED
    if link.is_for_uploads and _is_full(link):
        return FolderLinkState.USED_UP
    return FolderLinkState.ACTIVE


def refusal_of(state: FolderLinkState, link: FolderLink) -> ManagerError | None:
    """What a client is told of a link in this state; None of one that is active."""
    if state is FolderLinkState.ACTIVE:
        return None
    error = _ERRORS[state]()
    if isinstance(error, LinkRefused):
        error.link_id = link.id
    return error


def remaining_files(link: FolderLink) -> int | None:
    """How many files may be added still; None for any number."""
    return None if link.max_files is None else max(0, link.max_files - link.received_files)


def remaining_size(link: FolderLink) -> int | None:
    """How many bytes may be added still; None for any number."""
    if link.max_total_size is None:
        return None
    return max(0, link.max_total_size - link.received_size)


def _is_full(link: FolderLink) -> bool:
    return remaining_files(link) == 0 or remaining_size(link) == 0
