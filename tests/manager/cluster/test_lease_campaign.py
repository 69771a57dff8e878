"""A campaign ends when it is closed, whatever its last request does."""

import asyncio
import time
from typing import cast

from common.tasks import cancel_and_wait
from manager.cluster.election import Candidacy, LeaseRecord, LeaseTiming, Write
from manager.cluster.nats_leases import Callbacks, LeaseCampaign, LeaseStore
from tests.manager.sockets.peers import PATIENCE_S


class _Stubborn:
    """A store whose answer comes together with the cancellation, which is forgotten then."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()

    async def read(self, lease: str) -> tuple[LeaseRecord | None, int]:
        """As `asyncio.wait_for` of Python 3.11 in such a case."""
        self.is_asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return None, 0
        raise AssertionError

    async def write(self, lease: str, write: Write) -> int | None:
        """Another one was quicker."""
        return None


async def test_a_campaign_ends_although_its_cancellation_is_forgotten():
    """Otherwise a manager that stops would wait for it for ever."""
    store = _Stubborn()

    async def closed(campaign: LeaseCampaign, *, was_held: bool) -> None:
        del campaign, was_held
        await cancel_and_wait(running)

    async def emptied() -> None:
        """Nothing is lost."""

    campaign = LeaseCampaign(
        cast(LeaseStore, store),
        "work",
        Candidacy("a", LeaseTiming()),
        Callbacks(elected=lambda _: None, lost=lambda: None, emptied=emptied, closed=closed),
        clock=time.time,
        monotonic=time.monotonic,
    )
    running = asyncio.create_task(campaign.run())
    campaign.connected()
    await store.is_asked.wait()
    async with asyncio.timeout(PATIENCE_S):
        await campaign.close()
    assert running.done()
