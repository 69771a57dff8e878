"""Upload slots: configuration, leases of webhooks, shares of requests, and how they are missed."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from protocol import c2s, s2c, s2u, u2s
from protocol.generic import Primitives
from tests.manager.sockets.peers import YES, ServicePeer, no
from tests.manager.sockets.stage import Stage, running_stage


async def configured(service: ServicePeer, webhooks: int) -> s2u.WebhookConfiguration:
    """The next configuration with so many webhooks."""
    while True:
        configuration = await service.next(s2u.WebhookConfiguration)
        if len(configuration.webhooks) == webhooks:
            return configuration


def ids(configuration: s2u.WebhookConfiguration) -> set[str]:
    """The webhooks of a configuration."""
    return {webhook.id for webhook in configuration.webhooks}


async def test_a_slot_is_configured_with_webhooks_and_share(stage: Stage):
    """What it needs to post chunks; the key comes with each upload."""
    service = await stage.service()
    configuration = service.configurations[-1]
    assert {(int(w.id), w.token, int(w.channel_id)) for w in configuration.webhooks} == {
        tuple(webhook) for webhook in stage.emulator.webhooks
    }
    assert configuration.crypto is None
    assert configuration.api_url == stage.settings.discord_api_url
    assert configuration.requests_per_s == stage.settings.upload_requests_per_s(1)


async def test_the_slots_of_a_process_share_its_webhooks(stage: Stage):
    """Each is configured with all of them."""
    process = str(uuid4())
    first, second = await stage.service(process), await stage.service(process)
    assert ids(first.configurations[-1]) == ids(second.configurations[-1])
    assert len(second.leased) == 4


async def test_two_processes_never_hold_the_same_webhook(stage: Stage):
    """A webhook is given on only after its process has confirmed that it uses it no more."""
    first = await stage.service()
    first.answers[s2u.WebhookConfiguration] = None
    first.forget(s2u.WebhookConfiguration)
    async with stage.linked_service() as second:
        taking = await first.next_frame(s2u.WebhookConfiguration)
        assert isinstance(taking.packet, s2u.WebhookConfiguration)
        assert len(taking.packet.webhooks) == 2
        await configured(second, 0)
        first.answers[s2u.WebhookConfiguration] = YES
        await first.reply(taking, YES)
        given = await configured(second, 2)
        assert not ids(given) & ids(taking.packet)


async def test_requests_per_s_are_shared_among_processes(stage: Stage):
    """All posts together keep within the global budget; a process that leaves gives its share back."""
    whole, half = (stage.settings.upload_requests_per_s(n) for n in (1, 2))
    first = await stage.service()
    assert first.configurations[-1].requests_per_s == whole
    async with stage.visiting_service() as second:
        assert second.configurations[-1].requests_per_s == half
        assert first.configurations[-1].requests_per_s == half
    while (await first.next(s2u.WebhookConfiguration)).requests_per_s != whole:
        pass


async def test_a_second_slot_takes_no_share_from_its_process(stage: Stage):
    """Shares belong to processes, whose slots share one limiter."""
    process = str(uuid4())
    await stage.service(process)
    second = await stage.service(process)
    assert second.configurations[-1].requests_per_s == stage.settings.upload_requests_per_s(1)


async def test_a_lost_webhook_is_quarantined_and_replaced(stage: Stage):
    """The process gets a configuration without it, and clients notice nothing."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    lost = service.leased[0].id
    await service.send(u2s.WebhookLost(webhook_id=lost, reason="404 10015"))
    while lost in ids(await service.next(s2u.WebhookConfiguration)):
        pass
    shown = (await stage.status())["webhooks"]
    assert shown["usable"] == 3
    assert shown["quarantined"] == [{"id": lost, "reason": "404 10015", "is_gone": False}]
    assert (await client.request_upload()).accepted
    assert client.unread(s2c.UploadBookingModify) == []


async def test_a_webhook_that_is_not_configured_is_no_loss(stage: Stage):
    """A made-up id changes nothing."""
    service = await stage.service()
    await service.send(u2s.WebhookLost(webhook_id="1" * 18, reason="?"))
    await service.order(await _unknown_chunk(service))
    assert (await stage.status())["webhooks"]["usable"] == 4


async def test_a_service_cannot_condemn_a_webhook_that_is_not_leased_to_it(stage: Stage):
    """What it says of others' webhooks changes nothing; of its own it is believed."""
    first, second = await stage.service(), await stage.service()
    await configured(first, 2)
    foreign = (await configured(second, 2)).webhooks[0].id
    await first.send(u2s.WebhookLost(webhook_id=foreign, reason="made up"))
    await first.order(await _unknown_chunk(first))
    assert (await stage.status())["webhooks"]["quarantined"] == []
    own = first.leased[0].id
    await first.send(u2s.WebhookLost(webhook_id=own, reason="gone"))
    await first.order(await _unknown_chunk(first))
    shown = (await stage.status())["webhooks"]["quarantined"]
    assert [webhook["id"] for webhook in shown] == [own]


async def test_a_service_may_condemn_a_webhook_that_it_is_giving_up(stage: Stage):
    """Its last requests may run on it until it has confirmed the new configuration."""
    first = await stage.service()
    before = ids(first.configurations[-1])
    first.answers[s2u.WebhookConfiguration] = None
    first.forget(s2u.WebhookConfiguration)
    async with stage.linked_service():
        given_up = next(iter(await _taken_away(first, before)))
        await first.send(u2s.WebhookLost(webhook_id=given_up, reason="gone"))
        await first.order(await _unknown_chunk(first))
        shown = (await stage.status())["webhooks"]["quarantined"]
        assert [webhook["id"] for webhook in shown] == [given_up]


async def _taken_away(service: ServicePeer, before: set[str]) -> set[str]:
    """What the next configuration takes away, which is not confirmed; others may come before it."""
    while True:
        frame = await service.next_frame(s2u.WebhookConfiguration)
        assert isinstance(frame.packet, s2u.WebhookConfiguration)
        if taken := before - ids(frame.packet):
            return taken
        await service.reply(frame, YES)


async def test_without_webhooks_a_slot_is_out_of_service(tmp_path: Path):
    """The only webhook dies: who had the slot booked is told."""
    async with running_stage(tmp_path, channels=1) as stage:
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        await service.send(u2s.WebhookLost(webhook_id=service.leased[0].id, reason="gone"))
        await client.next(s2c.UploadBookingModify, effective_change=-1)
        await client.next(s2c.ServiceRegistry, action="removed")
        assert await client.book(2) == 0


async def test_without_webhooks_a_running_upload_may_still_end(tmp_path: Path):
    """The slot leaves the booking after its upload, not during it."""
    async with running_stage(tmp_path, channels=1) as stage:
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        await client.request_upload(size=10)
        start = await service.next(s2u.UploadStart)
        await service.store(start)
        await service.send(u2s.WebhookLost(webhook_id=service.leased[0].id, reason="gone"))
        await configured(service, 0)
        await client.caught_up()
        assert client.unread(s2c.UploadBookingModify) == []
        await service.finish_with(start)
        assert (await client.next(s2c.UploadFinishInfo)).success
        await client.next(s2c.UploadBookingModify, effective_change=-1)
        assert not (await client.request_upload()).accepted


async def test_new_webhooks_reach_a_slot_while_its_upload_runs(tmp_path: Path):
    """An upload that has lost the last webhook can go on with the next."""
    slow = Fault(kind=FaultKind.SLOW, route=Operation.WEBHOOK)
    async with running_stage(tmp_path, channels=2, faults=[slow]) as stage:
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        await client.request_upload(size=10)
        start = await service.next(s2u.UploadStart)
        await service.send(u2s.WebhookLost(webhook_id=service.leased[0].id, reason="gone"))
        await configured(service, 0)
        slow.release()
        await configured(service, 1)
        await service.finish(start)
        assert (await client.next(s2c.UploadFinishInfo)).success
        assert (await client.request_upload()).accepted
        assert client.unread(s2c.UploadBookingModify) == []


async def test_a_slot_that_refuses_its_configuration_is_sent_away(stage: Stage):
    """It never comes into service."""
    client = await stage.client()
    async with stage.linked_service() as service:
        service.answers[s2u.WebhookConfiguration] = no("not me")
        await service.ended()
    await client.caught_up()
    assert client.unread(s2c.ServiceRegistry) == []


async def test_a_slot_that_answers_with_something_else_is_sent_away(stage: Stage):
    """A configuration is confirmed by a boolean, or not at all."""
    async with stage.linked_service() as service:
        service.answers[s2u.WebhookConfiguration] = None
        frame = await service.next_frame(s2u.WebhookConfiguration)
        await service.reply(frame, Primitives(integer_value=1))
        await service.ended()


async def test_an_upload_whose_start_is_answered_with_something_else_is_rejected(stage: Stage):
    """The service is taken for broken, and disconnected."""
    service, client = await stage.service(), await stage.client()
    service.answers[s2u.UploadStart] = None
    await client.book(1)
    asking = asyncio.create_task(client.request_upload())
    frame = await service.next_frame(s2u.UploadStart)
    await service.reply(frame, Primitives(integer_value=1))
    assert not (await asking).accepted
    await service.ended()
    await client.next(s2c.UploadBookingModify, effective_change=-1)


async def test_services_wait_for_discord(tmp_path: Path):
    """While Discord is down at start no service can be booked; when it is back, all can."""
    down = Fault(kind=FaultKind.SLOW, route=Operation.WEBHOOK, times=None)
    async with running_stage(tmp_path, channels=1, faults=[down]) as stage:
        client = await stage.client()
        assert await client.book(1) == 0
        async with stage.linked_service() as service:
            await configured(service, 0)
            await down.reached.wait()
            await client.caught_up()
            assert client.unread(s2c.ServiceRegistry) == []
            down.release()
            await configured(service, 1)
            await client.next(s2c.UploadBookingModify, effective_change=1)


async def test_a_finish_without_an_upload_is_ignored(stage: Stage):
    """A service may say what it likes between uploads."""
    service, client = await stage.service(), await stage.client()
    await service.send(u2s.UploadFinish(success=False, reason="nothing runs"))
    await service.send(
        u2s.UploadFinish(success=True, hash="0" * 64, is_encrypted=True, type="text/plain")
    )
    await client.book(1)
    assert (await client.request_upload()).accepted


async def test_closing_the_manager_says_goodbye_to_peers(tmp_path: Path):
    """Peers see their connection end at a stop, with an upload running, and nothing hangs."""
    async with running_stage(tmp_path) as stage:
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        assert (await client.request_upload()).accepted
        await stage.stop()
        await client.ended()
        await service.ended()


@pytest.mark.parametrize("packet", [c2s.UploadBookingRequest(desired_amount=1)])
async def test_a_service_cannot_act_as_a_client(stage: Stage, packet: c2s.UploadBookingRequest):
    """Its packets of the wrong namespace are ignored, and its next ones are not."""
    service = await stage.service()
    await service.send(packet)
    assert not (await service.order(await _unknown_chunk(service))).success


async def _unknown_chunk(service: ServicePeer) -> u2s.ChunkStored:
    start = s2u.UploadStart(
        name="x", path="/", size=5, client=str(uuid4()), upload_id=str(uuid4()), chunk_size=100
    )
    return await service.post(start, 0)
