"""The client's methods for links, which open a file without an account."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final

import msgspec

from client_sdk import listing
from client_sdk.errors import UnexpectedAnswer
from client_sdk.paths import RemotePath, join_remote, split_remote
from client_sdk.session import ClientCore


class LinkState(StrEnum):
    """Whether a link opens its file or folder, or why not."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED_UP = "used-up"
    """It was used as often as it may be, or as much was added by it as may be."""
    FOLDER_DELETED = "folder-deleted"
    FILE_DELETED = "file-deleted"
    CONTENT_CHANGED = "content-changed"
    """The file has other content than that for which the link was made."""
    NOT_PERMITTED = "not-permitted"
    """Who made it may not share the file or folder any more."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""What is not said: a default for a new link, as it is for one that is changed."""


@dataclass(frozen=True, kw_only=True)
class LinkInfo:
    """A link to a file.

    Attributes:
        id: Names it; no secret.
        url: The address. Everybody who has it can read the file: treat it as a secret. None for links of
            other users, and where the manager lacks the key that encrypted it.
        state: Whether it opens the file now.
        path: Full path of the file; None once it has been deleted, or if it is hidden.
        label: The user's note.
        has_password: Whether it asks for a password.
        max_downloads: How often it may be used; None for any number.
        downloads: How often it was.
        follows_content: Whether it goes on when the file gets other content.
        created_at: When it was made.
        expires_at: When it ends; None for never.
        revoked_at: When it was revoked; None unless it was.
        last_used_at: When the last download began; None before the first.
        is_hidden: Whether it leads to what the administrator who asks may not see; path and label are
            left out then.
    """

    id: str
    url: str | None
    state: LinkState
    path: str | None
    label: str
    has_password: bool
    max_downloads: int | None
    downloads: int
    follows_content: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    is_hidden: bool = False


class Linking(ClientCore):
    """Makes links, lists, changes and revokes them. `Client` has the documentation."""

    async def create_link(
        self,
        remote: RemotePath,
        *,
        label: str = "",
        life_s: float | Unset | None = UNSET,
        password: str | None = None,
        max_downloads: int | None = None,
        follows_content: bool = False,
    ) -> LinkInfo:
        """Make a link that downloads a file without an account.

        Args:
            remote: Full path of the file.
            label: A note for the user.
            life_s: Seconds until it expires; None for never, `UNSET` for what the manager is configured for.
            password: What has to be sent before the file is; None for nothing.
            max_downloads: How often it may be used; None for any number.
            follows_content: Whether it goes on when the file gets other content.

        Raises:
            NotFound: There is no such file.
            Forbidden: The user may not share it.
            Refused: An option cannot be used, or there are too many links.
        """
        path, name = split_remote(remote)
        body: dict[str, Any] = {
            "path": path,
            "name": name,
            "label": label,
            "password": password,
            "max_downloads": max_downloads,
            "follows_content": follows_content,
        }
        if life_s is not UNSET:
            body["expires_in_s"] = life_s
        return _link_of(await self._api.ask("POST", "/account/links", body=body))

    async def links(
        self, remote: RemotePath | None = None, *, user: str | None = None
    ) -> AsyncGenerator[LinkInfo, None]:
        """Yield links, the newest first.

        Args:
            remote: The file of the user whose links are wanted; None: those to all files.
            user: Another user, for administrators, who get no addresses; None: the own ones.

        Raises:
            NotFound: There is no such file, or no such user.
            Forbidden: The user is no administrator.
        """
        route, query = "/account/links", {}
        if user is not None:
            route, query = "/admin/links", {"user": user}
        elif remote is not None:
            file = await listing.find_file(self._link, *split_remote(remote))
            query = {"file_id": str(file.id)}
        is_last = False
        while not is_last:
            answer = await self._api.ask("GET", route, query=query)
            for told in answer.get("links", ()):
                yield _link_from(told)
            query["after"] = str(answer.get("next"))
            is_last = answer.get("next") is None

    async def change_link(
        self,
        link_id: str,
        *,
        label: str | Unset = UNSET,
        life_s: float | Unset | None = UNSET,
        password: str | Unset | None = UNSET,
        max_downloads: int | Unset | None = UNSET,
    ) -> LinkInfo:
        """Change a link of the user: what is `UNSET` stays, None takes a limit away.

        `life_s` counts from now on.

        Raises:
            NotFound: The user has no such link.
            Refused: An option cannot be used.
        """
        wanted = {
            "label": label,
            "expires_in_s": life_s,
            "password": password,
            "max_downloads": max_downloads,
        }
        changes = {name: value for name, value in wanted.items() if value is not UNSET}
        return _link_of(await self._api.ask("PATCH", f"/account/links/{link_id}", body=changes))

    async def revoke_link(self, link_id: str, *, of_any_user: bool = False) -> None:
        """End a link for good.

        Args:
            link_id: The link.
            of_any_user: Also one that another user has made; for administrators.

        Raises:
            NotFound: There is no such link.
            Forbidden: The user is no administrator.
        """
        base = "/admin/links" if of_any_user else "/account/links"
        await self._api.ask("DELETE", f"{base}/{link_id}")


def _link_of(answer: dict[str, Any]) -> LinkInfo:
    return _link_from(answer.get("link"))


def _link_from(told: object) -> LinkInfo:
    try:
        fields = msgspec.convert(told, dict[str, Any])
        if fields.get("path") is not None:
            fields["path"] = join_remote(fields["path"], str(fields.get("name")))
        return msgspec.convert(fields, LinkInfo)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager answered without a link: {error}") from error
