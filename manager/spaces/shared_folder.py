"""Answers about `Shared`, the folder in which each user finds what others share. It is in no catalog.

What is in it is known with the view of a user, so that pages, counts and positions come from memory.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from catalog.folding import folded
from catalog.port import FolderStore
from catalog.records import File, Folder
from catalog.sort_keys import natural_sort_key
from manager.connections.clients import ClientSession
from manager.errors import AccessDenied
from manager.files.conversion import asks_for_place, folder_handle, listed_file_handle
from manager.space_views import SHARED_NAME, PersonalView
from protocol import c2s, s2c
from protocol.packet import Packet
from protocol.values import PAGE_SIZE, parse_path

_PATH: Final = (SHARED_NAME,)
_REFUSED: Final[Mapping[type[Packet], str]] = {
    c2s.DeleteFolder: "delete",
    c2s.RenameFolder: "rename",
    c2s.MoveFolder: "move",
}
"""What cannot be done to the folder."""


_Entry = TypeVar("_Entry")


class SharedFolderAnswers:
    """Answers the packets that ask about the folder itself."""

    def __init__(self, catalog: FolderStore) -> None:
        self._catalog = catalog

    async def answer(self, client: ClientSession, packet: Packet) -> Packet | None:
        """The answer to a packet that asks about `Shared`; None for any other one.

        Raises `AccessDenied` for one that changes it, and `OutsideScope` for a login that is confined to
        a folder.
        """
        view = client.login.view
        if not isinstance(view, PersonalView) or not _is_about(view, packet):
            return None
        client.login.scope.require_inside(_PATH)
        _require_unchanged(packet)
        match packet:
            case c2s.FolderStatusRequest():
                return _status(view, packet)
            case c2s.ListRequest(type="files"):
                files = _page(_sorted_files(view, packet), packet.page)
                handles = tuple(
                    listed_file_handle(file, client.user.id, with_times=client.receives_times)
                    for file in files
                )
                return s2c.ListFiles(
                    path=packet.path, page=packet.page, files=handles, success=True
                )
            case c2s.ListRequest():
                folders = _page(_sorted_folders(view, packet.ascending_sort), packet.page)
                shown = tuple(map(folder_handle, folders))
                return s2c.ListFolders(
                    path=packet.path, page=packet.page, folders=shown, success=True
                )
            case c2s.PositionRequest():
                return _position(view, packet)
            case c2s.FolderSummariesRequest():
                return await self._summaries(view, packet)
            case c2s.FolderSizeRequest():
                return await self._size(view, packet)
        return None

    async def _summaries(
        self, view: PersonalView, packet: c2s.FolderSummariesRequest
    ) -> s2c.FolderSummaries:
        folders = _page(_sorted_folders(view, packet.ascending_sort), packet.page)
        return s2c.FolderSummaries(
            folders=tuple(
                [
                    s2c.FolderSummary(
                        id=each.id,
                        total_size=sum((await self._usage(each)).values()),
                        changed_at=None,
                    )
                    for each in folders
                ]
            )
        )

    async def _size(self, view: PersonalView, packet: c2s.FolderSizeRequest) -> s2c.FolderSize:
        types: Counter[str] = Counter()
        for seen in view.folders.values():
            types.update(await self._usage(seen.folder))
        for outlying in view.files.values():
            types[outlying.file.mime_type] += outlying.file.size
        return s2c.FolderSize(
            total_size=sum(types.values()), folder_id=packet.folder_id, types=dict(types)
        )

    async def _usage(self, folder: Folder) -> dict[str, int]:
        return await self._catalog.usage_by_type(folder.id)


def _require_unchanged(packet: Packet) -> None:
    if refused := _REFUSED.get(type(packet)):
        raise AccessDenied(f"{refused} this folder")


def _is_about(view: PersonalView, packet: Packet) -> bool:
    match packet:
        case c2s.FolderSizeRequest():
            return packet.folder_id == view.shared_entry_id
        case (
            c2s.FolderStatusRequest()
            | c2s.ListRequest()
            | c2s.PositionRequest()
            | c2s.FolderSummariesRequest()
        ):
            return parse_path(packet.path) == _PATH
        case c2s.DeleteFolder():
            return packet.folder_id == view.shared_entry_id
        case c2s.RenameFolder() | c2s.MoveFolder():
            return parse_path(packet.path) == _PATH
    return False


def _status(view: PersonalView, packet: c2s.FolderStatusRequest) -> s2c.FolderStatus:
    return s2c.FolderStatus(
        path=packet.path,
        folder_id=view.shared_entry_id,
        exists=True,
        file_count=len(view.files),
        subfolder_count=len(view.folders),
        page_size=PAGE_SIZE,
    )


def _position(view: PersonalView, packet: c2s.PositionRequest) -> s2c.Position:
    entries: Sequence[File | Folder] = (
        _sorted_files(view, packet)
        if packet.type == "files"
        else _sorted_folders(view, packet.ascending_sort)
    )
    for index, entry in enumerate(entries):
        if index >= (packet.start or 0) and _fits(entry.name, packet):
            return s2c.Position(index=index, name=entry.name)
    place = _place(entries, packet) if asks_for_place(packet) else None
    return s2c.Position(index=None, name=None, place=place)


def _place(entries: Iterable[File | Folder], packet: c2s.PositionRequest) -> int:
    """How many entries stand before where one of that name would."""
    wanted = natural_sort_key(packet.name)
    keys = (natural_sort_key(entry.name) for entry in entries)
    return sum(key < wanted if packet.ascending_sort else key > wanted for key in keys)


def _fits(name: str, packet: c2s.PositionRequest) -> bool:
    if packet.is_prefix:
        return folded(name).startswith(folded(packet.name))
    return name == packet.name


def _sorted_files(view: PersonalView, packet: c2s.ListRequest | c2s.PositionRequest) -> list[File]:
    files = [replace(seen.file, name=name) for name, seen in view.files.items()]
    files.sort(key=_in_order, reverse=_by_name(packet) and not packet.ascending_sort)
    if packet.sort_by == "size":
        files.sort(key=lambda file: file.size, reverse=not packet.ascending_sort)
    elif packet.sort_by == "updated_at":
        files.sort(key=lambda file: file.updated_at, reverse=not packet.ascending_sort)
    elif packet.sort_by == "modified_at":
        files.sort(key=lambda file: file.last_modified, reverse=not packet.ascending_sort)
    return files


def _by_name(packet: c2s.ListRequest | c2s.PositionRequest) -> bool:
    return packet.sort_by in {None, "name"}


def _sorted_folders(view: PersonalView, ascending: bool | None) -> list[Folder]:
    folders: Iterable[Folder] = (
        replace(seen.folder, name=name, parent_id=view.shared_entry_id)
        for name, seen in view.folders.items()
    )
    return sorted(folders, key=_in_order, reverse=not ascending)


def _in_order(entry: File | Folder) -> tuple[str, str]:
    return natural_sort_key(entry.name), entry.name


def _page(entries: Sequence[_Entry], page: int) -> Sequence[_Entry]:
    return entries[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
