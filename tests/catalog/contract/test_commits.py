"""The promises of `commit_upload` and `commit_uploads`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from catalog.errors import (
    NameTaken,
    NotPermitted,
    ObjectIncomplete,
    ObjectMissing,
    QuotaExceeded,
    UserMissing,
)
from catalog.permits import Holder, Permit, Standing
from catalog.port import (
    CommittedFile,
    FailOnConflict,
    OverwriteOnConflict,
    RenameOnConflict,
    UploadCommit,
)
from catalog.records import ObjectState, StorageQuota
from tests.catalog.conftest import Uploads
from tests.commits import commit_file
from tests.messages import enter_chunk


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
    committed = await commit_file(
        catalog,
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


async def begun(uploads: Uploads, **measures: int) -> UUID:
    """Content whose chunks are stored, and that nobody has completed."""
    object_id = await uploads.begin(**measures)
    await enter_chunk(uploads.catalog, uploads.location(object_id))
    return object_id


def upload_of(object_id: UUID, name: str, **changed: Any) -> UploadCommit:
    """An upload into the folder `a`."""
    upload = UploadCommit(
        object_id=object_id,
        mime_type="image/png",
        hash_hex="ab",
        folder=("a",),
        name=name,
        owner_id=None,
        is_public=True,
        on_conflict=FailOnConflict(),
        hold=("upload", "k"),
    )
    return replace(upload, **changed)


async def test_a_commit_completes_and_releases(catalog, uploads):
    """Content, name and reference change together; the same call again changes nothing."""
    object_id = await begun(uploads)
    upload = upload_of(object_id, "f")
    committed = await catalog.commit_upload(upload)
    stored = await catalog.object_by_id(object_id)
    assert (stored.state, stored.mime_type, stored.hash) == (ObjectState.STORED, "image/png", "ab")
    assert committed.file.mime_type == "image/png"
    assert await catalog.references_on(object_id) == []
    assert await catalog.commit_upload(replace(upload, mime_type="x/y")) == committed
    assert await catalog.object_by_id(object_id) == stored


async def test_a_commit_that_fails_leaves_the_upload_as_it_was(catalog, uploads):
    """Neither completed nor released: it may be committed under another name."""
    await uploads.put(("a",), "f")
    object_id = await begun(uploads)
    held = await catalog.references_on(object_id)
    with pytest.raises(NameTaken):
        await catalog.commit_upload(upload_of(object_id, "f"))
    assert (await catalog.object_by_id(object_id)).state is ObjectState.UPLOADING
    assert await catalog.references_on(object_id) == held != []
    assert (await catalog.commit_upload(upload_of(object_id, "g"))).file.name == "g"
    assert await catalog.references_on(object_id) == []


async def test_other_references_are_left(catalog, uploads):
    """Only the reference that is named goes, and none without a name."""
    for hold in (None, ("upload", "other"), ("another", "k")):
        object_id = await begun(uploads)
        held = await catalog.references_on(object_id)
        await catalog.commit_upload(upload_of(object_id, str(hold), hold=hold))
        assert await catalog.references_on(object_id) == held != []


async def test_content_without_chunks_begins_with_its_commit(catalog, uploads):
    """One call makes an empty file; if it fails, there is no object either."""
    draft = uploads.draft(chunk_count=0, size=0)
    upload = upload_of(draft.id, "f", draft=draft, hold=None)
    committed = await catalog.commit_upload(upload)
    assert (committed.file.object_id, committed.file.size) == (draft.id, 0)
    assert await catalog.commit_upload(upload) == committed
    other = uploads.draft(chunk_count=0, size=0)
    with pytest.raises(NameTaken):
        await catalog.commit_upload(upload_of(other.id, "f", draft=other, hold=None))
    assert await catalog.object_by_id(other.id) is None
    incomplete = uploads.draft()
    with pytest.raises(ObjectIncomplete):
        await catalog.commit_upload(upload_of(incomplete.id, "g", draft=incomplete, hold=None))
    assert await catalog.object_by_id(incomplete.id) is None


async def test_uploads_are_committed_each_for_itself(catalog, uploads):
    """Those that fail say why, the others are files, numbered in their order without a gap."""
    present = (await uploads.put(("a",), "taken")).id
    missing, incomplete = uuid4(), await uploads.begin()
    good = [await begun(uploads) for _ in range(4)]
    bad = [await begun(uploads) for _ in range(2)]
    orders = [
        upload_of(good[0], "f"),
        upload_of(bad[0], "taken"),
        upload_of(good[1], "f", on_conflict=RenameOnConflict()),
        upload_of(missing, "g"),
        upload_of(incomplete, "g"),
        upload_of(bad[1], "g", owner_id=404),
        upload_of(good[2], "g", folder=("a", "b")),
        upload_of(good[3], "taken", on_conflict=OverwriteOnConflict(present)),
    ]
    answers = await catalog.commit_uploads(orders)
    assert [type(answer) for answer in answers] == [
        CommittedFile,
        NameTaken,
        CommittedFile,
        ObjectMissing,
        ObjectIncomplete,
        UserMissing,
        CommittedFile,
        CommittedFile,
    ]
    assert answers[1].file.id == present
    committed = [answer for answer in answers if isinstance(answer, CommittedFile)]
    assert [each.file.name for each in committed] == ["f", "f (1)", "g", "taken"]
    assert [each.file.object_id for each in committed] == good
    numbers = [each.sequence or 0 for each in committed]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    again = await catalog.commit_uploads(orders)
    assert [each for each in again if isinstance(each, CommittedFile)] == committed
    for object_id in bad:
        assert (await catalog.object_by_id(object_id)).state is ObjectState.UPLOADING
        assert len(await catalog.references_on(object_id)) == 1


async def test_an_upload_that_fails_leaves_no_folders(catalog, uploads):
    """What it has made until then is gone, also for the uploads after it."""
    held, good = await begun(uploads), await begun(uploads)
    with_quota = await catalog.create_user("ann", "hash", quota=StorageQuota(bytes=1, files=None))
    answers = await catalog.commit_uploads(
        [
            upload_of(held, "f", folder=("x", "y"), owner_id=with_quota.id),
            upload_of(good, "x", folder=()),
        ]
    )
    assert isinstance(answers[0], QuotaExceeded)
    assert isinstance(answers[1], CommittedFile)
    assert (await catalog.counts(0)).subfolders == 0


async def test_no_uploads_to_commit(catalog):
    """Nothing is done, and nothing answered."""
    assert await catalog.commit_uploads([]) == []
