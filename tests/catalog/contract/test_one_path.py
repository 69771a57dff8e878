"""A path is that of one file or of one folder, whoever comes first, on every way to a name."""

import asyncio

import pytest

from catalog.errors import IsAFolder, NotAFolder
from catalog.port import FailOnConflict, OverwriteOnConflict, RenameOnConflict
from catalog.records import FileOrder


async def entries(catalog, path=()) -> list[str]:
    """Names of all that lies in a folder, those of folders with a slash."""
    folder = await catalog.folder_at(path)
    files = await catalog.list_files(
        folder.id, viewer_id=None, order=FileOrder.NAME, ascending=True, offset=0, limit=99
    )
    folders = await catalog.list_folders(folder.id, offset=0, limit=99)
    return [*(f"{each.folder.name}/" for each in folders), *(file.name for file in files)]


@pytest.mark.parametrize("conflict", [FailOnConflict(), OverwriteOnConflict(1)])
async def test_no_file_gets_the_name_of_a_folder(catalog, uploads, conflict):
    """A commit says which folder is there, and changes nothing; the content stays for another try."""
    await catalog.make_folders(("a", "photos"))
    object_id = await uploads.store()
    with pytest.raises(IsAFolder, match="/a/photos is a folder") as caught:
        await uploads.commit(object_id, ("a",), "photos", on_conflict=conflict)
    assert caught.value.path == ("a", "photos")
    assert await entries(catalog, ("a",)) == ["photos/"]
    committed = await uploads.commit(object_id, ("a",), "other", on_conflict=conflict)
    assert committed.file.object_id == object_id


async def test_a_commit_is_numbered_past_files_and_folders(catalog, uploads):
    """Numbers that are the names of folders are as taken as those of files."""
    await catalog.make_folders(("a.txt",))
    await catalog.make_folders(("a (2).txt",))
    await uploads.put((), "a (1).txt")
    committed = await uploads.commit(await uploads.store(), on_conflict=RenameOnConflict())
    assert (committed.file.name, committed.replaced) == ("a (3).txt", False)


@pytest.mark.parametrize("conflict", [FailOnConflict(), RenameOnConflict()])
async def test_nothing_is_put_below_a_file(catalog, uploads, conflict):
    """The file in the way is named, wherever on the path it stands, and no folder is made."""
    await uploads.put(("a",), "f")
    for folder in (("a", "f"), ("a", "f", "deep", "deeper")):
        with pytest.raises(NotAFolder, match="/a/f is a file") as caught:
            await uploads.commit(await uploads.store(), folder, "x", on_conflict=conflict)
        assert caught.value.path == ("a", "f")
        with pytest.raises(NotAFolder) as caught:
            await catalog.make_folders(folder)
        assert caught.value.path == ("a", "f")
    assert await entries(catalog, ("a",)) == ["f"]


async def test_renaming_is_numbered_past_the_other_kind(catalog, uploads):
    """A file keeps its extension before the number, a folder has none."""
    file = await uploads.put((), "f.txt")
    made = await catalog.make_folders(("d.x",))
    assert (await catalog.rename_file(file.id, "d.x")).file.name == "d (1).x"
    assert (await catalog.rename_folder(made.folder.id, "d (1).x")).after.path == ("d (1).x (1)",)
    assert (await catalog.rename_file(file.id, "d (1).x")).file.name == "d (1).x"


async def test_moving_is_numbered_past_the_other_kind(catalog, uploads):
    """Files and folders that are moved meet folders and files."""
    target = (await catalog.make_folders(("t", "x"))).folder
    parent = await catalog.folder_at(("t",))
    await uploads.put(("t",), "y")
    files = [await uploads.put((), "x"), await uploads.put(("s",), "x"), await uploads.put((), "z")]
    moved = await catalog.move_files([file.id for file in files], parent.id)
    assert [each.after.file.name for each in moved] == ["x (1)", "x (2)", "z"]
    folder = (await catalog.make_folders(("y",))).folder
    assert (await catalog.move_folder(folder.id, parent.id)).after.path == ("t", "y (1)")
    assert await catalog.folder_by_id(target.id) == target
    assert await entries(catalog, ("t",)) == ["x/", "y (1)/", "x (1)", "x (2)", "y", "z"]


async def test_a_place_can_be_looked_at_beforehand(catalog, uploads):
    """What a commit would meet is told without one; a file of that name is no obstacle."""
    await uploads.put(("a",), "f")
    await catalog.check_place(("a",), "f")
    await catalog.check_place((), "new")
    await catalog.check_place(("new", "deep"), "x")
    with pytest.raises(IsAFolder) as folder:
        await catalog.check_place((), "a")
    assert folder.value.path == ("a",)
    for path in (("a", "f"), ("a", "f", "deep")):
        with pytest.raises(NotAFolder) as file:
            await catalog.check_place(path, "x")
        assert file.value.path == ("a", "f")


async def test_of_a_file_and_a_folder_at_once_one_comes(catalog, uploads):
    """Whoever is second hears who was first, or is numbered; never are there two of one path."""
    folder = await catalog.folder_at(())
    for number in range(6):
        name = f"n{number}"
        file = await uploads.put(("elsewhere",), name)
        other = (await catalog.make_folders(("o", name))).folder
        object_id = await uploads.store()
        await asyncio.gather(
            uploads.commit(object_id, (), name),
            catalog.make_folders((name, "deep")),
            catalog.move_files([file.id], folder.id),
            catalog.move_folder(other.id, folder.id),
            return_exceptions=True,
        )
        both = await catalog.folder_at((name,)), await catalog.file_at((), name)
        assert sum(each is not None for each in both) == 1, both


PAIRING = [
    "UPDATE files SET name = 'd' WHERE name = 'f'",
    "UPDATE folders SET name = 'f' WHERE name = 'd'",
    "INSERT INTO folders (parent_id, name) VALUES (0, 'f')",
    (
        "INSERT INTO files (folder_id, name, object_id, is_public, size, created_at, updated_at)"
        " SELECT 0, 'd', object_id, is_public, size, 0, 0 FROM files"
    ),
]


@pytest.mark.parametrize("statement", PAIRING)
async def test_the_database_itself_refuses_a_pair(backend, catalog, uploads, statement):
    """Whatever writes past the port, a file and a folder never have one path."""
    await uploads.put((), "f")
    await catalog.make_folders(("d",))
    assert "has the name of the" in backend.refusal_of(statement)
    assert await entries(catalog) == ["d/", "f"]
