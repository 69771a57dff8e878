"""Orders that share requests: each is answered as if it were alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from catalog.errors import CatalogUnavailable, InvalidRecord, NameTaken
from catalog.port import FailOnConflict, UploadCommit
from catalog.supabase.grouped_requests import MOST_ORDERS, REQUESTS_AT_ONCE, GroupedRequests


@dataclass
class Server:
    """Answers requests when it is let; one that holds a `bad` order is refused as a whole."""

    requests: list[list[str]] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def __call__(self, orders: Sequence[str]) -> list[str]:
        """Carries a request out."""
        self.requests.append(list(orders))
        await self.opened.wait()
        if self.error is not None:
            raise self.error
        if "bad" in orders:
            raise InvalidRecord("bad")
        return [f"{order} done" for order in orders]


async def started(
    group: GroupedRequests[str, str], *orders: str
) -> list[asyncio.Task[Sequence[str]]]:
    """A caller for each order, as far as it comes by itself: the first ones have requests under way."""
    callers = []
    for number, order in enumerate(orders):
        callers.append(asyncio.create_task(group.carry_out([order])))
        if number < REQUESTS_AT_ONCE:
            await rest()
    await rest()
    return callers


async def rest() -> None:
    """Lets everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_comes_meanwhile_shares_the_next_request():
    """While some are under way; whoever comes alone goes at once."""
    server = Server()
    callers = await started(GroupedRequests(server), "a", "b", "c", "d", "e")
    assert server.requests == [["a"], ["b"]]
    server.opened.set()
    answers = await asyncio.gather(*callers)
    assert answers == [[f"{order} done"] for order in "abcde"]
    assert server.requests[REQUESTS_AT_ONCE:] == [["c", "d", "e"]]


async def test_what_comes_at_the_same_time_shares_a_request():
    """Though none is under way."""
    server = Server()
    server.opened.set()
    group = GroupedRequests(server)
    await asyncio.gather(*(group.carry_out([order]) for order in "abc"))
    assert server.requests == [["a", "b", "c"]]


async def test_a_request_that_is_refused_as_a_whole_is_sent_again_by_caller():
    """Only the one whose order is bad fails."""
    server = Server()
    callers = await started(GroupedRequests(server), "a", "b", "c", "bad", "d")
    server.opened.set()
    *_, third, bad, last = await asyncio.gather(*callers, return_exceptions=True)
    assert (third, last) == (["c done"], ["d done"])
    assert isinstance(bad, InvalidRecord)


@pytest.mark.parametrize("error", [CatalogUnavailable("away"), RuntimeError("a defect")])
async def test_what_fails_for_all_fails_for_each(error):
    """Nobody waits for ever, and what comes later is carried out."""
    server = Server(error=error)
    group = GroupedRequests(server)
    callers = await started(group, "a", "b", "c", "d")
    server.opened.set()
    assert await asyncio.gather(*callers, return_exceptions=True) == [error] * 4
    assert len(server.requests) == REQUESTS_AT_ONCE + 1
    server.error = None
    assert await group.carry_out(["e"]) == ["e done"]


async def test_a_caller_that_is_cancelled_costs_the_others_nothing():
    """It goes on once its request is over, whoever has sent that."""
    server = Server()
    callers = await started(GroupedRequests(server), "a", "b", "c", "d")
    for caller in (callers[0], callers[2]):
        caller.cancel()
    await rest()
    assert not any(caller.done() for caller in callers)
    server.opened.set()
    ended = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(each) for each in ended] == [asyncio.CancelledError, list] * 2


async def test_a_request_has_an_end():
    """What one does not take goes by the next, and many orders of one caller stay together."""
    server = Server()
    group = GroupedRequests(server)
    callers = await started(group, *(str(number) for number in range(MOST_ORDERS + 50)))
    large = asyncio.create_task(group.carry_out(["x"] * (MOST_ORDERS + 1)))
    server.opened.set()
    await asyncio.gather(*callers)
    assert len(await large) == MOST_ORDERS + 1
    assert sorted(map(len, server.requests)) == [1, 1, 48, MOST_ORDERS, MOST_ORDERS + 1]


async def test_commits_at_the_same_time_share_calls_of_the_database(catalog, uploads, empty):
    """Each has its own outcome."""
    objects = [await uploads.store() for _ in range(20)]
    names = [f"file {number // 2}" for number in range(20)]
    before = empty.gateway.calls.count("commit_uploads")

    async def commit(object_id, name) -> bool:
        try:
            await catalog.commit_upload(
                UploadCommit(
                    object_id=object_id,
                    mime_type="text/plain",
                    hash_hex="ab" * 32,
                    folder=(),
                    name=name,
                    owner_id=None,
                    is_public=False,
                    on_conflict=FailOnConflict(),
                )
            )
        except NameTaken:
            return False
        return True

    outcomes = await asyncio.gather(*map(commit, objects, names))
    assert outcomes == [True, False] * 10
    assert empty.gateway.calls.count("commit_uploads") - before < 10
