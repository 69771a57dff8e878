"""Models of the SDK, made of what the manager's packets say."""

from datetime import UTC, datetime

from client_sdk.errors import UnexpectedAnswer
from client_sdk.models import (
    Account,
    FileAccess,
    FileInfo,
    FolderInfo,
    FolderSize,
    FolderStatus,
    Ownership,
    Share,
    User,
)
from client_sdk.paths import join_remote
from protocol import s2c


def file_info(folder: str, handle: s2c.ListedFileHandle | s2c.FileHandle) -> FileInfo:
    """A file that lies in a folder. Raises `UnexpectedAnswer` for a time that there is not."""
    ownership, share = Ownership(handle.ownership.status), handle.ownership.share
    can_read, can_write = _rights(handle.ownership)
    return FileInfo(
        id=handle.id,
        path=join_remote(folder, handle.name),
        size=handle.size,
        content_type=handle.type,
        created_at=_time_or_none(handle.created_at),
        updated_at=_time_or_none(handle.updated_at),
        has_thumbnail=handle.has_thumbnail,
        ownership=ownership,
        can_read=can_read,
        can_write=can_write,
        shared_at=None if share is None else _time(share.shared_at),
    )


def folder_info(path: str, handle: s2c.FolderHandle) -> FolderInfo:
    """The folder at a path."""
    return FolderInfo(id=handle.id, path=path)


def folder_status(packet: s2c.FolderStatus) -> FolderStatus:
    """Whether a folder exists, and what lies in it."""
    return FolderStatus(
        id=packet.folder_id,
        path=packet.path,
        exists=packet.exists,
        file_count=packet.file_count,
        folder_count=packet.subfolder_count,
    )


def folder_size(path: str, packet: s2c.FolderSize) -> FolderSize:
    """How much a folder holds."""
    return FolderSize(path=path, total_size=packet.total_size, size_by_type=packet.types)


def user(handle: s2c.UserHandle) -> User:
    """A user."""
    return User(id=handle.id, name=handle.name)


def account(packet: s2c.Account) -> Account:
    """A user, as administrators see one. Raises `UnexpectedAnswer` for a time that there is not."""
    return Account(
        id=packet.id,
        name=packet.name,
        is_admin=packet.is_admin,
        created_at=_time(packet.created_at),
        file_count=packet.file_count,
        total_size=packet.total_size,
    )


def file_access(packet: s2c.ShareList) -> FileAccess:
    """Who may use a file. Raises `UnexpectedAnswer` for a time that there is not."""
    shares = tuple(
        Share(user=user(each.user), can_write=each.can_write, shared_at=_time(each.shared_at))
        for each in packet.shares
    )
    return FileAccess(is_public=packet.is_public, has_owner=packet.has_owner, shares=shares)


def _rights(ownership: s2c.Ownership) -> tuple[bool, bool]:
    """Whether the user may read, and write; changes leave to the status what listings say."""
    if isinstance(ownership, s2c.ListedOwnership):
        return ownership.can != "none", ownership.can == "rw"
    if ownership.share is not None:
        return True, ownership.share.can_write
    is_free = ownership.status != "restricted"
    return is_free, is_free


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _time(text: str) -> datetime:
    """The time that a packet tells; one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UnexpectedAnswer("the manager told a time that does not exist") from error
