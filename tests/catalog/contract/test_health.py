"""Whether the catalog can be used, as a manager finds out again and again."""


async def test_a_catalog_that_works_says_so(catalog, uploads):
    """Both probes pass, as often as they are asked for, and change nothing."""
    file = await uploads.put((), "a.txt")
    for _ in range(2):
        await catalog.check_reads()
        await catalog.check_writes()
    assert await catalog.file_by_id(file.id, viewer_id=None) == file
