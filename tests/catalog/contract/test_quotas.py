"""The promises of `QuotaStore`: nobody stores more than the quota, and what is stored is counted exactly."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from catalog.errors import QuotaExceeded, UserMissing
from catalog.port import FolderPath, OverwriteOnConflict, RenameOnConflict, Trashing
from catalog.quota_port import UsageOrder
from catalog.records import NO_QUOTA, File, FileOrder, LoginSession, StorageQuota, User
from tests.catalog.contract.machines import CatalogMachine, run_machine
from tests.commits import commit_file

NAMES = st.sampled_from(["x", "y", "z"])
FOLDERS = st.sampled_from([(), ("a",), ("a", "b")])
USERS = st.integers(min_value=0, max_value=2)
EVERYTHING = {"offset": 0, "limit": 10_000}


async def used(catalog, user: User) -> tuple[int, int]:
    """Bytes and files that a user stores."""
    storage = await catalog.user_storage(user.id)
    assert storage is not None
    return storage.used_bytes, storage.used_files


@pytest.fixture
async def alice(catalog) -> User:
    """The administrator, who may store 10 bytes in 3 files."""
    alice: User = await catalog.create_first_user("alice", "hash")
    await catalog.set_quota(alice.id, StorageQuota(bytes=10, files=3))
    return alice


@pytest.fixture
async def bob(catalog, alice) -> User:
    """Another user, who may store 6 bytes."""
    bob: User = await catalog.create_user("bob", "hash", quota=StorageQuota(bytes=6))
    return bob


async def test_a_quota_is_kept_as_it_is(catalog, alice, bob):
    """That of a new user, one that was set, and none at all."""
    first = await catalog.user_storage(alice.id)
    assert first.quota == StorageQuota(bytes=10, files=3)
    assert (await catalog.user_storage(bob.id)).quota == StorageQuota(bytes=6, files=None)
    await catalog.set_quota(alice.id, NO_QUOTA)
    assert (await catalog.user_storage(alice.id)).quota == NO_QUOTA
    assert await catalog.user_storage(99) is None
    with pytest.raises(UserMissing):
        await catalog.set_quota(99, NO_QUOTA)


async def test_accounts_have_their_quotas_and_use(catalog, uploads, alice, bob):
    """A listing says what everybody stores and may store."""
    await uploads.put((), "a", size=4, owner_id=alice.id)
    await uploads.put((), "b", size=3, owner_id=alice.id)
    accounts = (await catalog.list_accounts(offset=0, limit=10)).accounts
    assert [(each.total_size, each.file_count, each.quota.bytes) for each in accounts] == [
        (7, 2, 10),
        (0, 0, 6),
    ]


async def test_a_commit_beyond_the_quota_changes_nothing(catalog, uploads, alice):
    """Too many bytes, or too many files; what fits exactly is fine. The error says how much it was."""
    await uploads.put((), "a", size=7, owner_id=alice.id)
    with pytest.raises(QuotaExceeded) as bytes_exceeded:
        await uploads.put(("new",), "b", size=4, owner_id=alice.id)
    error = bytes_exceeded.value
    assert (error.resource, error.limit, error.needed) == ("bytes", 10, 11)
    assert await catalog.folder_at(("new",)) is None
    assert await used(catalog, alice) == (7, 1)
    await uploads.put((), "b", size=3, owner_id=alice.id)
    await uploads.put((), "c", size=0, owner_id=alice.id)
    with pytest.raises(QuotaExceeded) as files_exceeded:
        await uploads.put((), "d", size=0, owner_id=alice.id)
    assert (files_exceeded.value.resource, files_exceeded.value.needed) == ("files", 4)
    await uploads.put((), "d", size=1000)
    assert await used(catalog, alice) == (10, 3)


async def test_replacing_counts_the_difference_for_the_owner(catalog, uploads, alice, bob):
    """Whoever replaces it; smaller content is always fine, also beyond a quota that was lowered."""
    file = await uploads.put((), "a", size=8, owner_id=alice.id)

    async def replace(size: int) -> None:
        object_id = await uploads.store(size=size)
        await uploads.commit(
            object_id, (), "a", owner_id=bob.id, on_conflict=OverwriteOnConflict(file.id)
        )

    await replace(10)
    assert await used(catalog, alice) == (10, 1)
    with pytest.raises(QuotaExceeded):
        await replace(11)
    await catalog.set_quota(alice.id, StorageQuota(bytes=1))
    await replace(9)
    with pytest.raises(QuotaExceeded):
        await replace(10)
    assert await used(catalog, alice) == (9, 1)
    assert await used(catalog, bob) == (0, 0)


async def test_a_file_is_not_given_to_who_has_no_room(catalog, uploads, alice, bob):
    """Neither by its owner nor when its owner is removed; given to nobody it counts for nobody."""
    file = await uploads.put((), "a", size=7, owner_id=alice.id)
    with pytest.raises(QuotaExceeded):
        await catalog.set_owner(file.id, bob.id)
    with pytest.raises(QuotaExceeded):
        await catalog.release_files(alice.id, heir_id=bob.id, limit=10)
    assert (await catalog.file_by_id(file.id)).owner_id == alice.id
    await catalog.set_quota(bob.id, StorageQuota(bytes=7))
    await catalog.set_owner(file.id, bob.id)
    assert (await used(catalog, alice), await used(catalog, bob)) == ((0, 0), (7, 1))
    await catalog.set_owner(file.id, bob.id)
    await catalog.set_owner(file.id, None)
    assert await used(catalog, bob) == (0, 0)


async def test_of_two_commits_at_once_only_what_fits_passes(catalog, uploads, alice):
    """Eight of 3 bytes each start together: three files, or 9 bytes, are in."""
    contents = [await uploads.store(size=3) for _ in range(8)]
    done = await asyncio.gather(
        *(
            uploads.commit(content, (), f"f{number}", owner_id=alice.id)
            for number, content in enumerate(contents)
        ),
        return_exceptions=True,
    )
    refused = [each for each in done if isinstance(each, BaseException)]
    assert {type(each) for each in refused} == {QuotaExceeded}
    assert len(refused) == 5
    assert await used(catalog, alice) == (9, 3)


async def test_a_repeated_commit_is_answered_beyond_the_quota(catalog, uploads, alice):
    """The receipt holds, whatever the quota is by now."""
    content = await uploads.store(size=9)
    first = await uploads.commit(content, (), "a", owner_id=alice.id)
    await catalog.set_quota(alice.id, StorageQuota(bytes=1))
    assert await uploads.commit(content, (), "a", owner_id=alice.id) == first


class Quotas(CatalogMachine):
    """Files put, replaced, given away and deleted by three users, in any order."""

    def __init__(self, backend: Any, clock: Any, uploads_into: Any) -> None:
        super().__init__(backend, clock, uploads_into)
        self.people: list[User] = []

    @initialize()
    def make_users(self):
        """An administrator and two others."""
        self.people = [self.run(self.catalog.create_first_user("u0", "hash"))]
        self.people += [self.run(self.catalog.create_user(f"u{each}", "hash")) for each in (1, 2)]

    @rule(folder=FOLDERS, name=NAMES, size=st.integers(0, 9), user=USERS, overwrite=st.booleans())
    def put(self, folder, name, size, user, overwrite):
        """A file comes, beside or in place of the one that has its name."""
        present = self.run(self.catalog.file_at(folder, name))
        conflict = OverwriteOnConflict(present.id) if overwrite and present else RenameOnConflict()
        object_id = self.run(self.uploads.store(size=size))
        owner_id = self.people[user].id
        with suppress(QuotaExceeded):
            self.run(
                self.uploads.commit(
                    object_id, folder, name, owner_id=owner_id, on_conflict=conflict
                )
            )

    @rule(user=USERS, size=st.none() | st.integers(1, 40), files=st.none() | st.integers(1, 6))
    def set_quota(self, user, size, files):
        """A quota changes, also to less than is stored."""
        quota = StorageQuota(bytes=size, files=files)
        self.run(self.catalog.set_quota(self.people[user].id, quota))

    @rule(folder=FOLDERS, name=NAMES, user=st.none() | USERS)
    def give(self, folder, name, user):
        """A file gets another owner, or none."""
        if file := self.run(self.catalog.file_at(folder, name)):
            owner_id = None if user is None else self.people[user].id
            with suppress(QuotaExceeded):
                self.run(self.catalog.set_owner(file.id, owner_id))

    @rule(folder=FOLDERS, name=NAMES)
    def delete_file(self, folder, name):
        """A file goes."""
        if file := self.run(self.catalog.file_at(folder, name)):
            self.run(self.catalog.delete_file(file.id))

    @rule(folder=st.sampled_from([("a",), ("a", "b")]))
    def delete_folder(self, folder):
        """A folder goes with all that is in it."""
        if found := self.run(self.catalog.folder_at(folder)):
            self.run(self.catalog.delete_folder(found.id))

    @rule(user=USERS, heir=st.none() | USERS)
    def release(self, user, heir):
        """A user gives all files away, or they are deleted."""
        heir_id = None if heir is None or heir == user else self.people[heir].id
        with suppress(QuotaExceeded):
            call = self.catalog.release_files(self.people[user].id, heir_id=heir_id, limit=100)
            self.run(call)

    @rule(user=st.integers(1, 2))
    def remove(self, user):
        """A user goes, and a new one of the same name comes."""
        self.run(self.catalog.release_files(self.people[user].id, heir_id=None, limit=100))
        self.run(self.catalog.remove_user(self.people[user].id))
        self.people[user] = self.run(self.catalog.create_user(f"u{user}", "hash"))

    @invariant()
    def counters_equal_a_recount(self):
        """What is counted for each user is what a look at every file finds."""
        found = {user.id: [0, 0] for user in self.people}
        for folder in ((), ("a",), ("a", "b")):
            for file in self.files_in(folder):
                if file.owner_id is not None:
                    found[file.owner_id][0] += file.size
                    found[file.owner_id][1] += 1
        for user in self.people:
            assert list(self.run(used(self.catalog, user))) == found[user.id]

    def files_in(self, folder: FolderPath) -> list[File]:
        """All files directly in a folder."""
        at = self.run(self.catalog.folder_at(folder))
        if at is None:
            return []
        call = self.catalog.list_files(
            at.id, viewer_id=None, order=FileOrder.NAME, ascending=True, **EVERYTHING
        )
        files: list[File] = self.run(call)
        return files


def test_counters_equal_a_recount_after_any_changes(backend, clock, uploads_into):
    """Put, replaced, given away, deleted alone, with a folder or with a user."""
    run_machine(Quotas, backend, clock, uploads_into, examples=20)


async def test_what_all_users_store(catalog, alice, bob, uploads, clock):
    """Files, trash and versions apart, with quota and last use, in every order and page by page."""
    kept = await uploads.put((), "a", size=2, owner_id=alice.id)
    await uploads.put((), "b", size=3, owner_id=alice.id)
    await commit_file(
        catalog,
        await uploads.store(size=1),
        (),
        "a",
        owner_id=alice.id,
        is_public=False,
        on_conflict=OverwriteOnConflict(kept.id),
        keep_versions=5,
    )
    gone = await catalog.file_at((), "b")
    await catalog.delete_file(gone.id, trashing=Trashing(user_id=alice.id, keep_s=60))
    carl = await catalog.create_user("Carl", "hash")
    session = LoginSession(
        id=uuid4(),
        user_id=bob.id,
        device="d",
        address="a",
        created_at=clock(),
        last_seen_at=clock() + 5,
        expires_at=clock() + 100,
        epoch=bob.token_epoch,
        renewed_at=clock(),
    )
    await catalog.add_session(session, limit=9)

    async def listed(order, ascending=True, offset=0, limit=9) -> Any:
        return await catalog.user_usages(
            order=order, ascending=ascending, offset=offset, limit=limit
        )

    by_name = await listed(UsageOrder.NAME)
    assert [each.user.id for each in by_name] == [alice.id, bob.id, carl.id]
    first = by_name[0]
    assert (first.storage.used_bytes, first.storage.used_files) == (6, 2)
    assert (first.trash_bytes, first.trash_files, first.version_bytes) == (3, 1, 2)
    assert first.storage.quota == StorageQuota(bytes=10, files=3)
    assert [each.seen_at for each in by_name] == [None, clock() + 5, None]
    names = {
        (order, ascending): [each.user.name for each in await listed(order, ascending)]
        for order in UsageOrder
        for ascending in (True, False)
    }
    assert names == {
        (UsageOrder.NAME, True): ["alice", "bob", "Carl"],
        (UsageOrder.NAME, False): ["Carl", "bob", "alice"],
        (UsageOrder.STORED, True): ["bob", "Carl", "alice"],
        (UsageOrder.STORED, False): ["alice", "bob", "Carl"],
        (UsageOrder.FILES, True): ["bob", "Carl", "alice"],
        (UsageOrder.FILES, False): ["alice", "bob", "Carl"],
        (UsageOrder.QUOTA, True): ["bob", "alice", "Carl"],
        (UsageOrder.QUOTA, False): ["Carl", "alice", "bob"],
        (UsageOrder.SEEN, True): ["alice", "Carl", "bob"],
        (UsageOrder.SEEN, False): ["bob", "alice", "Carl"],
    }
    page = await listed(UsageOrder.NAME, offset=1, limit=1)
    assert [each.user.name for each in page] == ["bob"]
