"""How long the manager tries to reach a catalog that is away, and that peers are answered in time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from catalog.errors import CatalogUnavailable, ObjectMissing
from common.retry import RetryPolicy
from manager.retrying import MAX_HANGING, CatalogRetry
from protocol.values import REPLY_TIMEOUT_S
from tests.manager.sockets.flaky import VirtualTime


@pytest.fixture
def time() -> VirtualTime:
    """Time that passes while somebody pauses between two tries."""
    return VirtualTime()


@pytest.fixture
def retry(time: VirtualTime) -> CatalogRetry:
    """The manager's, in virtual time."""
    return CatalogRetry(
        commit_within_s=100.0,
        sleep=time.sleep,
        policy=RetryPolicy(first_s=1.0, cap_s=1.0, monotonic=time.monotonic, sleep=time.pause),
    )


def failing(*outcomes: Exception | str) -> Callable[[], Awaitable[str]]:
    """A call that has these outcomes, one after the other, and the last one from then on."""
    left = list(outcomes)

    async def call() -> str:
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return call


AWAY = CatalogUnavailable("the disk is full")


@pytest.mark.parametrize("method", ["answering", "committing"])
async def test_short_absences_are_waited_out(retry: CatalogRetry, method: str):
    """The first answer counts; other errors are passed on at once."""
    call = getattr(retry, method)
    assert await call(failing(AWAY, AWAY, "done")) == "done"
    with pytest.raises(ObjectMissing):
        await call(failing(AWAY, ObjectMissing("gone"), "done"))


@pytest.mark.parametrize(("method", "limit_s"), [("answering", 7.0), ("committing", 100.0)])
async def test_a_catalog_that_stays_away_is_given_up(
    retry: CatalogRetry, time: VirtualTime, method: str, limit_s: float
):
    """With its own reason, and neither early nor late."""
    with pytest.raises(CatalogUnavailable, match="disk is full"):
        await getattr(retry, method)(failing(AWAY))
    assert limit_s <= time.monotonic() <= limit_s + 1.0


async def test_a_peer_is_answered_in_time_whatever_the_catalog_does(
    retry: CatalogRetry, time: VirtualTime
):
    """A call that hangs is left to its end, of which nobody hears any more."""
    begun, end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await end.wait()
        ended.set()
        raise AWAY

    asking = asyncio.create_task(retry.answering(hang))
    await begun.wait()
    time.advance(REPLY_TIMEOUT_S)
    with pytest.raises(CatalogUnavailable, match="in time"):
        await asking
    end.set()
    await ended.wait()


async def test_hanging_calls_are_bounded():
    """When very many hang, further ones are refused instead of joining them."""

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    retry, end = CatalogRetry(sleep=at_once), asyncio.Event()
    for _ in range(MAX_HANGING):
        with pytest.raises(CatalogUnavailable, match="in time"):
            await retry.answering(end.wait)
    with pytest.raises(CatalogUnavailable, match="too many"):
        await retry.answering(end.wait)
    end.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await retry.answering(failing("done")) == "done"


async def test_who_is_cancelled_waits_until_the_call_has_settled(retry: CatalogRetry):
    """So that nothing is written any more after a stop."""
    begun, settling, settled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def write() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            settling.set()
            await settled.wait()

    asking = asyncio.create_task(retry.answering(write))
    await begun.wait()
    asking.cancel()
    await settling.wait()
    assert not asking.done()
    settled.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
