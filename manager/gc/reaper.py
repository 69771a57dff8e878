"""Empties the trash of what has expired, deletes objects without references, and then their messages.

The reaper deletes only messages that the catalog has listed as garbage, because no chunk is left in them.
It removes a message from the catalog after Discord has confirmed the deletion; after a crash in between it
deletes the message once more, which is no error.

The catalog returns garbage messages by author (a webhook, or a bot in a channel), since the author decides
which credentials can delete them. Messages that no configured credentials can delete cost no requests,
however many there are, and are tried again as soon as suitable credentials are configured. A task per
author deletes its messages, because rate limits differ and some are slow. A message that Discord refuses
to delete is postponed for a day.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Protocol

import structlog

from catalog.content_port import MessageStore, ObjectStore
from catalog.errors import CatalogError
from catalog.records import Message, MessageAuthor
from catalog.service_port import TicketStore
from catalog.trash_port import TrashStore
from common.retry import Backoff
from manager.error_texts import log_level
from manager.gc.outage_grace import OutageGrace, no_grace
from manager.metrics import ManagerMetrics
from manager.services.webhooks import WebhookDirectory
from storage.discord.routes import WebhookCredentials
from storage.errors import BotUnusable, DiscordRefused, StorageError, WebhookUnusable

log = structlog.get_logger(__name__)

BATCH = 100
"""Objects, or messages, that one query takes from the catalog."""
MAX_AUTHORS = 10_000
"""Authors per sweep: more than the webhooks and channels of several guilds."""
COOLDOWN_S = 3600.0
"""Between two counts of undeletable messages, and before credentials that Discord refused are used again."""
MAX_REFUSALS = 5
"""Refused deletions in a row after which the credentials cool down: Discord bans clients for refusals."""
POSTPONED_S = 24 * 3600.0
"""Before a message whose deletion Discord refused is tried again."""

DeleteMessage = Callable[[WebhookCredentials, int], Awaitable[None]]
"""Deletes a message of a webhook; a deleted message is no error. Raises `StorageError`."""

Deletion = Callable[[int], Awaitable[None]]
"""Deletes a message by its id; a deleted message is no error. Raises `StorageError`."""


class DeleteAsBot(Protocol):
    """Deletes a message of a channel as a bot; a deleted message is no error.

    `is_own`: whether a bot posted it, and not a webhook. Raises `StorageError`.
    """

    def __call__(self, channel_id: int, message_id: int, *, is_own: bool) -> Awaitable[None]:
        """Deletes the message."""


@dataclass(frozen=True, slots=True)
class _Deleter:
    """Deletes an author's messages with certain credentials, which `key` identifies."""

    key: tuple[object, ...]
    delete: Deletion


@dataclass(slots=True, kw_only=True)
class Sweep:
    """The result of a search for garbage."""

    objects: int = 0
    """Objects deleted from the catalog."""
    messages: int = 0
    """Messages deleted from Discord and from the catalog."""


class GarbageStore(ObjectStore, MessageStore, TicketStore, TrashStore, Protocol):
    """The parts of the catalog that the reaper uses."""


class Reaper:
    """Searches for garbage at intervals, or when woken, and deletes it.

    Attributes:
        stuck: Messages that no configured credentials could delete when they were last counted.
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
        renew_references: Callable[[], Awaitable[None]] | None = None,
        outage_grace: OutageGrace | None = None,
        delete_as_bot: DeleteAsBot | None = None,
        batch: int = BATCH,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Lists and deletes garbage.
            webhooks: The webhooks whose messages can be deleted.
            delete: Deletes a message with its webhook.
            metrics: Counts what was deleted.
            interval_s: Seconds between two sweeps.
            grace_s: Seconds for which stored content is kept after its last reference was released.
            renew_references: Renews this process's references before a sweep; None: it has none.
            outage_grace: Passes before the first sweep, and after an outage; None: no time does.
            delete_as_bot: Deletes a message with the bot; None when no bot is configured.
            batch: Objects, or messages, per query.
            backoff: Delays after a failure of the catalog; None for 1 s up to `interval_s`.
            clock: Seconds since the epoch, as the catalog counts them.
            monotonic: Seconds that never jump.
        """
        self._catalog = catalog
        self._webhooks = webhooks
        self._delete = delete
        self._delete_as_bot = delete_as_bot
        self._metrics = metrics
        self._interval_s = interval_s
        self._grace_s = grace_s
        self._renew_references = renew_references
        self._outage_grace = outage_grace or no_grace()
        self._batch = batch
        self._backoff = backoff or Backoff(first_s=1, cap_s=interval_s)
        self._clock = clock
        self._monotonic = monotonic
        self._woken = asyncio.Event()
        self._working: set[MessageAuthor] = set()
        self._cools_down_until: dict[tuple[object, ...], float] = {}
        self._stuck: frozenset[MessageAuthor] = frozenset()
        self.stuck = 0
        self._count_at = monotonic()

    def wake(self) -> None:
        """Starts the next sweep now instead of at the next interval."""
        self._woken.set()

    def webhooks_changed(self) -> None:
        """Uses all credentials again, since messages that could not be deleted may be deletable now."""
        self._cools_down_until.clear()
        if self._stuck:
            self.wake()

    async def run(self) -> None:
        """Sweeps until cancelled; while the catalog is unavailable, with growing delays."""
        self._outage_grace.begin()
        async with asyncio.TaskGroup() as workers:
            while True:
                self._woken.clear()
                try:
                    await self._outage_grace.over()
                    await self.sweep(workers)
                    self._backoff.reset()
                except CatalogError as error:
                    self._outage_grace.begin()
                    log.log(log_level(error), "reaper-cannot-use-catalog", code=error.code)
                    await self._backoff.wait()
                    continue
                await self._pause()

    async def sweep(self, workers: asyncio.TaskGroup) -> Sweep:
        """Deletes objects, and starts a task for each author whose messages no task deletes yet.

        The tasks count the messages that they delete in the returned `Sweep`, until they end.
        Raises `CatalogUnavailable`.
        """
        sweep = Sweep(objects=await self._collect())
        stuck = set()
        for author in await self._catalog.orphan_authors(limit=MAX_AUTHORS):
            if author in self._working:
                continue
            if self._deleter_of(author) is None:
                stuck.add(author)
                continue
            self._working.add(author)
            workers.create_task(self._work(author, sweep), name=f"reap {author}")
        await self._report(frozenset(stuck))
        return sweep

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _collect(self) -> int:
        if self._renew_references is not None:
            await self._renew_references()
        while await self._catalog.drop_expired_tickets(limit=self._batch) == self._batch:
            pass
        while await self._catalog.collect_trash(limit=self._batch):
            pass
        total = 0
        while count := await self._catalog.collect_objects(
            limit=self._batch, grace_s=self._grace_s
        ):
            total += count
            self._metrics.reaped_objects.inc(count)
        return total

    def _deleter_of(self, author: MessageAuthor) -> _Deleter | None:
        """What can delete the author's messages; None when no credentials can, or all cool down."""
        now = self._monotonic()
        usable = (
            each
            for each in self._deleters_of(author)
            if self._cools_down_until.get(each.key, now) <= now
        )
        return next(usable, None)

    def _deleters_of(self, author: MessageAuthor) -> Iterator[_Deleter]:
        is_own = author.webhook_id is None
        if author.webhook_id is not None:
            webhook = self._webhooks.readable.get(author.webhook_id)
            if webhook is not None:
                yield _Deleter(("webhook", webhook.id), partial(self._delete, webhook))
        if self._delete_as_bot is not None:
            delete = partial(self._delete_as_bot, author.channel_id, is_own=is_own)
            yield _Deleter(("bot", author.channel_id, is_own), delete)

    async def _work(self, author: MessageAuthor, sweep: Sweep) -> None:
        """Deletes the author's messages until none is left or none can be deleted now."""
        try:
            while deleter := self._deleter_of(author):
                messages = await self._catalog.orphan_messages(author, limit=self._batch)
                if not messages:
                    return
                await self._delete_messages(deleter, messages, sweep)
        except (StorageError, CatalogError) as error:
            log.log(log_level(error), "messages-not-deleted", **asdict(author), code=error.code)
        finally:
            self._working.discard(author)

    async def _delete_messages(
        self, deleter: _Deleter, messages: list[Message], sweep: Sweep
    ) -> None:
        """Deletes messages until Discord refuses the credentials, which then cool down."""
        refusals = 0
        try:
            for message in messages:
                if await self._delete_one(deleter.delete, message):
                    sweep.messages += 1
                    refusals = 0
                else:
                    refusals += 1
                if refusals == MAX_REFUSALS:
                    self._cool_down(deleter)
                    return
        except WebhookUnusable as error:
            self._webhooks.lost(error)
            self._cool_down(deleter)
        except BotUnusable:
            self._cool_down(deleter)

    def _cool_down(self, deleter: _Deleter) -> None:
        self._cools_down_until[deleter.key] = self._monotonic() + COOLDOWN_S

    async def _delete_one(self, deletion: Deletion, message: Message) -> bool:
        """Deletes a message, or postpones it when Discord refuses; returns whether it is deleted."""
        try:
            await deletion(message.id)
        except BotUnusable:
            raise
        except DiscordRefused as error:
            log.warning("message-not-deleted", message_id=message.id, reason=str(error))
            await self._catalog.postpone_message(message.id, until=self._clock() + POSTPONED_S)
            return False
        await self._catalog.forget_message(message.id)
        self._metrics.reaped_messages.inc()
        return True

    async def _report(self, stuck: frozenset[MessageAuthor]) -> None:
        """Reports undeletable messages: their number as a gauge, and a log line per author."""
        for author in stuck - self._stuck:
            log.warning("messages-cannot-be-deleted", **asdict(author))
        now = self._monotonic()
        if stuck != self._stuck or now >= self._count_at:
            self.stuck = await self._catalog.count_orphans(stuck)
            self._metrics.stuck_messages.set(self.stuck)
            self._count_at = now + COOLDOWN_S
        self._stuck = stuck
