"""The promises of `FolderLinkStore`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from catalog.errors import (
    FolderMissing,
    InvalidRecord,
    LinkFull,
    LinkMissing,
    TooManyLinks,
    UserMissing,
)
from catalog.folder_link_port import (
    NOTED_EVERY_S,
    FolderLink,
    LinkUpload,
    PlacedFolderLink,
)
from catalog.port import Trashing


@pytest.fixture
async def owner(catalog):
    """Who makes links."""
    return await catalog.create_first_user("alice", "hash")


@pytest.fixture
async def folder(catalog):
    """A folder to which links lead."""
    return (await catalog.make_folders(("docs", "2026"))).folder


@pytest.fixture
def link_to(clock: Any, owner: Any) -> Any:
    """Describes a link to a folder."""

    def make(folder, **others) -> FolderLink:
        link_id = uuid4()
        facts: dict[str, Any] = {"expires_at": clock() + 100.5, "owner_id": owner.id} | others
        return FolderLink(
            id=link_id,
            token_hash=link_id.bytes * 2,
            sealed_token=b"\x00\xff\n" + link_id.bytes,
            folder_id=folder.id,
            created_at=clock(),
            **facts,
        )

    return make


@pytest.fixture
def receiving(catalog, folder, link_to):
    """Makes a link for uploads."""

    async def make(**limits: Any) -> Any:
        link = link_to(folder, is_for_uploads=True, **limits)
        await catalog.create_folder_link(link, most=None)
        return link

    return make


@pytest.fixture
def upload_by(clock):
    """Describes an upload by a link."""

    def make(link, size=5, name="a.txt") -> LinkUpload:
        expires_at = clock() + 60.5
        return LinkUpload(id=uuid4(), link_id=link.id, name=name, size=size, expires_at=expires_at)

    return make


async def test_a_link_is_found_as_it_was_made(catalog, folder, link_to):
    """By its hash and by its id, every field of it; made again, it stays as it is."""
    full = link_to(
        folder,
        label="für Öma",
        password_hash="$argon2$x",
        is_for_uploads=True,
        max_files=3,
        max_file_size=2**40,
        max_total_size=2**41,
    )
    bare = link_to(folder, expires_at=None)
    for link in (full, bare):
        await catalog.create_folder_link(link, most=None)
        assert await catalog.folder_link_by_hash(link.token_hash) == link
        assert await catalog.folder_link_by_id(link.id) == link
    await catalog.create_folder_link(replace(full, label="other"), most=0)
    assert await catalog.folder_link_by_id(full.id) == full
    assert await catalog.folder_link_by_hash(b"\x00" * 32) is None
    assert await catalog.folder_link_by_id(uuid4()) is None


async def test_a_link_needs_a_folder_and_an_owner(catalog, owner, folder, link_to):
    """Nothing is written for one that lacks either, nor for values that no link may have."""
    link = link_to(folder)
    for missing in (4711, None):
        with pytest.raises(FolderMissing):
            await catalog.create_folder_link(replace(link, folder_id=missing), most=None)
    with pytest.raises(UserMissing):
        await catalog.create_folder_link(replace(link, owner_id=4711), most=None)
    with pytest.raises(InvalidRecord):
        await catalog.create_folder_link(replace(link, max_files=0), most=None)
    await catalog.delete_folder(folder.id, trashing=Trashing(user_id=owner.id, keep_s=60.0))
    with pytest.raises(FolderMissing):
        await catalog.create_folder_link(link, most=None)
    assert await catalog.folder_links_of(owner.id, after=None, limit=9) == []


async def test_a_user_has_so_many_links(catalog, owner, folder, link_to, clock):
    """Those that have ended make room; another user's do not count."""
    bob = await catalog.create_user("bob", "hash")
    await catalog.create_folder_link(link_to(folder, owner_id=bob.id), most=2)
    short, other = link_to(folder, expires_at=clock() + 1), link_to(folder)
    for link in (short, other):
        await catalog.create_folder_link(link, most=2)
    with pytest.raises(TooManyLinks):
        await catalog.create_folder_link(link_to(folder), most=2)
    clock.advance(1)
    await catalog.create_folder_link(link_to(folder), most=2)
    assert await catalog.folder_link_by_id(short.id) is None
    await catalog.revoke_folder_link(other.id, owner_id=owner.id, at=clock())
    await catalog.create_folder_link(link_to(folder), most=2)
    assert await catalog.folder_link_by_id(other.id) is None


async def test_links_are_listed_newest_first(catalog, owner, folder, link_to, clock):
    """Page by page, with the paths of their folders: none for one that was deleted, or is in the trash."""
    links = []
    for _ in range(3):
        links.append(link_to(folder))
        await catalog.create_folder_link(links[-1], most=None)
        clock.advance(1)

    async def listed(after=None, limit=9) -> Any:
        return await catalog.folder_links_of(owner.id, after=after, limit=limit)

    placed = [PlacedFolderLink(link=link, folder=("docs", "2026")) for link in links[::-1]]
    assert await listed() == placed
    assert await listed(limit=1) == placed[:1]
    assert await listed(after=links[2].id, limit=1) == placed[1:2]
    assert await listed(after=uuid4()) == []
    await catalog.delete_folder(folder.id, trashing=Trashing(user_id=owner.id, keep_s=60.0))
    assert await listed() == [PlacedFolderLink(link=each.link, folder=None) for each in placed]


async def test_only_what_is_given_changes(catalog, folder, link_to):
    """Also to nothing; a link that is missing is named."""
    link = link_to(folder, label="a", password_hash="$x", max_files=3, max_total_size=9)
    await catalog.create_folder_link(link, most=None)
    changed = await catalog.change_folder_link(
        link.id, {"label": "b", "max_files": None, "max_file_size": 7}
    )
    assert changed == replace(link, label="b", max_files=None, max_file_size=7)
    await catalog.change_folder_link(
        link.id, {"password_hash": None, "expires_at": None, "max_total_size": None}
    )
    now = replace(changed, password_hash=None, expires_at=None, max_total_size=None)
    assert await catalog.folder_link_by_id(link.id) == now
    with pytest.raises(LinkMissing):
        await catalog.change_folder_link(uuid4(), {"label": "c"})


async def test_a_link_is_revoked_by_its_owner(catalog, owner, folder, link_to, clock):
    """Once: later calls change nothing. Another user has no such link, unless any will do."""
    link = link_to(folder)
    await catalog.create_folder_link(link, most=None)
    assert await catalog.revoke_folder_link(link.id, owner_id=owner.id + 1, at=clock()) is None
    assert await catalog.folder_link_by_id(link.id) == link
    revoked = replace(link, revoked_at=clock())
    assert await catalog.revoke_folder_link(link.id, owner_id=owner.id, at=clock()) == revoked
    assert await catalog.revoke_folder_link(link.id, owner_id=None, at=clock() + 5) == revoked
    assert await catalog.revoke_folder_link(uuid4(), owner_id=None, at=clock()) is None


async def test_a_use_is_noted_now_and_then(catalog, folder, link_to, clock):
    """Not each one."""
    link = link_to(folder)
    await catalog.create_folder_link(link, most=None)
    first = clock()
    for _ in range(2):
        await catalog.note_folder_link(link.id, at=clock())
        assert (await catalog.folder_link_by_id(link.id)).last_used_at == first
        clock.advance(NOTED_EVERY_S - 1)
    clock.advance(2)
    await catalog.note_folder_link(link.id, at=clock())
    assert (await catalog.folder_link_by_id(link.id)).last_used_at == clock()


async def test_an_upload_is_counted_once(catalog, receiving, upload_by, clock):
    """And is found until it is dropped, which takes it back; both may be repeated."""
    link, upload = await receiving(), None
    upload = upload_by(link, 7, "Ä.txt")
    for _ in range(2):
        await catalog.open_link_upload(upload)
        assert await catalog.link_upload(upload.id) == upload
    for _ in range(2):
        counted = await catalog.count_link_upload(upload.id, at=clock())
        assert counted == replace(link, received_files=1, received_size=7)
        assert await catalog.link_upload(upload.id) == replace(upload, counted_at=clock())
    for _ in range(2):
        await catalog.drop_link_upload(upload.id)
        assert await catalog.folder_link_by_id(link.id) == link
    assert await catalog.link_upload(upload.id) is None
    with pytest.raises(LinkMissing):
        await catalog.count_link_upload(upload.id, at=clock())


async def test_a_link_never_takes_more_than_its_limits(catalog, receiving, upload_by, clock):
    """Neither more files, nor larger ones, nor more bytes together, however many come at once."""
    link = await receiving(max_files=3, max_file_size=10, max_total_size=25)
    with pytest.raises(LinkFull):
        await catalog.open_link_upload(upload_by(link, 11))
    uploads = [upload_by(link, 10) for _ in range(4)]
    outcomes = await asyncio.gather(*map(catalog.open_link_upload, uploads), return_exceptions=True)
    assert outcomes.count(None) == 2
    assert sum(isinstance(each, LinkFull) for each in outcomes) == 2
    small = upload_by(link, 1)
    await catalog.open_link_upload(small)
    with pytest.raises(LinkFull):
        await catalog.open_link_upload(upload_by(link, 1))
    # What has expired makes room, and is refused where others have taken it.
    clock.advance(60.5)
    late = [upload_by(link, 10) for _ in range(2)]
    for each in late:
        await catalog.open_link_upload(each)
        await catalog.count_link_upload(each.id, at=clock())
    begun = next(each for each, outcome in zip(uploads, outcomes, strict=True) if outcome is None)
    with pytest.raises(LinkFull):
        await catalog.count_link_upload(begun.id, at=clock())
    assert (await catalog.link_upload(begun.id)).counted_at is None
    counted = await catalog.count_link_upload(small.id, at=clock())
    assert (counted.received_files, counted.received_size) == (3, 21)


async def test_only_links_for_uploads_in_force_take_any(
    catalog, owner, folder, link_to, receiving, upload_by, clock
):
    """Not one for reading, not one that was revoked, also between the beginning and the end."""
    reading = link_to(folder)
    await catalog.create_folder_link(reading, most=None)
    for link in (reading, replace(reading, id=uuid4())):
        with pytest.raises(LinkMissing):
            await catalog.open_link_upload(upload_by(link))
    link = await receiving()
    upload = upload_by(link)
    await catalog.open_link_upload(upload)
    await catalog.revoke_folder_link(link.id, owner_id=owner.id, at=clock())
    with pytest.raises(LinkMissing):
        await catalog.count_link_upload(upload.id, at=clock())
    with pytest.raises(LinkMissing):
        await catalog.open_link_upload(upload_by(link))


async def test_a_link_outlives_its_folder_and_not_its_owner(catalog, owner, folder, link_to, clock):
    """So that it can be said that the folder is gone; it is dropped after a time."""
    link = link_to(folder, expires_at=None)
    bob = await catalog.create_user("bob", "hash")
    of_bob = link_to(folder, owner_id=bob.id)
    for each in (link, of_bob):
        await catalog.create_folder_link(each, most=None)
    await catalog.remove_user(bob.id)
    assert await catalog.folder_link_by_id(of_bob.id) is None
    await catalog.delete_folder(folder.id)
    gone = replace(link, folder_id=None)
    assert await catalog.folder_link_by_hash(link.token_hash) == gone
    assert await catalog.drop_ended_folder_links(clock(), limit=9) == 0
    assert await catalog.drop_ended_folder_links(clock() + 1, limit=9) == 1


async def test_ended_links_are_dropped_after_a_time(
    catalog, folder, link_to, receiving, upload_by, clock
):
    """So many at a time, with uploads that expired; those in force stay, with what they counted."""
    expired = [link_to(folder, expires_at=clock() + number) for number in range(2)]
    revoked = link_to(folder, expires_at=None)
    for link in (*expired, revoked):
        await catalog.create_folder_link(link, most=None)
    await catalog.revoke_folder_link(revoked.id, owner_id=None, at=clock() + 1)
    lasting = await receiving(expires_at=None)
    upload = upload_by(lasting)
    await catalog.open_link_upload(upload)
    counted = await catalog.count_link_upload(upload.id, at=clock())
    assert await catalog.drop_ended_folder_links(clock(), limit=9) == 0
    assert await catalog.drop_ended_folder_links(clock() + 5, limit=2) == 2
    assert await catalog.drop_ended_folder_links(clock() + 5, limit=2) == 1
    assert await catalog.link_upload(upload.id) is not None
    assert await catalog.drop_ended_folder_links(upload.expires_at + 1, limit=9) == 0
    assert await catalog.link_upload(upload.id) is None
    assert await catalog.folder_link_by_id(lasting.id) == counted
