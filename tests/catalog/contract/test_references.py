"""The promises of `ReferenceStore`, `KeyStore` and `ViewStore`, and the grace of garbage."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from catalog.errors import KeyNameTaken, ObjectMissing, ReferenceElsewhere, UserMissing
from catalog.records import Garbage, Ticket


@pytest.fixture
def reference(uploads):
    """Makes references of other services, permanent unless told."""

    def make(object_id, key="post 1", service="service:blog", ttl_s=None):
        return uploads.reference(object_id, service=service, key=key, ttl_s=ttl_s)

    return make


async def test_reference_keeps_content(catalog, uploads, reference, clock):
    """Content stays until the last service lets go; releasing tells whether there was something."""
    object_id = await uploads.store(ttl_s=1.0)
    for service in ("service:a", "service:b"):
        for _ in range(2):
            await catalog.create_reference(reference(object_id, service=service))
    clock.advance(10**6)
    assert await catalog.collect_objects(limit=9) == 0
    assert await catalog.release_reference("service:a", "post 1") is True
    assert await catalog.release_reference("service:a", "post 1") is False
    assert await catalog.collect_objects(limit=9) == 0
    assert await catalog.release_reference("service:b", "post 1") is True
    assert await catalog.collect_objects(limit=9) == 1


async def test_key_belongs_to_one_object(catalog, uploads, reference):
    """A service's key is on one object at a time; another service may use the same one."""
    one, two = await uploads.store(), await uploads.store()
    await catalog.create_reference(reference(one))
    with pytest.raises(ReferenceElsewhere) as caught:
        await catalog.create_reference(reference(two))
    assert caught.value.object_id == one
    await catalog.create_reference(reference(two, service="service:shop"))
    await catalog.release_reference("service:blog", "post 1")
    await catalog.create_reference(reference(two))


async def test_key_for_two_objects_at_once(catalog, uploads, reference):
    """Of two objects at once one gets the key."""
    objects = [await uploads.store() for _ in range(4)]
    answers = await asyncio.gather(
        *(catalog.create_reference(reference(each)) for each in objects), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, ReferenceElsewhere) for answer in answers) == 3


async def test_expired_reference_frees_its_key(catalog, uploads, reference, clock):
    """A temporary reference that is over counts as none, before it is collected as well."""
    one, two = await uploads.store(), await uploads.store()
    await catalog.create_reference(reference(one, ttl_s=10.0))
    clock.advance(10.0)
    assert await catalog.references_on(one) == [uploads.reference(one, ttl_s=50.0)]
    assert await catalog.references_of("service:blog", after=None, limit=9) == []
    await catalog.create_reference(reference(two))
    assert await catalog.references_of("service:blog", after=None, limit=9) == [reference(two)]


async def test_only_stored_content_is_referenced(catalog, uploads, reference):
    """What does not exist, or is still being uploaded, cannot be referred to."""
    for object_id in (uuid4(), await uploads.begin()):
        with pytest.raises(ObjectMissing):
            await catalog.create_reference(reference(object_id))


async def test_references_by_key(catalog, uploads, reference):
    """A service's references come page by page in the order of their keys, and nobody else's."""
    object_id = await uploads.store()
    for key in ("b", "ä", "a", "B", "🙂"):
        await catalog.create_reference(reference(object_id, key))
    await catalog.create_reference(reference(object_id, "c", service="service:shop"))
    keys, after = [], None
    while page := await catalog.references_of("service:blog", after=after, limit=2):
        assert all(each.service == "service:blog" for each in page)
        keys += [each.key for each in page]
        after = keys[-1]
    assert keys == ["B", "a", "b", "ä", "🙂"]


async def test_keys(catalog, clock):
    """A key lets its service in until it is revoked; then its name is free again."""
    user = await catalog.create_first_user("ann", "hash")
    key = await catalog.create_key("blog", b"1" * 32, created_by=user.id)
    assert await catalog.create_key("blog", b"1" * 32, created_by=user.id) == key
    assert (key.name, key.created_by, key.created_at) == ("blog", user.id, clock())
    assert await catalog.key_by_hash(b"1" * 32) == key
    with pytest.raises(KeyNameTaken):
        await catalog.create_key("blog", b"2" * 32, created_by=user.id)
    assert await catalog.revoke_key("blog") is True
    assert await catalog.revoke_key("blog") is False
    assert await catalog.key_by_hash(b"1" * 32) is None
    with pytest.raises(KeyNameTaken):
        await catalog.create_key("other", b"1" * 32, created_by=user.id)
    await catalog.create_key("blog", b"2" * 32, created_by=user.id)
    await catalog.create_key("app", b"3" * 32, created_by=user.id)
    listed = await catalog.list_keys()
    assert [each.name for each in listed] == ["app", "blog", "blog"]
    assert [each.revoked_at for each in listed] == [None, clock(), None]
    with pytest.raises(UserMissing):
        await catalog.create_key("new", b"4" * 32, created_by=999)


async def test_views(catalog, uploads):
    """A view lives with its object; one that is replaced goes, without grace."""
    file = await uploads.put()
    first, second = await uploads.store(), await uploads.store()
    await catalog.put_view(file.object_id, "preview", first)
    await catalog.put_view(file.object_id, "preview", first)
    for each in (first, second):
        await catalog.release(each, service="upload", key="k")
        await catalog.put_view(file.object_id, "preview", each)
    (view,) = await catalog.views_of(file.object_id)
    assert (view.object_id, view.name, view.content.id) == (file.object_id, "preview", second)
    assert await catalog.collect_objects(limit=9, grace_s=100.0) == 1
    assert await catalog.object_by_id(first) is None
    await catalog.put_view(file.object_id, "thumbnail", second)
    assert (await catalog.file_by_id(file.id)).has_thumbnail is True
    for missing in ((uuid4(), second), (file.object_id, uuid4())):
        with pytest.raises(ObjectMissing):
            await catalog.put_view(missing[0], "x", missing[1])


async def test_files_of_content(catalog, uploads):
    """The files that have some content are found with their folders and shares."""
    user = await catalog.create_first_user("ann", "hash")
    file = await uploads.put(("a", "b"), "c.txt")
    await catalog.put_share(file.id, user.id, can_write=True)
    (placed,) = await catalog.files_of(file.object_id)
    assert (placed.folder, placed.file) == (("a", "b"), file)
    assert [share.user_id for share in placed.shares] == [user.id]
    assert await catalog.files_of(uuid4()) == []


async def test_grace_begins_when_it_is_noticed(catalog, uploads, clock):
    """Stored content that nothing needs stays for the grace period, and is listed meanwhile."""
    object_id = await uploads.store(ttl_s=10.0)
    assert await catalog.garbage(limit=9) == []
    clock.advance(10.0)
    unnoticed = Garbage(object_id=object_id, size=5, since=None)
    assert await catalog.garbage(limit=9) == [unnoticed]
    assert await catalog.collect_objects(limit=9, grace_s=60.0) == 0
    noticed = Garbage(object_id=object_id, size=5, since=clock())
    assert await catalog.garbage(limit=9) == [noticed]
    clock.advance(59.0)
    assert await catalog.collect_objects(limit=9, grace_s=60.0) == 0
    clock.advance(1.0)
    assert await catalog.collect_objects(limit=9, grace_s=60.0) == 1
    assert await catalog.garbage(limit=9) == []


async def test_garbage_is_known_by_what_it_was(catalog, uploads, clock):
    """Listed are the name of its commit, where that folder is now, and whose it was, also by ticket."""
    ann, bob = [await catalog.create_user(name, name) for name in ("ann", "bob")]
    files = [
        await uploads.put(("a", "b"), "moved", owner_id=ann.id),
        await uploads.put(("gone",), "deleted", owner_id=ann.id),
        await uploads.put((), "nobody's"),
    ]
    await catalog.move_folder((await catalog.folder_at(("a", "b"))).id, 0)
    for file in files:
        await catalog.delete_file(file.id)
    await catalog.delete_folder((await catalog.folder_at(("gone",))).id)
    tickets = [await uploads.store(ttl_s=0.0) for _ in range(3)]
    for object_id, holder in zip(
        tickets, (f"user:{bob.id}", "service:wiki", "user:99"), strict=True
    ):
        await catalog.open_ticket(_ticket(object_id, holder, clock), limits=None)
    found = {each.object_id: each for each in await catalog.garbage(limit=9)}
    assert [(found[f.object_id].folder, found[f.object_id].name) for f in files] == [
        (("b",), "moved"),
        (None, "deleted"),
        ((), "nobody's"),
    ]
    assert [found[file.object_id].owner for file in files] == ["ann", "ann", None]
    assert [found[object_id].owner for object_id in tickets] == ["bob", "service:wiki", None]
    assert all(found[object_id].name is None for object_id in tickets)


def _ticket(object_id, holder, clock) -> Ticket:
    return Ticket(
        id=object_id,
        holder=holder,
        mime_type="text/plain",
        size=5,
        created_at=clock(),
        expires_at=clock() + 9.0,
        reference_ttl_s=9.0,
    )


async def test_new_reference_ends_the_grace(catalog, uploads, reference, clock):
    """Content that is needed again begins its grace anew when it is not."""
    object_id = await uploads.store(ttl_s=1.0)
    clock.advance(1.0)
    await catalog.collect_objects(limit=9, grace_s=60.0)
    clock.advance(59.0)
    await catalog.create_reference(reference(object_id))
    clock.advance(60.0)
    assert await catalog.collect_objects(limit=9, grace_s=60.0) == 0
    await catalog.release_reference("service:blog", "post 1")
    assert await catalog.collect_objects(limit=9, grace_s=60.0) == 0
    clock.advance(60.0)
    assert await catalog.collect_objects(limit=9, grace_s=60.0) == 1


async def test_reference_and_collection_at_once(catalog, uploads, reference, clock):
    """Either the reference comes first and content stays, or it is refused."""
    for number in range(10):
        object_id = await uploads.store(ttl_s=1.0)
        clock.advance(1.0)
        answers: tuple[Any, Any] = await asyncio.gather(
            catalog.create_reference(reference(object_id, f"key {number}")),
            catalog.collect_objects(limit=9),
            return_exceptions=True,
        )
        created, collected = answers
        assert collected == (1 if isinstance(created, ObjectMissing) else 0)
        assert (await catalog.object_by_id(object_id) is None) == (collected == 1)
