"""The reaper deletes what nothing refers to, all of it, and nothing else."""

import asyncio
import os
from uuid import uuid4

import pytest

from catalog.errors import CatalogUnavailable
from catalog.records import Chunk, ChunkLocation, Message
from client_sdk.backoff import Backoff
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.metrics import ManagerMetrics
from manager.reaper import Reaper, Sweep
from manager.webhooks import WebhookDirectory
from storage.discord.credentials import WebhookCredentials
from storage.discord.http import DiscordHttp
from storage.discord.webhook import Webhook
from storage.errors import BotUnusable, DiscordRefused, DiscordUnavailable


class Shears:
    """A reaper on a running cloud, and the parts of it that a test looks at."""

    def __init__(self, cloud, http, webhooks, **options) -> None:
        self.http = http
        self.metrics = ManagerMetrics()
        self.directory = WebhookDirectory(WebhookCredentials(*webhook) for webhook in webhooks)
        self.delete = self.delete_on_discord
        self.reaper = Reaper(
            cloud.catalog,
            self.directory,
            self._delete,
            self.metrics,
            interval_s=3600,
            **options,
        )

    async def _delete(self, webhook, message_id) -> None:
        await self.delete(webhook, message_id)

    async def delete_on_discord(self, webhook, message_id) -> None:
        """Deletes for real."""
        await Webhook(self.http, webhook).delete(message_id)

    async def sweep(self, **expected) -> None:
        """Sweeps once, with this outcome."""
        nothing = {"objects": 0, "messages": 0, "failed": 0, "stuck": 0}
        assert await self.reaper.sweep() == Sweep(**{**nothing, **expected})


@pytest.fixture
async def http(cloud):
    """A way to the cloud's Discord."""
    async with DiscordHttp(api_url=cloud.settings.discord_api_url) as session:
        yield session


@pytest.fixture
def shears(cloud, http):
    """Makes a reaper that knows these webhooks, all of them by default."""

    def make(webhooks=None, **options):
        known = cloud.emulator.webhooks if webhooks is None else webhooks
        return Shears(cloud, http, known, **options)

    return make


async def test_deletes_what_nothing_refers_to(cloud, shears):
    """A deleted file's object and messages go, in the catalog and on Discord; others stay."""
    await cloud.token()
    doomed = await cloud.store("/docs/doomed", os.urandom(3500))
    await cloud.store("/docs/kept", os.urandom(1500))
    await cloud.catalog.delete_file(doomed.id)
    reaper = shears()
    await reaper.sweep(objects=1, messages=4)
    assert len(cloud.emulator.messages()) == 2
    assert await cloud.catalog.object_by_id(doomed.object_id) is None
    assert await cloud.catalog.orphan_messages(limit=10) == []
    await reaper.sweep()


async def test_what_is_gone_already_is_done(cloud, shears):
    """After a crash between deleting and forgetting, the same message is no trouble."""
    await cloud.token()
    file = await cloud.store("/docs/a", b"x")
    await cloud.emulator.delete(cloud.emulator.messages()[0])
    await cloud.catalog.delete_file(file.id)
    await shears().sweep(objects=1, messages=1)
    assert await cloud.catalog.orphan_messages(limit=10) == []


async def test_tries_again_after_a_failure(cloud, shears):
    """While Discord is away nothing is forgotten; the next sweep gets it done."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(2500))
    await cloud.catalog.delete_file(file.id)
    reaper = shears()

    async def fail(_webhook, _message_id) -> None:
        raise DiscordUnavailable("down")

    reaper.delete = fail
    await reaper.sweep(objects=1, failed=3)
    reaper.delete = reaper.delete_on_discord
    await reaper.sweep(messages=3)
    assert cloud.emulator.messages() == []


async def test_unconfigured_webhook_blocks_nobody(tmp_path, running_cloud):
    """What another webhook has posted is left, counted, and the rest behind it is deleted."""
    async with running_cloud(tmp_path) as cloud, _http(cloud) as http:
        await cloud.token()
        cloud.emulator.add_webhook()
        first, second = cloud.emulator.webhooks
        for webhook in (first, second):
            cloud.pool.set_webhooks([WebhookCredentials(*webhook)])
            file = await cloud.store(f"/docs/{webhook.id}", os.urandom(5000))
            await cloud.catalog.delete_file(file.id)
        reaper = Shears(cloud, http, [second], batch=2)
        await reaper.sweep(objects=2, messages=5, stuck=5)
        assert {message.webhook_id for message in cloud.emulator.messages()} == {first.id}
        assert b"discord_cloud_stuck_messages 5.0" in reaper.metrics.render()


async def test_dead_webhook_is_called_once(cloud, shears):
    """A webhook that is gone is set aside at the first answer; its messages are stuck."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(3500))
    await cloud.catalog.delete_file(file.id)
    reaper = shears()
    cloud.emulator.delete_webhook(cloud.emulator.webhooks[0].id)
    await reaper.sweep(objects=1, failed=4)
    await reaper.sweep(stuck=4)
    assert cloud.emulator.requests.count(Operation.DELETE) == 1
    assert len(reaper.directory.quarantined) == 1


class Counting:
    """A catalog that counts the messages it lists."""

    def __init__(self, catalog) -> None:
        self.catalog = catalog
        self.listed = 0

    def __getattr__(self, name):
        return getattr(self.catalog, name)

    async def orphan_messages(self, *given, **options):
        """Lists messages."""
        found = await self.catalog.orphan_messages(*given, **options)
        self.listed += len(found)
        return found


async def test_looks_once_at_what_it_cannot_delete(cloud, http):
    """However many messages are stuck, a sweep reads each of them once."""
    await cloud.token()
    for name in range(5):
        file = await cloud.store(f"/docs/{name}", os.urandom(2500))
        await cloud.catalog.delete_file(file.id)
    shears = Shears(cloud, http, [], batch=2)
    counting = Counting(cloud.catalog)
    shears.reaper = Reaper(
        counting, shears.directory, shears.delete, shears.metrics, interval_s=3600, batch=2
    )
    await shears.sweep(objects=5, stuck=15)
    assert counting.listed == 15


async def test_more_than_a_batch(cloud, shears):
    """Garbage is taken in batches until there is none."""
    await cloud.token()
    for name in range(5):
        file = await cloud.store(f"/docs/{name}", os.urandom(2500))
        await cloud.catalog.delete_file(file.id)
    await shears(batch=2).sweep(objects=5, messages=15)
    assert cloud.emulator.messages() == []


async def test_nudge_wakes_it(cloud, shears):
    """It sweeps at its start, and again when told that there is something to do."""
    await cloud.token()
    reaper = shears()
    deleted: asyncio.Queue[int] = asyncio.Queue()

    async def delete(webhook, message_id) -> None:
        await reaper.delete_on_discord(webhook, message_id)
        deleted.put_nowait(message_id)

    reaper.delete = delete
    task = asyncio.create_task(reaper.reaper.run())
    for name in ("a", "b"):
        file = await cloud.store(f"/docs/{name}", b"x")
        await cloud.catalog.delete_file(file.id)
        reaper.reaper.nudge()
        async with asyncio.timeout(10):
            await deleted.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_slow_webhook_does_not_hold_up_the_others(tmp_path, running_cloud):
    """Webhooks are worked on side by side, as their limits are their own."""
    async with running_cloud(tmp_path) as cloud, _http(cloud) as http:
        await cloud.token()
        cloud.emulator.add_webhook()
        for webhook in cloud.emulator.webhooks:
            cloud.pool.set_webhooks([WebhookCredentials(*webhook)])
            file = await cloud.store(f"/docs/{webhook.id}", b"x")
            await cloud.catalog.delete_file(file.id)
        slow = Fault(kind=FaultKind.SLOW, route=Operation.DELETE)
        other = Fault(kind=FaultKind.SLOW, route=Operation.DELETE)
        for fault in (slow, other):
            cloud.emulator.faults.add(fault)
        sweep = asyncio.create_task(Shears(cloud, http, cloud.emulator.webhooks).reaper.sweep())
        await slow.reached.wait()
        await other.reached.wait()
        slow.release()
        other.release()
        assert (await sweep).messages == 2


async def test_catalog_away(cloud, shears, monkeypatch):
    """While the catalog is away the reaper waits and goes on afterwards."""
    slept = []

    async def sleep(seconds) -> None:
        slept.append(seconds)

    reaper = shears(backoff=Backoff(sleep=sleep)).reaper
    outcomes = [CatalogUnavailable("away"), None]
    swept = asyncio.Event()

    async def sweep() -> None:
        if outcome := outcomes.pop(0):
            raise outcome
        swept.set()

    monkeypatch.setattr(reaper, "sweep", sweep)
    task = asyncio.create_task(reaper.run())
    async with asyncio.timeout(10):
        await swept.wait()
    assert len(slept) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.fixture
def bots_message(cloud):
    """Journals a message of a bot, without a chunk."""

    async def journal(message_id: int, channel_id: int) -> None:
        chunk = Chunk(
            object_id=uuid4(),
            index=0,
            message_id=message_id,
            attachment_id=None,
            offset=0,
            stored_size=1,
            size=1,
            digest=None,
        )
        message = Message(id=message_id, channel_id=channel_id, webhook_id=None, stored_size=1)
        await cloud.catalog.add_chunk(ChunkLocation(chunk=chunk, message=message))

    return journal


async def test_the_bot_deletes_what_it_has_posted(cloud, shears, bots_message):
    """A message without a webhook is deleted in its channel, and then forgotten."""
    await bots_message(10**17, 7)
    await bots_message(10**17 + 1, 8)
    deleted = set()

    async def delete_as_bot(channel_id, message_id) -> None:
        deleted.add((channel_id, message_id))

    await shears(delete_as_bot=delete_as_bot).sweep(messages=2)
    assert deleted == {(7, 10**17), (8, 10**17 + 1)}
    assert await cloud.catalog.orphan_messages(limit=10) == []


async def test_a_refusing_bot_keeps_its_messages(cloud, shears, bots_message):
    """What the bot cannot delete is asked for again in a later sweep."""
    await bots_message(10**17, 7)

    async def refuse(_channel_id, _message_id) -> None:
        raise DiscordRefused(401, 0)

    await shears(delete_as_bot=refuse).sweep(failed=1)
    assert len(await cloud.catalog.orphan_messages(limit=10)) == 1


async def test_an_unusable_bot_leaves_its_messages_stuck(shears, bots_message):
    """Where the bot can delete nothing it is not asked again, and its messages count as stuck."""
    await bots_message(10**17, 7)
    asked = []

    async def refuse(channel_id, _message_id) -> None:
        asked.append(channel_id)
        raise BotUnusable(401, 0, None)

    reaping = shears(delete_as_bot=refuse)
    await reaping.sweep(failed=1)
    await reaping.sweep(stuck=1)
    assert asked == [7]


async def test_without_a_bot_its_messages_are_stuck(shears, bots_message):
    """What a bot has posted is counted as stuck while none is configured."""
    await bots_message(10**17, 7)
    await shears().sweep(stuck=1)


def _http(cloud) -> DiscordHttp:
    return DiscordHttp(api_url=cloud.settings.discord_api_url)
