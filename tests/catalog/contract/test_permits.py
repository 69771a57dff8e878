"""A write with a permit happens only if every file stands to the user as the permit asks."""

from dataclasses import replace

import pytest

from catalog.errors import NotPermitted
from catalog.permits import STANDINGS, Holder, Permit, Standing, standing_of
from catalog.port import CommittedFile, FolderPath, OverwriteOnConflict
from catalog.records import File

OWN = Standing(holder=Holder.USER, is_public=False, can_write=None)
ALIEN = Standing(holder=Holder.OTHER, is_public=False, can_write=None)
SHARED = Standing(holder=Holder.OTHER, is_public=False, can_write=True)


class Cast:
    """Files that stand in every way to one user."""

    def __init__(self, catalog, uploads) -> None:
        self.catalog = catalog
        self.uploads = uploads

    async def enter(self) -> None:
        """Makes the users."""
        names = ("viewer", "other")
        self.viewer, self.other = [await self.catalog.create_user(name, name) for name in names]

    async def put(self, standing: Standing, name: str = "f", folder: FolderPath = ()) -> File:
        """A file that stands so to the viewer."""
        owner_id = {
            Holder.USER: self.viewer.id,
            Holder.NOBODY: None,
            Holder.OTHER: self.other.id,
        }[standing.holder]
        object_id = await self.uploads.store()
        committed = await self.uploads.commit(
            object_id, folder, name, owner_id=owner_id, is_public=standing.is_public
        )
        file: File = committed.file
        if standing.can_write is not None:
            await self.catalog.put_share(file.id, self.viewer.id, can_write=standing.can_write)
        return file

    async def overwrite(self, file: File, permit: Permit) -> CommittedFile:
        """Gives the file other content."""
        folder = await self.catalog.folder_path(file.folder_id)
        conflict = OverwriteOnConflict(file.id, permit)
        object_id = await self.uploads.store()
        committed: CommittedFile = await self.uploads.commit(
            object_id, folder, file.name, on_conflict=conflict
        )
        return committed

    def permit(self, *standings: Standing) -> Permit:
        """Lets the viewer act on files that stand so."""
        return Permit(self.viewer.id, frozenset(standings))

    def all_but(self, standing: Standing) -> Permit:
        """Lets the viewer act on files that stand in any other way."""
        return Permit(self.viewer.id, STANDINGS - {standing})


@pytest.fixture
async def cast(catalog, uploads) -> Cast:
    """The users, and a way to make files."""
    cast = Cast(catalog, uploads)
    await cast.enter()
    return cast


def every_write(cast: Cast, file: File, permit: Permit):
    """All writes that take a permit, as calls."""
    catalog, other = cast.catalog, cast.other.id
    return {
        "commit_upload": lambda: cast.overwrite(file, permit),
        "rename_file": lambda: catalog.rename_file(file.id, "new", permit=permit),
        "move_files": lambda: catalog.move_files([file.id], 0, permit=permit),
        "put_share": lambda: catalog.put_share(file.id, other, can_write=True, permit=permit),
        "remove_share": lambda: catalog.remove_share(file.id, other, permit=permit),
        "set_owner": lambda: catalog.set_owner(file.id, other, permit=permit),
        "set_public": lambda: catalog.set_public(file.id, is_public=True, permit=permit),
        "delete_file": lambda: catalog.delete_file(file.id, permit=permit),
        "delete_folder": lambda: catalog.delete_folder(file.folder_id, permit=permit),
    }


def order(standing: Standing) -> tuple[str, bool, str]:
    """Makes the order of the tests the same every time."""
    return standing.holder.value, standing.is_public, str(standing.can_write)


IN_ORDER: list[Standing] = sorted(STANDINGS, key=order)
EVERY_STANDING = pytest.mark.parametrize("standing", IN_ORDER)


@EVERY_STANDING
async def test_a_standing_is_read_off_the_file(catalog, cast, standing):
    """A file with the user's share tells how it stands to the user."""
    file = await cast.put(standing)
    seen = await catalog.file_by_id(file.id, viewer_id=cast.viewer.id)
    assert standing_of(seen, cast.viewer.id) == standing


@EVERY_STANDING
async def test_a_file_that_stands_otherwise_is_refused(catalog, cast, standing):
    """No write happens to a file that stands in the one way that the permit leaves out."""
    file = await cast.put(standing, folder=("a",))
    shares = await catalog.shares_of(file.id)
    for write in every_write(cast, file, cast.all_but(standing)).values():
        with pytest.raises(NotPermitted) as caught:
            await write()
        assert (caught.value.refused, caught.value.concerned) == (1, 1)
    assert await catalog.file_at(("a",), "f") == file
    assert await catalog.shares_of(file.id) == shares


@EVERY_STANDING
async def test_a_file_that_stands_so_is_written(catalog, cast, standing):
    """Every write happens to a file that stands in the one way that the permit asks for."""
    for name in every_write(cast, await cast.put(standing), cast.permit()):
        file = await cast.put(standing, name, folder=(name,))
        await cast.catalog.put_share(file.id, cast.other.id, can_write=False)
        assert await every_write(cast, file, cast.permit(standing))[name]() is not None
    assert await catalog.file_at(("delete_file",), "delete_file") is None
    assert await catalog.folder_at(("delete_folder",)) is None


async def test_one_refused_file_holds_all_back(catalog, cast):
    """Of several files all are written or none; the error says how many were refused."""
    files = [await cast.put(OWN, "1", ("a",)), await cast.put(ALIEN, "2", ("a",))]
    with pytest.raises(NotPermitted) as caught:
        await catalog.move_files([file.id for file in files], 0, permit=cast.permit(OWN))
    assert (caught.value.refused, caught.value.concerned) == (1, 2)
    assert [await catalog.file_by_id(file.id) for file in files] == files


async def test_a_folder_is_deleted_only_with_every_file_below(catalog, cast):
    """Files in the depth count like those at the top; files elsewhere do not count."""
    await cast.put(ALIEN, "elsewhere")
    top = await cast.put(OWN, "f", ("a",))
    deep = [await cast.put(ALIEN, name, ("a", "b", "c")) for name in ("1", "2")]
    with pytest.raises(NotPermitted) as caught:
        await catalog.delete_folder(top.folder_id, permit=cast.permit(OWN))
    assert (caught.value.refused, caught.value.concerned) == (2, 3)
    assert await catalog.file_by_id(top.id) == top
    await catalog.move_files([file.id for file in deep], 0)
    assert await catalog.delete_folder(top.folder_id, permit=cast.permit(OWN)) is not None


async def test_an_empty_folder_needs_no_standing(catalog, cast):
    """Where there is no file, any permit will do."""
    folder = (await catalog.make_folders(("a", "b"))).folder
    assert await catalog.delete_folder(folder.id, permit=cast.permit()) is not None


async def test_missing_files_need_no_standing(catalog, cast):
    """A file that does not exist is missing rather than refused."""
    assert await catalog.delete_file(99, permit=cast.permit()) is None
    assert await catalog.remove_share(99, cast.other.id, permit=cast.permit()) is None


async def test_files_in_answers_carry_nobodys_share(catalog, cast):
    """What is told to everybody does not hold the share of whoever acted."""
    file = await cast.put(SHARED)
    renamed = await catalog.rename_file(file.id, "g", permit=cast.permit(SHARED))
    assert renamed.file == replace(file, name="g")
    assert [share.user_id for share in renamed.shares] == [cast.viewer.id]
