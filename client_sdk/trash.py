"""The client's methods for what was deleted, and for earlier contents of files."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from client_sdk import listing
from client_sdk.errors import NotFound, Refused, UnexpectedAnswer
from client_sdk.models import read_answer
from client_sdk.paths import RemotePath, join_remote, split_remote
from client_sdk.session import ClientCore

_MOST_ITEMS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class TrashItem:
    """A file or folder in the trash.

    Attributes:
        kind: `file` or `folder`.
        id: The id that it had, and has again when it is restored.
        path: Full path that it had.
        name: Name that it had.
        size: Bytes of the file, or of all files in the folder.
        files: How many files it is; 1 for a file.
        type: MIME type of a file; None for a folder.
        deleted_by: Name of the user who deleted it; None when that user is gone, or has emptied the trash.
        deleted_at: When that was.
        expires_at: When it is deleted for good.
    """

    kind: Literal["file", "folder"]
    id: int
    path: str
    name: str
    size: int
    files: int
    type: str | None
    deleted_by: str | None
    deleted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class TrashUse:
    """How much of what the user stores lies in the trash.

    Attributes:
        bytes: Size of these files.
        files: How many they are.
    """

    bytes: int
    files: int


@dataclass(frozen=True, kw_only=True)
class VersionInfo:
    """An earlier content of a file.

    Attributes:
        id: Its number.
        size: Bytes.
        type: MIME type.
        stored_at: When it had become the content of the file.
        replaced_at: When other content took its place.
    """

    id: int
    size: int
    type: str
    stored_at: datetime
    replaced_at: datetime


class TrashAndVersions(ClientCore):
    """Restores what was deleted or replaced. `Client` has the documentation."""

    async def trash(self) -> AsyncGenerator[TrashItem, None]:
        """Yield what is in the trash: what the user has deleted, and what others have of the user's files.

        The last deletion comes first.
        """
        query: dict[str, str] = {}
        while True:
            answer = await self._api.ask("GET", "/account/trash", query=query)
            for told in answer.get("items", ()):
                yield _item_of(told)
            if answer.get("next") is None:
                return
            query["before"] = str(answer["next"])

    async def trash_use(self) -> TrashUse:
        """How much of what the user stores lies in the trash. It counts in the user's quota."""
        answer = await self._api.ask("GET", "/account/trash")
        return read_answer({"bytes": answer.get("bytes"), "files": answer.get("files")}, TrashUse)

    async def restore(self, item: TrashItem) -> str:
        """Put something back where it was, and return the path that it has.

        Its folder is made again if it is gone; a name that is taken is numbered.

        Raises:
            NotFound: It is not in the trash any more.
            Refused: It cannot go back to where it was.
        """
        answer = await self._api.ask("POST", "/account/trash/restore", body=_body((item,)))
        for told in answer.get("restored", ()):
            return join_remote(str(told.get("path")), str(told.get("name")))
        for told in answer.get("refused", ()):
            text = f"{item.path}: {told.get('message')}"
            raise NotFound(text) if told.get("code") == "not-in-trash" else Refused(text)
        raise UnexpectedAnswer("the manager does not say whether it was restored")

    async def delete_from_trash(self, items: Sequence[TrashItem]) -> None:
        """Delete things for good. Of what holds files of others too, the user's own files go."""
        for start in range(0, len(items), _MOST_ITEMS):
            body = _body(items[start : start + _MOST_ITEMS])
            await self._api.ask("POST", "/account/trash/delete", body=body)

    async def empty_trash(self) -> None:
        """Delete all that is in the trash for good, as `delete_from_trash` does."""
        await self._api.ask("POST", "/account/trash/empty", body={})

    async def versions(self, remote: RemotePath) -> list[VersionInfo]:
        """The earlier contents of a file, the last one first.

        Raises:
            NotFound: There is no such file.
            Forbidden: The user may not change it.
        """
        file_id = await self._file_id(remote)
        answer = await self._api.ask("GET", f"/versions/{file_id}")
        return [read_answer(told, VersionInfo) for told in answer.get("versions", ())]

    async def restore_version(self, remote: RemotePath, version_id: int) -> None:
        """Give a file an earlier content again. What it has now becomes a version.

        Raises:
            NotFound: There is no such file, or it has no such version.
            Forbidden: The user may not change it.
        """
        file_id = await self._file_id(remote)
        await self._api.ask("POST", f"/versions/{file_id}/{version_id}/restore")

    async def delete_version(self, remote: RemotePath, version_id: int) -> None:
        """Delete an earlier content of a file for good. Raises as `restore_version`."""
        await self._api.ask("DELETE", f"/versions/{await self._file_id(remote)}/{version_id}")

    async def _file_id(self, remote: RemotePath) -> int:
        return (await listing.find_file(self._link, *split_remote(remote))).id


def _body(items: Sequence[TrashItem]) -> dict[str, Any]:
    return {"items": [{"kind": item.kind, "id": item.id} for item in items]}


def _item_of(told: object) -> TrashItem:
    try:
        fields = msgspec.convert(told, dict[str, Any])
        fields["path"] = join_remote(str(fields.get("path")), str(fields.get("name")))
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"the manager answered without an item: {error}") from error
    return read_answer(fields, TrashItem)
