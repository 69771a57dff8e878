"""What was made from objects, and found out about them."""

import json
from typing import cast
from uuid import UUID

from catalog.errors import ObjectIncomplete, ObjectMissing
from catalog.records import View
from catalog.sqlite.database import Session
from catalog.sqlite.objects import require_stored
from catalog.sqlite.part import SqlitePart
from catalog.sqlite.rows import object_of
from catalog.sqlite.statements import sql


async def put_view(session: Session, object_id: UUID, name: str, view_object_id: UUID) -> None:
    """Makes a stored object the view of that name. Raises `ObjectMissing`."""
    try:
        for each in (object_id, view_object_id):
            await require_stored(session, each)
    except ObjectIncomplete as error:
        raise ObjectMissing(str(error)) from error
    await session.run(
        sql.put_view, object_id=object_id.bytes, name=name, view_object_id=view_object_id.bytes
    )


class SqliteViews(SqlitePart):
    """`ViewStore` on SQLite."""

    async def put_view(self, object_id: UUID, name: str, view_object_id: UUID) -> None:
        """Makes a stored object the view of that name. Raises `ObjectMissing`."""
        async with self._database.writing() as session:
            await put_view(session, object_id, name, view_object_id)

    async def views_of(self, object_id: UUID) -> list[View]:
        """The views of an object, by name."""
        async with self._database.reading() as session:
            rows = await session.rows(sql.views_of, object_id=object_id.bytes)
        return [
            View(
                object_id=UUID(bytes=row["view_of"]),
                name=row["view_name"],
                content=object_of(row),
            )
            for row in rows
        ]

    async def metadata_of(self, object_id: UUID) -> dict[str, object] | None:
        """What processing found out about an object, None before that."""
        async with self._database.reading() as session:
            row = await session.row(sql.metadata_of, object_id=object_id.bytes)
        if row is None or row["metadata"] is None:
            return None
        return cast("dict[str, object]", json.loads(row["metadata"]))
