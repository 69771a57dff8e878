"""The promises of `FileStore`, apart from commits."""

from dataclasses import replace

import pytest

from catalog.errors import FileMissing, FolderMissing, UserMissing
from catalog.placed import PlacedFile
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
        catalog.set_public(99, is_public=True),
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
    assert renamed.file == replace(file, name="x (2).txt")
    assert await catalog.rename_file(file.id, "x.txt") == renamed
    assert (await catalog.rename_file(file.id, "free.txt")).file.name == "free.txt"


async def test_move_numbers_taken_names(catalog, uploads):
    """Files keep everything but folder and, where taken, name; totals follow them."""
    await uploads.put(("to",), "f.txt", size=1)
    first = await uploads.put(("a",), "f.txt", size=10)
    second = await uploads.put(("b",), "f.txt", size=100, mime_type="image/png")
    target = await catalog.folder_at(("to",))
    moved = await catalog.move_files([first.id, second.id], target.id)
    assert [each.before.file for each in moved] == [first, second]
    assert [each.before.folder for each in moved] == [("a",), ("b",)]
    assert [each.after.file for each in moved] == [
        replace(first, name="f (1).txt", folder_id=target.id),
        replace(second, name="f (2).txt", folder_id=target.id),
    ]
    assert [each.after.folder for each in moved] == [("to",), ("to",)]
    assert await catalog.usage_by_type(target.id) == {"text/plain": 11, "image/png": 100}
    assert await catalog.usage_by_type(first.folder_id) == {}
    again = await catalog.move_files([first.id, second.id, first.id], target.id)
    assert [each.after for each in again] == [each.after for each in moved]
    assert [each.before for each in again] == [each.after for each in moved]


async def test_names_are_numbered_in_the_order_of_the_files(catalog, uploads):
    """Once a name is numbered, its new name is taken for the files behind it."""
    await uploads.put(("to",), "f")
    files = [await uploads.put(("a",), name) for name in ("f", "f (1)", "g")]
    files.append(await uploads.put(("b",), "g"))
    target = await catalog.folder_at(("to",))
    moved = await catalog.move_files([file.id for file in files], target.id)
    assert [each.after.file.name for each in moved] == ["f (1)", "f (1) (1)", "g", "g (1)"]


async def test_move_of_many_files(catalog, uploads):
    """However many move, also from several folders at once, names and totals are right."""
    kinds = [("text/plain", 3), ("image/png", 5)]
    files = [
        await uploads.put((folder,), f"{folder}{number}", size=size, mime_type=mime_type)
        for folder in ("a", "b", "to")
        for number, (mime_type, size) in enumerate(kinds * 3)
    ]
    target = await catalog.folder_at(("to",))
    moved = await catalog.move_files([file.id for file in files], target.id)
    assert [each.after.file for each in moved] == [
        replace(file, folder_id=target.id) for file in files
    ]
    assert [await catalog.file_by_id(file.id) for file in files] == [
        each.after.file for each in moved
    ]
    assert await catalog.usage_by_type(target.id) == {"text/plain": 27, "image/png": 45}
    assert await catalog.usage_by_type(files[0].folder_id) == {}
    assert (await catalog.counts(target.id)).files == len(files)
    assert (await catalog.counts(files[0].folder_id)).files == 0


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
    ann = await catalog.create_user("ann", "hash")
    share = await catalog.put_share(file.id, ann.id, can_write=False)
    assert await catalog.delete_file(file.id) == PlacedFile(
        folder=("a",), file=file, shares=share.shares
    )
    assert await catalog.delete_file(file.id) is None
    assert await catalog.file_at(("a",), "f.txt") is None
    assert await catalog.usage_by_type(0) == {}
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(file.object_id) is None


async def test_owner(catalog, uploads):
    """A file changes hands, also to everybody; an unknown user cannot have it."""
    user = await catalog.create_user("ann", "hash")
    file = await uploads.put()
    given = await catalog.set_owner(file.id, user.id)
    assert given == PlacedFile(folder=(), file=replace(file, owner_id=user.id), shares=())
    with pytest.raises(UserMissing):
        await catalog.set_owner(file.id, 99)
    assert (await catalog.file_by_id(file.id)).owner_id == user.id
    assert (await catalog.set_owner(file.id, None)).file.owner_id is None


async def test_a_stored_file_becomes_public_and_private(catalog, uploads):
    """Nothing else about it changes, its shares included; to say it twice is no error."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    file = await uploads.put(("a",), "f", owner_id=ann.id)
    shared = await catalog.put_share(file.id, bob.id, can_write=False)
    for is_public in (True, True, False):
        changed = await catalog.set_public(file.id, is_public=is_public)
        assert changed == replace(shared, file=replace(file, is_public=is_public))
        assert await catalog.file_by_id(file.id) == changed.file


async def test_shares(catalog, uploads, clock):
    """A share is added, changed (keeping its time) and removed; viewers see their own."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    file = await uploads.put(owner_id=ann.id)
    given = await catalog.put_share(file.id, bob.id, can_write=False)
    share = Share(file_id=file.id, user_id=bob.id, can_write=False, shared_at=clock())
    assert given == PlacedFile(folder=(), file=file, shares=(share,))
    clock.advance(5.0)
    (changed,) = (await catalog.put_share(file.id, bob.id, can_write=True)).shares
    assert (changed.can_write, changed.shared_at) == (True, share.shared_at)
    assert await catalog.shares_of(file.id) == [changed]
    assert (await catalog.file_by_id(file.id, viewer_id=bob.id)).share == changed
    assert (await catalog.file_at((), "a.txt", viewer_id=bob.id)).share == changed
    assert (await catalog.file_by_id(file.id, viewer_id=ann.id)).share is None
    assert (await catalog.file_by_id(file.id)).share is None
    assert await catalog.remove_share(file.id, bob.id) == replace(given, shares=())
    assert await catalog.remove_share(file.id, bob.id) is None
    assert await catalog.remove_share(99, bob.id) is None


async def test_listing_shows_the_viewers_share(catalog, uploads):
    """In a page each file carries the viewer's own share and nobody else's."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    shared, other = await uploads.put((), "1"), await uploads.put((), "2")
    (share,) = (await catalog.put_share(shared.id, bob.id, can_write=True)).shares
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


async def test_files_of_a_folder_by_name(catalog, uploads):
    """Of the names asked for, those that are files of the folder are found, each once."""
    ann = await catalog.create_user("ann", "hash")
    first, second = await uploads.put(("a",), "1"), await uploads.put(("a",), "2")
    await uploads.put(("b",), "3")
    (share,) = (await catalog.put_share(second.id, ann.id, can_write=False)).shares
    found = await catalog.files_in(first.folder_id, ["1", "2", "3", "1"], viewer_id=ann.id)
    assert sorted(found, key=lambda file: file.name) == [first, replace(second, share=share)]
    assert await catalog.files_in(99, ["1"]) == []


async def test_transfer_with_shares(catalog, uploads, clock):
    """A transfer leaves shares alone or deletes them, and may leave the giver one."""
    ann, bob, cid = [await catalog.create_user(name, name) for name in ("ann", "bob", "cid")]
    file = await uploads.put(owner_id=ann.id)
    for user in (bob, cid):
        await catalog.put_share(file.id, user.id, can_write=False)
    kept = await catalog.set_owner(file.id, bob.id)
    assert [share.user_id for share in kept.shares] == [cid.id]
    left = await catalog.set_owner(file.id, ann.id, delete_shares=True, share_with=bob.id)
    share = Share(file_id=file.id, user_id=bob.id, can_write=True, shared_at=clock())
    assert left.shares == (share,)
    assert (await catalog.set_owner(file.id, ann.id, share_with=ann.id)).shares == (share,)


async def test_failed_transfer_changes_nothing(catalog, uploads):
    """A transfer to or with an unknown user leaves owner and shares as they were."""
    ann = await catalog.create_user("ann", "hash")
    file = await uploads.put()
    given = await catalog.put_share(file.id, ann.id, can_write=True)
    with pytest.raises(UserMissing):
        await catalog.set_owner(file.id, 99, delete_shares=True)
    with pytest.raises(UserMissing):
        await catalog.set_owner(file.id, None, delete_shares=True, share_with=99)
    assert await catalog.shares_of(file.id) == list(given.shares)
    assert (await catalog.file_by_id(file.id)).owner_id is None
