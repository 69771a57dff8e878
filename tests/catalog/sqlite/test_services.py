"""Views keep their objects alive, as the schema sees to it."""

from itertools import pairwise
from uuid import UUID

import pytest

from catalog.errors import InvalidRecord
from catalog.sqlite.database import Database


async def add_view(database: Database, object_id: UUID, name: str, view_id: UUID) -> None:
    """A view of an object, as a processing step would record it."""
    await database.write(
        lambda session: session.run(
            "INSERT INTO views VALUES (:object_id, :name, :view_id)",
            object_id=object_id.bytes,
            name=name,
            view_id=view_id.bytes,
        )
    )


async def test_view_lives_as_long_as_its_original(database, catalog, uploads, clock):
    """A view without a reference of its own stays with the original, and goes along with it."""
    file = await uploads.put()
    view_id = await uploads.store(ttl_s=1.0)
    await add_view(database, file.object_id, "preview", view_id)
    clock.advance(1.0)
    assert await catalog.collect_objects(limit=9) == 0
    await catalog.delete_file(file.id)
    assert await catalog.collect_objects(limit=9) == 2
    assert await catalog.object_by_id(view_id) is None


async def test_views_of_views_go_within_the_limit(database, catalog, uploads, clock):
    """A chain of views goes from the original on, never more than the limit at once."""
    chain = [await uploads.store(ttl_s=1.0) for _ in range(4)]
    for original, view in pairwise(chain):
        await add_view(database, original, "preview", view)
    clock.advance(1.0)
    assert [await catalog.collect_objects(limit=3) for _ in range(3)] == [3, 1, 0]


async def test_thumbnail_shows_in_listings(database, catalog, uploads):
    """A file has a thumbnail when its content has the view of that name."""
    file = await uploads.put()
    await add_view(database, file.object_id, "preview", await uploads.store())
    assert (await catalog.file_by_id(file.id)).has_thumbnail is False
    await add_view(database, file.object_id, "thumbnail", await uploads.store())
    assert (await catalog.file_by_id(file.id)).has_thumbnail is True
    assert (await catalog.file_at((), "a.txt")).has_thumbnail is True


async def test_database_refuses_to_lose_content(database, uploads):
    """Content that a file or a reference needs cannot be deleted, not even by mistake."""
    await uploads.put()
    await uploads.begin()
    with pytest.raises(InvalidRecord):
        await database.write(lambda session: session.run("DELETE FROM objects"))
