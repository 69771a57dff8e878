"""The promises of `MessageStore` and `WebhookStore`."""

from dataclasses import replace
from uuid import uuid4

import pytest

from catalog.content_port import REMEMBERED_WATCH_S
from catalog.records import ChannelLimits, ChunkLocation, Message, MessageAuthor, Quarantine, Watch
from tests.messages import enter_chunk
from tests.orphans import orphans_of

BOT = MessageAuthor(webhook_id=None, channel_id=77)
ONE = MessageAuthor(webhook_id=88, channel_id=77)
ELSEWHERE = MessageAuthor(webhook_id=88, channel_id=78)
TWO = MessageAuthor(webhook_id=89, channel_id=76)


def message_of(author: MessageAuthor, message_id: int) -> Message:
    """A message of an author."""
    return Message(
        id=message_id, channel_id=author.channel_id, webhook_id=author.webhook_id, stored_size=9
    )


def posted_by(location: ChunkLocation, author: MessageAuthor) -> ChunkLocation:
    """The same chunk in a message of that author."""
    return replace(location, message=message_of(author, location.message.id))


@pytest.fixture
def give_up(catalog, uploads):
    """Enters messages of an author that hold no chunk."""

    async def enter(author: MessageAuthor, *message_ids: int) -> None:
        for message_id in message_ids:
            location = uploads.location(uuid4(), message_id=message_id)
            await enter_chunk(catalog, posted_by(location, author))

    return enter


async def ids(catalog, author: MessageAuthor, limit: int = 9) -> list[int]:
    """Ids of an author's messages that hold no chunk."""
    return [message.id for message in await catalog.orphan_messages(author, limit=limit)]


async def test_orphans_come_by_author_oldest_first(catalog, give_up):
    """Messages without chunks come by webhook and channel, by snowflake, until forgotten."""
    await give_up(ONE, 30, 10, 20)
    await give_up(TWO, 5)
    await give_up(ELSEWHERE, 6)
    await give_up(BOT, 7)
    assert await ids(catalog, ONE, limit=2) == [10, 20]
    assert [await ids(catalog, author) for author in (TWO, ELSEWHERE, BOT)] == [[5], [6], [7]]
    assert await catalog.orphan_messages(BOT, limit=1) == [message_of(BOT, 7)]
    for _ in range(2):
        await catalog.forget_message(10)
    assert await ids(catalog, ONE) == [20, 30]
    assert await ids(catalog, MessageAuthor(webhook_id=90, channel_id=77)) == []


async def test_authors_of_orphans(catalog, uploads, give_up):
    """Each webhook, and each bot, is told once for each channel; who has only chunks is not."""
    assert await catalog.orphan_authors(limit=9) == []
    object_id = await uploads.begin()
    await enter_chunk(catalog, uploads.location(object_id))
    assert await catalog.orphan_authors(limit=9) == []
    for number, author in enumerate((TWO, BOT, ELSEWHERE, ONE)):
        await give_up(author, 10 * number + 1, 10 * number + 2)
    assert set(await catalog.orphan_authors(limit=9)) == {BOT, ONE, ELSEWHERE, TWO}
    assert len(await catalog.orphan_authors(limit=9)) == 4
    assert len(await catalog.orphan_authors(limit=3)) == 3


async def test_counting_orphans(catalog, give_up, clock):
    """All that hold no chunk count, those that are postponed too."""
    await give_up(ONE, 1, 2, 3)
    await give_up(BOT, 4)
    await catalog.postpone_message(1, until=clock() + 60)
    assert await catalog.count_orphans([ONE]) == 3
    assert await catalog.count_orphans([BOT, ONE, TWO]) == 4
    assert await catalog.count_orphans([]) == 0


async def test_postponed_messages_are_out_of_the_way(catalog, give_up, clock):
    """A message that is postponed comes again when its time has come, behind those before it."""
    await give_up(ONE, 1, 2)
    await catalog.postpone_message(1, until=clock() + 60)
    await catalog.postpone_message(99, until=clock() + 60)
    assert await ids(catalog, ONE) == [2]
    assert await catalog.orphan_authors(limit=9) == [ONE]
    clock.advance(60)
    assert await ids(catalog, ONE) == [2, 1]
    await catalog.forget_message(1)
    assert await ids(catalog, ONE) == [2]


async def test_a_sweep_enters_what_is_unknown(catalog, uploads):
    """Unknown messages are garbage from then on; known ones stay what they are."""
    object_id = await uploads.begin(chunk_count=2, size=10)
    known = uploads.location(object_id, message_id=5)
    assert await enter_chunk(catalog, known) is True
    found = [message_of(ONE, 4), message_of(ONE, 5), message_of(ELSEWHERE, 6)]
    found[2] = replace(found[2], channel_id=77)
    assert await catalog.note_sweep(77, swept_until=6, messages=found) == 2
    assert await catalog.note_sweep(77, swept_until=6, messages=found) == 0
    assert [message.id for message in await orphans_of(catalog)] == [4, 6]
    assert await catalog.chunks(object_id, first=0, limit=9) == [known]


async def test_what_a_sweep_has_entered_never_becomes_a_chunk(catalog, uploads):
    """A report that comes later is refused, before the message is deleted and after it."""
    object_id = await uploads.begin(chunk_count=2, size=10)
    late = uploads.location(object_id, message_id=4)
    await catalog.note_sweep(77, swept_until=4, messages=[late.message])
    assert await enter_chunk(catalog, late) is False
    await catalog.forget_message(4)
    assert await enter_chunk(catalog, late) is False
    assert await catalog.chunks(object_id, first=0, limit=9) == []


async def test_sweeps_do_not_go_back(catalog):
    """How far a channel was looked through is remembered for each, and only grows."""
    assert await catalog.channel_sweeps() == {}
    await catalog.note_sweep(77, swept_until=10**18)
    await catalog.note_sweep(78, swept_until=3)
    await catalog.note_sweep(77, swept_until=4)
    assert await catalog.channel_sweeps() == {77: 10**18, 78: 3}


async def test_watches(catalog):
    """A watch is prolonged under its beginning, and forgotten long after its end."""
    assert await catalog.watches() == []
    await catalog.keep_watch(Watch(began_at=20.5, seen_at=30.0))
    await catalog.keep_watch(Watch(began_at=5.0, seen_at=5.0))
    await catalog.keep_watch(Watch(began_at=20.5, seen_at=40.25))
    await catalog.keep_watch(Watch(began_at=20.5, seen_at=35.0))
    assert await catalog.watches() == [
        Watch(began_at=5.0, seen_at=5.0),
        Watch(began_at=20.5, seen_at=40.25),
    ]
    later = 5.0 + REMEMBERED_WATCH_S
    for seen_at, number in ((later, 2), (later + 1, 1)):
        await catalog.keep_watch(Watch(began_at=20.5, seen_at=seen_at))
        assert len(await catalog.watches()) == number


async def test_quarantines(catalog):
    """They are told by id until they are ended; a webhook has one."""
    assert await catalog.quarantines() == []
    first = Quarantine(webhook_id=2**62, reason="HTTP 403", is_gone=False, since=1.5)
    other = Quarantine(webhook_id=7, reason="HTTP 404", is_gone=True, since=2.0)
    for quarantine in (first, other):
        await catalog.put_quarantine(quarantine)
    assert await catalog.quarantines() == [other, first]
    worse = replace(first, is_gone=True, reason="HTTP 404")
    await catalog.put_quarantine(worse)
    assert await catalog.quarantines() == [other, worse]
    for _ in range(2):
        await catalog.end_quarantine(7)
    assert await catalog.quarantines() == [worse]


async def test_limits_of_channels(catalog):
    """They are told by channel; a channel has one record, which is replaced."""
    assert await catalog.channel_limits() == []
    first = ChannelLimits(
        channel_id=2**62, attachment_bytes=10_485_248, request_bytes=26_206_208, attachments=10
    )
    other = replace(first, channel_id=7, attachments=1, learned_at=1.5, refused_at=2.25)
    for limits in (first, other):
        await catalog.put_channel_limits(limits)
    assert await catalog.channel_limits() == [other, first]
    higher = replace(first, attachment_bytes=2**40, request_bytes=2**41, learned_at=3.0)
    for _ in range(2):
        await catalog.put_channel_limits(higher)
    assert await catalog.channel_limits() == [other, higher]


async def test_chunks_by_who_posted_them(catalog, uploads):
    """Of each webhook in each channel the first chunk is told; of others, and of bots, none."""
    object_id = await uploads.begin(chunk_count=6, size=30)
    authors = [TWO, ONE, BOT, ELSEWHERE, ONE, TWO]
    locations = [
        posted_by(uploads.location(object_id, index=index), author)
        for index, author in enumerate(authors)
    ]
    for location in locations[::-1]:
        assert await enter_chunk(catalog, location) is True
    other = posted_by(uploads.location(await uploads.begin()), ONE)
    await enter_chunk(catalog, other)
    assert await catalog.chunks_posted_by(object_id, {88}) == [locations[1], locations[3]]
    assert await catalog.chunks_posted_by(object_id, {89, 88, 5}) == [
        locations[1],
        locations[3],
        locations[0],
    ]
    assert await catalog.chunks_posted_by(object_id, []) == []
    assert await catalog.chunks_posted_by(uuid4(), {88}) == []
