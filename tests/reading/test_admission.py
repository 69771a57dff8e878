"""Which downloads begin: bounds for all, for an address, and for a reader, and who waits for a place."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from reading.admission import DownloadAdmission, DownloadLimits
from reading.errors import TooManyDownloads

LIMITS = DownloadLimits(total=4, per_address=2, per_reader=3, wait_s=0)
PATIENT = DownloadLimits(total=1, per_address=1, per_reader=1, wait_s=60)


async def _places(stack: AsyncExitStack, admission: DownloadAdmission, *askers: str) -> list[bool]:
    """For each `address reader` whether it gets a place, which it keeps."""
    outcomes = []
    for asker in askers:
        address, reader = asker.split()
        try:
            await stack.enter_async_context(admission.admitted(address, reader))
            outcomes.append(True)
        except TooManyDownloads:
            outcomes.append(False)
    return outcomes


async def _settle() -> None:
    """Lets everybody go on who can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("askers", "last"),
    [
        (["a ann", "a bob", "b carl", "a carl"], "b carl"),
        (["a ann", "b ann", "c ann", "d ann"], "d bob"),
        (["a ann", "b bob", "c carl", "d dora", "e emil"], ""),
    ],
    ids=["address", "reader", "all"],
)
async def test_no_address_and_no_reader_has_all_places(askers, last):
    """Who has a full share, or comes when all places are taken, gets none; others do."""
    async with AsyncExitStack() as stack:
        admission = DownloadAdmission(LIMITS)
        outcomes = await _places(stack, admission, *askers)
        assert outcomes == [True] * (len(askers) - 1) + [False]
        assert await _places(stack, admission, *([last] if last else [])) == [True] * bool(last)


async def test_a_place_is_given_back():
    """However a download ends, its place is free again, for the same asker and for others."""
    admission = DownloadAdmission(LIMITS)
    for _ in range(10):
        async with AsyncExitStack() as stack:
            assert all(await _places(stack, admission, "a ann", "a ann", "b ann", "b bob"))
        with pytest.raises(LookupError):
            async with admission.admitted("a", "ann"):
                raise LookupError


async def test_who_waits_longest_is_next():
    """Places go to those who wait, in their order, but not past a full share."""
    limits = DownloadLimits(total=2, per_address=1, per_reader=2, wait_s=60)
    admission = DownloadAdmission(limits)
    began: list[str] = []
    ends = {name: asyncio.Event() for name in ("a1", "a2", "b1", "c1")}

    async def download(name: str) -> None:
        async with admission.admitted(name[0], name):
            began.append(name)
            await ends[name].wait()

    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(download(name)) for name in ("a1", "a2", "b1", "c1")}
        await _settle()
        assert began == ["a1", "b1"]
        for name, begun in (("b1", "c1"), ("a1", "a2")):
            ends[name].set()
            await tasks[name]
            await _settle()
            assert began[-1] == begun
        ends["a2"].set()
        ends["c1"].set()


async def test_who_does_not_wait_any_more_takes_no_place():
    """An asker who is cancelled while it waits, or as it is given a place, leaves it to the next."""
    admission = DownloadAdmission(PATIENT)
    for cancels_first in (True, False):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(admission.admitted("a", "ann"))
            waiting = asyncio.create_task(admission.admitted("b", "bob").__aenter__())
            await _settle()
            if cancels_first:
                waiting.cancel()
            await stack.aclose()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(5), admission.admitted("c", "carl"):
            pass


async def test_only_so_many_wait():
    """Neither all together nor one address can make the manager remember any number of them."""
    limits = DownloadLimits(
        total=1, per_address=1, per_reader=1, wait_s=60, waiting=3, waiting_per_address=2
    )
    admission = DownloadAdmission(limits)
    async with admission.admitted("a", "ann"):
        waiting = [
            asyncio.create_task(admission.admitted(address, "bob").__aenter__())
            for address in ("b", "b", "c")
        ]
        await _settle()
        for address in ("b", "d"):
            with pytest.raises(TooManyDownloads):
                await admission.admitted(address, "bob").__aenter__()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
