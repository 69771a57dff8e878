"""Who may do what with a file.

An owner may do everything, and so may anyone with a file that belongs to nobody. A public file is
read and written by everyone. A shared one as the share says. Otherwise a file is restricted: its
name and size can be seen, its content cannot. Being an administrator gives no right on files.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """How a file stands to a viewer; the words of the wire."""

    OWNED = "owned"
    PUBLIC = "public"
    SHARED = "shared"
    RESTRICTED = "restricted"


class Can(StrEnum):
    """What a viewer can do with the content; the words of the wire."""

    NOTHING = "none"
    READ = "r"
    READ_AND_WRITE = "rw"


class Operation(StrEnum):
    """What a viewer may want to do with a file."""

    DOWNLOAD = "download"
    """Read the content, a view of it, or make a link to it."""
    OVERWRITE = "overwrite"
    RENAME = "rename"
    MOVE = "move"
    DELETE = "delete"
    SHARE = "share"
    """Give others rights, or take them away."""
    TRANSFER = "transfer"
    """Give the file to another owner."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one viewer may do with one file."""

    status: Status
    can: Can

    @property
    def may_read(self) -> bool:
        """Whether the content may be read."""
        return self.can is not Can.NOTHING

    @property
    def may_write(self) -> bool:
        """Whether the content and the name may be changed, and the file deleted."""
        return self.can is Can.READ_AND_WRITE

    def allows(self, operation: Operation) -> bool:
        """Whether the viewer may do this."""
        return operation in ALLOWED[self]


_READ = frozenset({Operation.DOWNLOAD})
_WRITE = _READ | {Operation.OVERWRITE, Operation.RENAME, Operation.MOVE, Operation.DELETE}

ALLOWED: dict[Access, frozenset[Operation]] = {
    Access(Status.OWNED, Can.READ_AND_WRITE): _WRITE | {Operation.SHARE, Operation.TRANSFER},
    Access(Status.PUBLIC, Can.READ_AND_WRITE): _WRITE,
    Access(Status.SHARED, Can.READ_AND_WRITE): _WRITE,
    Access(Status.SHARED, Can.READ): _READ,
    Access(Status.RESTRICTED, Can.NOTHING): frozenset(),
}
"""Every access that there is, and what it allows."""


def access_of(
    *,
    owner_id: int | None,
    is_public: bool,
    share_can_write: bool | None,
    viewer_id: int | None,
) -> Access:
    """The access of a viewer.

    Args:
        owner_id: whom the file belongs to; None for nobody.
        is_public: whether everyone may use it.
        share_can_write: whether the viewer's share lets it write; None without a share.
        viewer_id: who wants to know; None for somebody who is not logged in.
    """
    if owner_id is None or owner_id == viewer_id:
        return Access(Status.OWNED, Can.READ_AND_WRITE)
    if is_public:
        return Access(Status.PUBLIC, Can.READ_AND_WRITE)
    if viewer_id is None or share_can_write is None:
        return Access(Status.RESTRICTED, Can.NOTHING)
    return Access(Status.SHARED, Can.READ_AND_WRITE if share_can_write else Can.READ)


class _Share(Protocol):
    @property
    def can_write(self) -> bool: ...


class SharedFile(Protocol):
    """What the rights on a file depend on; `share` is that of the viewer."""

    @property
    def owner_id(self) -> int | None:
        """Whom the file belongs to; None for nobody."""

    @property
    def is_public(self) -> bool:
        """Whether everyone may use it."""

    @property
    def share(self) -> _Share | None:
        """The viewer's share, if there is one."""


class Viewer(Protocol):
    """A user, as far as rights are concerned."""

    @property
    def id(self) -> int:
        """The user's id."""


def may_read(file: SharedFile, viewer: Viewer) -> bool:
    """Whether the viewer, whose share the file carries, may read its content."""
    return access_of(
        owner_id=file.owner_id,
        is_public=file.is_public,
        share_can_write=None if file.share is None else file.share.can_write,
        viewer_id=viewer.id,
    ).may_read
