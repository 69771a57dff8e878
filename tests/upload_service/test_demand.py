"""What the manager is told of posts that wait."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from client_sdk.errors import ConnectionLost
from protocol.extensions import CHANNEL_DEMAND
from storage.errors import PostWithdrawn
from upload_service.demand import CALM_S, POLL_S, REPEAT_S, ChannelDemandMeter, DemandReporter


class Link:
    """A link that keeps what is sent over it, or is lost."""

    def __init__(self, *granted: str, is_lost: bool = False) -> None:
        self.granted = frozenset(granted)
        self.told: list[int] = []
        self.is_lost = is_lost

    async def send(self, packet) -> None:
        """Takes a packet."""
        if self.is_lost:
            raise ConnectionLost("gone")
        self.told.append(packet.waiting)


class Stage:
    """A meter and its reporter, looked at step by step: the reporter sleeps until the next `look`."""

    def __init__(self, *links: Link) -> None:
        self.links = links
        self.now = 0.0
        self.waiting = 0
        self.meter = ChannelDemandMeter(lambda: self.waiting)
        self._asleep = asyncio.Event()
        self._wake = asyncio.Event()
        self.reporter = DemandReporter(
            self.meter, self._links, clock=lambda: self.now, sleep=self._sleep
        )

    def _links(self) -> Iterator[Any]:
        return iter(self.links)

    async def _sleep(self, seconds: float) -> None:
        assert seconds == POLL_S
        self._asleep.set()
        self._wake.clear()
        await self._wake.wait()

    async def look(self, *, after_s: float = POLL_S) -> None:
        """Lets the reporter look once more, so many seconds later."""
        self.now += after_s
        self._asleep.clear()
        self._wake.set()
        await self._asleep.wait()


@pytest.fixture
async def running():
    """Starts the reporter of a stage."""
    tasks = []

    async def start(stage: Stage) -> Stage:
        tasks.append(asyncio.create_task(stage.reporter.run()))
        return stage

    yield start
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_waiting_posts_are_told_at_once_and_again(running):
    """At the first look, then every few seconds with the present number, and not in between."""
    link = Link(CHANNEL_DEMAND)
    stage = await running(Stage(link))
    with stage.meter.posting():
        await stage.look()
        assert link.told == []
        stage.waiting = 3
        await stage.look()
        await stage.look()
        assert link.told == [3]
        stage.waiting = 5
        await stage.look(after_s=REPEAT_S)
        assert link.told == [3, 5]


async def test_the_end_is_told_once_after_a_while(running):
    """Only when no post has waited for some time, even if nothing is posted any more."""
    link = Link(CHANNEL_DEMAND)
    stage = await running(Stage(link))
    with stage.meter.posting():
        stage.waiting = 1
        await stage.look()
    stage.waiting = 0
    await stage.look(after_s=CALM_S / 2)
    assert link.told == [1]
    stage.now += CALM_S
    with stage.meter.posting():
        await stage.look()
        await stage.look()
    assert link.told == [1, 0]


async def test_it_is_told_over_any_link(running):
    """One that is lost, or that does not know of demand, is passed over; without any it is told later."""
    lost, old, good = Link(CHANNEL_DEMAND, is_lost=True), Link(), Link(CHANNEL_DEMAND)
    stage = await running(Stage(lost, old))
    stage.waiting = 1
    with stage.meter.posting():
        await stage.look()
        stage.links = (lost, old, good)
        await stage.look()
    assert (old.told, good.told) == ([], [1])


async def test_a_post_without_a_channel_waits_for_the_lease():
    """It counts as one that waits until the lease has changed."""
    meter = ChannelDemandMeter(lambda: 2)
    changed, ended = asyncio.Event(), asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(meter.until_leased(changed, ended))
    await asyncio.sleep(0)
    assert meter.waiting == 3
    changed.set()
    await waiting
    assert meter.waiting == 2


async def test_a_post_without_a_channel_ends_with_its_upload():
    """Nobody waits for a lease on behalf of an upload that is over."""
    meter = ChannelDemandMeter(lambda: 0)
    ended = asyncio.get_running_loop().create_future()
    ended.set_result(None)
    with pytest.raises(PostWithdrawn):
        await meter.until_leased(asyncio.Event(), ended)
