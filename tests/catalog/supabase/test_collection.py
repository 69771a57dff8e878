"""How much a call of the collector does at once."""


async def test_much_garbage_begins_its_grace_in_several_calls(catalog, empty):
    """However much lies there, a call notices no more than it has time for, and the next goes on."""
    empty.database.query(
        "insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, mime_type,"
        " hash, created_at) select gen_random_uuid(), 0, 1, 0, 'v1', 'stored', 'a/b', 'ab', 0"
        " from generate_series(1, 20001)"
    )
    count = "select count(*) from public.objects where unreferenced_since is null"
    for left in (1, 0):
        assert await catalog.collect_objects(limit=100, grace_s=60.0) == 0
        assert int(empty.database.query(count)) == left
