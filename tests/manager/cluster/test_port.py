"""The port between managers, over each of its implementations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from common.tasks import BackgroundTasks
from manager.cluster.election import LeaseTiming
from manager.cluster.errors import (
    ClusterMessageTooLarge,
    ClusterTimeout,
    NoResponders,
    RequestRefused,
)
from manager.cluster.in_process import InProcessCluster
from manager.cluster.membership import Member
from manager.cluster.messages import MAX_MESSAGE_BYTES, ClusterMessage
from manager.cluster.nats_cluster import NatsCluster
from manager.cluster.port import Campaign, Cluster
from manager.cluster.timing import ClusterTiming

QUICK = ClusterTiming(
    lease=LeaseTiming(ttl_s=1.0, renew_every_s=0.1, margin_s=0.1, retry_s=0.05),
    presence_ttl_s=1.0,
    heartbeat_s=0.1,
)


class Text(ClusterMessage, frozen=True, kw_only=True):
    """A message of these tests."""

    text: str


class Other(ClusterMessage, frozen=True, kw_only=True):
    """Another one, which is no `Text`."""

    number: int


def member(name: str) -> Member:
    """A manager of that name."""
    return Member(id=name, name=name)


async def connected(cluster: Cluster) -> None:
    """Returns when the manager has reached NATS."""
    is_there = asyncio.Event()
    cluster.watch_connection(is_there.set, lambda: None)
    await is_there.wait()


def elections(cluster: Cluster, lease: str = "work") -> tuple[asyncio.Queue[int | None], Campaign]:
    """A campaign, and a queue of what it is told: an epoch, or None for a term that has ended."""
    told: asyncio.Queue[int | None] = asyncio.Queue()
    campaign = cluster.campaign(lease, told.put_nowait, lambda: told.put_nowait(None))
    return told, campaign


@pytest.fixture(params=["in process", "NATS"])
async def cluster(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """One manager's port."""
    async with AsyncExitStack() as stack:
        if request.param == "NATS":
            url = request.getfixturevalue("cluster_url")
            opening = NatsCluster.open(url, member("one"), timing=QUICK)
            running: Cluster = await stack.enter_async_context(opening)
        else:
            tasks = BackgroundTasks()
            stack.push_async_callback(tasks.close)
            running = InProcessCluster(member("one"), tasks)
        await connected(running)
        yield running


async def test_messages_arrive_in_order_until_the_subscription_is_closed(cluster: Cluster):
    """Also at the manager that sends them; one that cannot be read harms no other."""
    came: asyncio.Queue[str] = asyncio.Queue()

    async def take(message: Text) -> None:
        if message.text == "failing":
            raise RuntimeError
        came.put_nowait(message.text)

    subscription = await cluster.subscribe("news", Text, take)
    await cluster.publish("news", Text(text="first"))
    await cluster.publish("news", Other(number=1))
    await cluster.publish("news", Text(text="failing"))
    await cluster.publish("elsewhere", Text(text="of no interest"))
    await cluster.publish("news", Text(text="second"))
    assert [await came.get(), await came.get()] == ["first", "second"]

    await subscription.close()
    await subscription.close()
    later = await cluster.subscribe("news", Text, take)
    await cluster.publish("news", Text(text="third"))
    assert await came.get() == "third"
    assert came.empty()
    await later.close()


async def test_requests_are_answered_or_fail_by_type(cluster: Cluster):
    """No responder, a refusal, a failing responder, an answer that is late: each is told apart."""
    with pytest.raises(NoResponders):
        await cluster.request("ask", Text(text="hello"), Text)

    async def answer(message: Text) -> Text:
        if message.text == "refuse":
            raise RequestRefused("not-now", "later, please")
        if message.text == "fail":
            raise RuntimeError
        if message.text == "hang":
            await asyncio.Event().wait()
        return Text(text=message.text * 2)

    responder = await cluster.respond("ask", Text, answer)
    assert await cluster.request("ask", Text(text="ab"), Text) == Text(text="abab")
    with pytest.raises(RequestRefused, match="later, please") as refused:
        await cluster.request("ask", Text(text="refuse"), Text)
    assert refused.value.reason == "not-now"
    with pytest.raises(RequestRefused) as failed:
        await cluster.request("ask", Text(text="fail"), Text)
    assert failed.value.reason == "internal"
    with pytest.raises(RequestRefused) as unreadable:
        await cluster.request("ask", Other(number=1), Text)
    assert unreadable.value.reason == "cluster-unreadable"
    with pytest.raises(ClusterTimeout):
        await cluster.request("ask", Text(text="hang"), Text, timeout_s=0.01)
    await responder.close()
    with pytest.raises(NoResponders):
        await cluster.request("ask", Text(text="hello"), Text)


async def test_what_is_too_large_is_refused_before_it_is_sent(cluster: Cluster):
    """By a typed error, for messages, requests and answers alike."""
    large = Text(text="a" * MAX_MESSAGE_BYTES)
    with pytest.raises(ClusterMessageTooLarge):
        await cluster.publish("news", large)
    with pytest.raises(ClusterMessageTooLarge):
        await cluster.request("ask", large, Text)

    async def answer(_: Text) -> Text:
        return large

    await cluster.respond("ask", Text, answer)
    with pytest.raises((ClusterMessageTooLarge, RequestRefused)):
        await cluster.request("ask", Text(text=""), Text)


async def test_a_manager_alone_is_elected_again_with_a_higher_epoch(cluster: Cluster):
    """A lease that is given back ends its term at once."""
    told, campaign = elections(cluster)
    first = await told.get()
    assert first is not None
    assert (campaign.epoch, campaign.holder) == (first, "one")
    await campaign.close()
    assert await told.get() is None
    assert campaign.epoch is None
    again, second = elections(cluster)
    epoch = await again.get()
    assert epoch is not None
    assert epoch > first
    await second.close()


async def test_a_manager_is_a_member_itself(cluster: Cluster):
    """Always."""
    assert cluster.members == {"one": cluster.own}
    assert cluster.is_connected
