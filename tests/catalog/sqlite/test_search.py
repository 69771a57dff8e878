"""Searches on SQLite: what they read when much is stored, and how long they may take."""

import pytest

from catalog.errors import SearchTooLong
from catalog.search_port import SearchHit, SearchQuery
from catalog.sqlite import database as databases
from catalog.sqlite import search as searches

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


async def test_a_search_that_takes_too_long_is_ended(database, monkeypatch):
    """It raises, and the next one runs."""
    monkeypatch.setattr(databases, "SEARCH_S", 0.01)
    with pytest.raises(SearchTooLong):
        await database.search(lambda session: session.rows(ENDLESS))
    monkeypatch.setattr(databases, "SEARCH_S", 60)
    assert await database.search(lambda session: session.row("SELECT 1 AS one")["one"]) == 1


QUERIES = [
    SearchQuery(text="f"),
    SearchQuery(text="file"),
    SearchQuery(text="ile"),
    SearchQuery(text="ile 1"),
    SearchQuery(text="file 1"),
    SearchQuery(),
    SearchQuery(types=("text/*",)),
    SearchQuery(text="le", min_size=3),
    SearchQuery(text="fi", folders=False),
    SearchQuery(changed_from=1_800_000_003.0, changed_before=1_800_000_009.0),
    SearchQuery(text="file", changed_before=1_800_000_009.0, folders=False),
]


@pytest.mark.parametrize("query", QUERIES)
async def test_much_is_found_as_little_is(catalog, uploads, clock, monkeypatch, query):
    """Reading in the order of time finds the same in the same order as looking at all candidates."""
    viewer = await catalog.create_user("ann", "hash")
    for number in range(24):
        name = ("file {}", "a file {}", "profile", "other {}")[number % 4].format(number % 5)
        await uploads.put((f"d{number % 3}", f"file {number}"), name, size=number % 6)
        clock.advance(number % 2)

    async def found() -> list[SearchHit]:
        whole: list[SearchHit] = []
        after = None
        while True:
            page = await catalog.search(query, viewer_id=viewer.id, after=after, limit=5)
            whole += page.hits
            after = page.next
            if after is None:
                return whole

    few = await found()
    monkeypatch.setattr(searches, "MOST_CANDIDATES", 1)
    monkeypatch.setattr(searches, "_ROWS_READ", 2)
    assert await found() == few
    assert len(few) > 5
