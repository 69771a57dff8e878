"""Everything below a folder, in the order of an archive, with a page in memory for each level."""

from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from catalog.naming import candidate_batches
from catalog.port import Catalog
from catalog.records import File, FolderCounts

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


async def subtree(
    catalog: Catalog, folder_id: int, *, viewer_id: int
) -> AsyncGenerator[Entry, None]:
    """All entries below the folder: each folder before what lies in it, its files first.

    A file named like a folder beside it gets the first free numbered name, because no file system
    could hold both. Raises `FolderMissing`, `CatalogUnavailable`.
    """
    levels: list[_Subfolders] = []
    place: _Place | None = _Place((), folder_id, await catalog.counts(folder_id))
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
        return await self._entries(found)

    async def _entries(self, files: list[File]) -> list[Entry]:
        names = [file.name for file in files]
        shadowed = await _names_of_folders(self._catalog, self._place, names)
        free = {name: await _free_name(self._catalog, self._place, name) for name in shadowed}
        return [Entry((*self._place.path, free.get(file.name, file.name)), file) for file in files]


async def _names_of_folders(catalog: Catalog, place: _Place, names: list[str]) -> frozenset[str]:
    """Which of the names subfolders have."""
    if place.counts.subfolders == 0:
        return frozenset()
    folders = await catalog.subfolders_in(place.folder_id, names)
    return frozenset(folder.name for folder in folders)


async def _free_name(catalog: Catalog, place: _Place, name: str) -> str:
    for names in candidate_batches(name):
        taken = await _names_of_folders(catalog, place, names)
        files = await catalog.files_in(place.folder_id, names)
        taken |= {file.name for file in files}
        if free := next((each for each in names if each not in taken), None):
            return free
    raise AssertionError("a folder cannot hold every number")
