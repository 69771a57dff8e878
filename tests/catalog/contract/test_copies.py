"""The promises of `CopyStore`."""

import pytest

from catalog.errors import (
    CopyTooLarge,
    FileMissing,
    FolderCircle,
    FolderMissing,
    NotPermitted,
    QuotaExceeded,
    RootIsFixed,
    TooDeep,
    UserMissing,
)
from catalog.permits import STANDINGS, Holder, Permit
from catalog.records import FileOrder, FolderCounts, StorageQuota

MOST = 100


@pytest.fixture
async def ann(catalog):
    """Who copies."""
    return await catalog.create_user("ann", "hash")


async def names_in(catalog, folder_id: int) -> list[str]:
    """The files of a folder."""
    files = await catalog.list_files(
        folder_id, viewer_id=None, order=FileOrder.NAME, ascending=True, offset=0, limit=MOST
    )
    return [file.name for file in files]


async def test_a_copy_is_another_name_for_the_same_content(catalog, uploads, clock, ann):
    """It belongs to who makes it, is of now, and lives on when the original goes."""
    original = await uploads.put(("a",), "x.txt", size=7, owner_id=None)
    target = (await catalog.make_folders(("b",))).folder
    clock.advance(5.0)
    copied = await catalog.copy_files([original.id], target.id, owner_id=ann.id)
    (placed,) = copied.files
    file = placed.file
    assert copied.folders == ()
    assert (placed.folder, placed.shares) == (("b",), ())
    assert (file.name, file.size, file.mime_type) == ("x.txt", 7, "text/plain")
    assert (file.object_id, file.owner_id) == (original.object_id, ann.id)
    assert file.created_at == file.updated_at == clock()
    assert file == await catalog.file_at(("b",), "x.txt")
    assert await catalog.usage_by_type(0) == {"text/plain": 14}
    await catalog.delete_file(original.id)
    assert await catalog.usage_by_type(target.id) == {"text/plain": 7}
    assert [each.file.id for each in await catalog.files_of(file.object_id)] == [file.id]


async def test_taken_names_are_numbered(catalog, uploads, ann):
    """Also beside the original, and of several copies of one name; a name may be given."""
    first = await uploads.put(("a",), "x.txt")
    second = await uploads.put(("b",), "x.txt")
    await catalog.make_folders(("a", "x (1).txt"))
    copied = await catalog.copy_files([second.id, first.id], first.folder_id, owner_id=ann.id)
    assert [each.file.name for each in copied.files] == ["x (2).txt", "x (3).txt"]
    named = await catalog.copy_files([first.id], first.folder_id, owner_id=ann.id, name="y")
    assert [each.file.name for each in named.files] == ["y"]
    assert named.sequence == copied.sequence + 1


async def test_a_public_file_stays_public_and_shares_do_not_follow(catalog, uploads, ann):
    """Who may read the original is not asked to be told of copies."""
    bob = await catalog.create_user("bob", "hash")
    file = await uploads.put((), "x", owner_id=bob.id)
    await catalog.set_public(file.id, is_public=True)
    await catalog.put_share(file.id, ann.id, can_write=True)
    (copy,) = (await catalog.copy_files([file.id], 0, owner_id=ann.id)).files
    assert (copy.file.is_public, copy.shares) == (True, ())
    assert await catalog.shares_of(copy.file.id) == []


async def test_files_are_copied_together_or_not_at_all(catalog, uploads, ann):
    """A missing file or folder, a user who is not there, or a right that lacks: nothing has changed."""
    bob = await catalog.create_user("bob", "hash")
    own = await uploads.put((), "own", owner_id=ann.id)
    other = await uploads.put((), "other", owner_id=bob.id)
    target = (await catalog.make_folders(("t",))).folder
    reads_own = Permit(
        ann.id, frozenset(each for each in STANDINGS if each.holder is not Holder.OTHER)
    )
    with pytest.raises(FileMissing):
        await catalog.copy_files([own.id, 99], target.id, owner_id=ann.id)
    with pytest.raises(FolderMissing):
        await catalog.copy_files([own.id], 99, owner_id=ann.id)
    with pytest.raises(UserMissing):
        await catalog.copy_files([own.id], target.id, owner_id=99)
    with pytest.raises(NotPermitted) as caught:
        await catalog.copy_files([own.id, other.id], target.id, owner_id=ann.id, permit=reads_own)
    assert (caught.value.refused, caught.value.concerned) == (1, 2)
    assert await names_in(catalog, target.id) == []
    copied = await catalog.copy_files([own.id], target.id, owner_id=ann.id, permit=reads_own)
    assert len(copied.files) == 1


async def test_copies_count_in_the_quota(catalog, uploads, ann):
    """Of who makes them; what is too much is not copied."""
    file = await uploads.put(("a",), "x", size=6)
    folder = await catalog.folder_at(("a",))
    await catalog.set_quota(ann.id, StorageQuota(bytes=10, files=None))
    await catalog.copy_files([file.id], 0, owner_id=ann.id)
    with pytest.raises(QuotaExceeded):
        await catalog.copy_files([file.id], 0, owner_id=ann.id)
    with pytest.raises(QuotaExceeded):
        await catalog.copy_folder(folder.id, 0, owner_id=ann.id, max_entries=MOST)
    assert (await catalog.user_storage(ann.id)).used_bytes == 6
    assert await catalog.folder_at(("a (1)",)) is None


async def test_a_folder_is_copied_with_all_in_it(catalog, uploads, ann):
    """Folders come outermost first, totals and counts are right everywhere, the original stays."""
    for folder, name in ((("a",), "1"), (("a", "b"), "2"), (("a", "b", "c"), "3"), (("a",), "4")):
        await uploads.put(folder, name, size=len(folder))
    await catalog.make_folders(("a", "empty", "c"))
    original = await catalog.folder_at(("a",))
    await uploads.put(("t",), "a")
    target = await catalog.folder_at(("t",))
    copied = await catalog.copy_folder(original.id, target.id, owner_id=ann.id, max_entries=MOST)
    paths = [placed.path for placed in copied.folders]
    assert paths[0] == ("t", "a (1)")
    assert sorted(paths[1:]) == [
        ("t", "a (1)", "b"),
        ("t", "a (1)", "b", "c"),
        ("t", "a (1)", "empty"),
        ("t", "a (1)", "empty", "c"),
    ]
    assert all(paths.index(path[:-1]) < paths.index(path) for path in paths[1:])
    for placed in copied.folders:
        assert await catalog.folder_at(placed.path) == placed.folder
    assert sorted((placed.folder[2:], placed.file.name) for placed in copied.files) == [
        ((), "1"),
        ((), "4"),
        (("b",), "2"),
        (("b", "c"), "3"),
    ]
    for placed in copied.files:
        assert await catalog.file_at(placed.folder, placed.file.name) == placed.file
        assert placed.file.owner_id == ann.id
    assert await catalog.usage_by_type(copied.folders[0].folder.id) == {"text/plain": 7}
    assert await catalog.usage_by_type(target.id) == {"text/plain": 12}
    assert await catalog.usage_by_type(0) == {"text/plain": 19}
    assert await catalog.counts(copied.folders[0].folder.id) == FolderCounts(files=2, subfolders=2)
    assert await catalog.usage_by_type(original.id) == {"text/plain": 7}
    assert await catalog.delete_folder(copied.folders[0].folder.id) is not None
    assert await catalog.usage_by_type(0) == {"text/plain": 12}


async def test_a_folder_is_copied_beside_itself(catalog, uploads, ann):
    """Under the next free name, or under one that is given."""
    await uploads.put(("p", "a"), "x")
    parent, folder = await catalog.folder_at(("p",)), await catalog.folder_at(("p", "a"))
    numbered = await catalog.copy_folder(folder.id, parent.id, owner_id=ann.id, max_entries=MOST)
    named = await catalog.copy_folder(
        folder.id, parent.id, owner_id=ann.id, name="n", max_entries=MOST
    )
    assert numbered.folders[0].path == ("p", "a (1)")
    assert [placed.path for placed in named.folders] == [("p", "n")]
    assert await names_in(catalog, named.folders[0].folder.id) == ["x"]


async def test_what_cannot_be_copied_changes_nothing(catalog, uploads, ann):
    """Into itself, too deep, too much, what is not there, or a file that must not be read."""
    bob = await catalog.create_user("bob", "hash")
    await uploads.put(("a", "b"), "x", owner_id=bob.id)
    folder, inner = await catalog.folder_at(("a",)), await catalog.folder_at(("a", "b"))
    deep = (await catalog.make_folders(("d", "e"))).folder
    arguments = {"owner_id": ann.id, "max_entries": 3}
    own = Permit(ann.id, frozenset(each for each in STANDINGS if each.holder is Holder.USER))
    for call, error in (
        (catalog.copy_folder(folder.id, inner.id, **arguments), FolderCircle),
        (catalog.copy_folder(folder.id, folder.id, **arguments), FolderCircle),
        (catalog.copy_folder(0, deep.id, **arguments), RootIsFixed),
        (catalog.copy_folder(99, deep.id, **arguments), FolderMissing),
        (catalog.copy_folder(folder.id, 99, **arguments), FolderMissing),
        (catalog.copy_folder(folder.id, deep.id, max_depth=3, **arguments), TooDeep),
        (catalog.copy_folder(folder.id, deep.id, permit=own, **arguments), NotPermitted),
        (catalog.copy_folder(folder.id, deep.id, owner_id=99, max_entries=3), UserMissing),
        (catalog.copy_folder(folder.id, deep.id, owner_id=ann.id, max_entries=2), CopyTooLarge),
    ):
        with pytest.raises(error):
            await call
    assert await catalog.counts(deep.id) == FolderCounts(files=0, subfolders=0)
    copied = await catalog.copy_folder(folder.id, deep.id, max_depth=4, **arguments)
    assert len(copied.folders) + len(copied.files) == 3
