"""Messages with several chunks: when they are garbage, and how their chunks move into others."""

from dataclasses import replace

import pytest

from catalog.records import Chunk, ChunkMove, Message, MessageAuthor, MessageUse, Reference

AUTHOR = MessageAuthor(webhook_id=88, channel_id=77)
SIZES = (10, 20, 30)


def message(message_id: int, stored_size: int = 60) -> Message:
    """A message of the author."""
    return Message(id=message_id, channel_id=77, webhook_id=88, stored_size=stored_size)


@pytest.fixture
async def chunks(catalog, uploads) -> list[Chunk]:
    """Chunks of three objects, one behind the other in message 1."""
    made, offset = [], 0
    for size in SIZES:
        draft = uploads.draft(size=size)
        hold = Reference(object_id=draft.id, service="test", key="k", expires_at=None)
        await catalog.begin_objects([draft], [hold])
        made.append(
            Chunk(
                object_id=draft.id,
                index=0,
                message_id=1,
                attachment_id=5,
                offset=offset,
                stored_size=size,
                size=size,
                digest=b"d" * 32,
            )
        )
        offset += size
    assert await catalog.add_message(message(1), made) == [True] * 3
    return made


async def drop(catalog, chunk: Chunk) -> None:
    """Deletes the object of a chunk."""
    await catalog.release(chunk.object_id, service="test", key="k")
    assert await catalog.collect_objects(limit=10) == 1


async def orphans(catalog) -> list[int]:
    """Messages that are to be deleted now."""
    return [each.id for each in await catalog.orphan_messages(AUTHOR, limit=10)]


async def lies_at(catalog, chunk: Chunk) -> tuple[int, int | None, int]:
    """Where the catalog says that a chunk lies."""
    (location,) = await catalog.chunks(chunk.object_id, first=0, limit=1)
    assert location.message.id == location.chunk.message_id
    return location.chunk.message_id, location.chunk.attachment_id, location.chunk.offset


async def test_a_message_is_garbage_when_its_last_chunk_is_gone(catalog, chunks):
    """Not before, however few are left; the bytes that are used tell how much of it is holes."""
    for left in (60, 50, 30):
        assert await catalog.messages_in_use(after=0, limit=10) == [
            MessageUse(message=message(1), used_bytes=left)
        ]
        assert await orphans(catalog) == []
        await drop(catalog, chunks.pop(0))
    assert await catalog.messages_in_use(after=0, limit=10) == []
    assert await orphans(catalog) == [1]


async def test_messages_in_use_come_in_pages(catalog, chunks):
    """Behind an id, in order."""
    taken = replace(chunks[0], message_id=3)
    assert await catalog.add_message(message(3), [taken]) == [False]
    pages = [
        [use.message.id for use in await catalog.messages_in_use(after=after, limit=1)]
        for after in (0, 1)
    ]
    assert pages == [[1], []]


async def test_chunks_move_into_another_message(catalog, chunks):
    """They lie there from then on; the old message is garbage, but not before the given time."""
    moves = [ChunkMove(chunk=chunk, attachment_id=7, offset=100 + chunk.offset) for chunk in chunks]
    assert sorted(map(str, await catalog.chunks_in(1))) == sorted(map(str, chunks))
    for _ in range(2):
        assert await catalog.move_chunks(message(2), moves, keep_until=1.0) == 3
    assert [await lies_at(catalog, chunk) for chunk in chunks] == [
        (2, 7, 100 + chunk.offset) for chunk in chunks
    ]
    assert await catalog.chunks_in(1) == []
    assert await orphans(catalog) == [1]
    await drop(catalog, chunks[0])
    assert await catalog.messages_in_use(after=0, limit=10) == [
        MessageUse(message=message(2), used_bytes=50)
    ]


async def test_an_emptied_message_is_kept_for_readers(catalog, chunks):
    """They may have been told where the chunks lay."""
    moves = [ChunkMove(chunk=chunk, attachment_id=7, offset=chunk.offset) for chunk in chunks]
    await catalog.move_chunks(message(2), moves, keep_until=10.0**12)
    assert await orphans(catalog) == []
    assert await catalog.count_orphans([AUTHOR]) == 1


async def test_a_chunk_that_went_or_moved_meanwhile_stays(catalog, chunks):
    """The others move; a message into which none does is garbage."""
    await drop(catalog, chunks[0])
    moves = [ChunkMove(chunk=chunk, attachment_id=7, offset=chunk.offset) for chunk in chunks]
    assert await catalog.move_chunks(message(2), moves[:2], keep_until=1.0) == 1
    assert await lies_at(catalog, chunks[1]) == (2, 7, 10)
    assert await lies_at(catalog, chunks[2]) == (1, 5, 30)
    assert await catalog.move_chunks(message(3), moves[:2], keep_until=1.0) == 0
    assert await lies_at(catalog, chunks[1]) == (2, 7, 10)
    assert await orphans(catalog) == [3]


async def test_no_chunk_moves_into_a_message_that_was_given_up(catalog, chunks):
    """It may be deleted on Discord at any moment, or is."""
    await catalog.add_message(message(2), [])
    moves = [ChunkMove(chunk=chunk, attachment_id=7, offset=chunk.offset) for chunk in chunks]
    assert await catalog.move_chunks(message(2), moves, keep_until=1.0) == 0
    await catalog.forget_message(2)
    assert await catalog.move_chunks(message(2), moves, keep_until=1.0) == 0
    assert await lies_at(catalog, chunks[0]) == (1, 5, 0)
    assert await orphans(catalog) == []
