"""One tree becomes homes: what is in it goes to who owns it, and nobody sees more than before."""

import time

import pytest

from catalog.sqlite.adapter import SqliteCatalog
from manager.space_views import SpacesMode
from manager.spaces.migration import SpacesMigration
from manager.spaces.spaces import CatalogHasNoSpaces, Spaces, home_folder
from tests.catalog.conftest import Clock, Uploads


@pytest.fixture
async def catalog(tmp_path):
    """An empty catalog."""
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3", clock=time.time) as catalog:
        yield catalog


async def paths(catalog, folder_id: int = 0, path: str = "") -> list[str]:
    """All files, and the folders in which nothing is."""
    files = await catalog.files_after(folder_id, viewer_id=None, after="", limit=99)
    found = [f"{path}/{file.name}" for file in files]
    for placed in await catalog.list_folders(folder_id, offset=0, limit=99):
        inner = f"{path}/{placed.folder.name}"
        found += await paths(catalog, placed.folder.id, inner) or [f"{inner}/"]
    return sorted(found)


async def test_everything_goes_to_its_owner(catalog):
    """Whole folders keep their ids; those of several users are taken apart."""
    uploads = Uploads(catalog, Clock())
    alice = await catalog.create_first_user("alice", "hash")
    bob = await catalog.create_user("bob", "hash")
    own = await catalog.make_folders(("own", "deep"))
    await catalog.make_folders(("empty", "deep"))
    for folder, name, owner in (
        (("own", "deep"), "a", alice),
        (("mixed",), "a", alice),
        (("mixed",), "b", bob),
        (("mixed", "bobs"), "c", bob),
        (("mixed", "all"), "d", None),
        ((), "root", bob),
        (("Common",), "e", alice),
        (tuple("0123456789"), "f", bob),
    ):
        await uploads.put(folder, name, owner_id=owner and owner.id)
    moved = await SpacesMigration(catalog).run()
    a, b = f"/{home_folder(alice)}", f"/{home_folder(bob)}"
    expected = [
        f"{a}/Common (1)/e",
        f"{a}/Common/",
        f"{a}/Shared/",
        f"{a}/mixed/a",
        f"{a}/own/deep/a",
        f"{b}/0/1/2/3/4/5/6/7/8/f",
        f"{b}/Common/",
        f"{b}/Shared/",
        f"{b}/mixed/b",
        f"{b}/mixed/bobs/c",
        f"{b}/root",
        "/Common space/empty/deep/",
        "/Common space/mixed/all/d",
    ]
    assert await paths(catalog) == sorted(expected)
    assert (moved.homes, moved.files) == (2, 4)
    assert await catalog.folder_path(own.folder.id) == (home_folder(alice), "own", "deep")
    assert await catalog.rights_on(bob.id, [own.folder.id]) == {}
    again = await SpacesMigration(catalog).run()
    assert (again.folders, again.files) == (0, 0)
    assert await paths(catalog) == sorted(expected)


async def test_a_manager_starts_with_homes_only_after_it(catalog):
    """With one tree in the catalog it says what to do; an empty catalog needs nothing."""
    spaces = Spaces(catalog, SpacesMode.PERSONAL)
    await catalog.make_folders(("a",))
    with pytest.raises(CatalogHasNoSpaces, match="spaces personal"):
        await spaces.start()
    await SpacesMigration(catalog).run()
    await spaces.start()
    alice = await catalog.create_first_user("alice", "hash")
    assert (await spaces.view_of(alice)).shown(("Common space", "a")) == ("Common", "a")
