"""Finding entries by name, without going through the pages."""

from catalog.position_port import Position
from catalog.records import FileOrder
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import Row


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
            is_prefix=is_prefix,
            ascending=ascending,
            start=start,
        )
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
        row = await self._functions.read(
            "file_position",
            folder_id=folder_id,
            name=name,
            is_prefix=is_prefix,
            order=order.value,
            ascending=ascending,
            start=start,
        )
        return _position_of(row)


def _position_of(row: Row | None) -> Position | None:
    return None if row is None else Position(index=row["index"], name=row["name"])
