"""Finding entries by name, without going through the pages."""

import sqlite3

from catalog.position_port import Position
from catalog.records import FileOrder
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.queries import positions as sql


class SqlitePositions(SqlitePart):
    """`FolderPositions` on SQLite."""

    async def subfolder_position(
        self, folder_id: int, name: str, *, is_prefix: bool, ascending: bool, start: int = 0
    ) -> Position | None:
        """The first subfolder that matches, from index `start` on."""
        query = sql.FOLDER_POSITIONS[ascending, is_prefix]
        async with self._database.reading() as session:
            row = await session.row(query, folder_id=folder_id, name=name, start=start)
        return _position_of(row)

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
        query = sql.FILE_POSITIONS[order, ascending, is_prefix]
        async with self._database.reading() as session:
            row = await session.row(query, folder_id=folder_id, name=name, start=start)
        return _position_of(row)


def _position_of(row: sqlite3.Row | None) -> Position | None:
    return None if row is None else Position(index=row["index"], name=row["name"])
