"""The promises of `MasterKeyStore`."""

OLD, NEW, OTHER = (bytes([number]) * 4 for number in (0, 1, 255))


async def test_content_is_known_by_the_key_that_sealed_it(catalog, uploads, clock):
    """Keys that are not configured are told with what they have sealed; what is configured is not."""
    await uploads.put((), "before any key was noted")
    assert await catalog.note_master_key(OLD)
    assert not await catalog.note_master_key(OLD)
    clock.advance(1.0)
    await uploads.put((), "of the old key")
    clock.advance(1.0)
    assert await catalog.note_master_key(NEW)
    await uploads.put((), "of the new key")
    clock.advance(1.0)
    await catalog.note_master_key(OLD)
    await uploads.put((), "of the old key again")
    assert await catalog.content_of_missing_keys([OLD, NEW]) == {}
    assert await catalog.content_of_missing_keys([NEW]) == {OLD: 3}
    assert await catalog.content_of_missing_keys([OLD, OTHER]) == {NEW: 1}
    assert await catalog.content_of_missing_keys([]) == {OLD: 3, NEW: 1}


async def test_what_is_not_sealed_needs_no_key(catalog, uploads):
    """An upload under way, and an empty file, are no content of a key."""
    await catalog.note_master_key(OLD)
    await uploads.begin()
    draft = uploads.draft(chunk_count=0, size=0)
    await catalog.begin_objects([draft], [uploads.reference(draft.id)])
    await catalog.finish_object(draft.id, mime_type="text/plain", hash_hex="ab" * 32)
    assert await catalog.content_of_missing_keys([]) == {}


async def test_a_key_that_was_configured_by_mistake_needs_nothing(catalog, uploads, clock):
    """Nothing was stored with it, also where the clock was set back meanwhile."""
    await catalog.note_master_key(OLD)
    await uploads.put((), "of the old key")
    clock.advance(5.0)
    await catalog.note_master_key(OTHER)
    clock.advance(-2.0)
    await catalog.note_master_key(OLD)
    clock.advance(3.0)
    await uploads.put((), "of the old key, too")
    assert await catalog.content_of_missing_keys([OLD]) == {}
    assert await catalog.content_of_missing_keys([]) == {OLD: 2}
