"""Three managers, four upload services and two gateways as processes, of which some are killed."""

import asyncio
from pathlib import Path

import pytest

from client_sdk import Client
from local_supabase.stack import LocalSupabase
from tests.chaos.cluster import Cluster, ClusterShape, running_cluster
from tests.chaos.failover import (
    BOOKED,
    Uploader,
    booking,
    check_files,
    kill_each_manager,
    register_users,
    status_of,
    uploading,
)
from tests.chaos.programs import looks

MANAGERS = 3


@pytest.mark.timeout(600)
async def test_managers_and_nats_may_be_killed(tmp_path: Path, supabase: LocalSupabase):
    """Each manager in turn, then NATS, which comes back empty, while clients upload and book."""
    supabase.empty()
    shape = ClusterShape(managers=MANAGERS, services=4, gateways=2)
    catalog = {"SUPABASE_URL": supabase.url, "SUPABASE_KEY": supabase.service_key}
    async with running_cluster(tmp_path, catalog, shape) as cluster:
        tokens = await register_users(cluster)
        failovers = await kill_each_manager(cluster, tokens)
        roles = {role for each in failovers for role in each.roles}
        assert roles == {"client", "service", "allocator", "maintenance"}
        await _kill_nats(cluster, tokens)
        assert (await cluster.posts())["clashes"] == []


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
            await check_files(cluster, place, tokens[names[0]], stored)
        assert not (more.done() and more.result())
        await cluster.nats.start()
        if not await more:
            while not await booked[0].book(BOOKED):
                continue
        await asyncio.gather(*(each.holds_all() for each in booked))
        assert [each.changes for each in booked[1:]] == changes[1:]
    for uploader, name in zip(uploaders, names, strict=False):
        await check_files(cluster, cluster.managers[0], tokens[name], uploader.contents)


async def _without_nats(cluster: Cluster, token: str) -> None:
    """Returns once all managers have noticed that NATS is away."""
    for manager in cluster.managers:
        async for _ in looks():
            if not (await status_of(cluster, manager, token))["cluster"]["is_connected"]:
                break
