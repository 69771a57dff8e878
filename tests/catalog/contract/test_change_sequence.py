"""Every change of folders and files has the next number, in the order of the commits."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest

from catalog.errors import CatalogError, FileMissing, NameTaken
from catalog.port import Catalog, OverwriteOnConflict


async def last_number(catalog: Catalog, uploads) -> int:
    """The number of the last change, told by reading files."""
    object_id = (await uploads.put(("probe",), f"{uuid4()}")).object_id
    [placed] = await catalog.files_of(object_id)
    assert placed.sequence is not None
    return placed.sequence


async def test_each_kind_of_change_takes_the_next_number(catalog, uploads):
    """Whatever changes a folder or file answers with a number, each one more than the one before."""
    user, heir = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    start = await last_number(catalog, uploads)
    numbers = []
    made = await catalog.make_folders(("a", "b"))
    numbers.append(made.sequence)
    first = await uploads.commit(await uploads.store(), ("a",), "f", owner_id=user.id)
    numbers.append(first.sequence)
    replaced = await uploads.commit(
        await uploads.store(), ("a",), "f", on_conflict=OverwriteOnConflict(first.file.id)
    )
    numbers.append(replaced.sequence)
    file_id = first.file.id
    numbers.append((await catalog.rename_file(file_id, "g")).sequence)
    numbers.append((await catalog.set_public(file_id, is_public=True)).sequence)
    numbers.append((await catalog.put_share(file_id, heir.id, can_write=True)).sequence)
    numbers.append((await catalog.remove_share(file_id, heir.id)).sequence)
    moved = await catalog.move_files([file_id], made.folder.id)
    numbers.append(moved[0].sequence)
    numbers.append((await catalog.set_owner(file_id, heir.id)).sequence)
    numbers.append((await catalog.set_owner(file_id, user.id)).sequence)
    given = await catalog.release_files(user.id, heir_id=heir.id, limit=9)
    numbers.append(given.sequence)
    numbers.append((await catalog.rename_folder(made.folder.id, "c")).sequence)
    numbers.append((await catalog.move_folder(made.folder.id, 0)).sequence)
    numbers.append((await catalog.delete_file(file_id)).sequence)
    numbers.append((await catalog.delete_folder(made.folder.id)).sequence)
    assert numbers == list(range(start + 1, start + 1 + len(numbers)))


async def test_what_changes_nothing_takes_no_number(catalog, uploads):
    """Refusals, repetitions and calls that find nothing to do leave no gap."""
    user = await catalog.create_user("ann", "hash")
    file = await uploads.put((), "f")
    await catalog.make_folders(("a",))
    start = await last_number(catalog, uploads)
    assert (await catalog.make_folders(("a",))).sequence is None
    assert (await catalog.release_files(user.id, heir_id=None, limit=9)).sequence is None
    assert await catalog.move_files([], 0) == []
    assert await catalog.delete_file(10**9) is None
    assert await catalog.remove_share(file.id, user.id) is None
    with pytest.raises(FileMissing):
        await catalog.rename_file(10**9, "x")
    object_id = await uploads.store()
    with pytest.raises(NameTaken):
        await uploads.commit(object_id, (), "f")
    assert (await catalog.rename_file(file.id, "g")).sequence == start + 1


async def test_a_repeated_commit_has_its_first_number(catalog, uploads):
    """Who lost the answer learns where the commit stands, whatever has changed since."""
    object_id = await uploads.store()
    first = await uploads.commit(object_id, ("a",), "f")
    await catalog.rename_file(first.file.id, "g")
    repeated = await uploads.commit(object_id, ("a",), "f")
    assert repeated.sequence == first.sequence
    assert repeated.folder == first.folder == ("a",)


async def test_the_numbers_go_on_after_a_restart(backend, uploads_into, clock):
    """No number is given twice, however often the catalog is opened."""
    numbers = []
    for _ in range(3):
        async with backend.open() as catalog:
            made = await catalog.make_folders((str(uuid4()),))
            numbers.append(made.sequence)
    assert numbers == list(range(numbers[0], numbers[0] + 3))


async def test_the_numbers_are_in_the_order_of_the_commits(catalog, uploads):
    """Of many changes at once the numbers tell which one was the last to be made."""
    file = await uploads.put((), "start")
    start = await last_number(catalog, uploads)

    async def change(number: int) -> tuple[int, str | None]:
        with suppress(CatalogError):
            if number % 3 == 0:
                await catalog.rename_file(10**9, "refused")
            renamed = await catalog.rename_file(file.id, f"n{number}")
            return renamed.sequence or 0, renamed.file.name
        return 0, None

    answers = await asyncio.gather(*(change(number) for number in range(30)))
    made = sorted(answer for answer in answers if answer[1] is not None)
    assert [number for number, _ in made] == list(range(start + 1, start + 1 + len(made)))
    present = await catalog.file_by_id(file.id)
    assert present is not None
    assert present.name == made[-1][1]
