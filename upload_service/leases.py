"""The webhooks that the manager has leased to the slots, and the way to Discord that they share."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Final, Self

from protocol.s2u import WebhookConfiguration, WebhookLease
from storage.address import ChunkAddress
from storage.discord.http import DiscordHttp, UncertainPostCounter
from storage.discord.retry import RetryPolicy
from storage.discord.routes import WebhookCredentials
from storage.errors import NoWebhook
from storage.pool import WebhookPool

LostListener = Callable[[int, str], None]


class Leases:
    """An async context manager; within it, slots change their leases and post.

    Limits are kept for the process as a whole, so there is one pool of webhooks for each API, which
    is to say: one.

    Attributes:
        uncertain: counts posts whose answer was lost.
    """

    def __init__(self) -> None:
        self.uncertain: Final = UncertainPostCounter()
        self._stack: Final = AsyncExitStack()
        self._apis: dict[str, _Api] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        self._apis.clear()

    def new(self, on_lost: LostListener) -> "SlotLease":
        """The lease of a slot, empty at first. `on_lost` hears which webhooks die, and why."""
        return SlotLease(self, on_lost)

    async def api(self, url: str) -> "_Api":
        """The way to the API at a base URL."""
        if url not in self._apis:
            # An upload waits for Discord for as long as its client does.
            retry = RetryPolicy(give_up_after_s=math.inf)
            http = DiscordHttp(api_url=url, retry=retry, uncertain=self.uncertain)
            self._apis[url] = _Api(await self._stack.enter_async_context(http))
        return self._apis[url]


class _Api:
    """One Discord, and who may post to which of its webhooks."""

    def __init__(self, http: DiscordHttp) -> None:
        self.http = http
        self.pool = WebhookPool(http, self._lost)
        self._holders: dict[SlotLease, dict[int, WebhookCredentials]] = {}

    def hold(self, holder: "SlotLease", webhooks: dict[int, WebhookCredentials]) -> frozenset[int]:
        """Replace what a slot holds. Returns what nobody holds any more."""
        before = self.ids(holder)
        self._holders[holder] = webhooks
        held = {key: item for one in self._holders.values() for key, item in one.items()}
        self.pool.set_webhooks(list(held.values()))
        return before - held.keys()

    def ids(self, holder: "SlotLease") -> frozenset[int]:
        return frozenset(self._holders.get(holder, {}))

    def _lost(self, webhook_id: int, reason: str) -> None:
        for holder, webhooks in self._holders.items():
            if webhook_id in webhooks:
                holder.on_lost(webhook_id, reason)


class SlotLease:
    """What one slot may post to. Made by `Leases.new`."""

    def __init__(self, leases: Leases, on_lost: LostListener) -> None:
        self.on_lost = on_lost
        self._leases = leases
        self._api: _Api | None = None

    async def change(self, configuration: WebhookConfiguration) -> None:
        """Take a new lease; returns when nothing runs any more on what was taken away."""
        api = await self._leases.api(configuration.api_url)
        if self._api is not api:
            self.drop()
        self._api = api
        api.http.share_limits(configuration.requests_per_s)
        webhooks = {int(one.id): _credentials(one) for one in configuration.webhooks}
        await api.pool.drained(api.hold(self, webhooks))

    def drop(self) -> None:
        """Hold nothing any more. Requests under way go on."""
        if self._api is not None:
            self._api.hold(self, {})

    async def post(self, content: memoryview, ended: asyncio.Future[None]) -> ChunkAddress:
        """Post an envelope to whichever webhook may go soonest, as soon as Discord takes it.

        Raises:
            PostWithdrawn: if `ended` was resolved before.
            StorageError: if Discord refused it, or no webhook is leased.
        """
        while self._api is not None:
            api = self._api
            try:
                return await api.pool.post(
                    content, webhooks=partial(api.ids, self), withdrawn=ended
                )
            except NoWebhook:
                # The lease may be for another Discord by now.
                if api is self._api:
                    raise
        raise NoWebhook("no webhook is leased")


def _credentials(lease: WebhookLease) -> WebhookCredentials:
    return WebhookCredentials(int(lease.id), lease.token, int(lease.channel_id))
