"""What one manager changes, another one reads: every kind of change, in the order of the commits."""

import re
import time
from pathlib import Path

import pytest

from catalog.change_port import ChangeKind
from catalog.port import Trashing
from catalog.supabase.changes import READERS
from catalog.trash_port import TrashKey

MIGRATIONS = Path(__file__).parents[3] / "supabase" / "migrations"


async def _read(catalog, after: int):
    page = await catalog.change_log.changes_after(after, limit=1000)
    assert page.after == after
    assert [each.sequence for each in page.changes] == list(range(after + 1, page.last + 1))
    assert catalog.change_log.page_of(page.raw) == page
    return [(each.kind, each.record) for each in page.changes]


async def test_changes_are_read_as_they_were_answered(catalog, uploads):
    """Every kind, with what its caller got; so other managers announce the same."""
    log = catalog.change_log
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    before = await log.last_change()
    committed = await uploads.commit(await uploads.store(), ("a", "b"))
    file = committed.file
    trashing = Trashing(user_id=ann.id, keep_s=3600)
    made = await catalog.make_folders(("c", "d"))
    copying = {"owner_id": ann.id, "max_entries": 9, "name": "f"}
    answers = [
        (ChangeKind.FILE_COMMITTED, committed),
        (ChangeKind.FOLDERS_MADE, made),
        (ChangeKind.FOLDER_RENAMED, await catalog.rename_folder(made.folder.id, "e")),
        (ChangeKind.FOLDER_MOVED, await catalog.move_folder(made.folder.id, 0)),
        (ChangeKind.FILE_CHANGED, await catalog.rename_file(file.id, "renamed")),
        (ChangeKind.FILES_MOVED, tuple(await catalog.move_files([file.id], 0))),
        (ChangeKind.FILE_CHANGED, await catalog.set_owner(file.id, ann.id)),
        (ChangeKind.FILE_CHANGED, await catalog.set_public(file.id, is_public=True)),
        (ChangeKind.FILE_CHANGED, await catalog.put_share(file.id, bob.id, can_write=True)),
        (ChangeKind.FILE_CHANGED, await catalog.remove_share(file.id, bob.id)),
        (ChangeKind.COPIED, await catalog.copy_files([file.id], 0, owner_id=ann.id)),
        (ChangeKind.COPIED, await catalog.copy_folder(made.folder.id, 0, **copying)),
        (ChangeKind.FILES_CHANGED, await catalog.release_files(ann.id, heir_id=bob.id, limit=9)),
    ]
    # Whether files were given away or deleted shows in whether they are there.
    changes = await _read(catalog, before)
    answers += [
        (ChangeKind.FILE_DELETED, await catalog.delete_file(file.id, trashing=trashing)),
        (ChangeKind.RESTORED, await catalog.restore_trashed(ann.id, TrashKey(file_id=file.id))),
        (ChangeKind.FOLDER_DELETED, await catalog.delete_folder(made.folder.id)),
        (ChangeKind.FILES_DELETED, await catalog.release_files(bob.id, heir_id=None, limit=9)),
    ]
    changes += await _read(catalog, before + len(changes))
    assert changes == answers


async def test_pages_are_bounded_and_follow_one_another(catalog):
    """The last number of one is where the next begins; what is no change has no number."""
    log = catalog.change_log
    before = await log.last_change()
    for name in "abc":
        await catalog.make_folders((name,))
        await catalog.make_folders((name,))
    first = await log.changes_after(before, limit=2)
    second = await log.changes_after(first.last, limit=2)
    assert (first.last, second.last) == (before + 2, before + 3)
    assert len(first.changes) + len(second.changes) == 3
    assert (await log.changes_after(second.last, limit=2)).changes == []
    assert await log.last_change() == before + 3


async def test_a_file_is_read_where_it_was_committed(catalog, uploads):
    """Also once its folder has another name, which is a later change."""
    before = await catalog.change_log.last_change()
    file = await uploads.put(("a",), "x")
    await catalog.rename_folder(file.folder_id, "b")
    (_, committed), (_, renamed) = await _read(catalog, before)
    assert committed.folder == ("a",)
    assert renamed.after.path == ("b",)


async def test_every_function_that_numbers_changes_is_read():
    """One that is added and not read would be announced by its own manager only."""
    text = "".join(path.read_text() for path in sorted(MIGRATIONS.glob("*.sql")))
    functions = [
        part.partition("$$;")[0] for part in re.split(r"create (?:or replace )?function ", text)[1:]
    ]
    numbering = {
        each.removeprefix("public.").partition("(")[0]
        for each in functions
        if each.startswith("public.") and re.search(r"answered_change|next_change", each)
    }
    assert "rename_file" in numbering
    assert numbering - READERS.keys() == set()


@pytest.mark.parametrize("raw", [b"", b"1", b"{}", b'{"after":1,"last":2,"changes":[{}]}'])
async def test_a_page_that_is_none_is_refused(catalog, raw):
    """It comes from another manager, perhaps of another release."""
    with pytest.raises(ValueError, match="no page"):
        catalog.change_log.page_of(raw)


async def test_there_is_one_clock(catalog):
    """That of the database, whatever the managers' clocks say."""
    assert abs(await catalog.change_log.database_time() - time.time()) < 60


async def test_the_fence_of_leases_only_grows(catalog):
    """Whichever manager raises it, and in whichever order."""
    before = await catalog.lease_fence.lease_fence()
    await catalog.lease_fence.raise_lease_fence(before + 2**50)
    await catalog.lease_fence.raise_lease_fence(before + 1)
    assert await catalog.lease_fence.lease_fence() == before + 2**50
