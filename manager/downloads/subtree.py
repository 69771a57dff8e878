"""What lies below a folder, page by page: the folders are walked depth first.

One page of entries is in memory for each level.
"""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import File, Folder, FolderCounts, User
from manager.errors import AccessDenied, NoSuchEntries, names_listed
from manager.files.rights import may_read

PAGE = 100
EntryPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TreeFolder:
    """A folder, and its path from where the walk began."""

    path: EntryPath


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as it was listed, and its path from where the walk began."""

    path: EntryPath
    file: File


TreePage = TreeFolder | Sequence[ListedFile]
"""What a walk finds at once: a folder, or some of its files."""


@dataclass(frozen=True, slots=True)
class _FolderPosition:
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
) -> AsyncGenerator[TreePage, None]:
    """All entries below the folder: each folder before what lies in it, its files first.

    With a selection, just those of the folder's entries, and all below them.
    Raises `FolderMissing`, `CatalogUnavailable`.
    """
    top = _FolderPosition((), folder_id, await catalog.counts(folder_id))
    if selection is None:
        walk = _walk(catalog, top, viewer_id)
    else:
        walk = _walk_selected(catalog, top, viewer_id, selection)
    async with contextlib.aclosing(walk):
        async for page in walk:
            yield page


async def _walk_selected(
    catalog: Catalog, top: _FolderPosition, viewer_id: int, selection: Selection
) -> AsyncGenerator[TreePage, None]:
    for start in range(0, len(selection.files), PAGE):
        yield _listed(top, selection.files[start : start + PAGE])
    for folder in selection.folders:
        try:
            counts = await catalog.counts(folder.id)
        except FolderMissing:
            continue
        walk = _walk(catalog, _FolderPosition((folder.name,), folder.id, counts), viewer_id)
        async with contextlib.aclosing(walk):
            async for page in walk:
                yield page


async def _walk(
    catalog: Catalog, top: _FolderPosition, viewer_id: int
) -> AsyncGenerator[TreePage, None]:
    levels: list[_Subfolders] = []
    position: _FolderPosition | None = top
    while position is not None:
        if position.path:
            yield TreeFolder(position.path)
        files = _Files(catalog, position, viewer_id)
        while page := await files.next_page():
            yield page
        levels.append(_Subfolders(catalog, position))
        position = await _next_position(levels)


async def _next_position(levels: list["_Subfolders"]) -> _FolderPosition | None:
    """The next folder of the deepest level that has one; drops the levels that have none."""
    while levels:
        position = await levels[-1].next()
        if position is not None:
            return position
        levels.pop()
    return None


class _Subfolders:
    """The subfolders of one folder, one after the other."""

    def __init__(self, catalog: Catalog, parent: _FolderPosition) -> None:
        self._catalog = catalog
        self._parent = parent
        self._page: deque[_FolderPosition] = deque()
        self._after = ""
        self._is_over = parent.counts.subfolders == 0

    async def next(self) -> _FolderPosition | None:
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
            self._page.append(_FolderPosition(path, each.folder.id, each.counts))


class _Files:
    """The files of one folder, page by page."""

    def __init__(self, catalog: Catalog, position: _FolderPosition, viewer_id: int) -> None:
        self._catalog = catalog
        self._position = position
        self._viewer_id = viewer_id
        self._after = ""
        self._is_over = position.counts.files == 0

    async def next_page(self) -> list[ListedFile]:
        """The next files; none when there are no more."""
        if self._is_over:
            return []
        found = await self._catalog.files_after(
            self._position.folder_id, viewer_id=self._viewer_id, after=self._after, limit=PAGE
        )
        self._is_over = len(found) < PAGE
        self._after = found[-1].name if found else ""
        return _listed(self._position, found)


def _name(entry: File | Folder) -> str:
    return entry.name


def _listed(position: _FolderPosition, files: Sequence[File]) -> list[ListedFile]:
    return [ListedFile((*position.path, file.name), file) for file in files]
