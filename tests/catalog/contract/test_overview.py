"""The promises of `Overview`: sizes and dates of folders, and the files that were changed last."""

import time

import pytest

from catalog.port import Catalog, OverwriteOnConflict
from catalog.records import User

LATE = 5e9
"""After the time at which any of these tests runs: the database's own clock says when a folder was made."""


@pytest.mark.parametrize("ascending", [True, False])
async def test_summaries_are_those_of_the_listing(catalog, uploads, ascending):
    """Page by page, in its order, with the bytes of whole subtrees; none for a missing folder."""
    for name in ("c", "a", "b"):
        await catalog.make_folders(("f", name, "deep"))
    await uploads.put(("f", "a"), "x", size=5)
    await uploads.put(("f", "a", "deep"), "y", size=7)
    await uploads.put(("f",), "beside", size=100)
    folder = await catalog.folder_at(("f",))
    summaries = [
        each
        for offset in (0, 2, 4)
        for each in await catalog.folder_summaries(
            folder.id, offset=offset, limit=2, ascending=ascending
        )
    ]
    placed = await catalog.list_folders(folder.id, offset=0, limit=9, ascending=ascending)
    assert [each.folder_id for each in summaries] == [each.folder.id for each in placed]
    sizes = [each.size for each in summaries]
    assert sizes == ([12, 0, 0] if ascending else [0, 0, 12])
    assert await catalog.folder_summaries(99, offset=0, limit=9) == []


async def test_a_folder_has_the_date_of_its_own_files(catalog, uploads, clock):
    """The last change of a file directly in it; as long as there is none, when it was made."""
    clock.now = LATE
    before = time.time()
    await catalog.make_folders(("empty",))
    await uploads.put(("full",), "first")
    clock.advance(10)
    await uploads.put(("full",), "second")
    clock.advance(10)
    await uploads.put(("full", "deep"), "elsewhere")
    empty, full = await catalog.folder_summaries(0, offset=0, limit=9)
    assert full.changed_at == LATE + 10
    # The database's clock may be read at another resolution.
    assert before - 2 <= empty.changed_at <= time.time() + 2


async def _people(catalog: Catalog) -> list[User]:
    return [await catalog.create_user(name, "hash") for name in ("alice", "bob")]


async def _names(catalog: Catalog, viewer: User, limit: int = 9) -> list[str]:
    found = await catalog.recent_files(viewer_id=viewer.id, limit=limit)
    return [each.file.name for each in found]


async def test_recent_files_are_those_that_a_user_may_read(catalog, uploads, clock):
    """One's own, everybody's, public and shared ones; the last first, with folder and share."""
    alice, bob = await _people(catalog)
    for name, owner in (("own", alice), ("secret", bob), ("public", bob), ("shared", bob)):
        clock.advance(1)
        file = await uploads.put(("f", name), name, owner_id=owner.id)
        if name == "shared":
            await catalog.put_share(file.id, alice.id, can_write=True)
        await catalog.set_public(file.id, is_public=name == "public")
    clock.advance(1)
    await uploads.put(("f", "of all"), "of all")
    assert await _names(catalog, alice) == ["of all", "shared", "public", "own"]
    assert await _names(catalog, bob) == ["of all", "shared", "public", "secret"]
    assert await _names(catalog, alice, limit=2) == ["of all", "shared"]
    found = await catalog.recent_files(viewer_id=alice.id, limit=9)
    assert [each.folder for each in found] == [("f", each.file.name) for each in found]
    assert [each.file.share is not None for each in found] == [False, True, False, False]


async def test_replaced_content_makes_a_file_recent(catalog, uploads, clock):
    """A file that is owned and public is told once; of the same moment the newer one is first."""
    alice, _ = await _people(catalog)
    files = [await uploads.put((), name, owner_id=alice.id) for name in ("a", "b")]
    for file in files:
        await catalog.set_public(file.id, is_public=True)
    assert await _names(catalog, alice) == ["b", "a"]
    clock.advance(1)
    object_id = await uploads.store()
    overwrite = OverwriteOnConflict(files[0].id)
    await uploads.commit(object_id, (), "a", owner_id=alice.id, on_conflict=overwrite)
    assert await _names(catalog, alice) == ["a", "b"]
