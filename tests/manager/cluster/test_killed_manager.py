"""Three managers, four upload services and two gateways as processes, of which some are killed."""

import asyncio
from pathlib import Path

import pytest

from client_sdk import Client
from local_supabase.stack import LocalSupabase
from storage.envelope import ENVELOPE_OVERHEAD
from tests.chaos.cluster import CHUNK_SIZE, Cluster, ClusterShape, running_cluster
from tests.chaos.failover import (
    CHUNKS,
    CHUNKS_IN_FLIGHT,
    Uploader,
    booking,
    fail_over,
    register,
    status_of,
    uploading,
)
from tests.chaos.programs import Program, looks

MANAGERS = 3
BOOKED = 3
"""By each client that only books: together with those that upload, all services that there are."""


@pytest.mark.timeout(300)
async def test_managers_and_nats_may_be_killed(tmp_path: Path, supabase: LocalSupabase):
    """Each manager in turn, then NATS, which comes back empty, while clients upload and book."""
    supabase.empty()
    shape = ClusterShape(managers=MANAGERS, services=4, gateways=2)
    catalog = {"SUPABASE_URL": supabase.url, "SUPABASE_KEY": supabase.service_key}
    async with running_cluster(tmp_path, catalog, shape) as cluster:
        tokens = await register(cluster, [f"user{number}" for number in range(2 * MANAGERS)])
        await _kill_each_manager(cluster, tokens)
        await _kill_nats(cluster, tokens)
        assert (await cluster.posts())["clashes"] == []


async def _read(cluster: Cluster, place: Program, token: str, contents: dict[str, bytes]) -> None:
    """Asserts that these files can be read there."""
    headers = {"Authorization": f"Bearer {token}"}
    for path, content in contents.items():
        folder, _, name = path.rpartition("/")
        query = {"path": folder or "/", "name": name}
        url = f"{place.url}/download"
        async with cluster.http.get(url, params=query, headers=headers) as answer:
            assert (answer.status, await answer.read()) == (200, content)


async def _kill_each_manager(cluster: Cluster, tokens: dict[str, str]) -> None:
    """Clients and services go on at others, bookings hold, and no chunk is sent again."""
    names = list(tokens)
    uploaders = [Uploader(cluster, number, tokens[names[number]]) for number in range(MANAGERS)]
    bookers = {name: tokens[name] for name in names[MANAGERS:]}
    roles: set[str] = set()
    async with uploading(uploaders):
        for victim in cluster.managers:
            survivors = [each for each in cluster.managers if each is not victim]
            async with booking(cluster, survivors, bookers, BOOKED) as booked:
                failover = await fail_over(cluster, victim, uploaders, tokens[names[0]])
                roles |= failover.roles
                await asyncio.gather(*(each.holds_all() for each in booked))
            await victim.start()
    assert roles == {"client", "service", "allocator", "maintenance"}
    places = (*cluster.gateways, cluster.managers[0])
    for place, uploader, name in zip(places, uploaders, names, strict=False):
        await _read(cluster, place, tokens[name], uploader.contents)
    # What was under way when a manager died may be there twice, and nothing else.
    chunk = CHUNK_SIZE + ENVELOPE_OVERHEAD
    chunks = CHUNKS * sum(len(each.contents) for each in uploaders)
    twice = MANAGERS * len(uploaders) * CHUNKS_IN_FLIGHT
    assert chunks * chunk <= (await cluster.posts())["stored_bytes"] <= (chunks + twice) * chunk


async def _kill_nats(cluster: Cluster, tokens: dict[str, str]) -> None:
    """Transfers go on meanwhile, bookings wait, and clients hear of no change."""
    assert cluster.nats is not None
    names = list(tokens)
    uploaders = [Uploader(cluster, number, tokens[names[number]]) for number in range(MANAGERS)]
    bookers = {name: tokens[name] for name in names[MANAGERS:]}
    stored = {"/before.bin": bytes(range(256)) * 500}
    async with Client(cluster.manager_urls(), tokens[names[0]]) as client:
        await client.upload(stored["/before.bin"], "/before.bin")
    async with (
        uploading(uploaders),
        booking(cluster, cluster.managers, bookers, BOOKED - 1) as booked,
    ):
        changes = [each.changes for each in booked]
        await cluster.nats.kill()
        await _without_nats(cluster, tokens[names[0]])
        more = asyncio.create_task(booked[0].book(BOOKED))
        await asyncio.gather(*(each.goes_on() for each in uploaders))
        for place in (*cluster.managers, *cluster.gateways):
            await _read(cluster, place, tokens[names[0]], stored)
        assert not (more.done() and more.result())
        await cluster.nats.start()
        if not await more:
            while not await booked[0].book(BOOKED):
                continue
        await asyncio.gather(*(each.holds_all() for each in booked))
        assert [each.changes for each in booked[1:]] == changes[1:]
    for uploader, name in zip(uploaders, names, strict=False):
        await _read(cluster, cluster.managers[0], tokens[name], uploader.contents)


async def _without_nats(cluster: Cluster, token: str) -> None:
    """Returns once all managers have noticed that NATS is away."""
    for manager in cluster.managers:
        async for _ in looks():
            if not (await status_of(cluster, manager, token))["cluster"]["is_connected"]:
                break
