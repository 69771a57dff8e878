"""Translates what clients name in packets into places of the catalog, where users have homes.

This is the only way in: handlers get paths and ids of the catalog. What may not be seen is translated to
what is not there, so that the answer is the same. The table has every packet that names a place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from msgspec.structs import replace as with_fields

from catalog.port import FolderPath, FolderStore
from catalog.records import ROOT_FOLDER_ID
from catalog.space_port import SpaceStore
from manager.connections.clients import ClientSession
from manager.errors import InvalidRequest
from manager.space_views import NO_FOLDER_ID, SHARED_NAME, PersonalView
from manager.spaces.refreshing import show
from manager.spaces.shared_folder import SharedFolderAnswers
from manager.spaces.spaces import Spaces
from protocol import c2s, s2c
from protocol.errors import InvalidValue
from protocol.packet import Packet
from protocol.values import MAX_PATH_NAMES, format_path, parse_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The fields of a packet that name folders and files.

    Attributes:
        path: the path of a folder; "" for none.
        name: the name, or the names, of files that are in that folder; "" for none.
        target_path: the path of another folder; "" for none.
        ids: the ids of folders, for which null is the root.
        file_name: the name, or the names, of files in the folder whose id is the first one; "" for none.
    """

    path: str = ""
    name: str = ""
    target_path: str = ""
    ids: tuple[str, ...] = ()
    file_name: str = ""


_FOLDER = Names(path="path")
_FILE = Names(path="path", name="name")

PLACES: Final[Mapping[type[Packet], Names]] = {
    c2s.UploadRequest: _FOLDER,
    c2s.EmptyFileUpload: _FOLDER,
    c2s.FolderStatusRequest: _FOLDER,
    c2s.ListRequest: _FOLDER,
    c2s.PositionRequest: _FOLDER,
    c2s.FolderSummariesRequest: _FOLDER,
    c2s.SearchRequest: _FOLDER,
    c2s.CreateFolder: _FOLDER,
    c2s.RenameFolder: _FOLDER,
    c2s.MoveFolder: Names(path="path", target_path="target_path"),
    c2s.CopyFolder: Names(path="path", target_path="target_path"),
    c2s.CopyFiles: Names(path="path", name="files", target_path="target_path"),
    c2s.RenameFile: _FILE,
    c2s.FileShare: _FILE,
    c2s.SetPublic: _FILE,
    c2s.ShareListRequest: _FILE,
    c2s.StarFolder: Names(ids=("folder_id",)),
    c2s.FolderSizeRequest: Names(ids=("folder_id",)),
    c2s.DeleteFolder: Names(ids=("folder_id",)),
    c2s.DeleteFile: Names(ids=("folder_id",), file_name="name"),
    c2s.MoveFiles: Names(ids=("source_id", "target_id"), file_name="files"),
}
"""Every packet that names a folder, but for a bundle, whose files name one each."""


class PlaceStore(FolderStore, SpaceStore, Protocol):
    """Folders, and who may see them."""


class PacketPlaces:
    """Translates the packets of clients, and the answers to them."""

    def __init__(self, spaces: Spaces, catalog: PlaceStore) -> None:
        self._spaces = spaces
        self._catalog = catalog
        self._shared = SharedFolderAnswers(catalog)

    async def answer(self, client: ClientSession, packet: Packet) -> Packet | None:
        """The answer to a packet about the folder `Shared` itself; None for any other one.

        Raises `OutsideScope`.
        """
        return await self._shared.answer(client, packet)

    async def placed(self, client: ClientSession, packet: Packet) -> Packet:
        """The packet with places of the catalog, as the client sees them at this moment.

        Raises `InvalidRequest` for a path that is too long.
        """
        if not self._spaces.is_personal:
            return packet
        view = await self._spaces.view_of(client.user)
        show(client, view)
        assert isinstance(view, PersonalView)  # noqa: S101 - users have homes
        if isinstance(packet, c2s.BundleRequest):
            return _placed_bundle(view, packet)
        if isinstance(packet, c2s.SearchRequest) and _is_everywhere(packet.path):
            return with_fields(packet, path=None)
        names = PLACES.get(type(packet))
        if names is None:
            return packet
        fields = self._paths(view, packet, names)
        fields |= await self._ids(view, client.user.id, packet, names)
        return with_fields(packet, **fields)

    def _paths(self, view: PersonalView, packet: Packet, names: Names) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if names.name:
            path = parse_path(getattr(packet, names.path))
            place, file_name = _placed_files(view, path, getattr(packet, names.name))
            fields |= {names.path: _formatted(place), names.name: file_name}
        elif names.path and getattr(packet, names.path) is not None:
            fields[names.path] = _placed_path(view, getattr(packet, names.path))
        if names.target_path:
            fields[names.target_path] = _placed_path(view, getattr(packet, names.target_path))
        return fields

    async def _ids(
        self, view: PersonalView, user_id: int, packet: Packet, names: Names
    ) -> dict[str, Any]:
        wanted = {name: getattr(packet, name) or ROOT_FOLDER_ID for name in names.ids}
        if names.file_name and wanted[names.ids[0]] == view.shared_entry_id:
            place_id, file_name = _outlying(view, getattr(packet, names.file_name))
            return {names.file_name: file_name, **dict.fromkeys(names.ids[:1], place_id)} | {
                name: await self._seen_id(view, user_id, wanted[name]) for name in names.ids[1:]
            }
        return {name: await self._seen_id(view, user_id, each) for name, each in wanted.items()}

    async def _seen_id(self, view: PersonalView, user_id: int, folder_id: int) -> int:
        """The id in the catalog; that of no folder if the user does not see it."""
        placed_id = view.placed_id(folder_id)
        rights = await self._catalog.rights_on(user_id, [placed_id])
        return placed_id if placed_id in rights else NO_FOLDER_ID


def shown_answer(client: ClientSession, asked: Packet, answer: Packet) -> Packet:
    """An answer with paths and ids as the client has asked for them and sees them."""
    view = client.login.view
    if not isinstance(view, PersonalView):
        return answer
    if isinstance(answer, s2c.FolderSummaries):
        shown_ids = tuple(with_fields(each, id=view.shown_id(each.id)) for each in answer.folders)
        return with_fields(answer, folders=shown_ids)
    if isinstance(asked, c2s.FolderSizeRequest) and isinstance(answer, s2c.FolderSize):
        return with_fields(answer, folder_id=asked.folder_id)
    path = getattr(asked, "path", None)
    if path is None or not hasattr(answer, "path"):
        return answer
    answer = with_fields(answer, path=path)
    if isinstance(answer, s2c.FolderStatus) and answer.folder_id == view.home.folder.id:
        return with_fields(answer, folder_id=None)
    if isinstance(answer, s2c.ListFolders):
        shown = tuple(_shown_handle(view, handle) for handle in answer.folders)
        return with_fields(answer, folders=shown)
    return answer


def _shown_handle(view: PersonalView, handle: s2c.FolderHandle) -> s2c.FolderHandle:
    is_in_home = handle.parent_folder == view.home.folder.id
    return s2c.FolderHandle(
        id=view.shown_id(handle.id),
        name=handle.name,
        parent_folder=None if is_in_home else handle.parent_folder,
    )


def _placed_files(
    view: PersonalView,
    path: FolderPath,
    names: Any,  # noqa: ANN401 - a name or several
) -> tuple[FolderPath, Any]:
    """Folder and names in it of files. Raises `InvalidRequest` if they lie in several."""
    if isinstance(names, str):
        return view.placed_file(path, names)
    placed = [view.placed_file(path, name) for name in names]
    if len({place for place, _ in placed}) > 1:
        raise InvalidRequest(
            "files: these lie in different folders of others; copy them one by one"
        )
    return placed[0][0], tuple(name for _, name in placed)


def _outlying(view: PersonalView, names: Any) -> tuple[int, Any]:  # noqa: ANN401 - a name or several
    """Folder and names in it of files that are named as in `Shared`. Raises `InvalidRequest`."""
    wanted = (names,) if isinstance(names, str) else names
    found = [view.files[name].file for name in wanted if name in view.files]
    if len(found) < len(wanted):
        return NO_FOLDER_ID, names
    if len({file.folder_id for file in found}) > 1:
        raise InvalidRequest(
            f"files: these lie in different folders of others; move them out of {SHARED_NAME} one by one"
        )
    placed = tuple(file.name for file in found)
    return found[0].folder_id, placed[0] if isinstance(names, str) else placed


def _placed_bundle(view: PersonalView, packet: c2s.BundleRequest) -> c2s.BundleRequest:
    """The bundle with places; paths that are none are left to who checks each file."""
    placed = {}
    for path in {file.path for file in packet.files}:
        try:
            # It may have too many names, for which its files are refused.
            placed[path] = "/" + "/".join(view.placed(parse_path(path)))
        except InvalidValue:
            placed[path] = path
    files = tuple(with_fields(file, path=placed[file.path]) for file in packet.files)
    return with_fields(packet, files=files)


def _is_everywhere(path: str | None) -> bool:
    """Whether a search in this folder is one in all that the user sees: some of it is in no home."""
    return path is None or parse_path(path) in {(), (SHARED_NAME,)}


def _placed_path(view: PersonalView, path: str) -> str:
    return _formatted(view.placed(parse_path(path)))


def _formatted(place: FolderPath) -> str:
    if len(place) > MAX_PATH_NAMES:
        raise InvalidRequest(f"path: must have at most {MAX_PATH_NAMES - 1} names")
    return format_path(place)
