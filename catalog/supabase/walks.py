"""Going through everything that lies below a folder."""

from collections.abc import Sequence

from catalog.records import File, Folder, FolderCounts
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import file_of, folder_of
from catalog.walk_port import CountedFolder


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
