"""Who may do what with a file. No I/O.

An owner may do everything, and so may every user with a file that has no owner. A public file is
read and written by every user, a shared one as its share allows. Otherwise a file is restricted: its
name and size can be seen, its content cannot. Being an administrator gives no right on files.

Where rights on folders count, they add to that: a file is used as the right on its folder allows, too,
which is the only right on a file without an owner, and nobody sees a file that is restricted
(`manager.spaces.catalog`).
"""

from dataclasses import dataclass
from enum import StrEnum

from catalog.folder_rights import FolderRight
from catalog.permits import STANDINGS, Holder, Permit, Standing
from catalog.records import File, Share, User


class Status(StrEnum):
    """The relation of a file to a viewer; the values are those of the protocol."""

    OWNED = "owned"
    PUBLIC = "public"
    SHARED = "shared"
    RESTRICTED = "restricted"


class Can(StrEnum):
    """What a viewer can do with the content; the values are those of the protocol."""

    NOTHING = "none"
    READ = "r"
    READ_AND_WRITE = "rw"


class FileOperation(StrEnum):
    """An operation on a file that needs a right."""

    DOWNLOAD = "download"
    """Read the content or a view of it."""
    OVERWRITE = "overwrite"
    RENAME = "rename"
    MOVE = "move"
    DELETE = "delete"
    SHARE = "share"
    """Grant rights to other users, withdraw them, or make a link for everybody who has it."""
    TRANSFER = "transfer"
    """Make another user the owner."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one viewer may do with one file."""

    status: Status
    can: Can
    is_manager: bool = False
    """Whether the viewer manages the folder, and so shares what others own in it."""

    @property
    def may_read(self) -> bool:
        """Whether the content may be read."""
        return self.can is not Can.NOTHING

    @property
    def may_write(self) -> bool:
        """Whether the content and the name may be changed, and the file deleted."""
        return self.can is Can.READ_AND_WRITE

    def allows(self, operation: FileOperation) -> bool:
        """Whether the viewer may do it."""
        return operation in ALLOWED[self]


_READ = frozenset({FileOperation.DOWNLOAD})
_WRITE = _READ | {
    FileOperation.OVERWRITE,
    FileOperation.RENAME,
    FileOperation.MOVE,
    FileOperation.DELETE,
}

ALLOWED: dict[Access, frozenset[FileOperation]] = {
    Access(Status.OWNED, Can.READ_AND_WRITE): _WRITE
    | {FileOperation.SHARE, FileOperation.TRANSFER},
    Access(Status.PUBLIC, Can.READ_AND_WRITE): _WRITE,
    Access(Status.PUBLIC, Can.READ_AND_WRITE, is_manager=True): _WRITE | {FileOperation.SHARE},
    Access(Status.SHARED, Can.READ_AND_WRITE, is_manager=True): _WRITE | {FileOperation.SHARE},
    Access(Status.SHARED, Can.READ_AND_WRITE): _WRITE,
    Access(Status.SHARED, Can.READ): _READ,
    Access(Status.RESTRICTED, Can.NOTHING): frozenset(),
}
"""The table of rights: all values of `Access` and what they allow."""


def access_of(
    *,
    owner_id: int | None,
    is_public: bool,
    share_can_write: bool | None,
    viewer_id: int | None,
    folder_right: FolderRight | None = None,
) -> Access:
    """The access of a viewer.

    Args:
        owner_id: owner of the file; None for a file without one.
        is_public: whether every user may use it.
        share_can_write: whether the viewer's share allows writing; None without a share.
        viewer_id: the user; None for a client that is not logged in.
        folder_right: the viewer's right on its folder; None without one, and where such rights do not count.
    """
    is_everybodys = owner_id is None and folder_right is None
    if is_everybodys or (owner_id is not None and owner_id == viewer_id):
        return Access(Status.OWNED, Can.READ_AND_WRITE)
    is_manager = folder_right is FolderRight.MANAGE
    if is_public:
        return Access(Status.PUBLIC, Can.READ_AND_WRITE, is_manager)
    if viewer_id is None or (share_can_write is None and folder_right is None):
        return Access(Status.RESTRICTED, Can.NOTHING)
    may_write = bool(share_can_write) or (folder_right or 0) >= FolderRight.WRITE
    return Access(Status.SHARED, Can.READ_AND_WRITE if may_write else Can.READ, is_manager)


def access_to(file: File, viewer_id: int | None, share: Share | None = None) -> Access:
    """The access of a viewer to a file.

    Args:
        file: the file.
        viewer_id: the user; None for a client that is not logged in.
        share: the viewer's share; None for the one that the file carries.
    """
    share = share or file.share
    return access_of(
        owner_id=file.owner_id,
        is_public=file.is_public,
        share_can_write=None if share is None else share.can_write,
        viewer_id=viewer_id,
        folder_right=file.folder_right,
    )


def may_read(file: File, viewer: User) -> bool:
    """Whether the viewer, whose share the file carries, may read its content."""
    return access_to(file, viewer.id).may_read


def is_visible(file: File, viewer_id: int, share: Share | None = None) -> bool:
    """Whether a viewer may see a file, which carries the right on its folder, where such rights count.

    A file without an owner belongs to who has its folder. `share`: as in `access_to`.
    """
    if file.folder_right is None and file.owner_id is None:
        return False
    return access_to(file, viewer_id, share).may_read


_VIEWER_ID = 1
_OWNER_IDS = {Holder.USER: _VIEWER_ID, Holder.NOBODY: None, Holder.OTHER: 2}


def permit_for(user: User, operation: FileOperation) -> Permit:
    """The permit that covers the files on which the user may do this.

    The catalog checks it in the transaction that writes, so it expresses by standings what `ALLOWED`
    expresses by access.
    """
    return Permit(user.id, _ALLOWING_STANDINGS[operation])


def folder_permit(user: User) -> Permit:
    """The permit for changes of folders, whose rights the catalog's caller demands where they count."""
    return Permit(user.id)


def _access(standing: Standing) -> Access:
    return access_of(
        owner_id=_OWNER_IDS[standing.holder],
        is_public=standing.is_public,
        share_can_write=standing.can_write,
        viewer_id=_VIEWER_ID,
    )


_ALLOWING_STANDINGS = {
    operation: frozenset(standing for standing in STANDINGS if _access(standing).allows(operation))
    for operation in FileOperation
}
