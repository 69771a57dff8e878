"""Webhooks that die: what they have posted is never called stored, and nobody forgets them."""

from pathlib import Path
from typing import Any

import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.settings import Permission
from manager.app_keys import WEBHOOKS
from protocol import s2c, s2u, u2s
from storage.errors import WebhookGone
from tests.manager.sockets.peers import ClientPeer, ServicePeer
from tests.manager.sockets.stage import CHUNK_SIZE, Stage, running_stage

BOT: dict[str, Any] = {
    "discord": {"bot_token": "bot"},
    "discord_bot_token": "bot",
    "discord_channels": "1" * 18,
}


async def started(stage: Stage, chunks: int = 2) -> tuple[ClientPeer, ServicePeer, s2u.UploadStart]:
    """A client's upload on a service."""
    service, client = await stage.service(), await stage.client()
    await client.book(1)
    assert (await client.request_upload(size=chunks * CHUNK_SIZE)).accepted
    return client, service, await service.next(s2u.UploadStart)


async def report_lost(service: ServicePeer, webhook_id: str, reason: str) -> None:
    """The service says that a webhook cannot be posted to, and is configured without it."""
    await service.send(u2s.WebhookLost(webhook_id=webhook_id, reason=reason))
    while any(webhook.id == webhook_id for webhook in service.leased):
        await service.next(s2u.WebhookConfiguration)


async def lose(stage: Stage, service: ServicePeer, webhook_id: str) -> None:
    """Deletes a webhook on Discord, and the service notices."""
    stage.emulator.delete_webhook(int(webhook_id))
    await report_lost(service, webhook_id, "HTTP 404, code 10015")


async def finished(client: ClientPeer, start: s2u.UploadStart) -> s2c.UploadFinishInfo:
    """How the upload ended."""
    return await client.next(s2c.UploadFinishInfo, upload_id=start.upload_id)


async def test_an_upload_whose_webhook_has_died_is_not_stored(stage: Stage):
    """The client is told to send it again; there is no file, and what can be deleted is."""
    client, service, start = await started(stage)
    lost = await service.store(start, 0)
    await lose(stage, service, lost.webhook_id)
    await service.store(start, 1)
    await service.finish_with(start)
    ended = await finished(client, start)
    assert not ended.success
    assert "send the file again" in (ended.reason or "")
    assert await client.names() == []
    await stage.messages_left(1)
    (left,) = stage.emulator.messages()
    assert str(left.id) == lost.message_id, "nobody can delete what a dead webhook has posted"


async def test_it_can_be_sent_again(stage: Stage):
    """The next upload goes by other webhooks, and is stored."""
    client, service, start = await started(stage, chunks=1)
    lost = await service.store(start, 0)
    await lose(stage, service, lost.webhook_id)
    await service.finish_with(start)
    assert not (await finished(client, start)).success
    assert (await client.request_upload(size=CHUNK_SIZE)).accepted
    again = await service.take_upload()
    assert (await finished(client, again)).success


async def test_a_webhook_that_may_only_not_post_costs_nothing(stage: Stage):
    """What it has posted before can be read, so the upload is stored."""
    client, service, start = await started(stage)
    lost = await service.store(start, 0)
    await report_lost(service, lost.webhook_id, "HTTP 403, code 50013")
    await service.store(start, 1)
    await service.finish_with(start)
    assert (await finished(client, start)).success


async def test_a_chunk_of_a_webhook_that_is_gone_is_sent_again(stage: Stage):
    """Once that is known its report is refused at once, so that the upload as a whole is saved."""
    client, service, start = await started(stage)
    webhooks = stage.app[WEBHOOKS]
    lost = await service.post(start, 0)
    webhooks.lost(WebhookGone(int(lost.webhook_id), "HTTP 404, code 10015"))
    assert "send it again" in await service.refusal(lost)
    while any(webhook.id == lost.webhook_id for webhook in service.leased):
        await service.next(s2u.WebhookConfiguration)
    await service.finish(start)
    assert (await finished(client, start)).success


async def test_a_chunk_of_a_webhook_that_is_not_configured_is_refused(stage: Stage):
    """Nobody could read it."""
    _, service, start = await started(stage)
    strange = await service.post(start, 0, webhook_id="9" * 18)
    assert "send it again" in await service.refusal(strange)


async def test_a_bot_that_may_read_the_channel_saves_the_upload(tmp_path: Path):
    """Its message is read as the bot, and the file is stored."""
    async with running_stage(tmp_path, **BOT) as stage:
        client, service, start = await started(stage)
        lost = await service.store(start, 0)
        await lose(stage, service, lost.webhook_id)
        await service.store(start, 1)
        await service.finish_with(start)
        assert (await finished(client, start)).success
        assert stage.emulator.requests.count(Operation.BOT_MESSAGE, 200) == 1


@pytest.mark.parametrize(
    "missing",
    [Permission.READ_MESSAGE_HISTORY, Permission.MESSAGE_CONTENT, Permission.VIEW_CHANNEL],
)
async def test_a_bot_that_cannot_read_the_channel_does_not(tmp_path: Path, missing: Permission):
    """A bot that sees no attachment there is of no help, and the client is told to send it again."""
    async with running_stage(tmp_path, **BOT) as stage:
        client, service, start = await started(stage)
        lost = await service.store(start, 0)
        left = frozenset(Permission) - {missing}
        stage.emulator.bot_permissions[int(lost.channel_id)] = left
        await lose(stage, service, lost.webhook_id)
        await service.store(start, 1)
        await service.finish_with(start)
        assert not (await finished(client, start)).success


async def test_a_webhook_that_dies_during_the_check_counts(stage: Stage):
    """What is known before the file is entered is heeded, whenever it became known."""
    client, service, start = await started(stage, chunks=2)
    first = await service.store(start, 0)
    await report_lost(service, first.webhook_id, "HTTP 403, code 50013")
    second = await service.store(start, 1)
    slow = Fault(kind=FaultKind.SLOW, route=Operation.MESSAGE)
    stage.emulator.faults.add(slow)
    await service.finish_with(start)
    await slow.reached.wait()
    await lose(stage, service, second.webhook_id)
    slow.release()
    assert not (await finished(client, start)).success
    assert await client.names() == []


async def test_quarantine_survives_a_restart(tmp_path: Path):
    """The webhook is not leased again, and Discord is not asked about it."""
    async with running_stage(tmp_path) as stage:
        service = await stage.service()
        lost = service.leased[0].id
        await lose(stage, service, lost)
        before = (await stage.status())["webhooks"]["quarantined"]
        await stage.stop()
    async with running_stage(tmp_path) as stage:
        shown = (await stage.status())["webhooks"]
        assert shown["quarantined"] == before != []
        service = await stage.service()
        assert lost not in {webhook.id for webhook in service.leased}
        asked = stage.emulator.requests.count(Operation.WEBHOOK)
        assert asked == len(stage.emulator.webhooks)
