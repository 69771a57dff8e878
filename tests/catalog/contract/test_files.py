"""The promises of `FileStore`, apart from commits."""

import pytest

from catalog.errors import FileMissing, FolderMissing, UserMissing
from catalog.records import FileOrder, Share


async def test_missing_files(catalog, uploads):
    """Looking for a file that does not exist gives None; changing it raises `FileMissing`."""
    await uploads.put(("a",), "f")
    assert await catalog.file_at((), "f") is None
    assert await catalog.file_at(("a", "a"), "f") is None
    assert await catalog.file_at(("a",), "F") is None
    assert await catalog.file_by_id(99) is None
    assert await catalog.shares_of(99) == []
    user = await catalog.create_user("ann", "hash")
    for refused in (
        catalog.rename_file(99, "x"),
        catalog.move_files([99], 0),
        catalog.set_owner(99, None),
        catalog.put_share(99, user.id, can_write=True),
    ):
        with pytest.raises(FileMissing):
            await refused
    await catalog.delete_file(99)


async def test_rename_takes_the_first_free_name(catalog, uploads):
    """A taken name is numbered before its extension, filling gaps; repeating changes nothing."""
    for name in ("x.txt", "x (1).txt", "x (3).txt"):
        await uploads.put((), name)
    file = await uploads.put((), "y.txt")
    renamed = await catalog.rename_file(file.id, "x.txt")
    assert renamed.name == "x (2).txt"
    assert await catalog.rename_file(file.id, "x.txt") == renamed
    assert (await catalog.rename_file(file.id, "free.txt")).name == "free.txt"


async def test_move_numbers_taken_names(catalog, uploads):
    """Files keep everything but folder and, where taken, name; totals follow them."""
    await uploads.put(("to",), "f.txt", size=1)
    first = await uploads.put(("a",), "f.txt", size=10)
    second = await uploads.put(("b",), "f.txt", size=100, mime_type="image/png")
    target = await catalog.folder_at(("to",))
    moved = await catalog.move_files([first.id, second.id], target.id)
    assert [file.name for file in moved] == ["f (1).txt", "f (2).txt"]
    assert [file.object_id for file in moved] == [first.object_id, second.object_id]
    assert await catalog.usage_by_type(target.id) == {"text/plain": 11, "image/png": 100}
    assert await catalog.usage_by_type(first.folder_id) == {}
    assert await catalog.move_files([first.id, second.id], target.id) == moved


async def test_move_is_all_or_nothing(catalog, uploads):
    """If one of the files is missing, or the folder, none moves."""
    file = await uploads.put(("a",), "f.txt")
    with pytest.raises(FileMissing):
        await catalog.move_files([file.id, 99], 0)
    with pytest.raises(FolderMissing):
        await catalog.move_files([file.id], 99)
    assert await catalog.file_by_id(file.id) == file
    assert (await catalog.counts(0)).files == 0


async def test_delete_lets_content_go(catalog, uploads):
    """A deleted file is gone from listing and totals, and so is its content once collected."""
    file = await uploads.put(("a",), "f.txt")
    await catalog.delete_file(file.id)
    await catalog.delete_file(file.id)
    assert await catalog.file_at(("a",), "f.txt") is None
    assert await catalog.usage_by_type(0) == {}
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(file.object_id) is None


async def test_owner(catalog, uploads):
    """A file changes hands, also to everybody; an unknown user cannot have it."""
    user = await catalog.create_user("ann", "hash")
    file = await uploads.put()
    assert (await catalog.set_owner(file.id, user.id)).owner_id == user.id
    with pytest.raises(UserMissing):
        await catalog.set_owner(file.id, 99)
    assert (await catalog.file_by_id(file.id)).owner_id == user.id
    assert (await catalog.set_owner(file.id, None)).owner_id is None


async def test_shares(catalog, uploads, clock):
    """A share is added, changed (keeping its time) and removed; viewers see their own."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    file = await uploads.put(owner_id=ann.id)
    given = await catalog.put_share(file.id, bob.id, can_write=False)
    assert given == Share(file_id=file.id, user_id=bob.id, can_write=False, shared_at=clock())
    clock.advance(5.0)
    changed = await catalog.put_share(file.id, bob.id, can_write=True)
    assert (changed.can_write, changed.shared_at) == (True, given.shared_at)
    assert await catalog.shares_of(file.id) == [changed]
    assert (await catalog.file_by_id(file.id, viewer_id=bob.id)).share == changed
    assert (await catalog.file_at((), "a.txt", viewer_id=bob.id)).share == changed
    assert (await catalog.file_by_id(file.id, viewer_id=ann.id)).share is None
    assert (await catalog.file_by_id(file.id)).share is None
    assert await catalog.remove_share(file.id, bob.id) is True
    assert await catalog.remove_share(file.id, bob.id) is False


async def test_listing_shows_the_viewers_share(catalog, uploads):
    """In a page each file carries the viewer's own share and nobody else's."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    shared, other = await uploads.put((), "1"), await uploads.put((), "2")
    share = await catalog.put_share(shared.id, bob.id, can_write=True)
    await catalog.put_share(other.id, ann.id, can_write=True)
    page = await catalog.list_files(
        0, viewer_id=bob.id, order=FileOrder.NAME, ascending=True, offset=0, limit=9
    )
    assert [file.share for file in page] == [share, None]


async def test_share_needs_a_user(catalog, uploads):
    """A file cannot be shared with nobody."""
    file = await uploads.put()
    with pytest.raises(UserMissing):
        await catalog.put_share(file.id, 99, can_write=True)
