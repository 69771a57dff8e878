"""The extension `search`: what clients find, and what a search costs others."""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any

import pytest

from catalog.errors import SearchTooLong
from catalog.search_port import SearchPage
from manager.errors import SearchEnded, SearchOvertaken
from manager.files.search import SearchHandlers, index_older_texts
from manager.scopes import FULL_SCOPE
from protocol import c2s, generic, s2c
from protocol.extensions import SEARCH
from tests.manager.sockets.peers import ClientPeer, client_query


async def _connected(world, name: str) -> AbstractAsyncContextManager[ClientPeer]:
    query = client_query(await world.stage.token(name))
    return ClientPeer.connected(world.stage.socket_url, "s2c", query, extensions=[SEARCH])


async def _results(client: ClientPeer, **conditions) -> s2c.SearchResults:
    return await client.ask(c2s.SearchRequest(**conditions), s2c.SearchResults)


async def test_files_and_folders_are_found_with_what_may_be_done(world):
    """With the folder that they lie in and the handle of a listing, also when they are restricted."""
    await world.put("/a/Report")
    await world.put("/a/b/report 2", owner="bob")
    await world.put("/reports/x")
    async with await _connected(world, "alice") as alice:
        found = await _results(alice, text="REPORT")
    assert found.results[0].match == "name"
    assert {(each.match, each.path) for each in found.results} == {
        ("name", "/a"),
        ("prefix", "/a/b"),
        ("prefix", "/"),
    }
    files = {each.file.name: each.file.ownership.can for each in found.results if each.file}
    assert files == {"Report": "rw", "report 2": "none"}
    [folder] = [each.folder for each in found.results if each.folder]
    assert (folder.name, folder.parent_folder) == ("reports", None)
    assert found.next is None


async def test_pages_follow_each_other(world):
    """`next` of an answer is `after` of the next request."""
    for number in range(3):
        await world.put(f"/f{number}")
    async with await _connected(world, "alice") as alice:
        whole = await _results(alice, text="f")
        first = await _results(alice, text="f", limit=2)
        second = await _results(alice, text="f", limit=2, after=first.next)
    assert first.results + second.results == whole.results
    assert len(whole.results) == 3
    assert second.next is None


async def test_conditions_are_those_of_the_packet(world):
    """Folder, kind, type, size, time and owner."""
    await world.put("/a/one")
    await world.put("/b/two", owner="bob")
    async with await _connected(world, "alice") as alice:
        users = await alice.ask(c2s.UserSearchRequest(query="bob"), s2c.UserSearch)
        [bob] = users.results or ()

        async def names(**conditions) -> set[str]:
            found = await _results(alice, **conditions)
            return {entry.name for each in found.results if (entry := each.file or each.folder)}

        assert await names() == {"a", "b", "one", "two"}
        assert await names(path="/b") == {"two"}
        assert await names(entries="files") == {"one", "two"}
        assert await names(entries="subfolders") == {"a", "b"}
        assert await names(owner_id=bob.id) == {"two"}
        assert await names(types=("video/*",)) == set()
        assert await names(min_size=2**40) == set()
        assert await names(max_size=2**40) == {"one", "two"}
        assert await names(changed_from="2999-01-01T00:00:00Z") == set()
        assert await names(changed_before="1999-01-01T00:00:00Z") == set()


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ({"text": "a b c d e f g h i"}, "at most 8 words"),
        ({"types": ("image/*",) * 17}, "at most 16 types"),
        ({"path": "/lost"}, "there is no such folder"),
        ({"after": "0:1:2"}, "next"),
        ({"after": "9:0x1.8p+30:5"}, "next"),
        ({"changed_from": "2026-02-31T00:00:00Z"}, "day"),
    ],
)
async def test_bad_searches_are_refused(world, conditions, reason):
    """With a reason, and the connection stays."""
    async with await _connected(world, "alice") as alice:
        answer = await alice.ask(c2s.SearchRequest(**conditions), generic.Boolean)
        assert not answer.success
        assert reason in (answer.message or "")
        assert (await _results(alice)).results == ()


class SlowCatalog:
    """Answers searches when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.failure: Exception | None = None

    async def search(self, query, **_) -> SearchPage:
        """Waits for `answers`."""
        self.asked.append(query.text)
        self.is_asked.set()
        await self.answers.wait()
        if self.failure is not None:
            raise self.failure
        return SearchPage(hits=(), next=None)


def _request(client_id: str, user_id: int = 1) -> Any:
    login = SimpleNamespace(scope=FULL_SCOPE)
    user = SimpleNamespace(id=user_id)
    return SimpleNamespace(client=SimpleNamespace(id=client_id, user=user, login=login))


async def test_a_newer_search_overtakes_one_that_waits():
    """One of a user runs; of those that wait, each connection has its newest done."""
    catalog: Any = SlowCatalog()
    handlers = SearchHandlers(catalog)
    order = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")]
    async with asyncio.TaskGroup() as group:
        searches = [
            group.create_task(
                _outcome(handlers.search(_request(client), c2s.SearchRequest(text=text)))
            )
            for client, text in order
        ]
        await catalog.is_asked.wait()
        assert catalog.asked == ["1"]
        catalog.answers.set()
    assert [type(each.result()) for each in searches] == [
        s2c.SearchResults,
        SearchOvertaken,
        s2c.SearchResults,
        s2c.SearchResults,
    ]
    assert catalog.asked == ["1", "3", "4"]


async def _outcome(search) -> object:
    try:
        return await search
    except SearchOvertaken as error:
        return error


async def test_a_search_that_takes_too_long_is_told():
    """By an error that says what to do."""
    catalog: Any = SlowCatalog()
    catalog.failure = SearchTooLong()
    catalog.answers.set()
    with pytest.raises(SearchEnded, match="type more of the name"):
        await SearchHandlers(catalog).search(_request("a"), c2s.SearchRequest(text="x"))


async def test_texts_of_before_are_indexed_to_the_end():
    """Some at a time, until there is none left."""

    class Catalog:
        left = 3

        async def index_texts(self, *, limit: int) -> int:
            assert limit > 0
            self.left -= 1
            return max(self.left, 0)

    catalog: Any = Catalog()
    await index_older_texts(catalog)
    assert catalog.left == 0
