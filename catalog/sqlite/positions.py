"""Finding entries by name, without going through the pages."""

import sqlite3

from catalog.position_port import Position
from catalog.records import FileOrder
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.statements import sql


class SqlitePositions(SqlitePart):
    """`FolderPositions` on SQLite."""

    async def subfolder_position(
        self, folder_id: int, name: str, *, is_prefix: bool, ascending: bool, start: int = 0
    ) -> Position | None:
        """The first subfolder that matches, from index `start` on."""
        query = f"subfolder_position_{_variant(ascending=ascending, is_prefix=is_prefix)}"
        async with self._database.reading() as session:
            row = await session.row(sql[query], folder_id=folder_id, name=name, start=start)
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
        variant = _variant(ascending=ascending, is_prefix=is_prefix)
        query = f"file_position_by_{order.value}_{variant}"
        async with self._database.reading() as session:
            row = await session.row(sql[query], folder_id=folder_id, name=name, start=start)
        return _position_of(row)


def _variant(*, ascending: bool, is_prefix: bool) -> str:
    """The part of a statement's name that tells its direction, and what it compares."""
    return f"{'ascending' if ascending else 'descending'}_of_{'prefix' if is_prefix else 'name'}"


def _position_of(row: sqlite3.Row | None) -> Position | None:
    return None if row is None else Position(index=row["index"], name=row["name"])
