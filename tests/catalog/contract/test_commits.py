"""The promises of `commit_file`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from catalog.errors import NameTaken, NotPermitted, ObjectIncomplete, ObjectMissing, UserMissing
from catalog.permits import Holder, Permit, Standing
from catalog.port import FailOnConflict, OverwriteOnConflict, RenameOnConflict


async def test_commit_makes_folders_and_file(catalog, uploads, clock):
    """A commit makes the path and the file, tells both, and counts the file's bytes."""
    user = await catalog.create_user("ann", "hash")
    object_id = await uploads.store(size=9, mime_type="image/png")
    committed = await uploads.commit(object_id, ("a", "b"), "c.png", owner_id=user.id)
    file = committed.file
    assert (file.name, file.object_id, file.owner_id, file.is_public) == (
        "c.png",
        object_id,
        user.id,
        False,
    )
    assert (file.size, file.mime_type, file.has_thumbnail) == (9, "image/png", False)
    assert file.created_at == file.updated_at == clock()
    assert [placed.path for placed in committed.created_folders] == [("a",), ("a", "b")]
    assert (committed.replaced, committed.shares) == (False, ())
    assert await catalog.file_at(("a", "b"), "c.png") == file


async def test_commit_is_a_permanent_reference(catalog, uploads, clock):
    """Content with a name stays, however much time passes."""
    file = await uploads.put()
    clock.advance(10**9)
    assert await catalog.collect_objects(limit=9) == 0
    assert await catalog.object_by_id(file.object_id) is not None


async def test_taken_name_is_reported(catalog, uploads):
    """A taken name raises `NameTaken` with the file that has it, and changes nothing."""
    present = await uploads.put(("a",), "f.txt")
    object_id = await uploads.store()
    with pytest.raises(NameTaken) as caught:
        await uploads.commit(object_id, ("a",), "f.txt")
    assert caught.value.file == present
    assert await catalog.file_by_id(present.id) == present
    assert await catalog.object_by_id(object_id) is not None


async def test_overwriting_keeps_the_file(catalog, uploads, clock):
    """Overwriting changes content and time of change; id, owner, rights, shares stay."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    old = await uploads.put(size=5, owner_id=ann.id)
    (share,) = (await catalog.put_share(old.id, bob.id, can_write=True)).shares
    clock.advance(60.0)
    object_id = await uploads.store(size=8, mime_type="image/png")
    committed = await catalog.commit_file(
        object_id,
        (),
        "a.txt",
        owner_id=bob.id,
        is_public=True,
        on_conflict=OverwriteOnConflict(old.id),
    )
    assert committed.replaced is True
    assert committed.shares == (share,)
    assert committed.file == replace(
        old, object_id=object_id, size=8, mime_type="image/png", updated_at=clock()
    )
    assert await catalog.shares_of(old.id) == [share]
    assert await catalog.usage_by_type(0) == {"image/png": 8}
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(old.object_id) is None


async def test_overwriting_another_file_is_refused(catalog, uploads):
    """Permission to overwrite one file is none for the file that has its name by now."""
    old = await uploads.put()
    await catalog.rename_file(old.id, "moved.txt")
    present = await uploads.put()
    with pytest.raises(NameTaken) as caught:
        await uploads.commit(await uploads.store(), on_conflict=OverwriteOnConflict(old.id))
    assert caught.value.file == present


async def test_a_permit_is_for_the_file_that_is_overwritten(catalog, uploads):
    """Neither a free name nor another file under it is a matter of rights."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    old = await uploads.put(owner_id=ann.id)
    conflict = OverwriteOnConflict(old.id, Permit(bob.id, frozenset()))
    await catalog.rename_file(old.id, "moved.txt")
    present = (await uploads.commit(await uploads.store(), on_conflict=conflict)).file
    assert present.id != old.id
    with pytest.raises(NameTaken) as caught:
        await uploads.commit(await uploads.store(), on_conflict=conflict)
    assert caught.value.file == present


async def test_overwriting_what_is_gone_makes_a_file(catalog, uploads):
    """If the file to overwrite was deleted meanwhile, a new one is made."""
    old = await uploads.put()
    await catalog.delete_file(old.id)
    committed = await uploads.commit(await uploads.store(), on_conflict=OverwriteOnConflict(old.id))
    assert committed.replaced is False
    assert committed.file.id != old.id


async def test_renaming_takes_the_first_free_number(catalog, uploads):
    """A free name is taken as it is, a taken one gets the first free number."""
    names = []
    for _ in range(12):
        committed = await uploads.commit(await uploads.store(), on_conflict=RenameOnConflict())
        assert committed.replaced is False
        names.append(committed.file.name)
    assert names == ["a.txt", *(f"a ({number}).txt" for number in range(1, 12))]
    await catalog.delete_file((await catalog.file_at((), "a (4).txt")).id)
    committed = await uploads.commit(await uploads.store(), on_conflict=RenameOnConflict())
    assert committed.file.name == "a (4).txt"


@pytest.mark.parametrize("conflict", [FailOnConflict(), RenameOnConflict(), OverwriteOnConflict(1)])
async def test_repeated_commit_answers_the_same(catalog, uploads, conflict):
    """The same object again gives the first answer, and makes nothing new."""
    object_id = await uploads.store()
    first = await uploads.commit(object_id, ("a", "b"), on_conflict=conflict)
    assert await uploads.commit(object_id, ("a", "b"), on_conflict=conflict) == first
    assert (await catalog.counts(first.file.folder_id)).files == 1
    assert await catalog.usage_by_type(0) == {"text/plain": 5}


async def test_repeated_commit_does_not_raise_the_dead(catalog, uploads):
    """A file that was deleted after its commit does not come back by repeating the commit."""
    object_id = await uploads.store()
    first = await uploads.commit(object_id)
    await catalog.delete_file(first.file.id)
    assert await uploads.commit(object_id) == first
    assert await catalog.file_at((), "a.txt") is None


async def test_repeated_overwrite_answers_the_same(catalog, uploads):
    """A repeated overwrite says again that it replaced the file."""
    old = await uploads.put()
    object_id = await uploads.store(size=8)
    conflict = OverwriteOnConflict(old.id)
    first = await uploads.commit(object_id, on_conflict=conflict)
    assert await uploads.commit(object_id, on_conflict=conflict) == first
    assert first.replaced is True


async def test_a_right_that_is_lost_after_the_commit_is_no_obstacle(catalog, uploads):
    """A commit that is repeated has happened, and gives its answer whatever is allowed by now."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    old = await uploads.put(owner_id=ann.id)
    await catalog.put_share(old.id, bob.id, can_write=True)
    shared = Standing(holder=Holder.OTHER, is_public=False, can_write=True)
    conflict = OverwriteOnConflict(old.id, Permit(bob.id, frozenset({shared})))
    object_id = await uploads.store()
    first = await uploads.commit(object_id, on_conflict=conflict)
    assert await uploads.commit(object_id, on_conflict=conflict) == first
    await catalog.remove_share(old.id, bob.id)
    again = await uploads.commit(object_id, on_conflict=conflict)
    assert again == replace(first, shares=())
    with pytest.raises(NotPermitted):
        await uploads.commit(await uploads.store(), on_conflict=conflict)
    assert await catalog.file_by_id(old.id) == first.file


async def test_only_stored_content_gets_a_name(catalog, uploads):
    """An unknown object, one still uploading, or an unknown owner is refused; nothing is made."""
    with pytest.raises(ObjectMissing):
        await uploads.commit(uuid4(), ("a",))
    with pytest.raises(ObjectIncomplete):
        await uploads.commit(await uploads.begin(), ("a",))
    with pytest.raises(UserMissing):
        await uploads.commit(await uploads.store(), ("a",), owner_id=99)
    assert await catalog.folder_at(("a",)) is None


async def test_of_two_commits_to_one_name_one_wins(catalog, uploads):
    """Of simultaneous commits to one name one takes it, the others learn who has it."""
    objects = [await uploads.store() for _ in range(4)]
    answers = await asyncio.gather(
        *(uploads.commit(each, ("a",), "f") for each in objects), return_exceptions=True
    )
    winners = [each for each in answers if not isinstance(each, BaseException)]
    losers = [each for each in answers if isinstance(each, NameTaken)]
    assert len(winners) == 1
    assert len(losers) == 3
    assert {error.file for error in losers} == {winners[0].file}


async def test_renaming_commits_at_once_get_names_of_their_own(catalog, uploads):
    """Simultaneous commits that may be renamed all succeed, under different names."""
    objects = [await uploads.store() for _ in range(5)]
    answers = await asyncio.gather(
        *(uploads.commit(each, ("a",), "f", on_conflict=RenameOnConflict()) for each in objects)
    )
    assert {answer.file.name for answer in answers} == {"f", *(f"f ({n})" for n in range(1, 5))}


async def test_folder_deleted_during_a_commit(catalog, uploads):
    """Whichever comes first, the file is whole: in a folder that exists, or deleted with it."""
    for _ in range(10):
        folder = (await catalog.make_folders(("a",))).folder
        object_id = await uploads.store()
        committed, _ = await asyncio.gather(
            uploads.commit(object_id, ("a",), "f"), catalog.delete_folder(folder.id)
        )
        file = await catalog.file_by_id(committed.file.id)
        if file is None:
            assert await catalog.usage_by_type(0) == {}
        else:
            assert await catalog.folder_path(file.folder_id) == ("a",)
            assert await catalog.usage_by_type(0) == {"text/plain": 5}
            await catalog.delete_folder(file.folder_id)


async def test_collection_during_a_commit(catalog, uploads, clock):
    """Expired content is either committed and stays, or collected and the commit is refused."""
    for _ in range(10):
        object_id = await uploads.store()
        clock.advance(61.0)
        answers: tuple[Any, Any] = await asyncio.gather(
            uploads.commit(object_id, (), "f"),
            catalog.collect_objects(limit=9),
            return_exceptions=True,
        )
        answer, collected = answers
        if isinstance(answer, ObjectMissing):
            assert collected == 1
        else:
            assert await catalog.object_by_id(object_id) is not None
            await catalog.delete_file(answer.file.id)
            await catalog.collect_objects(limit=9)


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_cancelled_commit_happened_or_not(catalog, uploads, steps):
    """A commit cancelled at any point left all or nothing, and disturbs nobody after it."""
    object_id = await uploads.store()
    task = asyncio.create_task(uploads.commit(object_id, ("a",), "f"))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    file = await catalog.file_at(("a",), "f")
    assert await catalog.usage_by_type(0) == ({} if file is None else {"text/plain": 5})
    assert (await catalog.folder_at(("a",)) is None) == (file is None)
    assert (await uploads.commit(object_id, ("a",), "f")).file.name == "f"
