"""The sweep lists messages that the catalog does not know as garbage, and no others."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from catalog.errors import CatalogUnavailable
from catalog.port import Catalog
from catalog.records import Message, Watch
from catalog.sqlite.adapter import SqliteCatalog
from discord_emulator.emulator import Emulator
from discord_emulator.operations import Operation
from discord_emulator.settings import Permission
from discord_emulator.testing import VirtualClock, running_emulator
from manager.gc.unknown_messages import AGE_S, PAUSE_S, SWEEP_S, WATCH_S, UnknownMessages
from manager.metrics import ManagerMetrics
from manager.services.webhooks import WebhookDirectory
from storage.discord.http import DiscordHttp
from storage.discord.messages import Bot, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.errors import WebhookGone
from tests.orphans import orphans_of

DAY_S = 24 * 3600.0


class FaultyCatalog:
    """The catalog, which can be away for some calls, or be set back to a backup."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._backup: list[Watch] | None = None
        self.absences = 0

    def __getattr__(self, name):
        return getattr(self._catalog, name)

    async def watches(self) -> list[Watch]:
        """When it was kept, as far as it still knows."""
        if self.absences:
            self.absences -= 1
            raise CatalogUnavailable("away")
        known = await self._catalog.watches()
        if self._backup is None:
            return known
        later = [watch for watch in known if watch.began_at > self._backup[-1].began_at]
        return self._backup + later

    def set_back(self, backup: list[Watch]) -> None:
        """From now on it knows of this time only what was in the backup."""
        self._backup = backup


@dataclass
class Scene:
    """Discord, a catalog, and managers that come and go."""

    emulator: Emulator
    catalog: Catalog
    http: DiscordHttp
    clock: VirtualClock
    metrics: ManagerMetrics = field(default_factory=ManagerMetrics)
    slept: list[float] = field(default_factory=list)
    wakeups: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def manager(
        self, catalog: Any = None, *, webhooks: WebhookDirectory | None = None
    ) -> UnknownMessages:
        """A manager that starts now, and keeps the catalog."""
        hooks = (WebhookCredentials(*hook) for hook in self.emulator.webhooks)
        started = UnknownMessages(
            catalog or self.catalog,
            webhooks or WebhookDirectory(hooks),
            self.list_messages,
            self._woken,
            self.metrics,
            clock=self.clock,
            sleep=self._sleep,
        )
        await started.keep_watch()
        return started

    async def list_messages(self, channel_id: int, after: int):
        """Lists messages as the bot."""
        return await Bot(self.http, "bot").messages_after(channel_id, after)

    async def post(self, number: int = 1, *, is_known: bool = False, webhook: int = 0) -> list[int]:
        """Posts messages; those that are known were reported. Returns their ids."""
        hook = WebhookClient(self.http, WebhookCredentials(*self.emulator.webhooks[webhook]))
        ids = []
        for _ in range(number):
            posted = await hook.execute(memoryview(b"chunk"))
            ids.append(posted.id)
            if is_known:
                await self._enter(posted.id, webhook)
        return ids

    async def given_up(self) -> list[int]:
        """Ids of the messages that the reaper will delete."""
        return [message.id for message in await orphans_of(self.catalog)]

    async def pass_time(self, manager: UnknownMessages, seconds: float) -> None:
        """Lets time pass for a manager that runs."""
        self.clock.advance(seconds)
        await manager.keep_watch()

    async def sweep(self, manager: UnknownMessages) -> None:
        """Has a manager look."""
        await manager.sweep(self.list_messages)

    async def _enter(self, message_id: int, webhook: int) -> None:
        hook = self.emulator.webhooks[webhook]
        message = Message(
            id=message_id, channel_id=hook.channel_id, webhook_id=hook.id, stored_size=5
        )
        # As garbage that is postponed, so that it is known, and not given up by the sweep.
        await self.catalog.note_sweep(0, swept_until=0, messages=[message])
        await self.catalog.postpone_message(message_id, until=float("inf"))

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def _woken(self) -> None:
        self.wakeups += 1
        self.woken.set()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """One channel with a webhook, on a clock that stands still."""
    clock = VirtualClock()
    async with (
        running_emulator(
            tmp_path / "discord", clock=clock, limits="off", bot_token="bot"
        ) as emulator,
        SqliteCatalog.open(tmp_path / "catalog.sqlite3", clock=clock) as catalog,
        DiscordHttp(api_url=f"{emulator.base_url}/api/v10") as http,
    ):
        yield Scene(emulator, catalog, http, clock)


async def test_what_nobody_knows_is_given_up_after_an_hour(scene: Scene):
    """What is known stays, and so does what may still be on its way."""
    manager = await scene.manager()
    lost = await scene.post(2)
    await scene.post(is_known=True)
    await scene.pass_time(manager, AGE_S - 1)
    young = await scene.post()
    await scene.sweep(manager)
    assert await scene.given_up() == []
    await scene.pass_time(manager, 2)
    await scene.sweep(manager)
    assert await scene.given_up() == lost
    await scene.pass_time(manager, AGE_S)
    await scene.sweep(manager)
    assert await scene.given_up() == [*lost, *young]
    assert (manager.found, manager.swept_at, scene.wakeups) == (3, scene.clock(), 2)
    assert b"discord_cloud_unknown_messages_total 3.0" in scene.metrics.render()


async def test_each_message_is_looked_at_once(scene: Scene):
    """A look goes on where the last one ended, in the next process as well."""
    manager = await scene.manager()
    await scene.post(is_known=True)
    await scene.pass_time(manager, AGE_S + 1)
    await scene.sweep(manager)
    channel_id = scene.emulator.webhooks[0].channel_id
    (known,) = [message.id for message in scene.emulator.messages()]
    assert (await scene.catalog.channel_sweeps())[channel_id] == known
    again = await scene.manager()
    lost = await scene.post()
    await scene.pass_time(again, AGE_S + 1)
    await scene.sweep(again)
    assert (await scene.catalog.channel_sweeps())[channel_id] == lost[0]
    assert await scene.given_up() == lost


async def test_the_channel_of_a_dead_webhook_is_looked_through(scene: Scene):
    """After a restart Discord cannot be asked for the channel, but it was swept before."""
    manager = await scene.manager()
    await scene.post(is_known=True)
    await scene.pass_time(manager, AGE_S + 1)
    await scene.sweep(manager)
    lost = await scene.post()
    hook = scene.emulator.webhooks[0]
    directory = WebhookDirectory([WebhookCredentials(hook.id, hook.token)])
    directory.lost(WebhookGone(hook.id, "HTTP 404, code 10015"))
    again = await scene.manager(webhooks=directory)
    await scene.pass_time(again, AGE_S + 1)
    await scene.sweep(again)
    assert await scene.given_up() == lost


async def test_long_channels_are_looked_through_page_by_page(scene: Scene):
    """One request at a time, each after a pause, and nothing is missed between the pages."""
    manager = await scene.manager()
    message = (await scene.post(), scene.emulator.messages()[0])[1]
    for number in range(1, 250):
        unknown = type(message)(
            id=message.id + number * 16,
            channel_id=message.channel_id,
            webhook_id=message.webhook_id,
            author="",
            content="",
            attachments=message.attachments,
        )
        scene.emulator.sink_messages[unknown.id] = unknown
    await scene.pass_time(manager, AGE_S + 1)
    await scene.sweep(manager)
    assert manager.found == 250
    assert scene.emulator.requests.count(Operation.BOT_LIST) == 3
    assert scene.slept == [PAUSE_S] * 3


async def test_messages_of_others_are_left_alone(scene: Scene):
    """Texts, messages of a bot, and messages of a foreign webhook."""
    manager = await scene.manager()
    hook = scene.emulator.webhooks[0]
    stranger = scene.emulator.add_webhook(hook.channel_id)
    headers = {"User-Agent": "DiscordBot (https://example.org, 1)"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for url in scene.emulator.webhook_urls():
            await http.post(f"{url}?wait=true", json={"content": "a notice"})
        own = f"{scene.emulator.base_url}/api/v10/channels/{hook.channel_id}/messages"
        form = aiohttp.FormData()
        form.add_field("files[0]", b"of the bot", filename="a")
        await http.post(own, data=form, headers={"Authorization": "Bot bot"})
    posted = await WebhookClient(scene.http, WebhookCredentials(*stranger)).execute(
        memoryview(b"x")
    )
    assert len(scene.emulator.messages()) == 4
    await scene.pass_time(manager, AGE_S + 1)
    await scene.sweep(manager)
    assert await scene.given_up() == []
    assert (await scene.catalog.channel_sweeps())[hook.channel_id] == posted.id


async def test_what_was_posted_while_nobody_kept_the_catalog_is_left_alone(scene: Scene):
    """Before the first start, and while no manager ran: another catalog may know those messages."""
    await scene.post()
    scene.clock.advance(10 * WATCH_S)
    first = await scene.manager()
    kept = await scene.post()
    await scene.pass_time(first, WATCH_S)
    scene.clock.advance(10 * WATCH_S)
    await scene.post()
    scene.clock.advance(10 * WATCH_S)
    second = await scene.manager()
    kept += await scene.post()
    await scene.pass_time(second, AGE_S + 1)
    await scene.sweep(second)
    assert await scene.given_up() == kept
    assert len(scene.emulator.messages()) == 4


async def test_what_was_posted_right_before_a_crash_counts(scene: Scene):
    """A manager notes every minute that it is there, so it was there for a minute more."""
    first = await scene.manager()
    await scene.pass_time(first, WATCH_S)
    scene.clock.advance(WATCH_S / 2)
    lost = await scene.post()
    scene.clock.advance(10 * WATCH_S)
    second = await scene.manager()
    await scene.pass_time(second, AGE_S + 1)
    await scene.sweep(second)
    assert await scene.given_up() == lost


async def test_a_short_restart_goes_on_with_the_watch(scene: Scene):
    """Restarts do not add up, and nothing that was posted meanwhile is overlooked."""
    began_at = scene.clock()
    for _ in range(5):
        await scene.manager()
        scene.clock.advance(WATCH_S)
    await scene.manager()
    assert await scene.catalog.watches() == [Watch(began_at=began_at, seen_at=scene.clock())]


async def test_a_catalog_that_is_set_back_is_kept_from_then_on(scene: Scene):
    """What came after its backup is unknown to it, and must not be taken for garbage."""
    catalog = FaultyCatalog(scene.catalog)
    manager = await scene.manager(catalog)
    await scene.pass_time(manager, WATCH_S)
    backup = await catalog.watches()
    await scene.pass_time(manager, 10 * WATCH_S)
    await scene.post()
    await scene.pass_time(manager, 10 * WATCH_S)
    catalog.set_back(backup)
    await scene.pass_time(manager, WATCH_S)
    lost = await scene.post()
    await scene.pass_time(manager, AGE_S + 1)
    await scene.sweep(manager)
    assert await scene.given_up() == lost
    assert len(scene.emulator.messages()) == 2


async def test_without_the_history_nothing_counts_as_looked_through(scene: Scene):
    """A bot that gets an empty list has seen nothing; with the right it finds all."""
    manager = await scene.manager()
    channel_id = scene.emulator.webhooks[0].channel_id
    scene.emulator.bot_permissions[channel_id] = _without(Permission.READ_MESSAGE_HISTORY)
    lost = await scene.post()
    await scene.pass_time(manager, AGE_S + 1)
    await scene.sweep(manager)
    assert await scene.catalog.channel_sweeps() == {}
    del scene.emulator.bot_permissions[channel_id]
    await scene.sweep(manager)
    assert await scene.given_up() == lost


async def test_without_the_intent_nothing_is_given_up(scene: Scene):
    """What a message holds is not seen, so that it might be anything; the operator is told once."""
    manager = await scene.manager()
    channel_id = scene.emulator.webhooks[0].channel_id
    scene.emulator.bot_permissions[channel_id] = _without(Permission.MESSAGE_CONTENT)
    lost = await scene.post()
    await scene.pass_time(manager, AGE_S + 1)
    with capture_logs() as logs:
        for _ in range(2):
            await scene.sweep(manager)
    events = [entry["event"] for entry in logs if entry["log_level"] != "debug"]
    assert events == ["bot-sees-no-attachments"]
    assert await scene.given_up() == []
    del scene.emulator.bot_permissions[channel_id]
    await scene.sweep(manager)
    assert await scene.given_up() == lost


async def test_a_channel_that_cannot_be_seen_blocks_no_other(scene: Scene):
    """The bot is refused there once, and looks through the others."""
    scene.emulator.add_webhook()
    first, _ = scene.emulator.webhooks
    manager = await scene.manager()
    scene.emulator.bot_permissions[first.channel_id] = _without(Permission.VIEW_CHANNEL)
    await scene.post(webhook=0)
    lost = await scene.post(webhook=1)
    await scene.pass_time(manager, AGE_S + 1)
    for _ in range(2):
        await scene.sweep(manager)
    assert await scene.given_up() == lost
    assert scene.emulator.requests.count(Operation.BOT_LIST, 403) == 1


async def test_it_looks_after_a_while_and_on_and_on(scene: Scene):
    """Services have time to report what they kept; an absent catalog ends nothing."""
    catalog = FaultyCatalog(scene.catalog)
    manager = await scene.manager(catalog)
    lost = await scene.post()
    await scene.pass_time(manager, AGE_S + 1)
    catalog.absences = 1
    running = asyncio.create_task(manager.run())
    async with asyncio.timeout(10):
        await scene.woken.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert scene.slept[:2] == [SWEEP_S, SWEEP_S]
    assert await scene.given_up() == lost


async def test_without_a_bot_nobody_looks(scene: Scene):
    """The loop ends at once, and says so."""
    blind = UnknownMessages(
        scene.catalog, WebhookDirectory([]), None, lambda: None, scene.metrics, clock=scene.clock
    )
    await blind.run()
    assert not blind.has_bot


def _without(permission: Permission) -> frozenset[Permission]:
    return frozenset(Permission) - {permission}
