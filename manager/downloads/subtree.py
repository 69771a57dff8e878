"""What lies below a folder, page by page: the folders are walked depth first.

One page of entries is in memory for each level.
"""

from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, replace

from catalog.port import Catalog, CountedFolder
from catalog.records import File, Folder, User
from manager.errors import AccessDenied, NoSuchEntries, names_listed
from manager.files.rights import may_read
from reading.archives import TreeFolder

PAGE = 100
EntryPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as it was listed, and its path from where the walk began."""

    path: EntryPath
    file: File


TreePage = TreeFolder | Sequence[ListedFile]
"""What a walk finds at once: a folder, or some of its files."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Some of the entries that lie directly in a folder."""

    files: tuple[File, ...]
    folders: tuple[Folder, ...]


async def select(catalog: Catalog, folder_id: int, names: Iterable[str], user: User) -> Selection:
    """The entries of the folder that have these names.

    Raises `NoSuchEntries`, `AccessDenied`, `CatalogUnavailable`.
    """
    wanted = list(dict.fromkeys(names))
    files: list[File] = []
    folders: list[Folder] = []
    for start in range(0, len(wanted), PAGE):
        batch = wanted[start : start + PAGE]
        files += await catalog.files_in(folder_id, batch, viewer_id=user.id)
        folders += await catalog.subfolders_in(folder_id, batch)
    found = {file.name for file in files} | {folder.name for folder in folders}
    if missing := [name for name in wanted if name not in found]:
        raise NoSuchEntries(missing)
    unreadable = {file.name for file in files if not may_read(file, user)}
    if refused := [name for name in wanted if name in unreadable]:
        raise AccessDenied(f"read {names_listed(refused)}")
    return Selection(tuple(sorted(files, key=_name)), tuple(sorted(folders, key=_name)))


async def subtree(
    catalog: Catalog, folder_id: int, *, viewer_id: int, selection: Selection | None = None
) -> AsyncGenerator[TreePage, None]:
    """All entries below the folder: each folder before what lies in it, its files first.

    With a selection, just those of the folder's entries, and all below them.
    Raises `FolderMissing`, `CatalogUnavailable`.
    """
    if selection is None:
        walk = await SubtreeWalk.of(catalog, folder_id, viewer_id=viewer_id)
    else:
        walk = await SubtreeWalk.selected(catalog, folder_id, selection, viewer_id=viewer_id)
    while found := await walk.next_page():
        yield found


@dataclass(frozen=True, slots=True)
class WalkLevel:
    """A folder on the way down, and after which of its subfolders the walk goes on."""

    folder_id: int
    name: str
    after: str


@dataclass(frozen=True, slots=True)
class SelectedEntries:
    """Entries of a folder that a walk has not come to yet.

    Attributes:
        folder_id: Where they lie.
        files: Names of files.
        folders: Ids of folders, and what each is called where it was selected.
    """

    folder_id: int
    files: tuple[str, ...]
    folders: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class WalkCursor:
    """Where a walk goes on.

    Attributes:
        levels: The folders on the way down, whose names make up the path.
        files_after: The last file that was listed of the deepest one; None: all were.
        selected: What comes after these folders, but for its files, which come first; None: nothing.
    """

    levels: tuple[WalkLevel, ...]
    files_after: str | None
    selected: SelectedEntries | None = None


class SubtreeWalk:
    """A walk through all that lies below a folder, which can be interrupted and gone on with elsewhere.

    Args:
        catalog: Where folders and files are listed.
        cursor: Where it goes on.
        viewer_id: Whose shares the files carry.
    """

    def __init__(self, catalog: Catalog, cursor: WalkCursor, *, viewer_id: int) -> None:
        self._catalog = catalog
        self._viewer_id = viewer_id
        self._levels = [_Subfolders(catalog, level) for level in cursor.levels]
        self._files_after = cursor.files_after
        self._selected = cursor.selected

    @classmethod
    async def of(cls, catalog: Catalog, folder_id: int, *, viewer_id: int) -> "SubtreeWalk":
        """A walk from its beginning. Raises `FolderMissing`."""
        counts = await catalog.counts(folder_id)
        level = WalkLevel(folder_id, "", "")
        cursor = WalkCursor((level,), "" if counts.files else None)
        return cls(catalog, cursor, viewer_id=viewer_id)

    @classmethod
    async def selected(
        cls, catalog: Catalog, folder_id: int, selection: Selection, *, viewer_id: int
    ) -> "SubtreeWalk":
        """A walk through some entries of a folder. Raises `FolderMissing`."""
        await catalog.counts(folder_id)
        entries = SelectedEntries(
            folder_id,
            tuple(file.name for file in selection.files),
            tuple((folder.id, folder.name) for folder in selection.folders),
        )
        return cls(catalog, WalkCursor((), None, entries), viewer_id=viewer_id)

    @property
    def cursor(self) -> WalkCursor:
        """Where the walk goes on after the last page."""
        levels = tuple(each.level for each in self._levels)
        return WalkCursor(levels, self._files_after, self._selected)

    async def next_page(self) -> TreePage | None:
        """What comes next; None at the end."""
        return await self._next_below() or await self._next_selected()

    async def _next_below(self) -> TreePage | None:
        """What comes next of the folders on the way down; None: all of them are over."""
        while self._levels:
            if self._files_after is not None:
                if page := await self._next_files(self._files_after):
                    return page
            elif (found := await self._levels[-1].next()) is not None:
                level = WalkLevel(found.folder.id, found.folder.name, "")
                self._levels.append(
                    _Subfolders(self._catalog, level, is_over=not found.counts.subfolders)
                )
                self._files_after = "" if found.counts.files else None
                return TreeFolder(self._path)
            else:
                self._levels.pop()
        return None

    async def _next_selected(self) -> TreePage | None:
        """Selected files, and after them a selected folder, which is walked next; None at the end."""
        while (selected := self._selected) is not None and selected.files:
            names = selected.files[:PAGE]
            self._selected = replace(selected, files=selected.files[PAGE:])
            files = await self._catalog.files_in(
                selected.folder_id, names, viewer_id=self._viewer_id
            )
            if files:
                return _listed((), sorted(files, key=_name))
        while (selected := self._selected) is not None and selected.folders:
            self._selected = replace(selected, folders=selected.folders[1:])
            folder_id, name = selected.folders[0]
            if await self._catalog.folder_by_id(folder_id) is not None:
                level = WalkLevel(folder_id, name, "")
                self._levels = [_Subfolders(self._catalog, level)]
                self._files_after = ""
                return TreeFolder((name,))
        return None

    @property
    def _path(self) -> EntryPath:
        return tuple(each.level.name for each in self._levels if each.level.name)

    async def _next_files(self, after: str) -> list[ListedFile]:
        found = await self._catalog.files_after(
            self._levels[-1].level.folder_id, viewer_id=self._viewer_id, after=after, limit=PAGE
        )
        self._files_after = found[-1].name if len(found) == PAGE else None
        return _listed(self._path, found)


class _Subfolders:
    """The subfolders of one folder, one after the other."""

    def __init__(self, catalog: Catalog, level: WalkLevel, *, is_over: bool = False) -> None:
        self._catalog = catalog
        self.level = level
        self._page: deque[CountedFolder] = deque()
        self._is_over = is_over

    async def next(self) -> CountedFolder | None:
        if not self._page and not self._is_over:
            found = await self._catalog.subfolders_after(
                self.level.folder_id, after=self.level.after, limit=PAGE
            )
            self._is_over = len(found) < PAGE
            self._page.extend(found)
        if not self._page:
            return None
        found_next = self._page.popleft()
        self.level = replace(self.level, after=found_next.folder.name)
        return found_next


def _name(entry: File | Folder) -> str:
    return entry.name


def _listed(path: EntryPath, files: Sequence[File]) -> list[ListedFile]:
    return [ListedFile((*path, file.name), file) for file in files]
