"""Telling many clients of much: whoever reads hears all of it in order, whoever does not is dropped."""

import asyncio
from functools import partial

import aiohttp
import pytest

from catalog.records import User
from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub, PacedBroadcasts
from manager.connections.clients import ClientSession
from manager.connections.connection import PeerConnection
from manager.metrics import ManagerMetrics
from manager.scopes import Login
from protocol.codec import decode
from protocol.generic import Primitives
from tests.manager.connections.test_connection import connection

LONG = "x" * 2**16


def join(hub: Hub, peer: PeerConnection, name: str) -> None:
    """Lets a client in."""
    user = User(id=1, name=name, is_admin=False, password_hash="", token_epoch=0, created_at=0.0)
    hub.join(
        ClientSession(
            id=name, login=Login(user=user), connection=peer, base_url="", address="unknown"
        )
    )


async def heard(client: aiohttp.ClientWebSocketResponse) -> int | None:
    """The number in the next frame."""
    packet = decode(await client.receive_str(timeout=10), accepts=frozenset({"generic"})).packet
    assert isinstance(packet, Primitives)
    return packet.integer_value


def dropped(metrics: ManagerMetrics) -> float:
    """How many slow peers were dropped."""
    (counter,) = metrics.slow_peers_dropped.collect()
    return next(each.value for each in counter.samples if each.name.endswith("_total"))


async def test_a_client_that_does_not_read_is_dropped_and_the_others_are_served():
    """Nobody waits for it, and it is not kept in memory for ever."""
    hub, metrics = Hub(), ManagerMetrics()
    async with (
        connection() as (reader_peer, reader),
        connection(metrics=metrics, max_queued_bytes=4 * len(LONG)) as (sleeper_peer, _),
    ):
        join(hub, reader_peer, "reader")
        join(hub, sleeper_peer, "sleeper")
        said = 0
        while not dropped(metrics):
            hub.broadcast(Primitives(integer_value=said, string_value=LONG))
            assert await heard(reader) == said
            said += 1
        hub.broadcast(Primitives(integer_value=said))
        assert await heard(reader) == said
        assert dropped(metrics) == 1


async def test_more_than_a_queue_can_hold_is_no_reason_to_be_dropped():
    """However much one packet changes, whoever reads hears of all of it, and in order."""
    hub, tasks, metrics = Hub(), BackgroundTasks(), ManagerMetrics()
    async with connection(metrics=metrics, max_queued_bytes=4 * len(LONG)) as (peer, client):
        join(hub, peer, "reader")
        broadcasts = PacedBroadcasts(hub, tasks, frames_per_turn=2)
        packets = [Primitives(integer_value=number, string_value=LONG) for number in range(100)]
        broadcasts.add(partial(hub.broadcast, packet) for packet in packets[:99])
        broadcasts.add([partial(hub.broadcast, packets[99])])
        assert [await heard(client) for _ in packets] == list(range(100))
        assert dropped(metrics) == 0
    await tasks.close()


async def test_a_few_changes_are_told_at_once():
    """News come before the answer to whoever caused them, unless there are very many."""
    said: list[int] = []
    broadcasts = PacedBroadcasts(Hub(), BackgroundTasks(), frames_per_turn=3)
    broadcasts.add(partial(said.append, number) for number in range(3))
    assert said == [0, 1, 2]


@pytest.mark.parametrize("catching_up_s", [0.0, 10.0])
async def test_the_event_loop_goes_on_between_turns(catching_up_s):
    """Others get their turn in between, also when clients are not waited for any more."""
    said: list[str] = []
    tasks = BackgroundTasks()
    broadcasts = PacedBroadcasts(Hub(), tasks, frames_per_turn=1, catching_up_s=catching_up_s)
    told = asyncio.Event()
    broadcasts.add(partial(said.append, word) for word in ("first", "second", "third"))
    broadcasts.add([told.set])
    asyncio.get_running_loop().call_soon(said.append, "other work")
    await asyncio.wait_for(told.wait(), 10)
    assert [word for word in said if word != "other work"] == ["first", "second", "third"]
    assert said.index("other work") < said.index("third")
    await tasks.close()


async def test_a_client_that_does_not_read_holds_up_a_backlog_once_only():
    """After the time for catching up the others hear the rest, and it is dropped."""
    hub, tasks, metrics = Hub(), BackgroundTasks(), ManagerMetrics()
    async with (
        connection() as (reader_peer, reader),
        connection(metrics=metrics, max_queued_bytes=4 * len(LONG)) as (sleeper_peer, _),
    ):
        join(hub, reader_peer, "reader")
        join(hub, sleeper_peer, "sleeper")
        broadcasts = PacedBroadcasts(hub, tasks, frames_per_turn=2, catching_up_s=0.01)
        packets = [Primitives(integer_value=number, string_value=LONG) for number in range(400)]
        broadcasts.add(partial(hub.broadcast, packet) for packet in packets)
        assert [await heard(reader) for _ in packets] == list(range(400))
        assert dropped(metrics) == 1
    await tasks.close()
