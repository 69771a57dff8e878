"""Folders, what lies in them, and finding entries by name."""

from collections.abc import Sequence

from catalog.permits import Permit
from catalog.placed import PlacedFolder
from catalog.port import (
    ChangedFolder,
    CountedFolder,
    FolderPath,
    MadeFolders,
    Position,
    Trashing,
)
from catalog.records import File, FileOrder, Folder, FolderCounts
from catalog.rows import folder_of
from catalog.sort_keys import prefix_pattern
from catalog.supabase.client import SupabasePart, permit_to_json, trashing_to_json
from catalog.supabase.rows import Row, changed_folder_of, file_of, path_of, placed_folder_of


def made_folders_of(row: Row) -> MadeFolders:
    """A folder, and those that were made for it."""
    return MadeFolders(
        folder=folder_of(row["folder"]),
        created=tuple(placed_folder_of(placed) for placed in row["created"]),
        sequence=row.get("sequence"),
    )


class SupabaseFolders(SupabasePart):
    """`FolderStore` on Supabase."""

    async def folder_at(self, path: FolderPath) -> Folder | None:
        """The folder at a path, or None."""
        row = await self._functions.read("folder_at", path=path)
        return None if row is None else folder_of(row)

    async def folder_by_id(self, folder_id: int) -> Folder | None:
        """The folder with that id, or None."""
        row = await self._functions.read("folder_by_id", folder_id=folder_id)
        return None if row is None else folder_of(row)

    async def folder_path(self, folder_id: int) -> FolderPath:
        """Where the folder stands. Raises `FolderMissing`."""
        return path_of(await self._functions.read("folder_path", folder_id=folder_id))

    async def make_folders(self, path: FolderPath, *, permit: Permit | None = None) -> MadeFolders:
        """Makes the folder and its parents where they are missing.

        Raises `NotAFolder`, `NotPermitted`.
        """
        row = await self._change("make_folders", path=path, permit=permit_to_json(permit))
        return made_folders_of(row)

    async def counts(self, folder_id: int) -> FolderCounts:
        """How many entries lie directly in the folder. Raises `FolderMissing`."""
        row = await self._functions.read("folder_counts", folder_id=folder_id)
        return FolderCounts(files=row["files"], subfolders=row["subfolders"])

    async def list_folders(
        self, folder_id: int, *, offset: int, limit: int, ascending: bool = True
    ) -> list[PlacedFolder]:
        """Subfolders by name; none for a folder that does not exist."""
        page = await self._functions.read(
            "list_folders", folder_id=folder_id, offset=offset, limit=limit, ascending=ascending
        )
        parent = path_of(page["parent_path"] or [])
        return [
            PlacedFolder(path=(*parent, row["name"]), folder=folder_of(row))
            for row in page["folders"]
        ]

    async def list_files(
        self,
        folder_id: int,
        *,
        viewer_id: int | None,
        order: FileOrder,
        ascending: bool,
        offset: int,
        limit: int,
    ) -> list[File]:
        """Files of the folder; none for a folder that does not exist."""
        rows = await self._functions.read(
            "list_files",
            folder_id=folder_id,
            viewer_id=viewer_id,
            order=order.value,
            ascending=ascending,
            offset=offset,
            limit=limit,
        )
        return [file_of(row) for row in rows]

    async def usage_by_type(self, folder_id: int) -> dict[str, int]:
        """Bytes by MIME type in the whole subtree. Raises `FolderMissing`."""
        usage: dict[str, int] = await self._functions.read("usage_by_type", folder_id=folder_id)
        return usage

    async def rename_folder(
        self, folder_id: int, name: str, *, permit: Permit | None = None
    ) -> ChangedFolder:
        """Takes the first free `name (n)`. Raises `FolderMissing`, `RootIsFixed`, `NotPermitted`."""
        row = await self._change(
            "rename_folder", folder_id=folder_id, name=name, permit=permit_to_json(permit)
        )
        return changed_folder_of(row)

    async def move_folder(
        self,
        folder_id: int,
        parent_id: int,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> ChangedFolder:
        """Numbers a taken name.

        Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`, `NotPermitted`.
        """
        row = await self._change(
            "move_folder",
            folder_id=folder_id,
            parent_id=parent_id,
            max_depth=max_depth,
            permit=permit_to_json(permit),
        )
        return changed_folder_of(row)

    async def delete_folder(
        self, folder_id: int, *, permit: Permit | None = None, trashing: Trashing | None = None
    ) -> PlacedFolder | None:
        """Deletes the folder and everything in it, or puts it into the trash.

        Raises `RootIsFixed`, `NotPermitted`, `UserMissing`.
        """
        row = await self._change(
            "delete_folder",
            folder_id=folder_id,
            permit=permit_to_json(permit),
            trashing=trashing_to_json(trashing),
        )
        return None if row is None else placed_folder_of(row)


class SupabasePositions(SupabasePart):
    """`FolderPositions` on Supabase."""

    async def subfolder_position(
        self, folder_id: int, name: str, *, is_prefix: bool, ascending: bool, start: int = 0
    ) -> Position | None:
        """The first subfolder that matches, from index `start` on."""
        row = await self._functions.read(
            "subfolder_position",
            folder_id=folder_id,
            name=name,
            pattern=prefix_pattern(name) if is_prefix else None,
            ascending=ascending,
            start=start,
        )
        return _position_of(row)

    async def subfolder_place(self, folder_id: int, name: str, *, ascending: bool) -> int:
        """Where a subfolder of that name would be listed."""
        index: int = await self._functions.read(
            "subfolder_place", folder_id=folder_id, name=name, ascending=ascending
        )
        return index

    async def file_position(
        self,
        folder_id: int,
        name: str,
        *,
        is_prefix: bool,
        order: FileOrder,
        ascending: bool,
        start: int = 0,
    ) -> Position | None:
        """The first file that matches, from index `start` on."""
        row = await self._functions.read(
            "file_position",
            folder_id=folder_id,
            name=name,
            pattern=prefix_pattern(name) if is_prefix else None,
            order=order.value,
            ascending=ascending,
            start=start,
        )
        return _position_of(row)

    async def file_place(self, folder_id: int, name: str, *, ascending: bool) -> int:
        """Where a file of that name would be listed by name."""
        index: int = await self._functions.read(
            "file_place", folder_id=folder_id, name=name, ascending=ascending
        )
        return index


def _position_of(row: Row | None) -> Position | None:
    return None if row is None else Position(index=row["index"], name=row["name"])


class SupabaseWalks(SupabasePart):
    """`FolderWalk` on Supabase."""

    async def subfolders_after(
        self, folder_id: int, *, after: str, limit: int
    ) -> list[CountedFolder]:
        """Subfolders by name, those behind `after`."""
        rows = await self._functions.read(
            "subfolders_after", folder_id=folder_id, after=after, limit=limit
        )
        return [
            CountedFolder(
                folder=folder_of(row),
                counts=FolderCounts(files=row["file_count"], subfolders=row["subfolder_count"]),
            )
            for row in rows
        ]

    async def subfolders_in(self, folder_id: int, names: Sequence[str]) -> list[Folder]:
        """Those subfolders that have one of the names."""
        rows = await self._functions.read("subfolders_in", folder_id=folder_id, names=list(names))
        return [folder_of(row) for row in rows]

    async def files_after(
        self, folder_id: int, *, viewer_id: int | None, after: str, limit: int
    ) -> list[File]:
        """Files by name, those behind `after`."""
        rows = await self._functions.read(
            "files_after", folder_id=folder_id, viewer_id=viewer_id, after=after, limit=limit
        )
        return [file_of(row) for row in rows]
