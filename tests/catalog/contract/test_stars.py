"""The promises of `StarStore`."""

import pytest

from catalog.errors import FileMissing, FolderMissing, RootIsFixed, TooManyStars, UserMissing
from catalog.port import OverwriteOnConflict, Trashing, UploadCommit
from catalog.records import User
from catalog.star_port import StarKey
from catalog.trash_port import TrashKey


@pytest.fixture
async def alice(catalog) -> User:
    """Who stars."""
    user: User = await catalog.create_user("alice", "hash")
    return user


async def starred(catalog, user: User) -> list[tuple[tuple[str, ...], str]]:
    """Where everything lies that the user has starred, and what it is called."""
    page = await catalog.starred(user.id, before=None, limit=100)
    return [(each.folder, each.entry.name) for each in page.entries]


async def test_stars_are_the_users_own_and_the_last_one_comes_first(catalog, uploads, alice):
    """Starring twice leaves one star, taking back what is not starred nothing; pages lead on."""
    file = await uploads.put(("a", "b"), "f.txt", owner_id=alice.id)
    folder = await catalog.folder_at(("a", "b"))
    keys = [StarKey(file_id=file.id), StarKey(folder_id=folder.id)]
    for key in [*keys, keys[0]]:
        await catalog.put_star(alice.id, key)
    bob = await catalog.create_user("bob", "hash")
    await catalog.remove_star(bob.id, keys[0])

    assert await starred(catalog, alice) == [(("a",), "b"), (("a", "b"), "f.txt")]
    assert await starred(catalog, bob) == []
    assert await catalog.star_keys(alice.id) == keys[::-1]
    first = await catalog.starred(alice.id, before=None, limit=1)
    second = await catalog.starred(alice.id, before=first.next, limit=1)
    assert [page.entries[0].entry.id for page in (first, second)] == [folder.id, file.id]
    last = await catalog.starred(alice.id, before=second.next, limit=1)
    assert (last.entries, last.next) == ((), None)

    for _ in range(2):
        await catalog.remove_star(alice.id, keys[1])
    assert await catalog.star_keys(alice.id) == keys[:1]


async def test_a_star_stays_until_what_it_marks_is_deleted_for_good(catalog, uploads, alice, clock):
    """Renaming, moving, other content and the trash with its way back keep it; the trash does not list it."""
    file = await uploads.put(("a",), "f.txt", owner_id=alice.id)
    await catalog.put_star(alice.id, StarKey(file_id=file.id))
    folder = (await catalog.make_folders(("c",))).folder
    await catalog.put_star(alice.id, StarKey(folder_id=folder.id))
    await catalog.rename_file(file.id, "g.txt")
    await catalog.move_files([file.id], folder.id)
    await catalog.rename_folder(folder.id, "d")
    await catalog.commit_upload(
        UploadCommit(
            object_id=await uploads.store(size=6),
            mime_type="",
            hash_hex="",
            folder=("d",),
            name="g.txt",
            owner_id=alice.id,
            is_public=False,
            on_conflict=OverwriteOnConflict(file.id),
            keep_versions=1,
        )
    )
    everything = [((), "d"), (("d",), "g.txt")]
    assert await starred(catalog, alice) == everything

    trashing = Trashing(user_id=alice.id, keep_s=100)
    await catalog.delete_folder(folder.id, trashing=trashing)
    assert await starred(catalog, alice) == []
    with pytest.raises(FileMissing):
        await catalog.put_star(alice.id, StarKey(file_id=file.id))
    await catalog.restore_trashed(alice.id, TrashKey(folder_id=folder.id))
    assert await starred(catalog, alice) == everything

    await catalog.delete_folder(folder.id, trashing=trashing)
    clock.advance(101)
    while await catalog.collect_trash(limit=10):
        pass
    assert await catalog.star_keys(alice.id) == []


async def test_only_what_is_there_is_starred_and_only_so_much(catalog, uploads, alice, monkeypatch):
    """Missing users, files and folders, the root, and a star more than there may be are refused."""
    for module in ("sqlite", "supabase"):
        monkeypatch.setattr(f"catalog.{module}.stars.MAX_STARS", 1)
    file = await uploads.put((), "f.txt", owner_id=alice.id)
    refusals = [
        (alice.id + 1, StarKey(file_id=file.id), UserMissing),
        (alice.id, StarKey(file_id=file.id + 1), FileMissing),
        (alice.id, StarKey(folder_id=77), FolderMissing),
        (alice.id, StarKey(folder_id=-1), FolderMissing),
        (alice.id, StarKey(folder_id=0), RootIsFixed),
    ]
    for user_id, key, refusal in refusals:
        with pytest.raises(refusal):
            await catalog.put_star(user_id, key)
    await catalog.put_star(alice.id, StarKey(file_id=file.id))
    other = await uploads.put((), "g.txt", owner_id=alice.id)
    with pytest.raises(TooManyStars, match="1 stars"):
        await catalog.put_star(alice.id, StarKey(file_id=other.id))
    await catalog.put_star(alice.id, StarKey(file_id=file.id))
    assert await catalog.star_keys(alice.id) == [StarKey(file_id=file.id)]
