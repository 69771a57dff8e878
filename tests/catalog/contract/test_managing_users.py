"""The promises about what administrators do with users: seeing all, roles, and removing."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from catalog.account_port import NO_PASSWORD
from catalog.errors import (
    LastAdministrator,
    NotPermitted,
    TicketMissing,
    UserExists,
    UserHasFiles,
    UserMissing,
)
from catalog.permits import Holder, Permit, Standing
from catalog.records import Share, Ticket
from tests.messages import enter_chunk


async def named(catalog, *names: str) -> list[int]:
    """Users of these names, the first of them an administrator; their ids."""
    first, *others = names
    made = [await catalog.create_first_user(first, f"hash of {first}")]
    made += [await catalog.create_user(name, f"hash of {name}") for name in others]
    return [user.id for user in made]


async def test_accounts_are_listed_by_name_with_what_they_own(catalog, uploads):
    """Pages in the order of names in whatever case; sums of what is owned, not of what is shared."""
    ann, bob, _ = await named(catalog, "ann", "Bob", "carl")
    for number, size in enumerate((5, 7)):
        await uploads.put((), f"bob{number}", owner_id=bob, size=size)
    shared = await uploads.put((), "ann's", owner_id=ann, size=11)
    await catalog.put_share(shared.id, bob, can_write=True)
    await uploads.put((), "everybody's", owner_id=None, size=13)
    page = await catalog.list_accounts(offset=0, limit=2)
    assert [(each.user.name, each.file_count, each.total_size) for each in page.accounts] == [
        ("ann", 1, 11),
        ("Bob", 2, 12),
    ]
    assert page.total == 3
    rest = await catalog.list_accounts(offset=2, limit=2)
    assert [(each.user.name, each.file_count) for each in rest.accounts] == [("carl", 0)]
    assert rest.total == 3


async def test_accounts_are_found_by_a_part_of_their_names(catalog):
    """The query is literal, and counts in whatever case."""
    await named(catalog, "Hanna", "anna", "bob")
    found = await catalog.list_accounts(query="NN", offset=0, limit=9)
    assert ([each.user.name for each in found.accounts], found.total) == (["anna", "Hanna"], 2)
    nobody = await catalog.list_accounts(query="%", offset=0, limit=9)
    assert (nobody.accounts, nobody.total) == ((), 0)


async def test_a_role_is_given_and_taken(catalog):
    """The same role again is no change."""
    ann, bob = await named(catalog, "ann", "bob")
    for is_admin in (True, True, False, False):
        user = await catalog.set_role(bob, is_admin=is_admin)
        assert (user.id, user.is_admin) == (bob, is_admin)
        assert await catalog.user_by_id(bob) == user
    with pytest.raises(UserMissing):
        await catalog.set_role(ann + bob + 1, is_admin=True)


async def test_the_last_administrator_stays_one(catalog):
    """Neither demoted nor removed, until there is another one."""
    ann, bob = await named(catalog, "ann", "bob")
    with pytest.raises(LastAdministrator):
        await catalog.set_role(ann, is_admin=False)
    with pytest.raises(LastAdministrator):
        await catalog.remove_user(ann)
    await catalog.set_role(bob, is_admin=True)
    await catalog.set_role(ann, is_admin=False)
    await catalog.remove_user(ann)
    assert [user.id for user in await catalog.search_users("", limit=9)] == [bob]


async def test_of_two_administrators_who_demote_each_other_one_stays(catalog):
    """The last one is found out in the transaction, not before."""
    ann, bob = await named(catalog, "ann", "bob")
    await catalog.set_role(bob, is_admin=True)
    answers = await asyncio.gather(
        catalog.set_role(ann, is_admin=False),
        catalog.set_role(bob, is_admin=False),
        return_exceptions=True,
    )
    assert sorted(isinstance(answer, LastAdministrator) for answer in answers) == [False, True]
    administrators = [user.is_admin for user in await catalog.search_users("", limit=9)]
    assert sorted(administrators) == [False, True]


async def test_a_locked_user_has_neither_role_nor_password(catalog):
    """And no tokens any more; a second time changes nothing, and a new password ends it."""
    ann, bob = await named(catalog, "ann", "bob")
    before = await catalog.set_role(bob, is_admin=True)
    locked = await catalog.lock_user(bob)
    assert (locked.is_admin, locked.password_hash) == (False, NO_PASSWORD)
    assert locked.token_epoch > before.token_epoch
    assert await catalog.lock_user(bob) == locked
    assert (await catalog.set_password(bob, "new")).password_hash == "new"
    with pytest.raises(LastAdministrator):
        await catalog.lock_user(ann)
    assert (await catalog.user_by_id(ann)).is_admin
    with pytest.raises(UserMissing):
        await catalog.lock_user(99)


async def test_of_two_administrators_who_lock_each_other_one_stays(catalog):
    """Somebody has to be able to log in and manage the users."""
    ann, bob = await named(catalog, "ann", "bob")
    await catalog.set_role(bob, is_admin=True)
    answers = await asyncio.gather(
        catalog.lock_user(ann), catalog.lock_user(bob), return_exceptions=True
    )
    assert sorted(isinstance(answer, LastAdministrator) for answer in answers) == [False, True]


async def test_who_cannot_log_in_does_not_count_as_an_administrator(catalog):
    """Though the role may be given to somebody whose removal was broken off."""
    ann, bob = await named(catalog, "ann", "bob")
    await catalog.lock_user(bob)
    await catalog.set_role(bob, is_admin=True)
    with pytest.raises(LastAdministrator):
        await catalog.set_role(ann, is_admin=False)
    with pytest.raises(LastAdministrator):
        await catalog.remove_user(ann)
    await catalog.remove_user(bob)


async def test_a_locked_user_inherits_nothing(catalog, uploads):
    """What somebody gets who is being removed may be deleted a moment later."""
    _, bob, carl = await named(catalog, "ann", "bob", "carl")
    file = await uploads.put((), "a", owner_id=bob)
    await catalog.lock_user(carl)
    with pytest.raises(UserMissing):
        await catalog.release_files(bob, heir_id=carl, limit=9)
    assert (await catalog.file_by_id(file.id)).owner_id == bob


async def test_files_are_given_to_an_heir_some_at_a_time(catalog, uploads, clock):
    """By id; each keeps its shares but the heir's own, and is told as it stands then."""
    _, bob, carl, dora = await named(catalog, "ann", "bob", "carl", "dora")
    files = [await uploads.put(("in",), f"{n}.txt", owner_id=bob) for n in range(3)]
    for user_id in (carl, dora):
        await catalog.put_share(files[0].id, user_id, can_write=False)
    first = await catalog.release_files(bob, heir_id=carl, limit=2)
    assert first.remaining == 1
    assert [placed.file.id for placed in first.files] == [files[0].id, files[1].id]
    assert {(placed.folder, placed.file.owner_id) for placed in first.files} == {(("in",), carl)}
    share = Share(file_id=files[0].id, user_id=dora, can_write=False, shared_at=clock())
    assert [placed.shares for placed in first.files] == [(share,), ()]
    second = await catalog.release_files(bob, heir_id=carl, limit=2)
    assert ([placed.file.id for placed in second.files], second.remaining) == ([files[2].id], 0)
    assert (await catalog.release_files(bob, heir_id=carl, limit=2)).files == ()
    assert {(await catalog.file_by_id(file.id)).owner_id for file in files} == {carl}


async def test_an_heir_must_be_there(catalog, uploads):
    """Otherwise nothing is given."""
    _, bob = await named(catalog, "ann", "bob")
    file = await uploads.put((), "a", owner_id=bob)
    with pytest.raises(UserMissing):
        await catalog.release_files(bob, heir_id=99, limit=9)
    assert (await catalog.file_by_id(file.id)).owner_id == bob


async def test_files_without_an_heir_are_deleted(catalog, uploads):
    """Each is told as it was; the totals of all folders are right afterwards."""
    ann, bob = await named(catalog, "ann", "bob")
    kept = await uploads.put(("a", "b"), "kept", owner_id=ann, size=3)
    for number, folder in enumerate([(), ("a",), ("a", "b"), ("a", "b")]):
        await uploads.put(folder, f"gone{number}", owner_id=bob, size=5)
    released = await catalog.release_files(bob, heir_id=None, limit=3)
    assert [placed.folder for placed in released.files] == [(), ("a",), ("a", "b")]
    assert released.remaining == 1
    released = await catalog.release_files(bob, heir_id=None, limit=3)
    assert [placed.file.name for placed in released.files] == ["gone3"]
    assert sum((await catalog.usage_by_type(0)).values()) == 3
    assert (await catalog.counts(kept.folder_id)).files == 1
    assert (await catalog.counts(0)).files == 0
    assert await catalog.collect_objects(limit=9) == 4


async def test_a_user_with_files_is_not_removed(catalog, uploads):
    """They would belong to everybody."""
    _, bob = await named(catalog, "ann", "bob")
    await uploads.put((), "a", owner_id=bob)
    with pytest.raises(UserHasFiles):
        await catalog.remove_user(bob)
    assert (await catalog.user_by_id(bob)).name == "bob"


async def test_a_removed_user_leaves_no_share_and_the_name(catalog, uploads):
    """The name can be given again, to somebody with another id; removing again is no error."""
    ann, bob = await named(catalog, "ann", "bob")
    file = await uploads.put((), "a", owner_id=ann)
    await catalog.put_share(file.id, bob, can_write=True)
    await catalog.remove_user(bob)
    await catalog.remove_user(bob)
    assert await catalog.user_by_id(bob) is None
    assert await catalog.shares_of(file.id) == []
    with pytest.raises(UserExists):
        await catalog.create_user("ANN", "hash")
    again = await catalog.create_user("bob", "hash of bob")
    assert again.id > bob
    permit = Permit(
        user_id=again.id,
        standings=frozenset({Standing(holder=Holder.OTHER, is_public=False, can_write=True)}),
    )
    with pytest.raises(NotPermitted):
        await catalog.delete_file(file.id, permit=permit)


async def test_a_removed_user_takes_tickets_along(catalog, uploads, clock):
    """Unused ones and those in use, so that their uploads fail; not what was complete, nor others'."""
    _, bob = await named(catalog, "ann", "bob")
    unused, running, complete, other = [
        Ticket(
            id=uuid4(),
            holder=holder,
            mime_type="text/plain",
            size=5,
            created_at=clock(),
            expires_at=clock() + 60.0,
            reference_ttl_s=1000.0,
        )
        for holder in (*[f"user:{bob}"] * 3, f"user:{bob}1")
    ]
    for ticket in (unused, running, complete, other):
        await catalog.open_ticket(ticket, limits=None)
    for ticket in (running, complete):
        draft = replace(uploads.draft(size=5), id=ticket.id)
        await catalog.redeem_ticket(draft, uploads.reference(ticket.id))
        await enter_chunk(catalog, uploads.location(ticket.id, size=5))
    await catalog.complete_ticket(complete.id, mime_type="text/plain", hash_hex="ab")
    await catalog.remove_user(bob)
    with pytest.raises(TicketMissing):
        await catalog.complete_ticket(running.id, mime_type="text/plain", hash_hex="ab")
    found = [await catalog.ticket(each.id) for each in (unused, running, complete, other)]
    assert [each is not None for each in found] == [False, False, True, True]


async def test_who_was_removed_gets_nothing_any_more(catalog, uploads):
    """An upload that is committed too late has no owner, and so fails."""
    _, bob = await named(catalog, "ann", "bob")
    await catalog.remove_user(bob)
    with pytest.raises(UserMissing):
        await uploads.put((), "late", owner_id=bob)
    assert (await catalog.counts(0)).files == 0
