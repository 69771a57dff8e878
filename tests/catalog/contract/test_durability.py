"""What was acknowledged survives the death of the process."""

from uuid import UUID

from tests.orphans import orphans_of

OBJECT_ID = UUID(int=1)


async def test_commit_survives_kill(backend):
    """A commit that returned is there, whole, after the process was killed at once."""
    assert backend.run_dying_process("commit") == "acknowledged"
    async with backend.open() as catalog:
        file = await catalog.file_at(("a", "b"), "c.txt")
        assert file is not None
        assert (file.object_id, file.size, file.mime_type) == (OBJECT_ID, 5, "text/plain")
        assert await catalog.usage_by_type(0) == {"text/plain": 5}


async def test_chunk_journal_survives_kill(backend):
    """A chunk that was journalled is there, with its message, after the process was killed."""
    assert backend.run_dying_process("store") == "acknowledged"
    async with backend.open() as catalog:
        chunks = await catalog.chunks(OBJECT_ID, first=0, limit=9)
        assert [(each.chunk.index, each.message.id) for each in chunks] == [(0, 42)]
        assert await orphans_of(catalog) == []


async def test_reopening_finds_everything(backend, uploads_into, clock):
    """Closing and opening again changes nothing."""
    async with backend.open() as catalog:
        file = await uploads_into(catalog, clock).put(("x",), "y.bin", size=9)
        user = await catalog.create_first_user("ann", "hash")
    async with backend.open() as catalog:
        assert await catalog.file_by_id(file.id) == file
        assert await catalog.user_by_id(user.id) == user
