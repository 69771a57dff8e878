"""The client's methods for sharing folders, and for groups, at managers where users have homes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from urllib.parse import quote

from client_sdk.models import read_answer
from client_sdk.paths import RemotePath, clean_folder
from client_sdk.session import ClientCore

FolderRight: TypeAlias = Literal["read", "write", "manage"]


@dataclass(frozen=True, kw_only=True)
class GrantedRight:
    """A right on a folder that somebody was granted: everybody, without a user and without a group."""

    user: str | None
    group: str | None
    right: FolderRight
    granted_at: datetime


@dataclass(frozen=True, kw_only=True)
class FolderAccess:
    """Who may use a folder.

    Attributes:
        right: What the user of this client may do in it.
        owner: Its owner, for who manages it; None: that of the folder above.
        grants: What was granted on the folder itself, for who manages it.
    """

    right: FolderRight
    owner: str | None
    grants: list[GrantedRight]


@dataclass(frozen=True, kw_only=True)
class SharedFolder:
    """A folder that others share with the user, at the path at which the user sees it."""

    path: str
    name: str
    folder_id: int
    right: FolderRight


@dataclass(frozen=True, kw_only=True)
class UserGroup:
    """A group of users; `members` is how many."""

    id: int
    name: str
    members: int


class SharingFolders(ClientCore):
    """Shares folders. `Client` has the documentation.

    All raise `Refused` at a manager where there is one tree for all users.
    """

    async def folder_access(self, remote: RemotePath) -> FolderAccess:
        """Who may use a folder. Raises `NotFound`."""
        answer = await self._api.ask(
            "GET", "/folders/sharing", query={"path": clean_folder(remote)}
        )
        return read_answer(
            {each: answer.get(each) for each in ("right", "owner", "grants")}, FolderAccess
        )

    async def share_folder(
        self,
        remote: RemotePath,
        *,
        user: str | None = None,
        group: str | None = None,
        everybody: bool = False,
        right: FolderRight = "read",
    ) -> None:
        """Let a user, a group, or everybody use a folder with all that is in it; exactly one of them.

        Raises:
            NotFound: There is no such folder, user or group.
            Forbidden: The user of this client does not manage the folder.
        """
        await self._share(remote, user, group, everybody=everybody, right=right)

    async def unshare_folder(
        self,
        remote: RemotePath,
        *,
        user: str | None = None,
        group: str | None = None,
        everybody: bool = False,
    ) -> None:
        """Take back what was granted on a folder. Raises `NotFound` when there is nothing."""
        await self._share(remote, user, group, everybody=everybody, right=None)

    async def leave_folder(self, remote: RemotePath) -> None:
        """Give up a folder that was shared with the user. Raises `NotFound`, `Forbidden`."""
        await self._api.ask("POST", "/folders/leave", body={"path": clean_folder(remote)})

    async def give_folder(self, remote: RemotePath, user: str) -> None:
        """Give a folder another owner, who manages it from then on. Raises `NotFound`, `Forbidden`."""
        body = {"path": clean_folder(remote), "user": user}
        await self._api.ask("POST", "/folders/owner", body=body)

    async def shared_with_me(self) -> list[SharedFolder]:
        """The folders that others share with the user."""
        answer = await self._api.ask("GET", "/account/shared")
        return read_answer(answer.get("folders"), list[SharedFolder])

    async def groups(self) -> list[UserGroup]:
        """All groups, by name."""
        answer = await self._api.ask("GET", "/groups")
        return read_answer(answer.get("groups"), list[UserGroup])

    async def create_group(self, name: str) -> None:
        """Make a group; for administrators. Raises `Refused` when the name is taken or no name."""
        await self._api.ask("POST", "/admin/groups", body={"name": name})

    async def remove_group(self, name: str) -> None:
        """Remove a group and all that was granted to it; for administrators. Raises `NotFound`."""
        await self._api.ask("DELETE", f"/admin/groups/{_quoted(name)}")

    async def group_members(self, name: str) -> list[str]:
        """The names of the members of a group; for administrators. Raises `NotFound`."""
        answer = await self._api.ask("GET", f"/admin/groups/{_quoted(name)}")
        return read_answer(answer.get("members"), list[str])

    async def add_to_group(self, name: str, user: str) -> None:
        """Make a user a member; for administrators. Raises `NotFound`."""
        await self._api.ask("POST", f"/admin/groups/{_quoted(name)}/members", body={"user": user})

    async def remove_from_group(self, name: str, user: str) -> None:
        """End a membership; for administrators. Raises `NotFound`."""
        await self._api.ask("DELETE", f"/admin/groups/{_quoted(name)}/members/{_quoted(user)}")

    async def _share(
        self,
        remote: RemotePath,
        user: str | None,
        group: str | None,
        *,
        everybody: bool,
        right: FolderRight | None,
    ) -> None:
        body = {
            "path": clean_folder(remote),
            "user": user,
            "group": group,
            "everybody": everybody,
            "right": right,
        }
        await self._api.ask("POST", "/folders/sharing", body=body)


def _quoted(name: str) -> str:
    return quote(name, safe="")
