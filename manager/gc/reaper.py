"""Deletes what nothing refers to: objects in the catalog, and then their messages on Discord.

Only messages that the catalog itself has entered, and in which no chunk lies, are ever deleted. A
message is forgotten after Discord has said that it is gone, so that a crash in between only means
that it is asked again.

Messages are looked for by their authors, a webhook or a bot in a channel, since that decides who can
delete them: what nobody can delete now costs nothing, however much of it there is, and is there again
as soon as a way to it is. Each author's messages are deleted by a task of its own, as limits differ and
some are slow. A single message that Discord refuses to delete is postponed for a day.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Protocol

import structlog

from catalog.errors import CatalogError
from catalog.message_port import MessageStore
from catalog.object_port import ObjectStore
from catalog.records import Message, MessageAuthor
from catalog.service_port import TicketStore
from client_sdk.backoff import Backoff
from manager.error_texts import log_level
from manager.metrics import ManagerMetrics
from manager.services.webhooks import WebhookDirectory
from storage.discord.routes import WebhookCredentials
from storage.errors import BotUnusable, DiscordRefused, StorageError, WebhookUnusable

_log = structlog.get_logger()

BATCH = 100
"""Objects, and messages, that are taken from the catalog at once."""
MOST_AUTHORS = 10_000
"""More than the webhooks and channels of several guilds."""
RARELY_S = 3600.0
"""Between two counts of what cannot be deleted, and two tries where nothing may be deleted."""
MOST_REFUSALS = 5
"""Messages in a row that Discord refuses to delete before it is asked rarely: refusals end in a ban."""
POSTPONED_S = 24 * 3600.0
"""After which a message is tried again that Discord has refused to delete."""

DeleteMessage = Callable[[WebhookCredentials, int], Awaitable[None]]
"""Deletes a message of the webhook; one that is gone is no error. Raises `StorageError`."""

Deletion = Callable[[int], Awaitable[None]]
"""Deletes a message of an author by its id; one that is gone is no error. Raises `StorageError`."""


class DeleteAsBot(Protocol):
    """Deletes a message of a channel; one that is gone is no error. Raises `StorageError`.

    `is_own`: whether a bot has posted it, and no webhook.
    """

    def __call__(self, channel_id: int, message_id: int, *, is_own: bool) -> Awaitable[None]:
        """Deletes it."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How an author's messages can be deleted; `name` is that of whatever Discord may refuse."""

    name: tuple[object, ...]
    delete: Deletion


@dataclass(slots=True, kw_only=True)
class Sweep:
    """What a look for garbage came to."""

    objects: int = 0
    """Objects deleted from the catalog."""
    messages: int = 0
    """Messages deleted on Discord and forgotten."""


class GarbageStore(ObjectStore, MessageStore, TicketStore, Protocol):
    """What garbage may lie in."""


class Reaper:
    """Looks for garbage at intervals, or when nudged.

    Attributes:
        stuck: Messages that nobody here can delete, when they were last counted.
    """

    def __init__(
        self,
        catalog: GarbageStore,
        webhooks: WebhookDirectory,
        delete: DeleteMessage,
        metrics: ManagerMetrics,
        *,
        interval_s: float,
        grace_s: float = 0.0,
        keep_holds: Callable[[], Awaitable[None]] | None = None,
        delete_as_bot: DeleteAsBot | None = None,
        batch: int = BATCH,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Puts it together.

        `grace_s` is how long stored content stays after nothing refers to it any more;
        `keep_holds` renews what this process holds, before anything is collected; `delete_as_bot`
        is None when no bot is configured. `clock`: seconds since the epoch, the catalog's.
        """
        self._catalog = catalog
        self._webhooks = webhooks
        self._delete = delete
        self._delete_as_bot = delete_as_bot
        self._metrics = metrics
        self._interval_s = interval_s
        self._grace_s = grace_s
        self._keep_holds = keep_holds
        self._batch = batch
        self._backoff = backoff or Backoff(first_s=1, cap_s=interval_s)
        self._clock = clock
        self._monotonic = monotonic
        self._nudged = asyncio.Event()
        self._working: set[MessageAuthor] = set()
        self._rests_until: dict[tuple[object, ...], float] = {}
        self._stuck: frozenset[MessageAuthor] = frozenset()
        self.stuck = 0
        self._count_at = monotonic()

    def nudge(self) -> None:
        """There is something to delete: look now instead of at the next interval."""
        self._nudged.set()

    def webhooks_changed(self) -> None:
        """Perhaps there is a way now to messages that could not be deleted."""
        self._rests_until.clear()
        if self._stuck:
            self.nudge()

    async def run(self) -> None:
        """Looks until cancelled. A catalog that is away is asked again, ever more patiently."""
        async with asyncio.TaskGroup() as workers:
            while True:
                self._nudged.clear()
                try:
                    await self.sweep(workers)
                    self._backoff.reset()
                except CatalogError as error:
                    _log.log(log_level(error), "reaper-cannot-use-catalog", code=error.code)
                    await self._backoff.wait()
                    continue
                await self._pause()

    async def sweep(self, workers: asyncio.TaskGroup) -> Sweep:
        """Collects objects, and starts to delete messages wherever that is not under way.

        What the workers delete is counted in the answer until they end. Raises `CatalogUnavailable`.
        """
        sweep = Sweep(objects=await self._collect())
        stuck = set()
        for author in await self._catalog.orphan_authors(limit=MOST_AUTHORS):
            if author in self._working:
                continue
            if self._way_to(author) is None:
                stuck.add(author)
                continue
            self._working.add(author)
            workers.create_task(self._work(author, sweep), name=f"reap {author}")
        await self._report(frozenset(stuck))
        return sweep

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval_s):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _collect(self) -> int:
        if self._keep_holds is not None:
            await self._keep_holds()
        while await self._catalog.drop_expired_tickets(limit=self._batch) == self._batch:
            pass
        total = 0
        while count := await self._catalog.collect_objects(
            limit=self._batch, grace_s=self._grace_s
        ):
            total += count
            self._metrics.reaped_objects.inc(count)
        return total

    def _way_to(self, author: MessageAuthor) -> _Way | None:
        """What deletes the author's messages; None while nobody here can."""
        now = self._monotonic()
        ways = (way for way in self._ways_to(author) if self._rests_until.get(way.name, now) <= now)
        return next(ways, None)

    def _ways_to(self, author: MessageAuthor) -> Iterator[_Way]:
        is_own = author.webhook_id is None
        if author.webhook_id is not None:
            webhook = self._webhooks.reachable.get(author.webhook_id)
            if webhook is not None:
                yield _Way(("webhook", webhook.id), partial(self._delete, webhook))
        if self._delete_as_bot is not None:
            delete = partial(self._delete_as_bot, author.channel_id, is_own=is_own)
            yield _Way(("bot", author.channel_id, is_own), delete)

    async def _work(self, author: MessageAuthor, sweep: Sweep) -> None:
        """Deletes the author's messages, until there are none or they cannot be deleted now."""
        try:
            while way := self._way_to(author):
                messages = await self._catalog.orphan_messages(author, limit=self._batch)
                if not messages:
                    return
                await self._delete_messages(way, messages, sweep)
        except (StorageError, CatalogError) as error:
            _log.log(log_level(error), "messages-not-deleted", **asdict(author), code=error.code)
        finally:
            self._working.discard(author)

    async def _delete_messages(self, way: _Way, messages: list[Message], sweep: Sweep) -> None:
        """Deletes messages in one way, which rests once Discord refuses."""
        refusals = 0
        try:
            for message in messages:
                if await self._delete_one(way.delete, message):
                    sweep.messages += 1
                    refusals = 0
                else:
                    refusals += 1
                if refusals == MOST_REFUSALS:
                    self._rest(way)
                    return
        except WebhookUnusable as error:
            self._webhooks.lost(error)
            self._rest(way)
        except BotUnusable:
            self._rest(way)

    def _rest(self, way: _Way) -> None:
        self._rests_until[way.name] = self._monotonic() + RARELY_S

    async def _delete_one(self, deletion: Deletion, message: Message) -> bool:
        """Whether the message is deleted; one that Discord refuses to delete is postponed."""
        try:
            await deletion(message.id)
        except BotUnusable:
            raise
        except DiscordRefused as error:
            _log.warning("message-not-deleted", message_id=message.id, reason=str(error))
            await self._catalog.postpone_message(message.id, until=self._clock() + POSTPONED_S)
            return False
        await self._catalog.forget_message(message.id)
        self._metrics.reaped_messages.inc()
        return True

    async def _report(self, stuck: frozenset[MessageAuthor]) -> None:
        """Makes messages that nobody here can delete visible: a gauge, and one line per author."""
        for author in stuck - self._stuck:
            _log.warning("messages-cannot-be-deleted", **asdict(author))
        now = self._monotonic()
        if stuck != self._stuck or now >= self._count_at:
            self.stuck = await self._catalog.count_orphans(stuck)
            self._metrics.stuck_messages.set(self.stuck)
            self._count_at = now + RARELY_S
        self._stuck = stuck
