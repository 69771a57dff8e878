"""The reaper deletes what nothing refers to, all of it, and nothing else."""

import asyncio
import os
import time
from collections import Counter

import pytest

from catalog.errors import CatalogUnavailable
from catalog.port import Trashing
from catalog.records import Message
from catalog.trash_port import TrashKey
from common.retry import Backoff
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.settings import Permission
from manager.gc.reaper import COOLDOWN_S, MAX_REFUSALS, POSTPONED_S, Reaper
from manager.metrics import ManagerMetrics
from manager.services.webhooks import WebhookDirectory
from storage.discord.http import DiscordHttp
from storage.discord.messages import Bot, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.errors import BotUnusable, DiscordUnavailable
from tests.orphans import orphans_of


class Shears:
    """A reaper on a running cloud, and the parts of it that a test looks at."""

    def __init__(self, cloud, http, webhooks, *, catalog=None, **options) -> None:
        self.http = http
        self.metrics = ManagerMetrics()
        self.directory = WebhookDirectory(WebhookCredentials(*webhook) for webhook in webhooks)
        self.delete = self.delete_on_discord
        self.now = 0.0
        self.reaper = Reaper(
            catalog or cloud.catalog,
            self.directory,
            self._delete,
            self.metrics,
            interval_s=3600,
            monotonic=lambda: self.now,
            **options,
        )

    async def _delete(self, webhook, message_id) -> None:
        await self.delete(webhook, message_id)

    async def delete_on_discord(self, webhook, message_id) -> None:
        """Deletes for real."""
        await WebhookClient(self.http, webhook).delete(message_id)

    async def sweep(self, *, objects: int = 0, messages: int = 0, stuck: int = 0) -> None:
        """Sweeps once, with this outcome."""
        async with asyncio.TaskGroup() as workers:
            sweep = await self.reaper.sweep(workers)
        assert (sweep.objects, sweep.messages) == (objects, messages)
        assert f"discord_cloud_stuck_messages {stuck}.0" in self.metrics.render().decode()


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
    assert await orphans_of(cloud.catalog) == []
    await reaper.sweep()


async def test_empties_the_trash_of_what_has_expired(cloud, shears):
    """However long the grace of other content; what has not expired stays."""
    await cloud.token()
    doomed = await cloud.store("/docs/doomed", os.urandom(1500))
    kept = await cloud.store("/docs/kept", os.urandom(1500))
    for file, keep_s in ((doomed, 0.0), (kept, 3600.0)):
        trashing = Trashing(user_id=file.owner_id, keep_s=keep_s)
        await cloud.catalog.delete_file(file.id, trashing=trashing)
    await shears(grace_s=3600.0).sweep(objects=1, messages=2)
    assert await cloud.catalog.object_by_id(doomed.object_id) is None
    await cloud.catalog.restore_trashed(kept.owner_id, TrashKey(file_id=kept.id))


async def test_what_is_gone_already_is_done(cloud, shears):
    """After a crash between deleting and forgetting, the same message is no trouble."""
    await cloud.token()
    file = await cloud.store("/docs/a", b"x")
    await cloud.emulator.delete(cloud.emulator.messages()[0])
    await cloud.catalog.delete_file(file.id)
    await shears().sweep(objects=1, messages=1)
    assert await orphans_of(cloud.catalog) == []


async def test_tries_again_after_a_failure(cloud, shears):
    """While Discord is away nothing is forgotten; the next sweep gets it done."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(2500))
    await cloud.catalog.delete_file(file.id)
    reaper = shears()

    async def fail(_webhook, _message_id) -> None:
        raise DiscordUnavailable("down")

    reaper.delete = fail
    await reaper.sweep(objects=1)
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


async def test_dead_webhook_is_called_once(cloud, shears):
    """A webhook that is gone is set aside at the first answer; its messages are stuck."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(3500))
    await cloud.catalog.delete_file(file.id)
    reaper = shears()
    cloud.emulator.delete_webhook(cloud.emulator.webhooks[0].id)
    await reaper.sweep(objects=1)
    await reaper.sweep(stuck=4)
    assert cloud.emulator.requests.count(Operation.DELETE) == 1
    assert len(reaper.directory.quarantined) == 1


class CountedCatalog:
    """A catalog that counts what it is asked, by method."""

    def __init__(self, catalog) -> None:
        self._catalog = catalog
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name):
        self.calls[name] += 1
        return getattr(self._catalog, name)


async def give_up(cloud, number: int, *, webhook_id: int | None, channel_id: int = 7) -> None:
    """Enters messages that hold no chunk; they are not on Discord."""
    messages = [
        Message(id=10**17 + n, channel_id=channel_id, webhook_id=webhook_id, stored_size=1)
        for n in range(number)
    ]
    await cloud.catalog.note_sweep(channel_id, swept_until=1, messages=messages)


@pytest.mark.parametrize("webhook_id", [5, None])
async def test_what_cannot_be_deleted_costs_nothing(cloud, shears, webhook_id):
    """A look asks the catalog the same few things, however many messages are stuck."""
    costs = []
    for number in (3, 500):
        await give_up(cloud, number, webhook_id=webhook_id)
        catalog = CountedCatalog(cloud.catalog)
        reaper = shears(catalog=catalog, batch=2)
        await reaper.sweep(stuck=number)
        first = catalog.calls.copy()
        await reaper.sweep(stuck=number)
        costs.append((first, catalog.calls - first))
    assert costs[0] == costs[1]
    assert costs[0][1] == {
        "drop_expired_tickets": 1,
        "collect_trash": 1,
        "collect_objects": 1,
        "orphan_authors": 1,
    }


async def test_what_is_stuck_is_counted_rarely(cloud, shears):
    """The number of stuck messages is told again after an hour, and at once when authors change."""
    await give_up(cloud, 1, webhook_id=5)
    reaper = shears()
    await reaper.sweep(stuck=1)
    await give_up(cloud, 3, webhook_id=5)
    await reaper.sweep(stuck=1)
    reaper.now += COOLDOWN_S
    await reaper.sweep(stuck=3)
    await cloud.catalog.note_sweep(
        8, swept_until=1, messages=[Message(id=1, channel_id=8, webhook_id=None, stored_size=1)]
    )
    await reaper.sweep(stuck=4)


async def test_a_message_that_discord_refuses_to_delete_blocks_nobody(cloud, shears):
    """It is tried again after a day; what was posted after it is deleted now."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(3500))
    refused = cloud.emulator.messages()[0]
    fault = Fault(
        kind=FaultKind.ERROR,
        route=Operation.DELETE,
        status=403,
        code=50021,
        message_id=refused.id,
        times=None,
    )
    cloud.emulator.faults.add(fault)
    await cloud.catalog.delete_file(file.id)
    now = time.time()
    reaper = shears(batch=2, clock=lambda: now - POSTPONED_S + 60)
    await reaper.sweep(objects=1, messages=3)
    await reaper.sweep()
    assert cloud.emulator.messages() == [refused]
    assert fault.hits == 1
    assert await orphans_of(cloud.catalog) == []


async def test_a_postponed_message_is_tried_again(cloud, shears):
    """Once its day is over it is deleted like any other."""
    await cloud.token()
    file = await cloud.store("/docs/a", b"x")
    fault = Fault(kind=FaultKind.ERROR, route=Operation.DELETE, status=403, code=50021)
    cloud.emulator.faults.add(fault)
    await cloud.catalog.delete_file(file.id)
    now = time.time()
    reaper = shears(clock=lambda: now - POSTPONED_S - 60)
    await reaper.sweep(objects=1, messages=1)
    assert cloud.emulator.messages() == []


async def test_discord_is_not_asked_on_and_on_when_it_refuses_everything(cloud, shears):
    """After a few refusals in a row the rest is left for an hour."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(20_000))
    fault = Fault(kind=FaultKind.ERROR, route=Operation.DELETE, status=403, code=0, times=None)
    cloud.emulator.faults.add(fault)
    await cloud.catalog.delete_file(file.id)
    reaper = shears()
    await reaper.sweep(objects=1)
    await reaper.sweep(stuck=20)
    assert fault.hits == MAX_REFUSALS
    cloud.emulator.faults.clear()
    reaper.now += COOLDOWN_S
    await reaper.sweep(messages=20 - MAX_REFUSALS)


async def test_a_webhook_that_may_not_delete_is_asked_once_an_hour(cloud, shears):
    """Refusals count towards the ban of the address, so they are few."""
    await cloud.token()
    file = await cloud.store("/docs/a", os.urandom(1500))
    await cloud.catalog.delete_file(file.id)
    fault = Fault(kind=FaultKind.ERROR, route=Operation.DELETE, status=403, code=50013, times=2)
    cloud.emulator.faults.add(fault)
    reaper = shears()
    await reaper.sweep(objects=1)
    await reaper.sweep(stuck=2)
    assert fault.hits == 1
    reaper.now += COOLDOWN_S
    await reaper.sweep()
    assert fault.hits == 2
    reaper.now += COOLDOWN_S
    await reaper.sweep(messages=2)


async def test_garbage_is_collected_while_a_slow_author_is_worked_on(tmp_path, running_cloud):
    """Deleting takes hours where Discord is slow; objects and other webhooks do not wait."""
    async with running_cloud(tmp_path) as cloud, _http(cloud) as http:
        await cloud.token()
        cloud.emulator.add_webhook()
        slow, quick = cloud.emulator.webhooks
        files = []
        for webhook in (slow, quick):
            cloud.pool.set_webhooks([WebhookCredentials(*webhook)])
            files.append(await cloud.store(f"/docs/{webhook.id}", b"x"))
        fault = Fault(kind=FaultKind.SLOW, route=Operation.DELETE, webhook_id=slow.id)
        cloud.emulator.faults.add(fault)
        shears = Shears(cloud, http, cloud.emulator.webhooks)
        deleted = asyncio.Event()

        async def delete(webhook, message_id) -> None:
            await shears.delete_on_discord(webhook, message_id)
            deleted.set()

        shears.delete = delete
        await cloud.catalog.delete_file(files[0].id)
        running = asyncio.create_task(shears.reaper.run())
        await fault.reached.wait()
        await cloud.catalog.delete_file(files[1].id)
        shears.reaper.wake()
        async with asyncio.timeout(10):
            await deleted.wait()
        assert [message.webhook_id for message in cloud.emulator.messages()] == [slow.id]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_more_than_a_batch(cloud, shears):
    """Garbage is taken in batches until there is none."""
    await cloud.token()
    for name in range(5):
        file = await cloud.store(f"/docs/{name}", os.urandom(2500))
        await cloud.catalog.delete_file(file.id)
    await shears(batch=2).sweep(objects=5, messages=15)
    assert cloud.emulator.messages() == []


async def test_it_can_be_woken(cloud, shears):
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
        reaper.reaper.wake()
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
        shears = Shears(cloud, http, cloud.emulator.webhooks)
        sweep = asyncio.create_task(shears.sweep(objects=2, messages=2))
        await slow.reached.wait()
        await other.reached.wait()
        slow.release()
        other.release()
        await sweep


async def test_catalog_away(cloud, shears, monkeypatch):
    """While the catalog is away the reaper waits and goes on afterwards."""
    slept = []

    async def sleep(seconds) -> None:
        slept.append(seconds)

    reaper = shears(backoff=Backoff(sleep=sleep)).reaper
    outcomes = [CatalogUnavailable("away"), None]
    swept = asyncio.Event()

    async def sweep(_workers) -> None:
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
        message = Message(id=message_id, channel_id=channel_id, webhook_id=None, stored_size=1)
        await cloud.catalog.add_message(message, ())

    return journal


async def test_the_bot_deletes_what_it_has_posted(cloud, shears, bots_message):
    """A message without a webhook is deleted in its channel, and then forgotten."""
    await bots_message(10**17, 7)
    await bots_message(10**17 + 1, 8)
    deleted = set()

    async def delete_as_bot(channel_id, message_id, *, is_own) -> None:
        deleted.add((channel_id, message_id, is_own))

    await shears(delete_as_bot=delete_as_bot).sweep(messages=2)
    assert deleted == {(7, 10**17, True), (8, 10**17 + 1, True)}
    assert await orphans_of(cloud.catalog) == []


async def test_an_unusable_bot_leaves_its_messages_stuck(shears, bots_message):
    """Where the bot can delete nothing it is not asked again, and its messages count as stuck."""
    await bots_message(10**17, 7)
    asked = []

    async def refuse(channel_id, _message_id, *, is_own) -> None:
        asked.append((channel_id, is_own))
        raise BotUnusable(401, 0, None)

    reaper = shears(delete_as_bot=refuse)
    await reaper.sweep()
    await reaper.sweep(stuck=1)
    assert asked == [(7, True)]


async def test_a_bot_deletes_what_a_dead_webhook_has_left(tmp_path, running_cloud):
    """With the permission to manage messages; the webhook is asked once, and then the bot."""
    async with (
        running_cloud(tmp_path, emulator={"bot_token": "bot"}) as cloud,
        _http(cloud) as http,
    ):
        await cloud.token()
        file = await cloud.store("/docs/a", os.urandom(2500))
        await cloud.catalog.delete_file(file.id)
        webhook = cloud.emulator.webhooks[0]
        cloud.emulator.delete_webhook(webhook.id)
        reaper = Shears(cloud, http, [webhook], delete_as_bot=Bot(http, "bot").delete)
        await reaper.sweep(objects=1, messages=3)
        assert cloud.emulator.messages() == []
        assert cloud.emulator.requests.count(Operation.DELETE) == 1


async def test_a_bot_that_may_not_manage_messages_deletes_its_own(tmp_path, running_cloud):
    """What it may not delete is stuck, and does not keep it from what it has posted itself."""
    async with (
        running_cloud(tmp_path, emulator={"bot_token": "bot"}) as cloud,
        _http(cloud) as http,
    ):
        await cloud.token()
        webhook = cloud.emulator.webhooks[0]
        mine = frozenset(Permission) - {Permission.MANAGE_MESSAGES}
        cloud.emulator.bot_permissions[webhook.channel_id] = mine
        file = await cloud.store("/docs/a", os.urandom(1500))
        await cloud.catalog.delete_file(file.id)
        reaper = Shears(cloud, http, [], delete_as_bot=Bot(http, "bot").delete)
        await reaper.sweep(objects=1)
        await reaper.sweep(stuck=2)
        await give_up(cloud, 1, webhook_id=None, channel_id=webhook.channel_id)
        await reaper.sweep(messages=1, stuck=2)
        assert cloud.emulator.requests.count(Operation.BOT_DELETE, 403) == 1


async def test_without_a_bot_its_messages_are_stuck(shears, bots_message):
    """What a bot has posted is counted as stuck while none is configured."""
    await bots_message(10**17, 7)
    await shears().sweep(stuck=1)


def _http(cloud) -> DiscordHttp:
    return DiscordHttp(api_url=cloud.settings.discord_api_url)
