"""Deletes what nothing refers to: objects in the catalog, and then their messages on Discord.

Only messages that the catalog itself journalled, and in which no chunk lies, are ever deleted. A
message is forgotten after Discord has said that it is gone, so that a crash in between only means
that it is asked again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from catalog.errors import CatalogError
from catalog.object_port import ObjectStore
from catalog.records import Message
from catalog.service_port import TicketStore
from client_sdk.backoff import Backoff
from manager.metrics import ManagerMetrics
from manager.webhooks import WebhookDirectory
from storage.discord.webhook import WebhookCredentials
from storage.errors import BotUnusable, StorageError, WebhookUnusable

_log = structlog.get_logger()

BATCH = 100
"""Objects, and messages, that are taken from the catalog at once."""

DeleteMessage = Callable[[WebhookCredentials, int], Awaitable[None]]
"""Deletes a message of the webhook; one that is gone is no error. Raises `StorageError`."""

DeleteAsBot = Callable[[int, int], Awaitable[None]]
"""Deletes a message, by channel and id, that a bot has posted; one that is gone is no error.

Raises `StorageError`.
"""


Deletion = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one look for garbage came to."""

    objects: int
    """Objects deleted from the catalog."""
    messages: int
    """Messages deleted on Discord and forgotten."""
    failed: int
    """Messages that Discord could not delete now."""
    stuck: int
    """Messages whose webhook, or whose bot, is gone or not configured."""


class GarbageStore(ObjectStore, TicketStore, Protocol):
    """What garbage may lie in."""


class Reaper:
    """Looks for garbage at intervals, or when nudged."""

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
    ) -> None:
        """Puts it together.

        `grace_s` is how long stored content stays after nothing refers to it any more;
        `keep_holds` renews what this process holds, before anything is collected; `delete_as_bot`
        is None when no bot is configured, and what one has posted is stuck then.
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
        self._nudged = asyncio.Event()
        self._told_of: set[int | None] = set()
        self._refused_in: set[int] = set()

    def nudge(self) -> None:
        """There is something to delete: look now instead of at the next interval."""
        self._nudged.set()

    async def run(self) -> None:
        """Sweeps until cancelled. A catalog that is away is asked again, ever more patiently."""
        while True:
            self._nudged.clear()
            try:
                await self.sweep()
                self._backoff.reset()
            except CatalogError as error:
                _log.warning("reaper-cannot-use-catalog", code=error.code)
                await self._backoff.wait()
                continue
            await self._pause()

    async def sweep(self) -> Sweep:
        """Deletes all the garbage there is now, in batches. Raises `CatalogUnavailable`."""
        objects = await self._collect()
        deleted = failed = last = 0
        stuck: list[Message] = []
        while messages := await self._catalog.orphan_messages(last, limit=self._batch):
            # What cannot be deleted stays in the catalog's list, so that the next page lies behind.
            last = messages[-1].id
            reachable = [message for message in messages if self._way_to(message)]
            stuck += [message for message in messages if not self._way_to(message)]
            done = await self._delete_all(reachable)
            deleted += done
            failed += len(reachable) - done
        self._report(stuck)
        return Sweep(objects=objects, messages=deleted, failed=failed, stuck=len(stuck))

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

    def _way_to(self, message: Message) -> Deletion | None:
        """What deletes the message; None while nobody here can."""
        if message.webhook_id is None:
            if self._delete_as_bot is None or message.channel_id in self._refused_in:
                return None
            return partial(self._delete_as_bot, message.channel_id, message.id)
        webhook = self._webhooks.reachable.get(message.webhook_id)
        return partial(self._delete, webhook, message.id) if webhook else None

    async def _delete_all(self, messages: list[Message]) -> int:
        """How many messages were deleted. Their authors run side by side, as their limits differ."""
        by_author: dict[tuple[int | None, int], list[Message]] = defaultdict(list)
        for message in messages:
            by_author[message.webhook_id, message.channel_id].append(message)
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._delete_of_one(group), name=f"reap-{author}")
                for author, group in by_author.items()
            ]
        return sum(task.result() for task in running)

    async def _delete_of_one(self, messages: list[Message]) -> int:
        """Deletes messages of one author; the first failure leaves the rest for a later sweep."""
        done = 0
        for message in messages:
            delete = self._way_to(message)
            if delete is None or not await self._try_delete(delete, message):
                break
            self._metrics.reaped_messages.inc()
            done += 1
        return done

    async def _try_delete(self, delete: Deletion, message: Message) -> bool:
        try:
            await delete()
            await self._catalog.forget_message(message.id)
        except WebhookUnusable as error:
            self._webhooks.lost(error)
            return False
        except BotUnusable:
            self._refused_in.add(message.channel_id)
            return False
        except (StorageError, CatalogError) as error:
            _log.warning("message-not-deleted", message_id=message.id, code=error.code)
            return False
        return True

    def _report(self, stuck: list[Message]) -> None:
        """Makes messages that nobody here can delete visible: a gauge, and one line per webhook."""
        self._metrics.stuck_messages.set(len(stuck))
        for webhook_id in {message.webhook_id for message in stuck} - self._told_of:
            self._told_of.add(webhook_id)
            _log.warning("messages-cannot-be-deleted", webhook_id=webhook_id)
