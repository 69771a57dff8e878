"""The configured webhooks: whose channel is known, and which must not be used any more."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import structlog

from catalog.content_port import WebhookStore
from catalog.records import Quarantine
from common.retry import Backoff
from manager.errors import NoSuchWebhook, WebhookStillUnusable
from manager.services.saved_records import SavedRecords
from storage.discord.routes import WebhookCredentials
from storage.errors import StorageError, WebhookGone, WebhookUnusable

log = structlog.get_logger(__name__)

RETRY_WITHIN_S = 20.0
"""A caller waits for the outcome."""

AskChannel = Callable[[WebhookCredentials], Awaitable[int]]
"""Asks Discord which channel a webhook posts to; raises `StorageError`."""


class WebhookDirectory:
    """Webhooks by their ids.

    A webhook is usable once its channel is known, until it is quarantined. One in quarantine is not
    posted to; as long as it is not known to be gone, what it has posted may be read and deleted.
    One that is gone is never called again: calls on dead webhooks get the whole address banned.
    """

    def __init__(
        self,
        configured: Iterable[WebhookCredentials],
        *,
        clock: Callable[[], float] = time.time,
        has_bot: bool = False,
    ) -> None:
        """`clock`: seconds since the epoch; `has_bot`: whether one may read what webhooks cannot."""
        self._clock = clock
        self._has_bot = has_bot
        self._webhooks = {webhook.id: webhook for webhook in configured}
        self._readable = dict(self._webhooks)
        self._quarantines: dict[int, Quarantine] = {}
        self._subscribers: list[Callable[[], None]] = []

    @property
    def configured(self) -> Mapping[int, WebhookCredentials]:
        """All webhooks by id, usable or not, in the order configured. A view."""
        return MappingProxyType(self._webhooks)

    @property
    def usable(self) -> tuple[WebhookCredentials, ...]:
        """Webhooks that may be posted to, with their channels, in the order configured."""
        return tuple(
            webhook
            for webhook in self._webhooks.values()
            if webhook.channel_id is not None and webhook.id not in self._quarantines
        )

    @property
    def unknown(self) -> tuple[WebhookCredentials, ...]:
        """Webhooks whose channel is not known yet."""
        return tuple(
            webhook
            for webhook in self._webhooks.values()
            if webhook.channel_id is None and webhook.id not in self._quarantines
        )

    @property
    def quarantined(self) -> Mapping[int, Quarantine]:
        """The webhooks that are not used any more, by id; some may not be configured any more.

        A view that follows changes.
        """
        return MappingProxyType(self._quarantines)

    @property
    def readable(self) -> Mapping[int, WebhookCredentials]:
        """Webhooks whose messages can be read and deleted, by id. A view that follows changes."""
        return MappingProxyType(self._readable)

    def may_be_read(self, webhook_id: int) -> bool:
        """Whether what this webhook posts can be read again, as far as that is known."""
        return webhook_id in self._readable or (self._has_bot and webhook_id in self._webhooks)

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Calls `changed` whenever the webhooks have become different. It must not block."""
        self._subscribers.append(changed)

    def restore(self, quarantines: Iterable[Quarantine]) -> None:
        """Restores what an earlier process knew, before anything else is done."""
        for quarantine in quarantines:
            self._quarantines[quarantine.webhook_id] = quarantine
            if quarantine.is_gone:
                self._readable.pop(quarantine.webhook_id, None)
            if quarantine.webhook_id in self._webhooks:
                log.warning(
                    "webhook-in-quarantine",
                    webhook_id=quarantine.webhook_id,
                    reason=quarantine.reason,
                    remedy=f"discord-cloud webhooks retry {quarantine.webhook_id}",
                )
        self._notify()

    def quarantine(self, webhook_id: int, reason: str) -> None:
        """Stops using a webhook; one not configured, or in quarantine already, is no change."""
        self._quarantine(webhook_id, reason, is_gone=False)

    def lost(self, error: WebhookUnusable) -> None:
        """Discord has refused a call: the webhook cannot be used."""
        self._quarantine(error.webhook_id, error.reason, is_gone=isinstance(error, WebhookGone))

    def _quarantine(self, webhook_id: int, reason: str, *, is_gone: bool) -> None:
        known = self._quarantines.get(webhook_id)
        if webhook_id not in self._webhooks or (known and (known.is_gone or not is_gone)):
            return
        if is_gone:
            self._readable.pop(webhook_id, None)
        new = known or Quarantine(
            webhook_id=webhook_id, reason=reason, is_gone=is_gone, since=self._clock()
        )
        self._quarantines[webhook_id] = replace(new, reason=reason, is_gone=is_gone)
        log.error("webhook-quarantined", webhook_id=webhook_id, reason=reason, is_gone=is_gone)
        self._notify()

    def release(self, webhook_id: int, channel_id: int) -> None:
        """Discord has answered for a webhook in quarantine: it is used again."""
        self._quarantines.pop(webhook_id, None)
        log.info("webhook-released", webhook_id=webhook_id)
        self._know(self._webhooks[webhook_id], channel_id)

    async def learn(self, ask: AskChannel, *, new_backoff: Callable[[], Backoff] = Backoff) -> None:
        """Asks for the channel of every webhook, until each is known or in quarantine."""
        async with asyncio.TaskGroup() as tasks:
            for webhook in self.unknown:
                tasks.create_task(
                    self._learn_one(webhook, ask, new_backoff()), name=f"learn-{webhook.id}"
                )

    async def _learn_one(
        self, webhook: WebhookCredentials, ask: AskChannel, backoff: Backoff
    ) -> None:
        while webhook.id not in self._quarantines:
            try:
                channel_id = await ask(webhook)
            except WebhookUnusable as error:
                self.lost(error)
            except StorageError as error:
                log.warning("webhook-not-known-yet", webhook_id=webhook.id, code=error.code)
                await backoff.wait()
            else:
                self._know(webhook, channel_id)
                return

    def _know(self, webhook: WebhookCredentials, channel_id: int) -> None:
        if any(other.channel_id == channel_id for other in self.usable if other.id != webhook.id):
            log.warning("channel-has-several-webhooks", channel_id=channel_id)
        known = WebhookCredentials(webhook.id, webhook.token, channel_id)
        self._webhooks[webhook.id] = self._readable[webhook.id] = known
        self._notify()

    def _notify(self) -> None:
        for changed in self._subscribers:
            changed()


class QuarantineKeeper(SavedRecords[Quarantine]):
    """Keeps quarantines in the catalog, so that they outlive the process, and ends them.

    Args:
        directory: What it keeps.
        store: Where it is kept.
        ask: Asks Discord about a webhook.
        new_backoff: Makes the delays while the catalog is unavailable.
    """

    def __init__(
        self,
        directory: WebhookDirectory,
        store: WebhookStore,
        ask: AskChannel,
        *,
        new_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        super().__init__("quarantines", new_backoff)
        self._directory = directory
        self._store = store
        self._ask = ask
        directory.subscribe(self._note_change)

    async def _read(self) -> Mapping[int, Quarantine]:
        return {each.webhook_id: each for each in await self._store.quarantines()}

    async def _put(self, record: Quarantine) -> None:
        await self._store.put_quarantine(record)

    def _current(self) -> Mapping[int, Quarantine]:
        return self._directory.quarantined

    def _restored(self, records: Mapping[int, Quarantine]) -> None:
        self._directory.restore(records.values())

    async def _adopt(self, changed: Sequence[Quarantine], gone: Sequence[Quarantine]) -> None:
        if changed:
            self._directory.restore(changed)
        for each in gone:
            await self._use_again(each)

    async def _use_again(self, ended: Quarantine) -> None:
        webhook = self._directory.configured.get(ended.webhook_id)
        if webhook is None:
            return
        try:
            self._directory.release(webhook.id, await self._ask_again(webhook))
        except WebhookStillUnusable as error:
            log.warning("webhook-still-unusable", webhook_id=webhook.id, reason=str(error))

    async def retry(self, webhook_id: int) -> None:
        """Asks Discord once more about a webhook in quarantine; if it answers the webhook is used.

        One that is not in quarantine is no error.

        Raises:
            NoSuchWebhook: It is not configured.
            WebhookStillUnusable: Discord refuses it, or does not answer in time; it stays
                in quarantine.
            CatalogUnavailable: That it ended could not be written; it stays in quarantine.
        """
        webhook = self._directory.configured.get(webhook_id)
        if webhook is None:
            raise NoSuchWebhook(webhook_id)
        if webhook_id not in self._directory.quarantined:
            return
        channel_id = await self._ask_again(webhook)
        async with self._removing(webhook_id):
            await self._store.end_quarantine(webhook_id)
            self._directory.release(webhook_id, channel_id)

    async def _ask_again(self, webhook: WebhookCredentials) -> int:
        try:
            async with asyncio.timeout(RETRY_WITHIN_S):
                return await self._ask(webhook)
        except WebhookUnusable as error:
            self._directory.lost(error)
            raise WebhookStillUnusable(webhook.id, f"Discord answers {error.reason}") from error
        except (StorageError, TimeoutError) as error:
            raise WebhookStillUnusable(webhook.id, "Discord did not answer in time") from error
