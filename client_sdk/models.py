"""What the client returns: files, folders, users and shares, as plain values.

Times are aware `datetime`s in UTC, sizes are bytes, and paths are full remote paths, `/folder/name`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from client_sdk.paths import Located


class Ownership(StrEnum):
    """How a file stands to the user of the client."""

    OWNED = "owned"
    """It is the user's, or belongs to nobody. The user may do everything with it."""
    SHARED = "shared"
    """Another user has shared it with this one, for reading or also for writing."""
    PUBLIC = "public"
    """Another user lets everybody read and write it."""
    RESTRICTED = "restricted"
    """Another user keeps it to themselves; only its name and size can be seen."""


@dataclass(frozen=True, kw_only=True)
class FileInfo(Located):
    """A file.

    Attributes:
        id: Its number, the same for as long as it exists.
        path: Its full path.
        size: Its size in bytes.
        content_type: Its MIME type, as the upload service found out.
        created_at: When it was made; None when the manager does not know.
        updated_at: When its content or its name last changed; None when the manager does not know.
        has_thumbnail: Whether the manager has a small picture of it.
        ownership: How it stands to the user.
        can_read: Whether the user may read its content.
        can_write: Whether the user may replace, rename, move and delete it.
        shared_at: When it was shared with the user; None unless it is `Ownership.SHARED`.
    """

    id: int
    size: int
    content_type: str
    created_at: datetime | None
    updated_at: datetime | None
    has_thumbnail: bool
    ownership: Ownership
    can_read: bool
    can_write: bool
    shared_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class FolderInfo(Located):
    """A folder.

    Attributes:
        id: Its number, the same for as long as it exists.
        path: Its full path.
    """

    id: int


Entry = FolderInfo | FileInfo
"""What lies in a folder."""


@dataclass(frozen=True, kw_only=True)
class FolderStatus(Located):
    """Whether there is a folder, and how much lies directly in it.

    Attributes:
        path: Its full path.
        id: Its number; None for the root, and when there is no such folder.
        exists: Whether there is such a folder.
        file_count: Files directly in it.
        folder_count: Folders directly in it.
    """

    id: int | None
    exists: bool
    file_count: int
    folder_count: int


@dataclass(frozen=True, kw_only=True)
class FolderSize(Located):
    """How much a folder holds with everything below it.

    Attributes:
        path: Its full path.
        total_size: Bytes in all.
        size_by_type: The bytes of each MIME type.
    """

    total_size: int
    size_by_type: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class User:
    """A user, as every other one may see them."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Account(User):
    """A user, as administrators see them.

    Attributes:
        id: The user's number.
        name: The user's name.
        is_admin: Whether the user is an administrator.
        created_at: When the user was made.
        file_count: Files that the user owns.
        total_size: Bytes of these files.
    """

    is_admin: bool
    created_at: datetime
    file_count: int
    total_size: int


@dataclass(frozen=True, kw_only=True)
class Share:
    """One user's right to a file of another one.

    Attributes:
        user: Who may use the file.
        can_write: Whether the user may also write it.
        shared_at: Since when.
    """

    user: User
    can_write: bool
    shared_at: datetime


@dataclass(frozen=True, kw_only=True)
class FileAccess:
    """Who may use a file.

    Attributes:
        is_public: Whether everybody may read and write it.
        has_owner: Whether it belongs to a user; what belongs to nobody is everybody's.
        shares: Whom it is shared with, in the order of the users' numbers.
    """

    is_public: bool
    has_owner: bool
    shares: tuple[Share, ...]
