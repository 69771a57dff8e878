"""Going through everything that lies below a folder."""

import json
from collections.abc import Sequence

from catalog.records import File, Folder, FolderCounts
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.rows import file_of, folder_of
from catalog.sqlite.statements import sql
from catalog.walk_port import CountedFolder


class SqliteWalks(SqlitePart):
    """`FolderWalk` on SQLite."""

    async def subfolders_after(
        self, folder_id: int, *, after: str, limit: int
    ) -> list[CountedFolder]:
        """Subfolders by name, those behind `after`."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.subfolders_after, folder_id=folder_id, after=after, limit=limit
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
        wanted = json.dumps(list(dict.fromkeys(names)))
        async with self._database.reading() as session:
            rows = await session.rows(sql.subfolders_by_name, folder_id=folder_id, names=wanted)
        return [folder_of(row) for row in rows]

    async def files_after(
        self, folder_id: int, *, viewer_id: int | None, after: str, limit: int
    ) -> list[File]:
        """Files by name, those behind `after`."""
        async with self._database.reading() as session:
            rows = await session.rows(
                sql.files_after, folder_id=folder_id, viewer_id=viewer_id, after=after, limit=limit
            )
        return [file_of(row) for row in rows]
