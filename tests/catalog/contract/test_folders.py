"""The promises of `FolderStore`."""

import asyncio
from functools import partial

import pytest

from catalog.errors import FolderCircle, FolderMissing, RootIsFixed, TooDeep
from catalog.placed import PlacedFolder
from catalog.records import ROOT_FOLDER_ID, File, FileOrder, Folder, FolderCounts


async def test_root_is_there_from_the_start(catalog):
    """The root is a folder with id 0, no parent and the empty path."""
    root = await catalog.folder_at(())
    assert root == Folder(id=ROOT_FOLDER_ID, name="", parent_id=None)
    assert await catalog.folder_by_id(ROOT_FOLDER_ID) == root
    assert await catalog.folder_path(ROOT_FOLDER_ID) == ()
    assert (await catalog.make_folders(())).created == ()


async def test_parents_are_made(catalog):
    """What is missing of a path is made and reported outermost first; what exists is not."""
    await catalog.make_folders(("a",))
    made = await catalog.make_folders(("a", "b", "c"))
    assert [placed.path for placed in made.created] == [("a", "b"), ("a", "b", "c")]
    assert made.folder == made.created[-1].folder == await catalog.folder_at(("a", "b", "c"))
    assert await catalog.folder_path(made.folder.id) == ("a", "b", "c")
    again = await catalog.make_folders(("a", "b", "c"))
    assert (again.folder, again.created) == (made.folder, ())


async def test_folder_made_at_once_is_made_once(catalog):
    """Of simultaneous calls for one path one makes each folder, and all answer the same."""
    answers = await asyncio.gather(*(catalog.make_folders(("a", "b")) for _ in range(5)))
    assert len({answer.folder for answer in answers}) == 1
    assert sum(len(answer.created) for answer in answers) == 2


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE folders; --", "%", 'a"b', "日本語", "\u00e9", "e\u0301"]
)
async def test_names_are_taken_literally(catalog, name):
    """No character of a name means anything to the database; no normalisation happens."""
    made = await catalog.make_folders((name, name))
    assert await catalog.folder_path(made.folder.id) == (name, name)
    assert await catalog.folder_at((name, name)) == made.folder


async def test_missing_folders(catalog):
    """Looking for a folder that does not exist gives None, empty pages, or `FolderMissing`."""
    assert await catalog.folder_at(("a",)) is None
    assert await catalog.folder_by_id(9) is None
    assert await catalog.list_folders(9, offset=0, limit=9) == []
    for call in (catalog.folder_path, catalog.counts, catalog.usage_by_type):
        with pytest.raises(FolderMissing):
            await call(9)
    with pytest.raises(FolderMissing):
        await catalog.rename_folder(9, "b")
    await catalog.delete_folder(9)


async def test_counts_are_of_direct_entries(catalog, uploads):
    """Counts tell what lies directly in a folder, not below."""
    await uploads.put(("a",), "1")
    await uploads.put(("a",), "2")
    await uploads.put(("a", "b"), "3")
    folder = await catalog.folder_at(("a",))
    assert await catalog.counts(folder.id) == FolderCounts(files=2, subfolders=1)
    assert await catalog.counts(0) == FolderCounts(files=0, subfolders=1)


async def test_folder_pages(catalog):
    """Subfolders come in natural order in both directions, page by page, with their paths."""
    names = ["a", "a (1)", "Ä (2)", "a (10)", "b", "Z", "😀"]
    for name in reversed(names):
        await catalog.make_folders(("p", name))
    parent = await catalog.folder_at(("p",))
    pages = [await catalog.list_folders(parent.id, offset=at, limit=3) for at in (0, 3, 6, 9)]
    assert [placed.folder.name for page in pages for placed in page] == names
    assert [placed.path for placed in pages[0]] == [("p", name) for name in names[:3]]
    backwards = await catalog.list_folders(parent.id, offset=0, limit=9, ascending=False)
    assert [placed.folder.name for placed in backwards] == names[::-1]


async def test_whatever_gets_a_name_is_listed_by_it(catalog, uploads):
    """Also one that is renamed, moved, or numbered."""
    file_1 = await uploads.put((), "b10")
    await uploads.put(("c",), "b2")
    moved = await uploads.put((), "b2")
    folder = (await catalog.make_folders(("c", "D"))).folder
    await catalog.rename_folder(folder.id, "B1")
    other = (await catalog.make_folders(("a10",))).folder
    inner = await catalog.folder_at(("c",))
    await catalog.make_folders(("c", "a9"))
    await catalog.move_folder(other.id, inner.id)
    await catalog.move_files([file_1.id, moved.id], inner.id)
    await catalog.rename_file(file_1.id, "A")
    folders = await catalog.list_folders(inner.id, offset=0, limit=9)
    assert [each.folder.name for each in folders] == ["a9", "a10", "B1"]
    files = await catalog.list_files(
        inner.id, viewer_id=None, order=FileOrder.NAME, ascending=True, offset=0, limit=9
    )
    assert [file.name for file in files] == ["A", "b2", "b2 (1)"]


async def test_a_name_may_be_of_letters_that_stand_for_many(catalog, uploads):
    """One letter may be eighteen others without case; the index has room for 127 of them."""
    letters = "\ufdfa\u3316\u330d\u33c2\u3315\u32ff\u2a74\u33ff"
    names = [(letters[number:] + letters) * 16 for number in range(8)]
    for name in names:
        await catalog.make_folders((name[:127],))
        await uploads.put((name[:127],), name[-127:])
    assert len(await catalog.list_folders(0, offset=0, limit=9)) == 8


def _value_of(order: FileOrder, file: File) -> float:
    """By what a file is listed."""
    return file.last_modified if order is FileOrder.MODIFIED_AT else getattr(file, order.value)


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("order", list(FileOrder))
async def test_file_pages(catalog, uploads, clock, order, ascending):
    """Files come in every order and direction, page by page, ties by name ascending."""
    for name, size in (("c", 1), ("a", 1), ("b", 7), ("e", 3), ("d", 3)):
        await uploads.put((), name, size=size, modified_at=-size if name in "ce" else None)
        if name in "ae":
            clock.advance(1.0)
    arguments = {"viewer_id": None, "order": order, "ascending": ascending}
    pages = [
        await catalog.list_files(0, **arguments, offset=offset, limit=2) for offset in (0, 2, 4, 6)
    ]
    files = [file for page in pages for file in page]
    expected = sorted(files, key=lambda file: file.name)
    if order is FileOrder.NAME:
        expected.sort(key=lambda file: file.name, reverse=not ascending)
    else:
        expected.sort(key=partial(_value_of, order), reverse=not ascending)
    assert len(files) == 5
    assert [file.name for file in files] == [file.name for file in expected]


async def test_usage_of_subtrees(catalog, uploads):
    """Usage sums the whole subtree by type, and files of no size still show their type."""
    await uploads.put((), "r", size=1)
    await uploads.put(("a",), "i", size=10, mime_type="image/png")
    await uploads.put(("a", "b"), "t", size=100)
    await uploads.put(("a", "b"), "v", size=0, mime_type="video/mp4")
    folder = await catalog.folder_at(("a",))
    assert await catalog.usage_by_type(folder.id) == {
        "image/png": 10,
        "text/plain": 100,
        "video/mp4": 0,
    }
    assert (await catalog.usage_by_type(0))["text/plain"] == 101


async def test_rename_takes_the_first_free_name(catalog):
    """A taken name is numbered at its end; a folder's own name counts as free."""
    for name in ("v1.2", "v1.2 (1)", "x"):
        await catalog.make_folders((name,))
    folder = await catalog.folder_at(("x",))
    renamed = await catalog.rename_folder(folder.id, "v1.2")
    assert renamed.before == PlacedFolder(path=("x",), folder=folder)
    assert renamed.after.folder.name == "v1.2 (2)"
    assert renamed.after.path == ("v1.2 (2)",)
    assert (await catalog.rename_folder(folder.id, "v1.2")).after == renamed.after
    assert await catalog.folder_at(("x",)) is None


async def test_move_numbers_and_carries_usage(catalog, uploads):
    """Moving a folder takes its totals along, out of all old parents into all new ones."""
    await uploads.put(("a", "m"), "1", size=5)
    await uploads.put(("b", "m"), "2", size=7)
    await uploads.put(("b", "m", "deep"), "3", size=100)
    source, target = await catalog.folder_at(("b", "m")), await catalog.folder_at(("a",))
    moved = await catalog.move_folder(source.id, target.id)
    assert moved.before == PlacedFolder(path=("b", "m"), folder=source)
    assert moved.after.folder == Folder(id=source.id, name="m (1)", parent_id=target.id)
    assert moved.after.path == ("a", "m (1)")
    assert await catalog.usage_by_type(target.id) == {"text/plain": 112}
    assert await catalog.usage_by_type((await catalog.folder_at(("b",))).id) == {}
    assert await catalog.usage_by_type(0) == {"text/plain": 112}
    assert (await catalog.move_folder(source.id, target.id)).after == moved.after
    assert await catalog.usage_by_type(target.id) == {"text/plain": 112}
    assert await catalog.file_at(("a", "m (1)", "deep"), "3") is not None


async def test_no_circles(catalog):
    """A folder moves neither into itself nor below itself, and a refusal changes nothing."""
    inner = (await catalog.make_folders(("a", "b", "c"))).folder
    outer = await catalog.folder_at(("a",))
    for target in (outer.id, inner.id):
        with pytest.raises(FolderCircle):
            await catalog.move_folder(outer.id, target)
    with pytest.raises(FolderMissing):
        await catalog.move_folder(outer.id, 99)
    assert await catalog.folder_path(inner.id) == ("a", "b", "c")


async def test_crossing_moves_make_no_circle(catalog):
    """Of two moves at once that would make a circle together, one is refused."""
    a, b = (await catalog.make_folders(("a",))).folder, (await catalog.make_folders(("b",))).folder
    answers = await asyncio.gather(
        catalog.move_folder(a.id, b.id), catalog.move_folder(b.id, a.id), return_exceptions=True
    )
    assert sorted(isinstance(answer, FolderCircle) for answer in answers) == [False, True]


@pytest.mark.parametrize(("below", "fits"), [((), True), (("2",), True), (("2", "3"), False)])
async def test_a_folder_goes_no_deeper_than_it_may(catalog, below, fits):
    """What lies below it counts too, and a refusal changes nothing."""
    target = (await catalog.make_folders(("a", "b"))).folder
    await catalog.make_folders(("m", "1", "other"))
    inner = (await catalog.make_folders(("m", "1", *below))).folder
    moving = await catalog.folder_at(("m", "1"))
    if fits:
        await catalog.move_folder(moving.id, target.id, max_depth=4)
        assert await catalog.folder_path(inner.id) == ("a", "b", "1", *below)
    else:
        with pytest.raises(TooDeep):
            await catalog.move_folder(moving.id, target.id, max_depth=4)
        assert await catalog.folder_path(inner.id) == ("m", "1", *below)


async def test_a_folder_that_lies_too_deep_may_go_up(catalog):
    """Or sideways: the limit binds only what comes to lie deeper than before."""
    inner = (await catalog.make_folders(("a", "b", "c"))).folder
    beside, above = (await catalog.make_folders(("d", "e"))).folder, await catalog.folder_at(("d",))
    for target, path in ((beside, ("d", "e", "c")), (above, ("d", "c"))):
        moved = await catalog.move_folder(inner.id, target.id, max_depth=1)
        assert moved.after.path == path
    with pytest.raises(TooDeep):
        await catalog.move_folder(inner.id, beside.id, max_depth=1)


async def test_moves_at_once_go_no_deeper_together(catalog):
    """Of two moves that fit one by one, but not one below the other, one is refused."""
    target = (await catalog.make_folders(("a",))).folder
    middle = (await catalog.make_folders(("b",))).folder
    last = (await catalog.make_folders(("c",))).folder
    answers = await asyncio.gather(
        catalog.move_folder(middle.id, target.id, max_depth=2),
        catalog.move_folder(last.id, middle.id, max_depth=2),
        return_exceptions=True,
    )
    assert sorted(isinstance(answer, TooDeep) for answer in answers) == [False, True]


async def test_root_stays(catalog):
    """The root cannot be renamed, moved or deleted."""
    folder = (await catalog.make_folders(("a",))).folder
    for refused in (
        catalog.rename_folder(0, "x"),
        catalog.move_folder(0, folder.id),
        catalog.delete_folder(0),
    ):
        with pytest.raises(RootIsFixed):
            await refused


async def test_delete_takes_everything_along(catalog, uploads):
    """Deleting a folder deletes what lies below it and lets its content go, and nothing else."""
    kept = await uploads.put(("k",), "kept", size=3)
    inner = await uploads.put(("a", "b"), "gone")
    folder = await catalog.folder_at(("a",))
    assert await catalog.delete_folder(folder.id) == PlacedFolder(path=("a",), folder=folder)
    assert await catalog.delete_folder(folder.id) is None
    assert await catalog.folder_at(("a", "b")) is None
    assert await catalog.file_by_id(inner.id) is None
    assert await catalog.usage_by_type(0) == {"text/plain": 3}
    assert await catalog.counts(0) == FolderCounts(files=0, subfolders=1)
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(kept.object_id) is not None


async def test_ids_are_not_used_again(catalog, uploads):
    """An id of something deleted never comes to mean something else."""
    old = await uploads.put(("a",), "1")
    await catalog.delete_folder(old.folder_id)
    new = await uploads.put(("a",), "1")
    assert new.id != old.id
    assert new.folder_id != old.folder_id
