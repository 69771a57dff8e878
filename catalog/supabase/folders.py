"""Folders, and what lies in them."""

from catalog.permits import Permit
from catalog.port import ChangedFolder, FolderPath, MadeFolders, PlacedFolder
from catalog.records import File, FileOrder, Folder, FolderCounts
from catalog.supabase.part import SupabasePart, permit_to_json
from catalog.supabase.rows import (
    changed_folder_of,
    file_of,
    folder_of,
    path_of,
    placed_folder_of,
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

    async def make_folders(self, path: FolderPath) -> MadeFolders:
        """Makes the folder and its parents where they are missing. Raises `NotAFolder`."""
        row = await self._change("make_folders", path=path)
        created = tuple(placed_folder_of(placed) for placed in row["created"])
        return MadeFolders(
            folder=folder_of(row["folder"]), created=created, sequence=row.get("sequence")
        )

    async def check_place(self, folder: FolderPath, name: str) -> None:
        """Raises `NotAFolder`, `IsAFolder` if something stands where it cannot."""
        await self._functions.read("check_place", path=folder, name=name)

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

    async def rename_folder(self, folder_id: int, name: str) -> ChangedFolder:
        """Takes the first free `name (n)`. Raises `FolderMissing`, `RootIsFixed`."""
        row = await self._change("rename_folder", folder_id=folder_id, name=name)
        return changed_folder_of(row)

    async def move_folder(
        self, folder_id: int, parent_id: int, *, max_depth: int | None = None
    ) -> ChangedFolder:
        """Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`; numbers a taken name."""
        row = await self._change(
            "move_folder", folder_id=folder_id, parent_id=parent_id, max_depth=max_depth
        )
        return changed_folder_of(row)

    async def delete_folder(
        self, folder_id: int, *, permit: Permit | None = None
    ) -> PlacedFolder | None:
        """Deletes the folder and everything in it. Raises `RootIsFixed`, `NotPermitted`."""
        row = await self._change(
            "delete_folder", folder_id=folder_id, permit=permit_to_json(permit)
        )
        return None if row is None else placed_folder_of(row)
