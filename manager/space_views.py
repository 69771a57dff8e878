"""What a user sees of the catalog, and at which paths. No I/O.

A path of a client is translated once, when it comes in (`placed`), and a place of the catalog once, when it
goes out (`shown`). Nothing in between knows of the difference.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from catalog.folder_rights import FolderRight
from catalog.naming import numbered_name
from catalog.records import ROOT_FOLDER_ID, File, Folder
from catalog.space_port import OutlyingFile, VisibleFolder

FolderPath = tuple[str, ...]

COMMON_NAME: Final = "Common"
"""What the common space is called in every home."""
SHARED_NAME: Final = "Shared"
"""The folder of what others share, in every home."""
NO_FOLDER_ID: Final = 2**53 - 1
"""The id of no folder, in the place of one that may not be seen."""


class SpacesMode(StrEnum):
    """What users see of the catalog."""

    COMMON = "common"
    """Everything: one tree for all, in which rights on folders do not count."""
    PERSONAL = "personal"
    """A home, the common space, and what others share."""


class SpaceView:
    """What every user sees where there is one tree for all: each folder where it is."""

    def placed(self, path: FolderPath) -> FolderPath:
        """Where in the catalog a folder is that a client names. It need not exist."""
        return path

    def placed_file(self, path: FolderPath, name: str) -> tuple[FolderPath, str]:
        """Folder and name of a file that a client names."""
        return path, name

    def placed_id(self, folder_id: int) -> int:
        """The id of a folder that a client names by an id, without regard to whether it may be seen."""
        return folder_id

    def shown(self, place: FolderPath) -> FolderPath | None:
        """The path at which the user sees a folder of the catalog; None: the user does not."""
        return place

    def shown_file(self, place: FolderPath, file: File) -> tuple[FolderPath, File]:
        """Path and file, as the user sees it, of one that the user may see."""
        return place, file

    @property
    def is_personal(self) -> bool:
        """Whether files that the user may not read do not exist for the user."""
        return False

    def shown_folder(self, folder: Folder) -> Folder:
        """The folder as the user sees it."""
        return folder

    def shown_as(self, place: FolderPath, folder: Folder) -> tuple[FolderPath, Folder] | None:
        """A folder that lies at a place, as the user sees it, and in what; None for a space itself."""
        return place, folder

    def right_on(self, place: FolderPath) -> FolderRight | None:
        """The user's right on a folder, or less; None where rights on folders do not count."""
        return None

    @property
    def entry_ids(self) -> frozenset[int]:
        """The folders in the home that stand for others, and are nothing themselves."""
        return frozenset()

    def moved(self, before: FolderPath, after: FolderPath) -> "SpaceView":
        """The view after a folder was renamed or moved."""
        return self


WHOLE_TREE: Final = SpaceView()


@dataclass(frozen=True, slots=True)
class _Mount:
    shown: FolderPath
    seen: VisibleFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalView(SpaceView):
    """What a user sees who has a home.

    Attributes:
        home: the root of the user.
        common: the common space; None: there is none.
        common_entry_id: the folder in the home that stands for it in listings.
        shared_entry_id: the folder in the home that stands for what is shared.
        folders: what is shared with the user, by the names under which it is shown.
        files: likewise, files in folders that the user does not see.
    """

    home: VisibleFolder
    common: VisibleFolder | None
    common_entry_id: int
    shared_entry_id: int
    folders: Mapping[str, VisibleFolder]
    files: Mapping[str, OutlyingFile]
    _mounts: Mapping[FolderPath, _Mount] = field(init=False, repr=False, compare=False)
    _names: Mapping[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        mounts = [_Mount((), self.home)]
        if self.common is not None:
            mounts.append(_Mount((COMMON_NAME,), self.common))
        mounts += [_Mount((SHARED_NAME, name), seen) for name, seen in self.folders.items()]
        object.__setattr__(self, "_mounts", {mount.seen.path: mount for mount in mounts})
        names = {seen.file.id: name for name, seen in self.files.items()}
        object.__setattr__(self, "_names", names)

    @classmethod
    def of(
        cls,
        visible: Iterable[VisibleFolder],
        files: Sequence[OutlyingFile],
        *,
        home: VisibleFolder,
        common_entry_id: int,
        shared_entry_id: int,
    ) -> "PersonalView":
        """The view of a user who may see these folders, and these files elsewhere."""
        others = [seen for seen in visible if not seen.is_home]
        common = next((seen for seen in others if seen.is_common), None)
        shared = [seen for seen in others if not seen.is_common]
        in_order = sorted(files, key=lambda seen: seen.file.id)
        names = _distinct(
            [(seen.folder.name, False) for seen in shared]
            + [(seen.file.name, True) for seen in in_order]
        )
        return cls(
            home=home,
            common=common,
            common_entry_id=common_entry_id,
            shared_entry_id=shared_entry_id,
            folders=dict(zip(names, shared, strict=False)),
            files=dict(zip(names[len(shared) :], in_order, strict=True)),
        )

    def placed(self, path: FolderPath) -> FolderPath:
        """Where in the catalog a folder is that a client names. It need not exist.

        What is named below `Shared` and is not there has a place that is never there, in which the user
        may not make anything.
        """
        if path[:1] == (COMMON_NAME,) and self.common is not None:
            return self.common.path + path[1:]
        if path[:1] == (SHARED_NAME,):
            seen = self.folders.get(path[1]) if len(path) > 1 else None
            return path if seen is None else seen.path + path[2:]
        return self.home.path + path

    def placed_file(self, path: FolderPath, name: str) -> tuple[FolderPath, str]:
        """Folder and name of a file that a client names."""
        if path == (SHARED_NAME,) and name in self.files:
            seen = self.files[name]
            return seen.path, seen.file.name
        return self.placed(path), name

    def placed_id(self, folder_id: int) -> int:
        """The id of a folder that a client names by an id, without regard to whether it may be seen."""
        if folder_id == ROOT_FOLDER_ID:
            return self.home.folder.id
        if folder_id == self.common_entry_id and self.common is not None:
            return self.common.folder.id
        return NO_FOLDER_ID if folder_id == self.shared_entry_id else folder_id

    def shown(self, place: FolderPath) -> FolderPath | None:
        """The path at which the user sees a folder of the catalog; None: the user does not."""
        mount = self._mount_above(place)
        return None if mount is None else mount.shown + place[len(mount.seen.path) :]

    def shown_file(self, place: FolderPath, file: File) -> tuple[FolderPath, File]:
        """Path and file, as the user sees it, of one that the user may see."""
        shown = self.shown(place)
        if shown is not None:
            return shown, file
        return (SHARED_NAME,), replace(file, name=self._names.get(file.id, file.name))

    @property
    def is_personal(self) -> bool:
        """Whether files that the user may not read do not exist for the user."""
        return True

    def shown_folder(self, folder: Folder) -> Folder:
        """The folder as the user sees it: what lies in the home lies in the root."""
        parent_id = folder.parent_id
        return replace(
            folder,
            id=self.shown_id(folder.id),
            parent_id=ROOT_FOLDER_ID if parent_id == self.home.folder.id else parent_id,
        )

    def shown_as(self, place: FolderPath, folder: Folder) -> tuple[FolderPath, Folder] | None:
        """A folder that lies at a place, as the user sees it, and in what; None for a space itself."""
        if not place:
            return None
        path = self.shown(place)
        if path is not None:
            return path, self.shown_folder(folder)
        shown = self.shown((*place, folder.name))
        if shown is None:
            return None
        return shown[:-1], replace(folder, name=shown[-1], parent_id=self.shared_entry_id)

    def shown_id(self, folder_id: int) -> int:
        """The id of a folder for the user: that of the common space for what stands for it in the home."""
        if folder_id == self.common_entry_id and self.common is not None:
            return self.common.folder.id
        return folder_id

    def right_on(self, place: FolderPath) -> FolderRight | None:
        """The user's right on a folder, or less; None: the user does not see it."""
        mount = self._mount_above(place)
        return None if mount is None else mount.seen.right

    @property
    def entry_ids(self) -> frozenset[int]:
        """The folders in the home that stand for others, and are nothing themselves."""
        return frozenset({self.common_entry_id, self.shared_entry_id})

    def moved(self, before: FolderPath, after: FolderPath) -> "PersonalView":
        """The view after a folder was renamed or moved: what lies in it is seen where it was."""

        def now(path: FolderPath) -> FolderPath:
            return after + path[len(before) :] if path[: len(before)] == before else path

        return replace(
            self,
            folders={
                name: replace(seen, path=now(seen.path)) for name, seen in self.folders.items()
            },
            files={name: replace(seen, path=now(seen.path)) for name, seen in self.files.items()},
        )

    def _mount_above(self, place: FolderPath) -> _Mount | None:
        for length in range(len(place), 0, -1):
            if mount := self._mounts.get(place[:length]):
                return mount
        return None


def _distinct(wished: Sequence[tuple[str, bool]]) -> list[str]:
    """The names, later ones numbered where an earlier one is the same; with whether there is an extension."""
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    names = []
    for name, keep_extension in wished:
        free = name
        while free in taken:
            counts[name] += 1
            free = numbered_name(name, counts[name], keep_extension=keep_extension)
        taken.add(free)
        names.append(free)
    return names
