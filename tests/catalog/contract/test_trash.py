"""The promises of `TrashStore` and `VersionStore`: what was deleted or replaced can be had back."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from catalog.errors import (
    FileMissing,
    FolderMissing,
    NotAFolder,
    NotPermitted,
    QuotaExceeded,
    TooDeep,
    TrashMissing,
    UserMissing,
    VersionMissing,
)
from catalog.permits import Holder, Permit, Standing
from catalog.port import OverwriteOnConflict, Trashing, UploadCommit
from catalog.records import AppPassword, File, FileOrder, StorageQuota, User
from catalog.search_port import SearchQuery
from catalog.trash_port import TrashKey, TrashTotals
from tests.catalog.conftest import SERVICE

DAY_S = 86_400.0
EVERYTHING = {"offset": 0, "limit": 10_000}


@pytest.fixture
async def alice(catalog) -> User:
    """A user."""
    user: User = await catalog.create_user("alice", "hash")
    return user


@pytest.fixture
async def bob(catalog) -> User:
    """Another one."""
    user: User = await catalog.create_user("bob", "hash")
    return user


def trashing(user: User, days: float = 30) -> Trashing:
    """The user deletes something, which is kept for so many days."""
    return Trashing(user_id=user.id, keep_s=days * DAY_S)


async def seen(catalog, user: User) -> list[tuple[str, int, int]]:
    """Names, bytes and numbers of files of what the user sees in the trash."""
    items = await catalog.trash_of(user.id, before=None, limit=100)
    return [(item.name, item.size, item.files) for item in items]


async def found(catalog, user: User, text: str) -> list[str]:
    """Names of all that the user finds by a text."""
    page = await catalog.search(SearchQuery(text=text), viewer_id=user.id, limit=99)
    return sorted(hit.entry.name for hit in page.hits)


async def everything(catalog, folder_id: int = 0) -> tuple[object, ...]:
    """All that is there and not in the trash, with counts and totals."""
    files = await catalog.list_files(
        folder_id, viewer_id=None, order=FileOrder.NAME, ascending=True, **EVERYTHING
    )
    folders = await catalog.list_folders(folder_id, **EVERYTHING)
    below = [await everything(catalog, each.folder.id) for each in folders]
    counts = await catalog.counts(folder_id)
    assert (counts.files, counts.subfolders) == (len(files), len(folders))
    return [*files], [*folders], below, sorted((await catalog.usage_by_type(folder_id)).items())


async def replace_content(catalog, uploads, file: File, *, size: int, keep: int) -> File:
    """Overwrites a file; the type of the new content names its size."""
    object_id = await uploads.store(size=size, mime_type=f"size/{size}")
    committed = await catalog.commit_upload(
        UploadCommit(
            object_id=object_id,
            mime_type="",
            hash_hex="",
            folder=await catalog.folder_path(file.folder_id),
            name=file.name,
            owner_id=file.owner_id,
            is_public=False,
            on_conflict=OverwriteOnConflict(file.id),
            hold=(SERVICE, "k"),
            keep_versions=keep,
        )
    )
    replaced: File = committed.file
    return replaced


async def sizes(catalog, file: File) -> list[int]:
    """Sizes of the versions of a file, the last one first."""
    return [version.size for version in await catalog.versions_of(file.id)]


async def used(catalog, user: User) -> tuple[int, int]:
    """Bytes and files that the user stores."""
    storage = await catalog.user_storage(user.id)
    return storage.used_bytes, storage.used_files


async def test_a_deleted_file_is_gone_and_comes_back(catalog, uploads, clock, alice, bob):
    """Nothing finds it by path, id, content or time; restored it is what it was, shares included."""
    file = await uploads.put(("a",), "f.txt", owner_id=alice.id)
    await catalog.put_share(file.id, bob.id, can_write=True)
    before = await everything(catalog)
    folder_id = file.folder_id
    deleted = await catalog.delete_file(file.id, trashing=trashing(alice))
    assert (deleted.folder, deleted.file, len(deleted.shares)) == (("a",), file, 1)
    assert await catalog.file_at(("a",), "f.txt") is None
    assert await catalog.file_by_id(file.id, viewer_id=bob.id) is None
    assert await catalog.files_in(folder_id, ["f.txt"]) == []
    assert await catalog.files_of(file.object_id) == []
    assert await catalog.recent_files(viewer_id=alice.id, limit=9) == []
    assert await catalog.recent_files(viewer_id=bob.id, limit=9) == []
    assert await found(catalog, alice, "f.txt") == []
    assert await catalog.usage_by_type(0) == {}
    assert (await catalog.counts(folder_id)).files == 0
    for call in (
        catalog.rename_file(file.id, "x"),
        catalog.move_files([file.id], 0),
        catalog.set_owner(file.id, bob.id),
        catalog.set_public(file.id, is_public=True),
        catalog.put_share(file.id, alice.id, can_write=True),
        catalog.versions_of(file.id),
    ):
        with pytest.raises(FileMissing):
            await call
    assert await catalog.remove_share(file.id, bob.id) is None
    assert await catalog.delete_file(file.id) is None
    [item] = await catalog.trash_of(alice.id, before=None, limit=9)
    assert (item.name, item.folder, item.mime_type) == ("f.txt", ("a",), "text/plain")
    assert (item.size, item.files, item.deleted_by) == (5, 1, "alice")
    assert (item.deleted_at, item.expires_at) == (clock(), clock() + 30 * DAY_S)
    assert item.key == TrashKey(file_id=file.id)
    restored = await catalog.restore_trashed(alice.id, item.key)
    assert (restored.file.folder, restored.file.file) == (("a",), file)
    assert [share.user_id for share in restored.file.shares] == [bob.id]
    assert (restored.placed_folder, restored.created_folders) == (None, ())
    assert restored.sequence == deleted.sequence + 1
    assert await everything(catalog) == before
    assert await found(catalog, alice, "f.txt") == ["f.txt"]
    assert await seen(catalog, alice) == []
    with pytest.raises(TrashMissing):
        await catalog.restore_trashed(alice.id, item.key)


async def test_a_deleted_folder_comes_back_with_all_in_it(catalog, uploads, alice):
    """Names, counts and totals are as before; meanwhile nothing of it is there, and its name is free."""
    await uploads.put(("top", "a"), "1", owner_id=alice.id, size=3)
    file = await uploads.put(("top", "a", "b"), "2", owner_id=alice.id, size=4)
    await uploads.put(("other",), "3", owner_id=alice.id)
    before = await everything(catalog)
    folder = await catalog.folder_at(("top", "a"))
    deleted = await catalog.delete_folder(folder.id, trashing=trashing(alice))
    assert (deleted.path, deleted.folder) == (("top", "a"), folder)
    assert await catalog.file_by_id(file.id) is None
    assert await catalog.folder_by_id(file.folder_id) is None
    for call in (
        catalog.folder_path(file.folder_id),
        catalog.counts(folder.id),
        catalog.usage_by_type(folder.id),
        catalog.rename_folder(folder.id, "x"),
        catalog.move_folder(folder.id, 0),
    ):
        with pytest.raises(FolderMissing):
            await call
    assert await catalog.delete_folder(folder.id) is None
    assert await found(catalog, alice, "") == ["3", "other", "top"]
    assert await seen(catalog, alice) == [("a", 7, 2)]
    assert await used(catalog, alice) == (12, 3)
    assert await catalog.trash_totals(alice.id) == TrashTotals(bytes=7, files=2)
    restored = await catalog.restore_trashed(alice.id, TrashKey(folder_id=folder.id))
    assert (restored.file, restored.placed_folder.path) == (None, ("top", "a"))
    assert restored.placed_folder.folder == folder
    assert await everything(catalog) == before
    assert await catalog.trash_totals(alice.id) == TrashTotals(bytes=0, files=0)


async def test_nothing_can_be_put_into_the_trash_otherwise(catalog, uploads, alice):
    """Its root is no folder that anything could be moved to, listed by or made in."""
    file = await uploads.put(("a",), "f", owner_id=alice.id)
    folder = await catalog.folder_at(("a",))
    assert await catalog.folder_by_id(-1) is None
    with pytest.raises(FolderMissing):
        await catalog.move_files([file.id], -1)
    with pytest.raises(FolderMissing):
        await catalog.move_folder(folder.id, -1)
    for call in (catalog.folder_path(-1), catalog.counts(-1), catalog.usage_by_type(-1)):
        with pytest.raises(FolderMissing):
            await call
    for change in (catalog.delete_folder(-1), catalog.delete_folder(-1, trashing=trashing(alice))):
        assert await change is None


async def test_a_name_that_was_taken_meanwhile_is_numbered(catalog, uploads, alice):
    """That of a file before its extension, that of a folder behind its name."""
    file = await uploads.put(("a",), "f.txt", owner_id=alice.id)
    folder = (await catalog.make_folders(("a", "g"))).folder
    await catalog.delete_file(file.id, trashing=trashing(alice))
    await catalog.delete_folder(folder.id, trashing=trashing(alice))
    await uploads.put(("a", "f.txt"), "x")
    await uploads.put(("a",), "g")
    restored = await catalog.restore_trashed(alice.id, TrashKey(file_id=file.id))
    assert restored.file.file.name == "f (1).txt"
    again = await catalog.restore_trashed(alice.id, TrashKey(folder_id=folder.id))
    assert again.placed_folder.path == ("a", "g (1)")


async def test_a_folder_that_is_gone_is_made_again(catalog, uploads, alice):
    """Also one that lies in the trash itself; one that was renamed and moved is the same."""
    file = await uploads.put(("a", "b"), "f", owner_id=alice.id)
    key = TrashKey(file_id=file.id)
    await catalog.delete_file(file.id, trashing=trashing(alice))
    await catalog.rename_folder(file.folder_id, "c")
    await catalog.move_folder(file.folder_id, 0)
    restored = await catalog.restore_trashed(alice.id, key)
    assert (restored.file.folder, restored.created_folders) == (("c",), ())
    await catalog.delete_file(file.id, trashing=trashing(alice))
    await catalog.delete_folder(file.folder_id, trashing=trashing(alice))
    restored = await catalog.restore_trashed(alice.id, key)
    assert restored.file.folder == ("c",)
    assert [placed.path for placed in restored.created_folders] == [("c",)]
    await catalog.delete_file(file.id, trashing=trashing(alice))
    await catalog.delete_folder(restored.file.file.folder_id)
    await uploads.put((), "c")
    with pytest.raises(NotAFolder):
        await catalog.restore_trashed(alice.id, key)
    assert await seen(catalog, alice) == [("f", 5, 1), ("c", 0, 0)]


async def test_what_would_lie_too_deep_stays_in_the_trash(catalog, uploads, alice):
    """When its folder lies deeper by now."""
    await uploads.put(("a", "b"), "f", owner_id=alice.id)
    top, deleted = [await catalog.folder_at(path) for path in (("a",), ("a", "b"))]
    deep = (await catalog.make_folders(("x",))).folder
    await catalog.delete_folder(deleted.id, trashing=trashing(alice))
    await catalog.move_folder(top.id, deep.id)
    with pytest.raises(TooDeep):
        await catalog.restore_trashed(alice.id, TrashKey(folder_id=deleted.id), max_depth=2)
    restored = await catalog.restore_trashed(alice.id, TrashKey(folder_id=deleted.id), max_depth=3)
    assert restored.placed_folder.path == ("x", "a", "b")


async def test_who_has_deleted_and_who_owns_see_it(catalog, uploads, alice, bob):
    """Both may restore it, and nobody else, nor an administrator."""
    admin = await catalog.create_user("carol", "hash", is_admin=True)
    file = await uploads.put((), "f", owner_id=alice.id)
    key = TrashKey(file_id=file.id)
    await catalog.delete_file(file.id, trashing=trashing(bob))
    assert await seen(catalog, admin) == []
    with pytest.raises(TrashMissing):
        await catalog.restore_trashed(admin.id, key)
    assert await seen(catalog, alice) == await seen(catalog, bob) == [("f", 5, 1)]
    assert await catalog.trash_totals(bob.id) == TrashTotals(bytes=0, files=0)
    await catalog.restore_trashed(alice.id, key)
    await catalog.delete_file(file.id, trashing=trashing(bob))
    await catalog.restore_trashed(bob.id, key)


async def test_a_permit_is_asked_for_as_ever(catalog, uploads, alice, bob):
    """What may not be deleted does not get into the trash."""
    file = await uploads.put(("a",), "f", owner_id=alice.id)
    permit = Permit(
        user_id=bob.id,
        standings=frozenset({Standing(holder=Holder.USER, is_public=False, can_write=None)}),
    )
    with pytest.raises(NotPermitted):
        await catalog.delete_file(file.id, permit=permit, trashing=trashing(bob))
    with pytest.raises(NotPermitted):
        await catalog.delete_folder(file.folder_id, permit=permit, trashing=trashing(bob))
    with pytest.raises(UserMissing):
        await catalog.delete_file(file.id, trashing=Trashing(user_id=99, keep_s=1))
    assert await seen(catalog, bob) == []
    assert await catalog.file_by_id(file.id) == file


async def test_what_has_expired_is_collected_in_bounded_calls(catalog, uploads, clock, alice):
    """By the clock; its content goes at once, without grace, and counts no more."""
    for number in range(5):
        await uploads.put(("a", "b"), f"{number}", owner_id=alice.id)
    single = await uploads.put((), "single", owner_id=alice.id)
    folder = await catalog.folder_at(("a",))
    await catalog.delete_folder(folder.id, trashing=trashing(alice, 1))
    clock.advance(DAY_S / 2)
    await catalog.delete_file(single.id, trashing=trashing(alice, 1))
    assert await catalog.collect_trash(limit=100) == 0
    clock.advance(DAY_S / 2)
    assert await seen(catalog, alice) == [("single", 5, 1)]
    with pytest.raises(TrashMissing):
        await catalog.restore_trashed(alice.id, TrashKey(folder_id=folder.id))
    assert [await catalog.collect_trash(limit=2) for _ in range(4)] == [2, 2, 2, 0]
    assert await used(catalog, alice) == (5, 1)
    assert await catalog.collect_objects(limit=100, grace_s=1e9) == 5
    clock.advance(DAY_S)
    assert await catalog.collect_trash(limit=100) == 1
    assert await used(catalog, alice) == (0, 0)


async def test_emptying_frees_everything(catalog, uploads, alice):
    """What was chosen, or all of it, goes with the next collection."""
    files = [await uploads.put(("a",), f"{number}", owner_id=alice.id) for number in range(3)]
    for file in files[:2]:
        await catalog.delete_file(file.id, trashing=trashing(alice))
    assert not await catalog.discard_trashed(
        alice.id, [TrashKey(file_id=files[0].id), TrashKey(file_id=99)], limit=9
    )
    assert await seen(catalog, alice) == [("1", 5, 1)]
    await catalog.delete_folder(files[2].folder_id, trashing=trashing(alice))
    assert not await catalog.discard_trashed(alice.id, None, limit=9)
    assert await seen(catalog, alice) == []
    assert await catalog.collect_trash(limit=9) == 4
    assert await catalog.collect_objects(limit=9, grace_s=1e9) == 3
    assert await used(catalog, alice) == (0, 0)


async def test_emptying_leaves_others_what_is_theirs(catalog, uploads, alice, bob):
    """Who empties loses the own files, and sees no longer what only others have files in."""
    hers = await uploads.put(("a",), "hers", owner_id=alice.id, size=3)
    for number in range(3):
        await uploads.put(("a",), f"his {number}", owner_id=bob.id, size=4)
    await uploads.put(("a",), "everybody's", size=1)
    await catalog.delete_folder(hers.folder_id, trashing=trashing(bob))
    assert await seen(catalog, bob) == [("a", 16, 5)]
    assert await catalog.discard_trashed(bob.id, None, limit=2)
    assert not await catalog.discard_trashed(bob.id, None, limit=2)
    assert await used(catalog, bob) == (0, 0)
    assert await seen(catalog, bob) == []
    [item] = await catalog.trash_of(alice.id, before=None, limit=9)
    assert (item.size, item.files, item.deleted_by) == (4, 2, None)
    restored = await catalog.restore_trashed(alice.id, item.key)
    assert restored.placed_folder.path == ("a",)
    assert await catalog.usage_by_type(0) == {"text/plain": 4}
    assert await catalog.file_by_id(hers.id) == hers


async def test_pages_of_the_trash(catalog, uploads, alice):
    """The last deletion comes first; a page goes on before an item."""
    for number in range(5):
        file = await uploads.put((), f"{number}", owner_id=alice.id)
        await catalog.delete_file(file.id, trashing=trashing(alice))
    first = await catalog.trash_of(alice.id, before=None, limit=2)
    second = await catalog.trash_of(alice.id, before=first[-1].id, limit=9)
    assert [item.name for item in (*first, *second)] == ["4", "3", "2", "1", "0"]


async def test_a_user_who_goes_takes_the_own_trash_along(catalog, uploads, alice, bob):
    """Without an heir it is deleted; an heir gets it, and sees it in the trash."""
    for name in ("a", "b"):
        file = await uploads.put(("x",), name, owner_id=alice.id)
        await catalog.delete_file(file.id, trashing=trashing(alice))
    shared = await uploads.put(("y",), "hers", owner_id=alice.id)
    await uploads.put(("y",), "his", owner_id=bob.id)
    await catalog.delete_folder(shared.folder_id, trashing=trashing(alice))
    given = await catalog.release_files(alice.id, heir_id=bob.id, limit=1)
    assert (given.files, given.remaining, given.sequence) == ((), 2, None)
    assert await used(catalog, bob) == (10, 2)
    assert ("a", 5, 1) in await seen(catalog, bob)
    released = await catalog.release_files(alice.id, heir_id=None, limit=9)
    assert (released.files, released.remaining) == ((), 0)
    await catalog.remove_user(alice.id)
    assert sorted(await seen(catalog, bob)) == [("a", 5, 1), ("y", 5, 1)]
    assert await catalog.collect_objects(limit=9, grace_s=1e9) == 2
    await catalog.restore_trashed(bob.id, TrashKey(folder_id=shared.folder_id))
    assert await catalog.usage_by_type(0) == {"text/plain": 5}


async def test_app_passwords_go_with_their_folder(catalog, alice):
    """One that is confined to a folder in the trash would else be confined to nothing."""
    folder = (await catalog.make_folders(("a", "b"))).folder
    password = AppPassword(
        id=uuid4(),
        user_id=alice.id,
        name="phone",
        secret_hash=bytes(32),
        is_read_only=False,
        folder_id=folder.id,
        created_at=0.0,
        expires_at=None,
    )
    await catalog.add_app_password(password, limit=9)
    top = await catalog.folder_at(("a",))
    await catalog.delete_folder(top.id, trashing=trashing(alice))
    await catalog.restore_trashed(alice.id, TrashKey(folder_id=top.id))
    assert await catalog.app_passwords_of(alice.id) == []


async def test_replaced_content_is_kept_and_comes_back(catalog, uploads, clock, alice):
    """The last ones, newest first; restoring one makes what it replaces a version."""
    file = await uploads.put(("a",), "f", owner_id=alice.id, size=1)
    first = clock()
    for size in (2, 3, 4):
        clock.advance(1)
        file = await replace_content(catalog, uploads, file, size=size, keep=2)
    versions = await catalog.versions_of(file.id)
    assert [each.size for each in versions] == [3, 2]
    assert [each.mime_type for each in versions] == ["size/3", "size/2"]
    assert (versions[0].stored_at, versions[0].replaced_at) == (first + 2, first + 3)
    assert await used(catalog, alice) == (4 + 3 + 2, 1)
    clock.advance(1)
    restored = await catalog.restore_version(file.id, versions[1].id, keep=2)
    assert restored.file == replace(
        file, object_id=versions[1].object_id, size=2, mime_type="size/2", updated_at=clock()
    )
    assert await sizes(catalog, file) == [4, 3]
    assert await catalog.usage_by_type(0) == {"size/2": 2}
    for version_id in (versions[1].id, 99):
        with pytest.raises(VersionMissing):
            await catalog.restore_version(file.id, version_id, keep=2)
    assert await catalog.delete_version(file.id, versions[0].id)
    assert not await catalog.delete_version(file.id, versions[0].id)
    assert await sizes(catalog, file) == [4]
    file = await replace_content(catalog, uploads, restored.file, size=5, keep=0)
    assert await sizes(catalog, file) == []
    assert await used(catalog, alice) == (5, 1)
    # That of size 1, and all that followed it but the last.
    assert await catalog.collect_objects(limit=9) == 4


async def test_versions_take_a_permit(catalog, uploads, alice, bob):
    """Who may not write sees no earlier content."""
    file = await uploads.put((), "f", owner_id=alice.id, size=1)
    file = await replace_content(catalog, uploads, file, size=2, keep=2)
    [version] = await catalog.versions_of(file.id)
    permit = Permit(user_id=bob.id, standings=frozenset())
    for call in (
        catalog.versions_of(file.id, permit=permit),
        catalog.restore_version(file.id, version.id, keep=2, permit=permit),
        catalog.delete_version(file.id, version.id, permit=permit),
    ):
        with pytest.raises(NotPermitted):
            await call
    assert await sizes(catalog, file) == [1]


async def test_versions_give_way_to_content(catalog, uploads, alice):
    """They fill the quota, never exceed it; the oldest goes first, and the replaced content last."""
    await catalog.set_quota(alice.id, StorageQuota(bytes=10))
    file = await uploads.put((), "f", owner_id=alice.id, size=3)
    file = await replace_content(catalog, uploads, file, size=4, keep=9)
    file = await replace_content(catalog, uploads, file, size=2, keep=9)
    assert await sizes(catalog, file) == [4, 3]
    file = await replace_content(catalog, uploads, file, size=4, keep=9)
    assert (await sizes(catalog, file), await used(catalog, alice)) == ([2, 4], (10, 1))
    file = await replace_content(catalog, uploads, file, size=9, keep=9)
    assert (await sizes(catalog, file), await used(catalog, alice)) == ([], (9, 1))
    with pytest.raises(QuotaExceeded):
        await replace_content(catalog, uploads, file, size=11, keep=9)
    assert await used(catalog, alice) == (9, 1)


async def test_versions_go_where_their_file_goes(catalog, uploads, alice, bob):
    """To another owner, into the trash and out of it, and away with it."""
    file = await uploads.put((), "f", owner_id=alice.id, size=1)
    file = await replace_content(catalog, uploads, file, size=2, keep=9)
    await catalog.set_owner(file.id, bob.id)
    assert (await used(catalog, alice), await used(catalog, bob)) == ((0, 0), (3, 1))
    await catalog.set_owner(file.id, None)
    assert await used(catalog, bob) == (0, 0)
    await catalog.set_owner(file.id, bob.id)
    await catalog.delete_file(file.id, trashing=trashing(bob))
    await catalog.restore_trashed(bob.id, TrashKey(file_id=file.id))
    assert await sizes(catalog, file) == [1]
    await catalog.delete_file(file.id, trashing=trashing(bob))
    await catalog.discard_trashed(bob.id, None, limit=9)
    await catalog.collect_trash(limit=9)
    assert await used(catalog, bob) == (0, 0)
    assert await catalog.collect_objects(limit=9, grace_s=1e9) == 2


async def test_the_same_upload_again_keeps_no_version(catalog, uploads, alice):
    """A commit whose answer was lost is answered again, and nothing else."""
    file = await uploads.put((), "f", owner_id=alice.id, size=1)
    object_id = await uploads.store(size=2)
    upload = UploadCommit(
        object_id=object_id,
        mime_type="",
        hash_hex="",
        folder=(),
        name="f",
        owner_id=alice.id,
        is_public=False,
        on_conflict=OverwriteOnConflict(file.id),
        keep_versions=3,
    )
    first = await catalog.commit_upload(upload)
    assert await catalog.commit_upload(upload) == first
    assert await sizes(catalog, file) == [1]
    assert isinstance(first.file.object_id, UUID)
