"""The client's methods for links to folders, which open one, or add to one, without an account."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from client_sdk.links import UNSET, LinkState, Unset
from client_sdk.models import read_answer
from client_sdk.paths import RemotePath, clean_folder
from client_sdk.session import ClientCore


@dataclass(frozen=True, kw_only=True)
class FolderLinkInfo:
    """A link to a folder.

    Attributes:
        id: Names it; no secret.
        url: The address. Everybody who has it can read the folder, or add to it: treat it as a secret. None
            for links of other users, and where the manager lacks the key that encrypted it.
        state: Whether it works now.
        path: Full path of the folder; None once it has been deleted, or is hidden from the user.
        label: The user's note.
        for_uploads: Whether it adds files to the folder, which it then does not show.
        has_password: Whether it asks for a password.
        max_files: How many files may be added by it; None for any number.
        max_file_size: Bytes that each may have; None for any number.
        max_total_size: Bytes that they may have together; None for any number.
        received_files: How many were added.
        received_size: Bytes that these had.
        created_at: When it was made.
        expires_at: When it ends; None for never.
        revoked_at: When it was revoked; None unless it was.
        last_used_at: When it was last used, roughly; None before the first time.
        is_hidden: Whether it leads to what the administrator who asks may not see; path and label are
            left out then.
    """

    id: str
    url: str | None
    state: LinkState
    path: str | None
    label: str
    for_uploads: bool
    has_password: bool
    max_files: int | None
    max_file_size: int | None
    max_total_size: int | None
    received_files: int
    received_size: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    is_hidden: bool = False


class LinkingFolders(ClientCore):
    """Makes links to folders, lists, changes and revokes them. `Client` has the documentation."""

    async def create_folder_link(
        self,
        remote: RemotePath,
        *,
        for_uploads: bool = False,
        label: str = "",
        life_s: float | Unset | None = UNSET,
        password: str | None = None,
        max_files: int | None = None,
        max_file_size: int | None = None,
        max_total_size: int | None = None,
    ) -> FolderLinkInfo:
        """Make a link that opens a folder without an account, or lets add files to it.

        Args:
            remote: Full path of the folder.
            for_uploads: Whether it adds files, and shows none.
            label: A note for the user.
            life_s: Seconds until it expires; None for never, `UNSET` for what the manager is configured for.
            password: What has to be sent first; None for nothing.
            max_files: How many files may be added by it; None for any number.
            max_file_size: Bytes that each may have; None for any number.
            max_total_size: Bytes that they may have together; None for any number.

        Raises:
            NotFound: There is no such folder.
            Forbidden: The user may not share it, or not write in it.
            Refused: An option cannot be used, or there are too many links.
        """
        body: dict[str, Any] = {
            "path": clean_folder(remote),
            "for_uploads": for_uploads,
            "label": label,
            "password": password,
            "max_files": max_files,
            "max_file_size": max_file_size,
            "max_total_size": max_total_size,
        }
        if life_s is not UNSET:
            body["expires_in_s"] = life_s
        return _link_of(await self._api.ask("POST", "/account/folder-links", body=body))

    async def folder_links(
        self, *, user: str | None = None
    ) -> AsyncGenerator[FolderLinkInfo, None]:
        """Yield links to folders, the newest first.

        Args:
            user: Another user, for administrators, who get no addresses; None: the own ones.

        Raises:
            NotFound: There is no such user.
            Forbidden: The user is no administrator.
        """
        route = "/account/folder-links" if user is None else "/admin/folder-links"
        query = {} if user is None else {"user": user}
        is_last = False
        while not is_last:
            answer = await self._api.ask("GET", route, query=query)
            for link in read_answer(answer.get("links"), list[FolderLinkInfo]):
                yield link
            query["after"] = str(answer.get("next"))
            is_last = answer.get("next") is None

    async def change_folder_link(
        self,
        link_id: str,
        *,
        label: str | Unset = UNSET,
        life_s: float | Unset | None = UNSET,
        password: str | Unset | None = UNSET,
        max_files: int | Unset | None = UNSET,
        max_file_size: int | Unset | None = UNSET,
        max_total_size: int | Unset | None = UNSET,
    ) -> FolderLinkInfo:
        """Change a link to a folder of the user: what is `UNSET` stays, None takes a limit away.

        `life_s` counts from now on.

        Raises:
            NotFound: The user has no such link.
            Refused: An option cannot be used.
        """
        wanted = {
            "label": label,
            "expires_in_s": life_s,
            "password": password,
            "max_files": max_files,
            "max_file_size": max_file_size,
            "max_total_size": max_total_size,
        }
        changes = {name: value for name, value in wanted.items() if value is not UNSET}
        route = f"/account/folder-links/{link_id}"
        return _link_of(await self._api.ask("PATCH", route, body=changes))

    async def revoke_folder_link(self, link_id: str, *, of_any_user: bool = False) -> None:
        """End a link to a folder for good.

        Args:
            link_id: The link.
            of_any_user: Also one that another user has made; for administrators.

        Raises:
            NotFound: There is no such link.
            Forbidden: The user is no administrator.
        """
        base = "/admin/folder-links" if of_any_user else "/account/folder-links"
        await self._api.ask("DELETE", f"{base}/{link_id}")


def _link_of(answer: dict[str, Any]) -> FolderLinkInfo:
    return read_answer(answer.get("link"), FolderLinkInfo)
