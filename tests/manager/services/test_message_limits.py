"""What messages take: what services are sent of it and report, and how large the chunks of uploads are."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import asdict

from manager.app_keys import SIZE_PROBER
from protocol import s2u, u2s
from protocol.generic import Primitives
from protocol.values import CHUNK_SIZE, LARGEST_CHUNK_SIZE
from storage.discord.sizes import DOCUMENTED_LIMITS
from tests.manager.sockets.peers import SERVICE_EXTENSIONS, ServicePeer, no
from tests.manager.sockets.stage import Stage, running_stage

MIB = 1024 * 1024
WITH_LIMITS = (*SERVICE_EXTENSIONS, "message-limits")


def attachments(service: ServicePeer) -> list[int]:
    """The MiB of the largest attachment in each channel that is leased to a service."""
    return [-(-lease.limits.attachment_bytes // MIB) for lease in service.leased if lease.limits]


async def until_leased(service: ServicePeer, mib: list[int]) -> None:
    """Returns once the leases of a service say so many MiB for an attachment in each channel."""
    async with asyncio.timeout(10):
        while attachments(service) != mib:
            await service.next(s2u.WebhookConfiguration)


async def learn(stage: Stage, service: ServicePeer, channels: list[int]) -> None:
    """The manager learns that some channels take attachments of 20 MiB, by asking the service."""
    service.answers[s2u.SizeProbe] = Primitives(boolean_value=True)
    for channel in channels:
        await stage.app[SIZE_PROBER].step([channel])


async def test_leases_tell_what_messages_take(stage: Stage):
    """Those of services that have asked for it; for others they look as ever."""
    service = await stage.service(extensions=WITH_LIMITS)
    (limits,) = {lease.limits for lease in service.leased}
    assert limits is not None
    assert asdict(limits) == {
        "attachment_bytes": DOCUMENTED_LIMITS.attachment_bytes,
        "request_bytes": DOCUMENTED_LIMITS.request_bytes,
        "attachments": 10,
    }
    async with stage.visiting_service() as other:
        assert {lease.limits for lease in other.leased} == {None}


async def test_a_try_is_made_by_who_holds_the_lease(stage: Stage):
    """The service is asked about one larger attachment; what it has found out is leased from then on."""
    service = await stage.service(extensions=WITH_LIMITS)
    lease = service.leased[2]
    await learn(stage, service, [int(lease.channel_id)])
    probe = await service.next(s2u.SizeProbe)
    assert (probe.webhook_id, probe.sizes) == (lease.id, (20 * MIB - 512,))
    await until_leased(service, [10, 10, 20, 10])


async def test_nothing_is_learned_from_who_found_nothing_out(stage: Stage):
    """A busy service says no; without a service that can be asked nobody is."""
    channels = [webhook.channel_id for webhook in stage.emulator.webhooks]
    await stage.app[SIZE_PROBER].step(channels)
    service = await stage.service(extensions=WITH_LIMITS)
    service.answers[s2u.SizeProbe] = no("busy")
    await stage.app[SIZE_PROBER].step(channels)
    shown = (await stage.status())["channels"]
    assert {each["attachment_bytes"] for each in shown} == {DOCUMENTED_LIMITS.attachment_bytes}
    assert {each["learned_at"] for each in shown} == {None}


async def test_a_refused_message_lowers_the_limit_of_its_channel(stage: Stage):
    """At once; the status says so, and when. The other channels keep theirs."""
    service = await stage.service(extensions=WITH_LIMITS)
    refused = service.leased[1]
    await service.send(u2s.MessageTooLarge(webhook_id=refused.id, sizes=(10 * MIB - 991,)))
    await until_leased(service, [10, 8, 10, 10])
    shown = {each["id"]: each for each in (await stage.status())["channels"]}
    assert shown.pop(refused.channel_id)["refused_at"] is not None
    assert {each["refused_at"] for each in shown.values()} == {None}


async def test_a_service_lowers_nothing_for_others(stage: Stage):
    """What it says of webhooks that are not leased to it changes nothing."""
    service = await stage.service(extensions=WITH_LIMITS)
    await stage.service(extensions=WITH_LIMITS)
    while len(service.leased) != 2:
        await service.next(s2u.WebhookConfiguration)
    own = {lease.id for lease in service.leased}
    foreign = next(str(one.id) for one in stage.emulator.webhooks if str(one.id) not in own)
    for webhook_id in (foreign, "1" * 18):
        await service.send(u2s.MessageTooLarge(webhook_id=webhook_id, sizes=(5 * MIB,)))
    await service.caught_up()
    shown = (await stage.status())["channels"]
    assert {each["refused_at"] for each in shown} == {None}


@pytest.mark.parametrize(
    ("of_client", "of_service", "chunk_size"),
    [
        ((), SERVICE_EXTENSIONS, CHUNK_SIZE),
        ((), WITH_LIMITS, CHUNK_SIZE),
        (("large-chunks",), SERVICE_EXTENSIONS, CHUNK_SIZE),
        (("large-chunks",), WITH_LIMITS, LARGEST_CHUNK_SIZE),
    ],
)
async def test_chunks_are_as_large_as_all_that_handle_them_take(
    tmp_path: Path, of_client, of_service, chunk_size
):
    """As large as every channel takes; clients and services that have not asked for it get the usual size."""
    async with running_stage(tmp_path, channels=2, chunk_size="auto") as stage:
        channels = [webhook.channel_id for webhook in stage.emulator.webhooks]
        async with stage.visiting_service(extensions=WITH_LIMITS) as prober:
            await learn(stage, prober, channels[:1])
            await until_leased(prober, [20, 10])
            assert (await stage.status())["chunk_size"] == CHUNK_SIZE
            await learn(stage, prober, channels[1:])
            await until_leased(prober, [20, 20])
            assert (await stage.status())["chunk_size"] == LARGEST_CHUNK_SIZE
        service = await stage.service(extensions=of_service)
        client = await stage.client(extensions=of_client)
        await client.book(1)
        response = await client.request_upload(size=50 * MIB)
        assert response.chunk_size == chunk_size
        assert (await service.next(s2u.UploadStart)).chunk_size == chunk_size


async def test_an_upload_of_large_chunks_goes_to_nobody_who_does_not_take_them(tmp_path: Path):
    """When its service is lost, one of an earlier release is no replacement."""
    async with running_stage(tmp_path, channels=2, chunk_size=LARGEST_CHUNK_SIZE) as stage:
        client = await stage.client(extensions=("large-chunks",))
        async with stage.visiting_service(extensions=WITH_LIMITS) as first:
            first.answers[s2u.UploadStart] = None
            await client.book(1)
            asking = asyncio.create_task(client.request_upload(size=50 * MIB))
            assert (await first.next(s2u.UploadStart)).chunk_size == LARGEST_CHUNK_SIZE
            other = await stage.service()
            assert await client.book(2) == 2
        assert not (await asking).accepted
        assert other.unread(s2u.UploadStart) == []


async def test_limits_outlive_the_manager(tmp_path: Path):
    """A second start knows what the first has learned."""
    for is_first in (True, False):
        async with running_stage(tmp_path, channels=2, chunk_size="auto") as stage:
            service = await stage.service(extensions=WITH_LIMITS)
            if is_first:
                channels = [webhook.channel_id for webhook in stage.emulator.webhooks]
                await learn(stage, service, channels)
            await until_leased(service, [20, 20])
