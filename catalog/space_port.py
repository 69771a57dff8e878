"""The part of the port for groups, and for who may see and change which folders.

A user's right on a folder is the highest of those that the user has on it and on all folders above: as
their owner (who may manage), or by a grant to the user, to a group of the user's, or to everybody. So
whoever may see a folder may see all that is below it. The promises of `catalog.port` hold here as well.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from catalog.folder_rights import FolderRight
from catalog.permits import Permit
from catalog.records import File, Folder, User

MAX_GRANTS: Final = 1000
"""Users and groups with which one folder may be shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some users, with whom folders are shared together."""

    id: int
    name: str
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grantee:
    """To whom a right is granted: a user, a group, or (without either) everybody."""

    user_id: int | None = None
    group_id: int | None = None


EVERYBODY: Final = Grantee()


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderGrant:
    """A right on a folder that somebody has been granted. `granted_at`: when it last changed."""

    grantee: Grantee
    right: FolderRight
    granted_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSharing:
    """The owner of a folder and the grants on it, apart from those of folders above.

    Attributes:
        owner_id: None: that of the folder above.
        grants: to everybody first, then to groups and to users, by id.
    """

    owner_id: int | None
    grants: tuple[FolderGrant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleFolder:
    """A folder that a user may see, in one that the user may not see.

    Attributes:
        path: where it stands.
        folder: the folder.
        right: what the user may do in it; below it, that or more.
        is_home: whether it is the home of this very user.
        is_common: whether it is the common space.
    """

    path: tuple[str, ...]
    folder: Folder
    right: FolderRight
    is_home: bool
    is_common: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlyingFile:
    """A file that a user may read, with the user's share, in a folder that the user may not see."""

    path: tuple[str, ...]
    file: File


class GroupStore(Protocol):
    """Groups of users. Their names do not differ by (ASCII) case alone."""

    async def create_group(self, name: str) -> Group:
        """A new group without members. Raises `GroupNameTaken`."""

    async def remove_group(self, group_id: int) -> bool:
        """Removes a group with all that was granted to it. False for a missing one."""

    async def list_groups(self) -> list[Group]:
        """All groups, by name."""

    async def groups_of(self, user_id: int) -> list[Group]:
        """The groups of which the user is a member, by name."""

    async def group_members(self, group_id: int) -> list[User]:
        """The members of a group by name; none for a missing one."""

    async def put_member(self, group_id: int, user_id: int) -> None:
        """Makes a user a member. Raises `GroupMissing`, `UserMissing`."""

    async def remove_member(self, group_id: int, user_id: int) -> bool:
        """Ends a membership. False when there was none."""


class SpaceStore(Protocol):
    """Who may see and change which folders."""

    async def set_space(self, folder_id: int, user_id: int | None) -> None:
        """Makes a folder the home of a user, who owns it, or (None) the common space, in which all write.

        A user has one home, and there is one common space: where there is one already, nothing changes.
        Raises `FolderMissing`, `UserMissing`.
        """

    async def visible_folders(self, user_id: int) -> list[VisibleFolder]:
        """The topmost folders of all that the user may see, by id."""

    async def outlying_files(self, user_id: int, *, limit: int) -> list[OutlyingFile]:
        """Files that the user may read by own right, in folders that the user may not see.

        These are files that the user owns, that are shared with the user, or that are public. Those whose
        content changed last come first, `limit` at most; of the public ones, and of the shared ones, the
        `limit` that changed last are looked at.
        """

    async def rights_on(
        self, user_id: int, folder_ids: Collection[int]
    ) -> Mapping[int, FolderRight]:
        """The user's rights on those of the folders that are there, and on which the user has any."""

    async def folder_sharing(self, folder_id: int) -> FolderSharing:
        """The owner and the grants of a folder. Raises `FolderMissing`."""

    async def put_grant(
        self,
        folder_id: int,
        grantee: Grantee,
        right: FolderRight,
        *,
        permit: Permit | None = None,
    ) -> None:
        """Grants a right on a folder, or changes one.

        Raises `FolderMissing`, `RootIsFixed`, `UserMissing`, `GroupMissing`, `NotPermitted`,
        `TooManyGrants` (there are `MAX_GRANTS` others).
        """

    async def remove_grant(
        self, folder_id: int, grantee: Grantee, *, permit: Permit | None = None
    ) -> bool:
        """Takes a grant back. False when there was none. Raises `NotPermitted`."""

    async def set_folder_owner(
        self, folder_id: int, owner_id: int | None, *, permit: Permit | None = None
    ) -> None:
        """Gives a folder another owner, or (None) that of the folder above.

        Raises `FolderMissing`, `RootIsFixed`, `UserMissing`, `NotPermitted`.
        """
