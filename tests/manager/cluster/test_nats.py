"""Several managers that meet at a NATS server, which may go away and come back empty."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client

from local_supabase.nats_server import NatsServer, running_nats
from manager.cluster import nats_cluster
from manager.cluster.errors import ClusterUnavailable
from manager.cluster.nats_cluster import NatsCluster
from manager.cluster.nats_leases import ensure_stream
from manager.cluster.port import Cluster
from tests.manager.cluster.test_port import QUICK, Text, connected, elections, member


async def _manager(stack: AsyncExitStack, url: str, name: str) -> NatsCluster:
    return await stack.enter_async_context(NatsCluster.open(url, member(name), timing=QUICK))


def _members(cluster: Cluster) -> asyncio.Queue[tuple[str, str]]:
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    cluster.watch_members(
        lambda came: told.put_nowait(("joined", came.name)),
        lambda gone: told.put_nowait(("left", gone.name)),
    )
    return told


async def test_managers_know_of_one_another(cluster_url: str):
    """One that comes knows those that are there at once; one that ends takes its leave."""
    async with AsyncExitStack() as stack, AsyncExitStack() as second:
        one = await _manager(stack, cluster_url, "one")
        told = _members(one)
        two = await _manager(second, cluster_url, "two")
        assert await told.get() == ("joined", "two")
        if set(two.members) != {"one", "two"}:
            assert await _members(two).get() == ("joined", "one")
        await second.aclose()
        assert await told.get() == ("left", "two")


async def test_managers_of_other_namespaces_do_not_meet(shared_nats: NatsServer):
    """Several clouds may use one server."""
    async with AsyncExitStack() as stack:
        blue = await _manager(stack, shared_nats.url("blue"), "one")
        green = await _manager(stack, shared_nats.url("green"), "two")
        await connected(blue)
        await connected(green)
        assert (set(blue.members), set(green.members)) == ({"one"}, {"two"})


async def test_one_manager_asks_another(cluster_url: str):
    """And everybody gets what is published."""
    async with AsyncExitStack() as stack:
        one, two = [await _manager(stack, cluster_url, name) for name in ("one", "two")]
        await connected(one)
        await connected(two)

        async def answer(message: Text) -> Text:
            return Text(text=f"{message.text}, this is two")

        await two.respond("mgr.two.greet", Text, answer)
        answered = await one.request("mgr.two.greet", Text(text="hello"), Text)
        assert answered.text == "hello, this is two"


async def test_what_is_subscribed_while_connecting_is_heard(
    cluster_url: str, monkeypatch: pytest.MonkeyPatch
):
    """Also after the subscriptions of before were made anew."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    connecting: list[Cluster] = []

    async def hear(message: Text) -> None:
        heard.put_nowait(message.text)

    async def subscribing_meanwhile(client: Client) -> None:
        await ensure_stream(client)
        while connecting:
            await connecting.pop().subscribe("news", Text, hear)

    async with AsyncExitStack() as stack:
        one = await _manager(stack, cluster_url, "one")
        await connected(one)
        monkeypatch.setattr(nats_cluster, "ensure_stream", subscribing_meanwhile)
        two = await _manager(stack, cluster_url, "two")
        connecting.append(two)
        await connected(two)
        await one.publish("news", Text(text="hello"))
        assert await heard.get() == "hello"


async def test_the_lease_of_a_manager_that_dies_goes_to_another(cluster_url: str):
    """After its time, with a higher epoch; one that ends in order gives it back at once."""
    async with AsyncExitStack() as stack, AsyncExitStack() as ending:
        one = await _manager(ending, cluster_url, "one")
        first_told, first = elections(one)
        epoch = await first_told.get()
        two = await _manager(stack, cluster_url, "two")
        told, campaign = elections(two)
        await connected(two)
        await ending.aclose()
        later = await told.get()
        assert await first_told.get() is None
        assert epoch is not None
        assert later is not None
        assert later > epoch
        assert (first.epoch, campaign.epoch) == (None, later)


async def test_nats_comes_back_empty(nats_server: NatsServer):
    """Messages arrive again, the members are as before, and the lease keeps its holder or changes once."""
    async with AsyncExitStack() as stack:
        one, two = [await _manager(stack, nats_server.url(), name) for name in ("one", "two")]
        told, campaign = elections(one)
        assert await told.get() is not None
        lost = asyncio.Event()
        one.watch_connection(lambda: None, lost.set)
        came: asyncio.Queue[str] = asyncio.Queue()

        async def take(message: Text) -> None:
            came.put_nowait(message.text)

        await one.subscribe("news", Text, take)
        nats_server.kill()
        await lost.wait()
        with pytest.raises(ClusterUnavailable):
            await one.publish("news", Text(text="lost"))
        assert set(one.members) == {"one", "two"}
        assert await told.get() is None
        assert campaign.epoch is None

        nats_server.start()
        await connected(two)
        await connected(one)
        await two.publish("news", Text(text="again"))
        assert await came.get() == "again"
        assert await told.get() is not None


async def test_a_manager_starts_without_nats(nats_server: NatsServer):
    """It says so when it is asked for something, and connects once the server is there."""
    nats_server.kill()
    async with AsyncExitStack() as stack:
        one = await _manager(stack, nats_server.url(), "one")
        assert not one.is_connected
        with pytest.raises(ClusterUnavailable):
            await one.request("ask", Text(text=""), Text)
        nats_server.start()
        await connected(one)
        assert one.is_connected


async def test_a_request_that_runs_fails_when_nats_dies(nats_server: NatsServer):
    """At once, rather than after its timeout."""
    async with AsyncExitStack() as stack:
        one = await _manager(stack, nats_server.url(), "one")
        await connected(one)
        asked = asyncio.Event()

        async def hang(_: Text) -> Text:
            asked.set()
            return await asyncio.Future()

        await one.respond("ask", Text, hang)
        asking = asyncio.create_task(one.request("ask", Text(text=""), Text, timeout_s=600))
        await asked.wait()
        nats_server.kill()
        with pytest.raises(ClusterUnavailable):
            await asking


async def test_the_credentials_of_the_address_are_used(tmp_path):
    """A server that demands a password lets in whoever has it."""
    with running_nats(tmp_path / "nats", "--user", "me", "--pass", "secret") as server:
        async with AsyncExitStack() as stack:
            stranger = await _manager(stack, server.url(), "stranger")
            url = server.url().replace("//", "//me:secret@")
            await connected(await _manager(stack, url, "one"))
            assert not stranger.is_connected


async def test_leases_that_somebody_has_deleted_are_restored(nats_server: NatsServer):
    """The holder of a lease keeps it."""
    async with AsyncExitStack() as stack:
        one, two = [await _manager(stack, nats_server.url(), name) for name in ("one", "two")]
        told, first = elections(one)
        epoch = await told.get()
        others, second = elections(two)
        client = await _nats_client(stack, nats_server)
        await client.jetstream().delete_stream("DISCORD_CLOUD_LEASES")
        while not await _has_record(client):
            assert (first.epoch, second.epoch) == (epoch, None)
        assert (first.epoch, second.epoch) == (epoch, None)
        assert told.empty()
        assert others.empty()


async def _nats_client(stack: AsyncExitStack, server: NatsServer):
    import nats

    client = await nats.connect(server.url())
    stack.push_async_callback(client.close)
    return client


async def _has_record(client) -> bool:
    from nats.js.errors import NotFoundError

    try:
        await client.jetstream().get_last_msg("DISCORD_CLOUD_LEASES", "dc.main.lease.work")
    except NotFoundError:
        return False
    return True
