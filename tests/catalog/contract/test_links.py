"""The promises of `LinkStore`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from catalog.errors import FileMissing, InvalidRecord, LinkMissing, TooManyLinks, UserMissing
from catalog.link_port import FileLink, PlacedLink
from catalog.port import FailOnConflict
from tests.commits import commit_file


@pytest.fixture
async def owner(catalog):
    """Who makes links."""
    return await catalog.create_first_user("alice", "hash")


@pytest.fixture
def store(catalog, uploads):
    """Stores a file."""

    async def run(owner, name="a.txt", folder=()):
        committed = await commit_file(
            catalog,
            await uploads.store(),
            folder,
            name,
            owner_id=owner.id,
            is_public=False,
            on_conflict=FailOnConflict(),
        )
        return committed.file

    return run


@pytest.fixture
def link_to(clock):
    """Describes a link to a file."""

    def make(file, owner, **others) -> FileLink:
        link_id = uuid4()
        facts = {"expires_at": clock() + 100.5, "object_id": file.object_id} | others
        return FileLink(
            id=link_id,
            token_hash=link_id.bytes * 2,
            sealed_token=b"\x00\xff\n" + link_id.bytes,
            file_id=file.id,
            owner_id=owner.id,
            created_at=clock(),
            **facts,
        )

    return make


async def test_a_link_is_found_as_it_was_made(catalog, owner, store, link_to):
    """By its hash and by its id, every field of it; made again, it stays as it is."""
    file = await store(owner)
    full = link_to(file, owner, label="für Öma", password_hash="$argon2$x", max_downloads=3)
    bare = link_to(file, owner, object_id=None, expires_at=None, is_requested=True)
    for link in (full, bare):
        await catalog.create_link(link, most=None)
        assert await catalog.link_by_hash(link.token_hash) == link
        assert await catalog.link_by_id(link.id) == link
    await catalog.create_link(replace(full, label="other"), most=0)
    assert await catalog.link_by_id(full.id) == full
    assert await catalog.link_by_hash(b"\x00" * 32) is None
    assert await catalog.link_by_id(uuid4()) is None


async def test_a_link_needs_a_file_and_an_owner(catalog, owner, store, link_to):
    """Nothing is written for one that lacks either, nor for values that no link may have."""
    link = link_to(await store(owner), owner)
    with pytest.raises(FileMissing):
        await catalog.create_link(replace(link, file_id=4711), most=None)
    with pytest.raises(FileMissing):
        await catalog.create_link(replace(link, file_id=None), most=None)
    with pytest.raises(UserMissing):
        await catalog.create_link(replace(link, owner_id=4711), most=None)
    with pytest.raises(InvalidRecord):
        await catalog.create_link(replace(link, max_downloads=0), most=None)
    assert await catalog.links_of(owner.id, file_id=None, after=None, limit=9) == []


async def test_a_user_has_so_many_links(catalog, owner, store, link_to, clock):
    """Those that have ended make room; another user's do not count."""
    file = await store(owner)
    bob = await catalog.create_user("bob", "hash")
    await catalog.create_link(link_to(file, bob), most=2)
    short, other = link_to(file, owner, expires_at=clock() + 1), link_to(file, owner)
    for link in (short, other):
        await catalog.create_link(link, most=2)
    with pytest.raises(TooManyLinks):
        await catalog.create_link(link_to(file, owner), most=2)
    clock.advance(1)
    await catalog.create_link(link_to(file, owner), most=2)
    assert await catalog.link_by_id(short.id) is None
    await catalog.revoke_link(other.id, owner_id=owner.id, at=clock())
    await catalog.create_link(link_to(file, owner), most=2)
    assert await catalog.link_by_id(other.id) is None


async def test_links_are_listed_newest_first(catalog, owner, store, link_to, clock):
    """Page by page, with their files; of one file or of all."""
    first, second = await store(owner), await store(owner, "b.txt", ("x", "y"))
    links = []
    for file in (first, second, first):
        links.append(link_to(file, owner))
        await catalog.create_link(links[-1], most=None)
        clock.advance(1)
    bob = await catalog.create_user("bob", "hash")
    await catalog.create_link(link_to(first, bob), most=None)

    async def listed(file_id=None, after=None, limit=9) -> Any:
        return await catalog.links_of(owner.id, file_id=file_id, after=after, limit=limit)

    assert [each.link for each in await listed()] == links[::-1]
    assert [each.link for each in await listed(file_id=first.id)] == [links[2], links[0]]
    assert [each.link for each in await listed(limit=1)] == [links[2]]
    assert [each.link for each in await listed(after=links[2].id, limit=1)] == [links[1]]
    assert [each.link for each in await listed(first.id, links[2].id)] == [links[0]]
    assert await listed(after=uuid4()) == []
    placed = (await listed())[1]
    assert (placed.folder, placed.file.id, placed.file.name) == (("x", "y"), second.id, "b.txt")


async def test_the_requested_link_is_the_one_in_force(catalog, owner, store, link_to, clock):
    """Of this user, file and content; not one that has ended, was changed, or was made otherwise."""
    file = await store(owner)

    async def found(owner_id=owner.id, object_id: UUID = file.object_id) -> Any:
        return await catalog.requested_link(owner_id, file.id, object_id, now=clock())

    await catalog.create_link(link_to(file, owner), most=None)
    assert await found() is None
    link = link_to(file, owner, is_requested=True)
    await catalog.create_link(link, most=None)
    assert await found() == link
    assert await found(owner_id=owner.id + 1) is None
    assert await found(object_id=uuid4()) is None
    clock.advance(50)
    extended = await catalog.extend_link(link.id, clock() + 100)
    assert extended == replace(link, expires_at=clock() + 100)
    assert await catalog.extend_link(link.id, clock()) == extended
    clock.advance(99)
    assert await found() == extended
    clock.advance(1)
    assert await found() is None
    again = link_to(file, owner, is_requested=True)
    await catalog.create_link(again, most=None)
    await catalog.change_link(again.id, {"label": "mine"})
    assert await found() is None


async def test_only_what_is_given_changes(catalog, owner, store, link_to):
    """Also to nothing; a link that is missing is named."""
    link = link_to(await store(owner), owner, label="a", password_hash="$x", max_downloads=3)
    await catalog.create_link(link, most=None)
    changed = await catalog.change_link(link.id, {"label": "b", "max_downloads": None})
    assert changed == replace(link, label="b", max_downloads=None)
    await catalog.change_link(link.id, {"password_hash": None, "expires_at": None})
    now = replace(changed, password_hash=None, expires_at=None)
    assert await catalog.link_by_id(link.id) == now
    assert await catalog.extend_link(link.id, 5.0) == now
    with pytest.raises(LinkMissing):
        await catalog.change_link(uuid4(), {"label": "c"})


async def test_a_link_is_revoked_by_its_owner(catalog, owner, store, link_to, clock):
    """Once: later calls change nothing. Another user has no such link, unless any will do."""
    link = link_to(await store(owner), owner)
    await catalog.create_link(link, most=None)
    assert await catalog.revoke_link(link.id, owner_id=owner.id + 1, at=clock()) is None
    assert await catalog.link_by_id(link.id) == link
    revoked = replace(link, revoked_at=clock())
    assert await catalog.revoke_link(link.id, owner_id=owner.id, at=clock()) == revoked
    assert await catalog.revoke_link(link.id, owner_id=None, at=clock() + 5) == revoked
    assert await catalog.revoke_link(uuid4(), owner_id=None, at=clock()) is None
    assert await catalog.extend_link(link.id, clock() + 999) is None
    assert not await catalog.count_download(link.id, at=clock())


async def test_downloads_never_exceed_their_limit(catalog, owner, store, link_to, clock):
    """However many are counted at once."""
    link = link_to(await store(owner), owner, max_downloads=3)
    await catalog.create_link(link, most=None)
    counted = await asyncio.gather(
        *(catalog.count_download(link.id, at=clock()) for _ in range(10))
    )
    assert counted.count(True) == 3
    now = replace(link, downloads=3, last_used_at=clock())
    assert await catalog.link_by_id(link.id) == now
    await catalog.change_link(link.id, {"max_downloads": 4})
    assert await catalog.count_download(link.id, at=clock())
    assert not await catalog.count_download(link.id, at=clock())


async def test_an_expired_link_counts_nothing(catalog, owner, store, link_to, clock):
    """Neither does one that is missing; without a limit every download counts."""
    link = link_to(await store(owner), owner)
    await catalog.create_link(link, most=None)
    assert await catalog.count_download(link.id, at=link.expires_at - 1)
    assert not await catalog.count_download(link.id, at=link.expires_at)
    assert not await catalog.count_download(uuid4(), at=clock())


async def test_a_link_outlives_its_file_and_not_its_owner(catalog, owner, store, link_to, clock):
    """So that it can be said that the file is gone; it is dropped after a time."""
    file = await store(owner)
    link = link_to(file, owner, expires_at=None)
    await catalog.create_link(link, most=None)
    await catalog.delete_file(file.id)
    gone = replace(link, file_id=None)
    assert await catalog.link_by_hash(link.token_hash) == gone
    listed = await catalog.links_of(owner.id, file_id=None, after=None, limit=9)
    assert listed == [PlacedLink(link=gone, folder=None, file=None)]
    bob = await catalog.create_user("bob", "hash")
    of_bob = link_to(await store(owner, "b.txt"), bob)
    await catalog.create_link(of_bob, most=None)
    await catalog.remove_user(bob.id)
    assert await catalog.link_by_id(of_bob.id) is None
    assert await catalog.drop_ended_links(clock(), limit=9) == 0
    assert await catalog.drop_ended_links(clock() + 1, limit=9) == 1


async def test_ended_links_are_dropped_after_a_time(catalog, owner, store, link_to, clock):
    """So many at a time; those in force stay."""
    file = await store(owner)
    expired = [link_to(file, owner, expires_at=clock() + number) for number in range(3)]
    revoked, lasting = link_to(file, owner, expires_at=None), link_to(file, owner, expires_at=None)
    for link in (*expired, revoked, lasting):
        await catalog.create_link(link, most=None)
    await catalog.revoke_link(revoked.id, owner_id=None, at=clock() + 1)
    assert await catalog.drop_ended_links(clock(), limit=9) == 0
    assert await catalog.drop_ended_links(clock() + 5, limit=3) == 3
    assert await catalog.drop_ended_links(clock() + 5, limit=3) == 1
    assert await catalog.link_by_id(lasting.id) == lasting
