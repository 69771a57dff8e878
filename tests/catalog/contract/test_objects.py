"""The promises of `ObjectStore`."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from catalog.errors import InvalidRecord, ObjectIncomplete, ObjectMissing
from catalog.port import Catalog
from catalog.records import Chunk, ChunkLocation, EnvelopeKind, Message, ObjectState
from tests.messages import enter_chunk
from tests.orphans import orphans_of

DAY_S = 24 * 3600.0


def without_object(location: ChunkLocation) -> ChunkLocation:
    """The message alone, as one that holds nothing is reported."""
    return replace(location, chunk=replace(location.chunk, object_id=uuid4()))


async def orphans(catalog: Catalog) -> list[int]:
    """Ids of the messages that hold no chunk."""
    return [message.id for message in await orphans_of(catalog)]


async def test_draft_is_uploading(catalog, uploads):
    """A new object is what its draft says; beginning it again changes nothing."""
    draft = uploads.draft(chunk_count=3, size=11)
    for _ in range(2):
        await catalog.begin_objects([draft], [uploads.reference(draft.id)])
        assert await catalog.object_by_id(draft.id) == draft
    assert await catalog.object_by_id(uuid4()) is None


async def test_beginning_again_does_not_undo(catalog, uploads):
    """Beginning an object that is stored by now leaves it stored."""
    draft = uploads.draft()
    await catalog.begin_objects([draft], [uploads.reference(draft.id)])
    await enter_chunk(catalog, uploads.location(draft.id))
    stored = await catalog.finish_object(draft.id, mime_type="a/b", hash_hex="ab")
    await catalog.begin_objects([draft], [uploads.reference(draft.id)])
    assert await catalog.object_by_id(draft.id) == stored


async def test_chunks_are_read_in_order(catalog, uploads):
    """Chunks journalled in any order are read by index, from anywhere, with their messages."""
    object_id = await uploads.begin(chunk_count=5, size=25)
    locations = [uploads.location(object_id, index=index) for index in range(5)]
    for index in (3, 0, 4, 2, 1):
        assert await enter_chunk(catalog, locations[index]) is True
    assert await catalog.chunks(object_id, first=0, limit=9) == locations
    assert await catalog.chunks(object_id, first=2, limit=2) == locations[2:4]
    assert await catalog.chunks(object_id, first=5, limit=2) == []


async def test_single_chunks_of_many_objects(catalog, uploads):
    """Small content is located by one call, each once; all that is not stored as one chunk is left out."""
    stored, expected = [], {}
    for size in (5, 6, 7):
        draft = uploads.draft(size=size)
        await catalog.begin_objects([draft], [uploads.reference(draft.id)])
        location = uploads.location(draft.id, size=size)
        await enter_chunk(catalog, location)
        content = await catalog.finish_object(draft.id, mime_type="a/b", hash_hex="ab")
        stored.append(draft.id)
        expected[draft.id] = (content, location)
    unfinished = await uploads.begin()
    await enter_chunk(catalog, uploads.location(unfinished))
    long = await uploads.begin(chunk_count=2, size=10)
    for index in range(2):
        await enter_chunk(catalog, uploads.location(long, index=index))
    await catalog.finish_object(long, mime_type="a/b", hash_hex="ab")
    found = await catalog.single_chunks([*stored, stored[0], unfinished, long, uuid4()])
    assert len(found) == len(stored)
    assert {content.id: (content, location) for content, location in found} == expected
    assert await catalog.single_chunks([]) == []


async def test_optional_facts_of_a_chunk(catalog, uploads):
    """Webhook, attachment and digest may be unknown, as for a base-protocol service."""
    draft = replace(uploads.draft(), envelope=EnvelopeKind.BASE)
    await catalog.begin_objects([draft], [uploads.reference(draft.id)])
    known = uploads.location(draft.id)
    location = replace(
        known,
        chunk=replace(known.chunk, attachment_id=None, digest=None),
        message=replace(known.message, webhook_id=None),
    )
    assert await enter_chunk(catalog, location) is True
    assert await enter_chunk(catalog, location) is True
    assert await catalog.chunks(draft.id, first=0, limit=1) == [location]


async def test_message_without_object_is_garbage(catalog, uploads):
    """A chunk of an object that is gone is not added, but its message is known."""
    location = uploads.location(uuid4())
    assert await enter_chunk(catalog, location) is False
    assert await enter_chunk(catalog, location) is False
    assert await orphans_of(catalog) == [location.message]


async def test_second_message_for_an_index_is_garbage(catalog, uploads):
    """An index belongs to the message that came first; another one's is to be deleted."""
    object_id = await uploads.begin()
    first, second = uploads.location(object_id), uploads.location(object_id)
    assert await enter_chunk(catalog, first) is True
    assert await enter_chunk(catalog, second) is False
    assert await enter_chunk(catalog, first) is True
    assert await catalog.chunks(object_id, first=0, limit=9) == [first]
    assert await orphans(catalog) == [second.message.id]


async def test_of_two_messages_at_once_one_is_garbage(catalog, uploads):
    """Of two messages for one index at once exactly one becomes the chunk."""
    object_id = await uploads.begin()
    answers = await asyncio.gather(
        *(enter_chunk(catalog, uploads.location(object_id)) for _ in range(4))
    )
    assert sorted(answers) == [False, False, False, True]
    assert len(await orphans(catalog)) == 3


@pytest.mark.parametrize("is_deleted", [False, True], ids=["given up", "deleted on Discord"])
async def test_a_message_that_was_given_up_never_becomes_a_chunk(catalog, uploads, is_deleted):
    """It may be gone from Discord already, so that nothing can lie in it any more."""
    object_id = await uploads.begin()
    location = uploads.location(object_id)
    assert await enter_chunk(catalog, without_object(location)) is False
    if is_deleted:
        await catalog.forget_message(location.message.id)
    for _ in range(2):
        assert await enter_chunk(catalog, location) is False
        assert await enter_chunk(catalog, without_object(location)) is False
    assert await catalog.chunks(object_id, first=0, limit=9) == []
    assert await orphans(catalog) == ([] if is_deleted else [location.message.id])
    assert await enter_chunk(catalog, uploads.location(object_id)) is True


async def test_a_message_with_a_chunk_is_not_given_up(catalog, uploads):
    """What holds a chunk goes on to hold it, however often it is reported as garbage."""
    object_id = await uploads.begin()
    location = uploads.location(object_id)
    for _ in range(2):
        assert await enter_chunk(catalog, location) is True
        assert await enter_chunk(catalog, without_object(location)) is False
    assert await catalog.chunks(object_id, first=0, limit=9) == [location]
    assert await orphans(catalog) == []


async def test_a_message_whose_chunks_have_gone_is_given_up(catalog, uploads, clock):
    """Once the last object in a message is collected, no other one can be put into it."""
    first, second = await uploads.begin(ttl_s=1.0), await uploads.begin(ttl_s=None)
    await enter_chunk(catalog, uploads.location(first, message_id=5))
    clock.advance(1.0)
    assert await catalog.collect_objects(limit=9) == 1
    for _ in range(2):
        assert await enter_chunk(catalog, uploads.location(second, message_id=5)) is False
    assert await orphans(catalog) == [5]


async def test_a_chunk_and_its_giving_up_at_once(catalog, uploads):
    """Whichever report is first stays: the message is a chunk, or garbage, and never both."""
    for _ in range(10):
        object_id = await uploads.begin()
        location = uploads.location(object_id)
        answers = await asyncio.gather(
            enter_chunk(catalog, without_object(location)),
            enter_chunk(catalog, location),
            catalog.forget_message(location.message.id),
            enter_chunk(catalog, location),
        )
        is_chunk = await catalog.chunks(object_id, first=0, limit=9) == [location]
        assert answers[1] == answers[3] == is_chunk
        assert await enter_chunk(catalog, location) == is_chunk
        await catalog.forget_message(location.message.id)
        assert await enter_chunk(catalog, location) == is_chunk


async def test_deleted_messages_are_remembered_for_a_month(catalog, uploads, clock):
    """No report is on its way for longer; the memory of them does not grow for ever."""
    location = uploads.location(await uploads.begin(ttl_s=None))
    await enter_chunk(catalog, without_object(location))
    await catalog.forget_message(location.message.id)
    clock.advance(29 * DAY_S)
    await catalog.collect_objects(limit=9)
    assert await enter_chunk(catalog, location) is False
    clock.advance(2 * DAY_S)
    await catalog.collect_objects(limit=9)
    assert await enter_chunk(catalog, location) is True


@pytest.mark.parametrize("index", [-1, 1, 2**40])
async def test_index_outside_the_object_is_garbage(catalog, uploads, index):
    """A chunk beyond the object's count is not added, but its message is known."""
    location = uploads.location(await uploads.begin(), index=index)
    assert await enter_chunk(catalog, location) is False
    assert await orphans(catalog) == [location.message.id]


async def test_several_chunks_in_one_message(catalog, uploads):
    """A message may hold several chunks, and is garbage only when the last one is gone."""
    first, second = await uploads.begin(), await uploads.begin()
    for object_id in (first, second):
        assert await enter_chunk(catalog, uploads.location(object_id, message_id=5)) is True
    await catalog.release(first, service="upload", key="k")
    assert await catalog.collect_objects(limit=9) == 1
    assert await orphans(catalog) == []
    await catalog.release(second, service="upload", key="k")
    assert await catalog.collect_objects(limit=9) == 1
    assert await orphans(catalog) == [5]


def packed(uploads, places: list[tuple[UUID, int]]) -> tuple[Message, list[Chunk]]:
    """One message with a chunk for each object and index, in this order."""
    message = replace(uploads.location(uuid4()).message, stored_size=38 * len(places))
    chunks = [
        replace(
            uploads.location(object_id, index=index, message_id=message.id).chunk,
            offset=38 * number,
        )
        for number, (object_id, index) in enumerate(places)
    ]
    return message, chunks


async def test_a_message_is_entered_with_all_its_chunks(catalog, uploads):
    """The answers are in the order of the chunks, and each chunk is judged by itself."""
    first, second = await uploads.begin(chunk_count=2), await uploads.begin()
    present = uploads.location(first, index=1)
    assert await enter_chunk(catalog, present)
    message, chunks = packed(
        uploads, [(second, 0), (uuid4(), 0), (first, 1), (first, 0), (first, 2)]
    )
    for _ in range(2):
        assert await catalog.add_message(message, chunks) == [True, False, False, True, False]
    assert await catalog.chunks(first, first=0, limit=9) == [
        ChunkLocation(chunk=chunks[3], message=message),
        present,
    ]
    assert await catalog.chunks(second, first=0, limit=9) == [
        ChunkLocation(chunk=chunks[0], message=message)
    ]
    assert await orphans(catalog) == []


async def test_a_message_is_garbage_when_the_last_of_its_chunks_is_gone(catalog, uploads):
    """Deleting one object of a message that holds several leaves the message as it is."""
    first, second = await uploads.begin(), await uploads.begin()
    message, chunks = packed(uploads, [(first, 0), (second, 0)])
    assert await catalog.add_message(message, chunks) == [True, True]
    for object_id, left in ((first, []), (second, [message.id])):
        await catalog.release(object_id, service="upload", key="k")
        assert await catalog.collect_objects(limit=9) == 1
        assert await orphans(catalog) == left


async def test_a_message_without_a_wanted_chunk_is_garbage(catalog, uploads):
    """It is entered for the reaper, whether its chunks are not wanted or it never had any."""
    unwanted, chunks = packed(uploads, [(uuid4(), 0), (uuid4(), 3)])
    empty, _ = packed(uploads, [])
    for _ in range(2):
        assert await catalog.add_message(unwanted, chunks) == [False, False]
        assert await catalog.add_message(empty, []) == []
    assert await orphans(catalog) == [unwanted.id, empty.id]


async def test_a_packed_message_that_was_deleted_takes_no_chunk(catalog, uploads):
    """What was forgotten is not entered again, however many chunks are said to lie in it."""
    object_id = await uploads.begin(chunk_count=2)
    message, chunks = packed(uploads, [(object_id, 0), (object_id, 1)])
    await catalog.add_message(message, [])
    await catalog.forget_message(message.id)
    assert await catalog.add_message(message, chunks) == [False, False]
    assert await orphans(catalog) == []


async def test_a_chunk_of_another_message_is_refused(catalog, uploads):
    """Nothing is entered by a call that is at odds with itself."""
    object_id = await uploads.begin()
    location = uploads.location(object_id)
    other = replace(location.message, id=location.message.id + 1)
    with pytest.raises(InvalidRecord):
        await catalog.add_message(other, [location.chunk])
    assert await orphans(catalog) == []


async def test_messages_at_once_for_the_same_chunks(catalog, uploads):
    """Calls that name the same chunks in any order do not block one another for good."""
    objects = [await uploads.begin() for _ in range(4)]
    messages = [
        packed(uploads, [(object_id, 0) for object_id in order])
        for order in (objects, objects[::-1], objects[2:] + objects[:2])
    ]
    answers = await asyncio.gather(*(catalog.add_message(*message) for message in messages))
    assert sum(map(sum, answers)) == len(objects)


async def test_objects_begin_together(catalog, uploads):
    """Each draft has its own reference; those that have begun before stay as they are."""
    drafts = [uploads.draft(size=size) for size in (1, 2, 3)]
    await catalog.begin_objects(drafts[:1], [uploads.reference(drafts[0].id)])
    holds = [
        uploads.reference(draft.id, ttl_s=ttl_s)
        for draft, ttl_s in zip(drafts, (9, 99, 9), strict=True)
    ]
    await catalog.begin_objects(drafts, holds)
    assert [await catalog.object_by_id(draft.id) for draft in drafts] == drafts
    uploads.clock.advance(10)
    assert await catalog.collect_objects(limit=9) == 2
    assert await catalog.object_by_id(drafts[1].id) == drafts[1]


async def test_objects_begin_all_or_none(catalog, uploads):
    """A draft that the catalog refuses keeps the others from beginning."""
    good, bad = uploads.draft(), replace(uploads.draft(), size=-1)
    with pytest.raises(InvalidRecord):
        await catalog.begin_objects(
            [good, bad], [uploads.reference(good.id), uploads.reference(bad.id)]
        )
    assert await catalog.object_by_id(good.id) is None


async def test_finishing(catalog, uploads):
    """A complete object becomes stored; finishing it again changes nothing."""
    object_id = await uploads.begin()
    await enter_chunk(catalog, uploads.location(object_id))
    stored = await catalog.finish_object(object_id, mime_type="a/b", hash_hex="ab")
    assert (stored.state, stored.mime_type, stored.hash) == (ObjectState.STORED, "a/b", "ab")
    assert await catalog.finish_object(object_id, mime_type="c/d", hash_hex="cd") == stored
    assert await catalog.object_by_id(object_id) == stored


async def test_incomplete_objects_are_not_finished(catalog, uploads):
    """A missing chunk or wrong sizes keep an object uploading; an unknown one is missing."""
    object_id = await uploads.begin(chunk_count=2, size=10)
    await enter_chunk(catalog, uploads.location(object_id, index=1))
    with pytest.raises(ObjectIncomplete):
        await catalog.finish_object(object_id, mime_type="a/b", hash_hex="ab")
    await enter_chunk(catalog, uploads.location(object_id, index=0, size=4))
    with pytest.raises(ObjectIncomplete):
        await catalog.finish_object(object_id, mime_type="a/b", hash_hex="ab")
    assert (await catalog.object_by_id(object_id)).state is ObjectState.UPLOADING
    with pytest.raises(ObjectMissing):
        await catalog.finish_object(uuid4(), mime_type="a/b", hash_hex="ab")


async def test_empty_objects_need_no_chunk(catalog, uploads):
    """An object of no bytes and no chunks is complete from the start."""
    object_id = await uploads.begin(chunk_count=0, size=0)
    stored = await catalog.finish_object(object_id, mime_type="a/b", hash_hex="ab")
    assert stored.size == 0


async def test_objects_live_as_long_as_a_reference(catalog, uploads, clock):
    """A temporary reference keeps content until its expiry, to the moment."""
    object_id = await uploads.store(ttl_s=60.0)
    clock.advance(59.0)
    assert await catalog.collect_objects(limit=9) == 0
    clock.advance(1.0)
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(object_id) is None
    assert await catalog.chunks(object_id, first=0, limit=9) == []
    assert len(await orphans(catalog)) == 1


async def test_hold_moves_the_expiry(catalog, uploads, clock):
    """Holding again moves the expiry, also of a reference that is over but not collected."""
    object_id = await uploads.store(ttl_s=60.0)
    clock.advance(61.0)
    await catalog.hold(uploads.reference(object_id, ttl_s=60.0))
    assert await catalog.collect_objects(limit=9) == 0
    await catalog.hold(uploads.reference(object_id, ttl_s=None))
    clock.advance(10**9)
    assert await catalog.collect_objects(limit=9) == 0
    await catalog.hold(uploads.reference(object_id, ttl_s=0.0))
    assert await catalog.collect_objects(limit=9) == 1


async def test_hold_on_nothing(catalog, uploads):
    """What was collected cannot be held any more."""
    with pytest.raises(ObjectMissing):
        await catalog.hold(uploads.reference(uuid4()))


async def test_every_reference_counts(catalog, uploads):
    """References differ by service and key; content goes with the last of them."""
    object_id = await uploads.store()
    for service, key in (("other", "k"), ("upload", "x")):
        await catalog.hold(uploads.reference(object_id, service=service, key=key, ttl_s=None))
    for service, key in (("upload", "k"), ("other", "k"), ("other", "k")):
        await catalog.release(object_id, service=service, key=key)
        assert await catalog.collect_objects(limit=9) == 0
    await catalog.release(object_id, service="upload", key="x")
    assert await catalog.collect_objects(limit=9) == 1
    await catalog.release(object_id, service="upload", key="x")


async def test_renewing(catalog, uploads, clock):
    """Renewing moves the live temporary references that it names, and no others."""
    over = await uploads.store(ttl_s=10.0)
    clock.advance(20.0)
    live = await uploads.store(ttl_s=10.0)
    unnamed = await uploads.store(ttl_s=10.0)
    foreign = await uploads.begin(ttl_s=10.0)
    await catalog.release(foreign, service="upload", key="k")
    await catalog.hold(uploads.reference(foreign, service="other", ttl_s=10.0))
    permanent = await uploads.begin(ttl_s=None)
    held = [(each, "k") for each in (over, live, foreign, permanent, uuid4())]
    await catalog.renew("upload", [*held, (unnamed, "x")], expires_at=clock() + 100.0)
    clock.advance(50.0)
    assert await catalog.collect_objects(limit=9) == 3
    everything = (over, unnamed, foreign, live, permanent)
    present = [await catalog.object_by_id(each) for each in everything]
    assert [each is not None for each in present] == [False, False, False, True, True]
    clock.advance(50.0)
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(permanent) is not None


async def test_renewing_nothing(catalog, uploads, clock):
    """Without a name nothing is moved; many names are no trouble."""
    object_id = await uploads.begin(ttl_s=10.0)
    await catalog.renew("upload", [], expires_at=clock() + 100.0)
    many = [(uuid4(), str(number)) for number in range(1000)]
    await catalog.renew("upload", many, expires_at=clock() + 100.0)
    clock.advance(10.0)
    assert await catalog.collect_objects(limit=9) == 1
    assert await catalog.object_by_id(object_id) is None


async def test_collecting_in_batches(catalog, uploads, clock):
    """Never more than the limit go at once, and nothing goes twice."""
    for _ in range(5):
        await uploads.begin(ttl_s=1.0)
    clock.advance(1.0)
    assert [await catalog.collect_objects(limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_collecting_big_objects(catalog, uploads, clock):
    """A call ends with the object that brings the chunks to 20 000, and the next goes on."""
    for _ in range(5):
        await uploads.begin(chunk_count=12_000, size=12_000, ttl_s=1.0)
    clock.advance(1.0)
    assert [await catalog.collect_objects(limit=9) for _ in range(4)] == [2, 2, 1, 0]


async def test_an_object_of_any_size_is_collected(catalog, uploads, clock):
    """An object with more chunks than a call deletes otherwise goes too."""
    await uploads.begin(chunk_count=50_000, size=50_000, ttl_s=1.0)
    clock.advance(1.0)
    assert await catalog.collect_objects(limit=9) == 1


async def test_hold_and_collection_at_once(catalog, uploads, clock):
    """Either the new reference comes first and content stays, or it is refused."""
    for _ in range(10):
        object_id = await uploads.store(ttl_s=1.0)
        clock.advance(1.0)
        answers: tuple[Any, Any] = await asyncio.gather(
            catalog.hold(uploads.reference(object_id, ttl_s=60.0)),
            catalog.collect_objects(limit=9),
            return_exceptions=True,
        )
        held, collected = answers
        assert collected == (1 if isinstance(held, ObjectMissing) else 0)
        assert (await catalog.object_by_id(object_id) is None) == (collected == 1)
        await catalog.release(object_id, service="upload", key="k")
        await catalog.collect_objects(limit=9)


async def test_message_with_a_chunk_is_not_forgotten(catalog, uploads):
    """Forgetting a message that holds a chunk changes nothing."""
    object_id = await uploads.begin()
    location = uploads.location(object_id)
    await enter_chunk(catalog, location)
    await catalog.forget_message(location.message.id)
    assert await catalog.chunks(object_id, first=0, limit=9) == [location]


@pytest.mark.parametrize("message_id", [10**22, 2**63])
async def test_impossible_numbers_are_refused(catalog, uploads, message_id):
    """A number that no database integer can hold is a typed error."""
    with pytest.raises(InvalidRecord):
        await enter_chunk(catalog, uploads.location(uuid4(), message_id=message_id))


async def test_contradictory_records_are_refused(catalog, uploads):
    """A record at odds with itself is a typed error, and nothing of it is written."""
    draft = replace(uploads.draft(), size=-1)
    with pytest.raises(InvalidRecord):
        await catalog.begin_objects([draft], [uploads.reference(draft.id)])
    draft = uploads.draft()
    with pytest.raises(InvalidRecord):
        await catalog.begin_objects([draft], [uploads.reference(uuid4())])
    assert await catalog.object_by_id(draft.id) is None


async def test_check_passes(catalog):
    """A catalog that works says so."""
    await catalog.check_reads()
