"""The configured webhooks: whose channel is known, and which must not be used any more."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType

import structlog

from client_sdk.backoff import Backoff
from storage.discord.webhook import WebhookCredentials
from storage.errors import StorageError, WebhookGone, WebhookUnusable

_log = structlog.get_logger()

AskChannel = Callable[[WebhookCredentials], Awaitable[int]]
"""Asks Discord which channel a webhook posts to; raises `StorageError`."""


class WebhookDirectory:
    """Webhooks by their ids.

    A webhook is usable once its channel is known, until it is quarantined. One in quarantine is not
    posted to; as long as it is not known to be gone, what it has posted may be read and deleted.
    One that is gone is never called again: calls on dead webhooks get the whole address banned.
    """

    def __init__(self, configured: Iterable[WebhookCredentials]) -> None:
        self._webhooks = {webhook.id: webhook for webhook in configured}
        self._reachable = dict(self._webhooks)
        self._reasons: dict[int, str] = {}
        self._subscribers: list[Callable[[], None]] = []

    @property
    def usable(self) -> tuple[WebhookCredentials, ...]:
        """Webhooks that may be posted to, with their channels, in the order configured."""
        return tuple(
            webhook
            for webhook in self._webhooks.values()
            if webhook.channel_id is not None and webhook.id not in self._reasons
        )

    @property
    def unknown(self) -> tuple[WebhookCredentials, ...]:
        """Webhooks whose channel Discord has not told yet."""
        return tuple(
            webhook
            for webhook in self._webhooks.values()
            if webhook.channel_id is None and webhook.id not in self._reasons
        )

    @property
    def quarantined(self) -> Mapping[int, str]:
        """Why each dead webhook is not used any more, by id."""
        return dict(self._reasons)

    @property
    def reachable(self) -> Mapping[int, WebhookCredentials]:
        """Webhooks whose messages can be read and deleted, by id. A view that follows changes."""
        return MappingProxyType(self._reachable)

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Calls `changed` whenever `usable` has become different. It must not block."""
        self._subscribers.append(changed)

    def quarantine(self, webhook_id: int, reason: str) -> None:
        """Stops using a webhook; one not configured, or in quarantine already, is no change."""
        if webhook_id in self._reasons or webhook_id not in self._webhooks:
            return
        self._reasons[webhook_id] = reason
        _log.error("webhook-quarantined", webhook_id=webhook_id, reason=reason)
        self._tell()

    def lost(self, error: WebhookUnusable) -> None:
        """Discord has told this process that a webhook cannot be used."""
        if isinstance(error, WebhookGone):
            self._reachable.pop(error.webhook_id, None)
        self.quarantine(error.webhook_id, error.reason)

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
        while webhook.id not in self._reasons:
            try:
                channel_id = await ask(webhook)
            except WebhookUnusable as error:
                self.lost(error)
            except StorageError as error:
                _log.warning("webhook-not-known-yet", webhook_id=webhook.id, code=error.code)
                await backoff.wait()
            else:
                self._know(webhook, channel_id)
                return

    def _know(self, webhook: WebhookCredentials, channel_id: int) -> None:
        if any(other.channel_id == channel_id for other in self.usable):
            _log.warning("channel-has-several-webhooks", channel_id=channel_id)
        known = WebhookCredentials(webhook.id, webhook.token, channel_id)
        self._webhooks[webhook.id] = self._reachable[webhook.id] = known
        self._tell()

    def _tell(self) -> None:
        for changed in self._subscribers:
            changed()
