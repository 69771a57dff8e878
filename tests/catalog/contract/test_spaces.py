"""The promises of `GroupStore` and `SpaceStore`: who may see and change which folders."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from catalog.errors import (
    CatalogError,
    FolderMissing,
    GroupMissing,
    GroupNameTaken,
    NotPermitted,
    RootIsFixed,
    TooManyGrants,
    UserMissing,
)
from catalog.folder_rights import FolderRight
from catalog.permits import Permit
from catalog.port import OverwriteOnConflict, RenameOnConflict
from catalog.records import User
from catalog.space_port import EVERYBODY, MAX_GRANTS, FolderSharing, Grantee, VisibleFolder
from tests.catalog.contract.machines import CatalogMachine, run_machine
from tests.commits import commit_file

READ, WRITE, MANAGE = FolderRight


@pytest.fixture
async def alice(catalog) -> User:
    """The administrator."""
    alice: User = await catalog.create_first_user("alice", "hash")
    return alice


@pytest.fixture
async def bob(catalog, alice) -> User:
    """Another user."""
    bob: User = await catalog.create_user("bob", "hash")
    return bob


async def folder(catalog, *path: str) -> int:
    """The id of a folder, which is made when it is missing."""
    made = await catalog.make_folders(path)
    folder_id: int = made.folder.id
    return folder_id


async def test_groups_come_and_go(catalog, alice, bob):
    """A name is taken once, whatever its case; members are listed by name."""
    writers = await catalog.create_group("Writers")
    with pytest.raises(GroupNameTaken):
        await catalog.create_group("wRITERS")
    readers = await catalog.create_group("readers")
    assert readers.id != writers.id
    for _ in range(2):
        await catalog.put_member(writers.id, bob.id)
    await catalog.put_member(writers.id, alice.id)
    assert await catalog.group_members(writers.id) == [alice, bob]
    assert [(group.name, group.members) for group in await catalog.list_groups()] == [
        ("readers", 0),
        ("Writers", 2),
    ]
    assert [group.name for group in await catalog.groups_of(bob.id)] == ["Writers"]
    assert await catalog.remove_member(writers.id, alice.id)
    assert not await catalog.remove_member(writers.id, alice.id)
    assert await catalog.remove_group(writers.id)
    assert not await catalog.remove_group(writers.id)
    assert await catalog.groups_of(bob.id) == []
    assert await catalog.group_members(writers.id) == []


async def test_a_membership_needs_both(catalog, alice):
    """Neither a missing group nor a missing user."""
    group = await catalog.create_group("g")
    with pytest.raises(GroupMissing):
        await catalog.put_member(group.id + 1, alice.id)
    with pytest.raises(UserMissing):
        await catalog.put_member(group.id, 99)


async def test_rights_are_inherited_and_the_highest_counts(catalog, alice, bob):
    """By the owner, the user, a group and everybody, on the folder and on those above."""
    top = await folder(catalog, "a")
    middle, bottom = await folder(catalog, "a", "b"), await folder(catalog, "a", "b", "c")
    beside = await folder(catalog, "x")
    group = await catalog.create_group("g")
    folders = [top, middle, bottom, beside, 99]
    assert await catalog.rights_on(bob.id, folders) == {}
    await catalog.put_grant(top, EVERYBODY, READ)
    await catalog.put_grant(middle, Grantee(group_id=group.id), MANAGE)
    await catalog.put_grant(bottom, Grantee(user_id=bob.id), WRITE)
    assert await catalog.rights_on(bob.id, folders) == {top: READ, middle: READ, bottom: WRITE}
    await catalog.put_member(group.id, bob.id)
    assert await catalog.rights_on(bob.id, folders) == {top: READ, middle: MANAGE, bottom: MANAGE}
    assert await catalog.rights_on(alice.id, folders) == {top: READ, middle: READ, bottom: READ}
    await catalog.set_folder_owner(beside, alice.id)
    assert await catalog.rights_on(alice.id, [beside]) == {beside: MANAGE}
    await catalog.move_folder(beside, bottom)
    assert await catalog.rights_on(bob.id, [beside]) == {beside: MANAGE}
    await catalog.remove_group(group.id)
    assert await catalog.rights_on(bob.id, [beside, middle]) == {beside: WRITE, middle: READ}


async def test_a_grant_is_changed_and_taken_back(catalog, clock, alice, bob):
    """Once for each; those of the folder itself are listed."""
    place = await folder(catalog, "a", "b")
    group = await catalog.create_group("g")
    for grantee in (Grantee(user_id=bob.id), Grantee(group_id=group.id), EVERYBODY):
        await catalog.put_grant(place, grantee, READ)
    clock.advance(5)
    await catalog.put_grant(place, EVERYBODY, WRITE)
    sharing = await catalog.folder_sharing(place)
    assert sharing.owner_id is None
    assert [(grant.grantee, grant.right) for grant in sharing.grants] == [
        (EVERYBODY, WRITE),
        (Grantee(group_id=group.id), READ),
        (Grantee(user_id=bob.id), READ),
    ]
    assert sharing.grants[0].granted_at == sharing.grants[1].granted_at + 5
    for grantee in (Grantee(user_id=bob.id), Grantee(group_id=group.id), EVERYBODY):
        assert await catalog.remove_grant(place, grantee)
        assert not await catalog.remove_grant(place, grantee)
    assert await catalog.folder_sharing(place) == FolderSharing(owner_id=None, grants=())
    assert not await catalog.remove_grant(99, EVERYBODY)


async def test_what_cannot_be_shared(catalog, alice, monkeypatch):
    """The root, what is missing, and more than a folder may have."""
    place = await folder(catalog, "a")
    with pytest.raises(RootIsFixed):
        await catalog.put_grant(0, EVERYBODY, READ)
    with pytest.raises(RootIsFixed):
        await catalog.set_folder_owner(0, alice.id)
    for call in (
        catalog.put_grant(99, EVERYBODY, READ),
        catalog.set_folder_owner(99, alice.id),
        catalog.folder_sharing(99),
        catalog.set_space(99, None),
    ):
        with pytest.raises(FolderMissing):
            await call
    for call in (
        catalog.put_grant(place, Grantee(user_id=99), READ),
        catalog.set_folder_owner(place, 99),
        catalog.set_space(place, 99),
    ):
        with pytest.raises(UserMissing):
            await call
    with pytest.raises(GroupMissing):
        await catalog.put_grant(place, Grantee(group_id=99), READ)
    for module in ("sqlite", "supabase"):
        monkeypatch.setattr(f"catalog.{module}.spaces.MAX_GRANTS", 1)
    assert MAX_GRANTS > 1
    await catalog.put_grant(place, EVERYBODY, READ)
    await catalog.put_grant(place, EVERYBODY, WRITE)
    with pytest.raises(TooManyGrants):
        await catalog.put_grant(place, Grantee(user_id=alice.id), READ)


async def test_homes_and_the_common_space(catalog, alice, bob):
    """A user has one home; in the common space everybody writes."""
    home, other = await folder(catalog, "alice"), await folder(catalog, "other")
    common = await folder(catalog, "Common")
    for _ in range(2):
        await catalog.set_space(home, alice.id)
        await catalog.set_space(common, None)
    await catalog.set_space(other, alice.id)
    await catalog.set_space(other, None)
    assert await catalog.rights_on(alice.id, [home, other, common]) == {home: MANAGE, common: WRITE}
    seen = await catalog.visible_folders(alice.id)
    assert [(each.path, each.right, each.is_home, each.is_common) for each in seen] == [
        (("alice",), MANAGE, True, False),
        (("Common",), WRITE, False, True),
    ]
    assert [each.path for each in await catalog.visible_folders(bob.id)] == [("Common",)]
    await catalog.put_grant(home, Grantee(user_id=bob.id), READ)
    (shared, _) = await catalog.visible_folders(bob.id)
    assert shared == VisibleFolder(
        path=("alice",),
        folder=await catalog.folder_by_id(home),
        right=READ,
        is_home=False,
        is_common=False,
    )


async def test_only_the_topmost_visible_folders_are_listed(catalog, bob):
    """A right on a folder below raises what may be done there; it is no folder of its own."""
    outer, inner = await folder(catalog, "a", "b"), await folder(catalog, "a", "b", "c", "d")
    await catalog.put_grant(inner, Grantee(user_id=bob.id), MANAGE)
    assert [each.path for each in await catalog.visible_folders(bob.id)] == [("a", "b", "c", "d")]
    await catalog.put_grant(outer, Grantee(user_id=bob.id), READ)
    (seen,) = await catalog.visible_folders(bob.id)
    assert (seen.path, seen.right) == (("a", "b"), READ)


async def test_files_in_folders_that_are_hidden(catalog, clock, uploads, alice, bob):
    """Own, shared and public ones, the newest first, and each once; not those in visible folders."""
    seen = await folder(catalog, "seen")
    await catalog.put_grant(seen, Grantee(user_id=bob.id), READ)

    async def put(folder: str, name: str, owner: User | None, *, is_public: bool = False) -> int:
        clock.advance(1)
        object_id = await uploads.store()
        committed = await uploads.commit(
            object_id, (folder,), name, owner_id=owner and owner.id, is_public=is_public
        )
        file_id: int = committed.file.id
        return file_id

    for place in ("seen", "hidden"):
        await put(place, "own", bob)
        shared = await put(place, "shared", alice)
        await catalog.put_share(shared, bob.id, can_write=False)
        await put(place, "public", alice, is_public=True)
        await put(place, "private", alice)
        await put(place, "nobody's", None)
        await put(place, "own and public", bob, is_public=True)
    found = await catalog.outlying_files(bob.id, limit=9)
    assert [(each.path, each.file.name) for each in found] == [
        (("hidden",), "own and public"),
        (("hidden",), "public"),
        (("hidden",), "shared"),
        (("hidden",), "own"),
    ]
    assert [each.file.share is not None for each in found] == [False, False, True, False]
    newest = await catalog.outlying_files(bob.id, limit=2)
    assert newest == found[:2]


async def test_a_removed_user_leaves_nothing_behind(catalog, alice, bob):
    """Neither rights nor memberships nor a home; the folder of the user is there still."""
    home = await folder(catalog, "bob")
    group = await catalog.create_group("g")
    await catalog.set_space(home, bob.id)
    await catalog.put_member(group.id, bob.id)
    await catalog.put_grant(home, Grantee(user_id=bob.id), READ)
    await catalog.remove_user(bob.id)
    assert await catalog.folder_sharing(home) == FolderSharing(owner_id=None, grants=())
    assert await catalog.group_members(group.id) == []
    await catalog.set_space(home, alice.id)
    assert [each.is_home for each in await catalog.visible_folders(alice.id)] == [True]


def writes(catalog, uploads, ids: dict[str, int], user: User, permit: Permit) -> dict[str, Any]:
    """All writes for which a right on folders counts, as calls."""

    async def commit(folder: str, name: str, on_conflict: Any) -> None:
        object_id = await uploads.store()
        await commit_file(
            catalog,
            object_id,
            tuple(folder.split("/")),
            name,
            owner_id=user.id,
            on_conflict=on_conflict,
            permit=permit,
        )

    return {
        "make_folders": lambda: catalog.make_folders(("p", "new", "newer"), permit=permit),
        "rename_folder": lambda: catalog.rename_folder(ids["p/a"], "z", permit=permit),
        "move_folder": lambda: catalog.move_folder(ids["p/a"], ids["p/b"], permit=permit),
        "delete_folder": lambda: catalog.delete_folder(ids["p/a"], permit=permit),
        "commit": lambda: commit("p", "new", RenameOnConflict()),
        "commit into a new folder": lambda: commit("p/q", "new", RenameOnConflict()),
        "commit beside": lambda: commit("p/a", "f", RenameOnConflict()),
        "overwrite": lambda: commit("p/a", "f", OverwriteOnConflict(ids["file"], permit)),
        "rename_file": lambda: catalog.rename_file(ids["file"], "g", permit=permit),
        "move_files": lambda: catalog.move_files([ids["file"]], ids["p/b"], permit=permit),
        "delete_file": lambda: catalog.delete_file(ids["file"], permit=permit),
        "put_share": lambda: catalog.put_share(ids["file"], user.id, can_write=True, permit=permit),
        "remove_share": lambda: catalog.remove_share(ids["file"], user.id, permit=permit),
        "set_public": lambda: catalog.set_public(ids["file"], is_public=True, permit=permit),
        "set_owner": lambda: catalog.set_owner(ids["file"], user.id, permit=permit),
        "put_grant": lambda: catalog.put_grant(ids["p"], EVERYBODY, WRITE, permit=permit),
        "remove_grant": lambda: catalog.remove_grant(ids["p"], EVERYBODY, permit=permit),
        "set_folder_owner": lambda: catalog.set_folder_owner(ids["p"], user.id, permit=permit),
    }


NOBODY: Any = None
WRITES = tuple(
    writes(NOBODY, NOBODY, dict.fromkeys(("p", "p/a", "p/b", "file"), 0), NOBODY, NOBODY)
)


@pytest.mark.parametrize("needed", FolderRight)
async def test_each_write_needs_the_right_that_its_permit_names(
    catalog, uploads, alice, bob, needed
):
    """Cell by cell: every write, with every right that the user may have, inherited from above.

    What is refused changes nothing: the same call is carried out once the right is there.
    """
    for number, name in enumerate(WRITES):
        top = f"top {number}"
        ids = {"top": await folder(catalog, top)}
        for place in ("p", "p/a", "p/b"):
            ids[place] = await folder(catalog, top, *place.split("/"))
        ids["file"] = (await uploads.put((top, "p", "a"), "f", owner_id=alice.id)).id
        # All at once, so that the paths of `writes` begin below the top.
        permit = Permit(bob.id, folder_right=needed)
        calls = writes(Below(catalog, top), uploads, ids, bob, permit)
        for right in (None, *FolderRight):
            if right is not None:
                await catalog.put_grant(ids["top"], Grantee(user_id=bob.id), right)
            if right is None or right < needed:
                with pytest.raises(NotPermitted) as refused:
                    await calls[name]()
                assert (refused.value.refused, refused.value.concerned) == (1, 1), (name, right)
            else:
                await calls[name]()
                break


class Below:
    """The catalog as it is below a folder: paths begin there."""

    def __init__(self, catalog: Any, top: str) -> None:
        self._catalog = catalog
        self._top = top

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)

    async def make_folders(self, path: tuple[str, ...], **arguments: Any) -> Any:
        """Makes them below."""
        return await self._catalog.make_folders((self._top, *path), **arguments)

    async def commit_upload(self, upload: Any) -> Any:
        """Commits it below."""
        return await self._catalog.commit_upload(
            replace(upload, folder=(self._top, *upload.folder))
        )


async def test_both_folders_of_a_move_need_the_right(catalog, uploads, alice, bob):
    """That from which something goes, and that to which it comes."""
    source, target = await folder(catalog, "s"), await folder(catalog, "t")
    moving = await folder(catalog, "s", "moving")
    file = await uploads.put(("s",), "f", owner_id=alice.id)
    permit = Permit(bob.id, folder_right=WRITE)
    for allowed in (source, target):
        await catalog.put_grant(allowed, Grantee(user_id=bob.id), WRITE)
        with pytest.raises(NotPermitted):
            await catalog.move_folder(moving, target, permit=permit)
        with pytest.raises(NotPermitted):
            await catalog.move_files([file.id], target, permit=permit)
        await catalog.remove_grant(allowed, Grantee(user_id=bob.id))
    for place in (source, target):
        await catalog.put_grant(place, Grantee(user_id=bob.id), WRITE)
    await catalog.move_folder(moving, target, permit=permit)
    await catalog.move_files([file.id], target, permit=permit)


async def test_a_repeated_commit_needs_no_right_any_more(catalog, uploads, bob):
    """The receipt holds, whatever the user may do by now."""
    place = await folder(catalog, "a")
    await catalog.put_grant(place, Grantee(user_id=bob.id), WRITE)
    object_id = await uploads.store()

    async def commit() -> Any:
        return await commit_file(
            catalog,
            object_id,
            ("a",),
            "f",
            owner_id=bob.id,
            permit=Permit(bob.id, folder_right=WRITE),
        )

    first = await commit()
    await catalog.remove_grant(place, Grantee(user_id=bob.id))
    assert await commit() == first


USERS = st.integers(0, 2)
PATHS = st.sampled_from([("a",), ("b",), ("a", "c"), ("a", "c", "d"), ("b", "c")])
RIGHTS = st.sampled_from(FolderRight)
GRANTEES = st.sampled_from(["everybody", "g0", "g1", "u0", "u1", "u2"])


class Spaces(CatalogMachine):
    """Folders made, moved, deleted, owned and shared, in any order; a naive model decides beside it."""

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__(backend, clock, uploads_into)
        self.users: list[int] = []
        self.groups: list[int] = []
        self.parents: dict[int, int] = {}
        self.owners: dict[int, int | None] = {}
        self.grants: dict[tuple[int, Grantee], FolderRight] = {}
        self.members: set[tuple[int, int]] = set()

    @initialize()
    def make_users(self):
        """Three users and two groups."""
        self.users = [self.run(self.catalog.create_user(f"u{each}", "hash")).id for each in "012"]
        self.groups = [self.run(self.catalog.create_group(f"g{each}")).id for each in "01"]

    def grantee(self, name: str) -> Grantee:
        """Whom the name means."""
        if name == "everybody":
            return EVERYBODY
        number = int(name[1])
        if name[0] == "g":
            return Grantee(group_id=self.groups[number])
        return Grantee(user_id=self.users[number])

    @rule(path=PATHS)
    def make(self, path):
        """A folder comes."""
        for placed in self.run(self.catalog.make_folders(path)).created:
            self.parents[placed.folder.id] = placed.folder.parent_id

    @rule(path=PATHS, into=PATHS)
    def move(self, path, into):
        """A folder goes elsewhere with all that is in it."""
        folder, parent = self.at(path), self.at(into)
        if folder and parent:
            with suppress(CatalogError):
                self.run(self.catalog.move_folder(folder, parent))
                self.parents[folder] = parent

    @rule(path=PATHS)
    def delete(self, path):
        """A folder goes with all that is in it."""
        if folder := self.at(path):
            self.run(self.catalog.delete_folder(folder))
            gone = {each for each in self.parents if folder in self.line(each)}
            self.parents = {each: up for each, up in self.parents.items() if each not in gone}
            self.grants = {key: on for key, on in self.grants.items() if key[0] not in gone}

    @rule(path=PATHS, user=st.none() | USERS)
    def own(self, path, user):
        """A folder gets an owner, or has none of its own any more."""
        if folder := self.at(path):
            owner = None if user is None else self.users[user]
            self.run(self.catalog.set_folder_owner(folder, owner))
            self.owners[folder] = owner

    @rule(path=PATHS, name=GRANTEES, right=RIGHTS)
    def grant(self, path, name, right):
        """A right is granted, or changed."""
        if folder := self.at(path):
            self.run(self.catalog.put_grant(folder, self.grantee(name), right))
            self.grants[folder, self.grantee(name)] = right

    @rule(path=PATHS, name=GRANTEES)
    def revoke(self, path, name):
        """A right is taken back."""
        if folder := self.at(path):
            had = self.run(self.catalog.remove_grant(folder, self.grantee(name)))
            assert had == (self.grants.pop((folder, self.grantee(name)), None) is not None)

    @rule(user=USERS, group=st.integers(0, 1), is_member=st.booleans())
    def join(self, user, group, is_member):
        """A user enters or leaves a group."""
        pair = self.groups[group], self.users[user]
        if is_member:
            self.run(self.catalog.put_member(*pair))
            self.members.add(pair)
        else:
            assert self.run(self.catalog.remove_member(*pair)) == (pair in self.members)
            self.members.discard(pair)

    def at(self, path: tuple[str, ...]) -> int | None:
        """The folder at a path."""
        found = self.run(self.catalog.folder_at(path))
        return None if found is None else found.id

    def line(self, folder: int) -> list[int]:
        """The folder and all above it, without the root."""
        line = []
        while folder:
            line.append(folder)
            folder = self.parents[folder]
        return line

    def right(self, user: int, folder: int) -> FolderRight | None:
        """What the model says."""
        rights = [MANAGE for each in self.line(folder) if self.owners.get(each) == user]
        for (place, grantee), right in self.grants.items():
            is_meant = (
                grantee == EVERYBODY
                or grantee.user_id == user
                or (grantee.group_id, user) in self.members
            )
            if is_meant and place in self.line(folder):
                rights.append(right)
        return max(rights, default=None)

    @invariant()
    def is_as_in_the_model(self):
        """Rights on all folders, and the topmost visible ones, of each user."""
        for user in self.users:
            rights = {each: self.right(user, each) for each in self.parents}
            expected = {each: right for each, right in rights.items() if right is not None}
            assert self.run(self.catalog.rights_on(user, list(self.parents))) == expected
            topmost = [each for each in sorted(expected) if self.parents[each] not in expected]
            seen = self.run(self.catalog.visible_folders(user))
            assert [(each.folder.id, each.right) for each in seen] == [
                (each, expected[each]) for each in topmost
            ]


def test_rights_are_those_of_a_naive_model(backend, clock, uploads_into):
    """Whatever comes after what."""
    run_machine(Spaces, backend, clock, uploads_into, examples=25)
