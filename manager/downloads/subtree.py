"""Everything below a folder, in the order of an archive, with a page in memory for each level."""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import File, Folder, FolderCounts, User
from manager.errors import AccessDenied, NoSuchEntries, names_listed
from manager.files.rights import may_read

PAGE = 100

EntryPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder (without `file`) or a file, and its path from where the walk began."""

    path: EntryPath
    file: File | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    path: EntryPath
    folder_id: int
    counts: FolderCounts


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
) -> AsyncGenerator[Entry, None]:
    """All entries below the folder: each folder before what lies in it, its files first.

    With a selection, just those of the folder's entries, and all below them.
    Raises `FolderMissing`, `CatalogUnavailable`.
    """
    top = _Place((), folder_id, await catalog.counts(folder_id))
    if selection is None:
        walk = _walk(catalog, top, viewer_id)
    else:
        walk = _walk_selected(catalog, top, viewer_id, selection)
    async with contextlib.aclosing(walk):
        async for entry in walk:
            yield entry


async def _walk_selected(
    catalog: Catalog, top: _Place, viewer_id: int, selection: Selection
) -> AsyncGenerator[Entry, None]:
    for file in selection.files:
        yield _entry_of(top, file)
    for folder in selection.folders:
        try:
            counts = await catalog.counts(folder.id)
        except FolderMissing:
            continue
        walk = _walk(catalog, _Place((folder.name,), folder.id, counts), viewer_id)
        async with contextlib.aclosing(walk):
            async for entry in walk:
                yield entry


async def _walk(catalog: Catalog, top: _Place, viewer_id: int) -> AsyncGenerator[Entry, None]:
    levels: list[_Subfolders] = []
    place: _Place | None = top
    while place is not None:
        if place.path:
            yield Entry(place.path)
        files = _Files(catalog, place, viewer_id)
        while page := await files.next_page():
            for entry in page:
                yield entry
        levels.append(_Subfolders(catalog, place))
        place = await _next_place(levels)


async def _next_place(levels: list["_Subfolders"]) -> _Place | None:
    """The next folder of the deepest level that has one; drops the levels that have none."""
    while levels:
        place = await levels[-1].next()
        if place is not None:
            return place
        levels.pop()
    return None


class _Subfolders:
    """The subfolders of one folder, one after the other."""

    def __init__(self, catalog: Catalog, parent: _Place) -> None:
        self._catalog = catalog
        self._parent = parent
        self._page: deque[_Place] = deque()
        self._after = ""
        self._is_over = parent.counts.subfolders == 0

    async def next(self) -> _Place | None:
        if not self._page and not self._is_over:
            await self._turn_page()
        return self._page.popleft() if self._page else None

    async def _turn_page(self) -> None:
        found = await self._catalog.subfolders_after(
            self._parent.folder_id, after=self._after, limit=PAGE
        )
        self._is_over = len(found) < PAGE
        for each in found:
            self._after = each.folder.name
            path = (*self._parent.path, each.folder.name)
            self._page.append(_Place(path, each.folder.id, each.counts))


class _Files:
    """The files of one folder, page by page."""

    def __init__(self, catalog: Catalog, place: _Place, viewer_id: int) -> None:
        self._catalog = catalog
        self._place = place
        self._viewer_id = viewer_id
        self._after = ""
        self._is_over = place.counts.files == 0

    async def next_page(self) -> list[Entry]:
        """The next files; none when there are no more."""
        if self._is_over:
            return []
        found = await self._catalog.files_after(
            self._place.folder_id, viewer_id=self._viewer_id, after=self._after, limit=PAGE
        )
        self._is_over = len(found) < PAGE
        self._after = found[-1].name if found else ""
        return [_entry_of(self._place, file) for file in found]


def _name(entry: File | Folder) -> str:
    return entry.name


def _entry_of(place: _Place, file: File) -> Entry:
    return Entry((*place.path, file.name), file)
