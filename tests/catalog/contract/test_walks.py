"""The promises of the calls that go through a folder behind a name."""

from catalog.port import Catalog
from catalog.records import FolderCounts


async def _all_files(catalog: Catalog, folder_id: int, *, limit: int) -> list[str]:
    names: list[str] = []
    after = ""
    while page := await catalog.files_after(folder_id, viewer_id=None, after=after, limit=limit):
        names += [file.name for file in page]
        after = page[-1].name
    return names


async def test_every_file_comes_once_in_order(catalog, uploads):
    """Going on behind the last name meets every file of the folder once, by code points."""
    names = sorted(["a", "B", "b", "ä", "日本", "z.txt", "z", "\U0001f600", "\uffee"])
    for name in names:
        await uploads.put(("f",), name)
    await uploads.put(("f", "below"), "c")
    await uploads.put((), "c")
    folder = await catalog.folder_at(("f",))
    for limit in (1, 2, 9, 100):
        assert await _all_files(catalog, folder.id, limit=limit) == names


async def test_changes_meanwhile_neither_skip_nor_repeat(catalog, uploads):
    """What stays in the folder comes once, though others come and go between two pages."""
    for name in ("b", "d", "f", "h"):
        await uploads.put((), name)
    first = await catalog.files_after(0, viewer_id=None, after="", limit=2)
    await catalog.delete_file(first[0].id)
    await uploads.put((), "a")
    await uploads.put((), "e")
    second = await catalog.files_after(0, viewer_id=None, after=first[-1].name, limit=9)
    assert [file.name for file in (*first, *second)] == ["b", "d", "e", "f", "h"]


async def test_files_carry_the_viewers_share(catalog, uploads):
    """Each file comes with the share of whoever looks, and nobody else's."""
    user = await catalog.create_user("ann", "hash")
    file = await uploads.put((), "a")
    await catalog.put_share(file.id, user.id, can_write=True)
    [seen] = await catalog.files_after(0, viewer_id=user.id, after="", limit=9)
    assert seen.share.can_write
    [unseen] = await catalog.files_after(0, viewer_id=None, after="", limit=9)
    assert unseen.share is None


async def test_subfolders_come_with_their_counts(catalog, uploads):
    """Subfolders come by name, each with what lies directly in it."""
    await uploads.put(("a", "b"), "f")
    await uploads.put(("a", "c"), "f")
    await uploads.put(("a", "c", "d"), "f")
    folder = await catalog.folder_at(("a",))
    first = await catalog.subfolders_after(folder.id, after="", limit=1)
    rest = await catalog.subfolders_after(folder.id, after="b", limit=9)
    assert [(each.folder.name, each.counts) for each in (*first, *rest)] == [
        ("b", FolderCounts(files=1, subfolders=0)),
        ("c", FolderCounts(files=1, subfolders=1)),
    ]
    assert rest[0].folder == await catalog.folder_at(("a", "c"))
    assert await catalog.subfolders_after(folder.id, after="c", limit=9) == []


async def test_subfolders_by_name(catalog):
    """Of many names only those come back that subfolders of this folder have."""
    for path in (("a",), ("b",), ("a", "c")):
        await catalog.make_folders(path)
    found = await catalog.subfolders_in(0, ["a", "c", "b", "a"])
    assert sorted(folder.name for folder in found) == ["a", "b"]
    assert await catalog.subfolders_in(0, []) == []


async def test_missing_folder_has_nothing(catalog):
    """A folder that is gone meanwhile has no entries."""
    assert await catalog.subfolders_after(9, after="", limit=9) == []
    assert await catalog.subfolders_in(9, ["a"]) == []
    assert await catalog.files_after(9, viewer_id=None, after="", limit=9) == []
