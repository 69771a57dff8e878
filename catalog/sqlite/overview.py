"""Sums over folders, and files by when they were changed."""

from catalog.port import FolderSummary, FoundFile
from catalog.rows import folder_summary_of
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot
from catalog.sqlite.folders import path_to
from catalog.sqlite.rows import file_of
from catalog.sqlite.statements import sql


class SqliteOverview(SqlitePart):
    """`Overview` on SQLite."""

    @read
    def folder_summaries(
        self, session: Session, folder_id: int, *, offset: int, limit: int, ascending: bool = True
    ) -> list[FolderSummary]:
        """Sizes and dates of a page of subfolders; none for a folder that does not exist."""
        query = sql.summaries_ascending if ascending else sql.summaries_descending
        rows = session.rows(query, folder_id=folder_id, offset=offset, limit=limit)
        return [folder_summary_of(row) for row in rows]

    @snapshot
    def recent_files(self, session: Session, *, viewer_id: int, limit: int) -> list[FoundFile]:
        """Files that the viewer may read, those first whose content changed last."""
        rows = session.rows(sql.recent_files, viewer_id=viewer_id, limit=limit)
        files = [file_of(row) for row in rows]
        paths = {id_: path_to(session, id_) for id_ in {file.folder_id for file in files}}
        return [FoundFile(folder=paths[file.folder_id], file=file) for file in files]
