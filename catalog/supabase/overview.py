"""Sums over folders, and files by when they were changed."""

from catalog.port import FolderSummary, FoundFile
from catalog.rows import folder_summary_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import file_of, path_of


class SupabaseOverview(SupabasePart):
    """`Overview` on Supabase."""

    async def folder_summaries(
        self, folder_id: int, *, offset: int, limit: int, ascending: bool = True
    ) -> list[FolderSummary]:
        """Sizes and dates of a page of subfolders; none for a folder that does not exist."""
        rows = await self._functions.read(
            "folder_summaries", folder_id=folder_id, offset=offset, limit=limit, ascending=ascending
        )
        return [folder_summary_of(row) for row in rows]

    async def recent_files(self, *, viewer_id: int, limit: int) -> list[FoundFile]:
        """Files that the viewer may read, those first whose content changed last."""
        found = await self._functions.read("recent_files", viewer_id=viewer_id, limit=limit)
        paths = {folder["id"]: path_of(folder["path"]) for folder in found["folders"]}
        files = [file_of(row) for row in found["files"]]
        return [FoundFile(folder=paths[file.folder_id], file=file) for file in files]
