"""Posts chunks through several webhooks as one."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from storage.discord import routes
from storage.discord.answers import Answer
from storage.discord.http import DiscordHttp
from storage.discord.messages import ChunkAddress, PostedMessage, WebhookClient, decode
from storage.discord.routes import Route, WebhookCredentials
from storage.discord.sizes import (
    DOCUMENTED_LIMITS,
    MessageLimits,
    lowered,
    split,
    split_sizes,
    takes,
)
from storage.errors import (
    DiscordUnavailable,
    NoWebhook,
    PostWithdrawn,
    RequestTooLarge,
    StorageError,
    WebhookUnusable,
)

log = structlog.get_logger(__name__)


class WebhookPool:
    """Posts chunks by whichever webhook may send soonest, and goes on when one of them dies.

    A webhook that Discord has turned down is not called again, as long as it stays in the list. One whose
    channel takes less than was known is used within the lower limits from then on.

    Args:
        http: This process's client of Discord.
        on_lost: Called once for each webhook that died, with its id and the reason.
        on_too_large: Called for each message that was refused as too large, with the webhook's id and the
            sizes of the attachments in bytes.
    """

    def __init__(
        self,
        http: DiscordHttp,
        on_lost: Callable[[int, str], None],
        on_too_large: Callable[[int, Sequence[int]], None] = lambda *_: None,
    ) -> None:
        self._http = http
        self._on_lost = on_lost
        self._on_too_large = on_too_large
        self._limits: dict[int, MessageLimits] = {}
        self._webhooks: dict[int, WebhookCredentials] = {}
        self._routes: dict[int, Route] = {}
        self._lost: set[WebhookCredentials] = set()

    @property
    def webhooks(self) -> tuple[WebhookCredentials, ...]:
        """The webhooks that are used: those that were set, without the lost ones."""
        return tuple(self._webhooks[webhook_id] for webhook_id in self._routes)

    def set_webhooks(
        self,
        webhooks: Iterable[WebhookCredentials],
        limits: Mapping[int, MessageLimits] | None = None,
    ) -> None:
        """Replaces the list. Posts that wait go by the new one; those under way are left to end.

        `limits`: what a message of each webhook takes, by the webhook's id; what is documented for those
        that are not in it.
        """
        self._limits = dict(limits or {})
        self._webhooks = {webhook.id: webhook for webhook in webhooks}
        self._lost.intersection_update(self._webhooks.values())
        self._routes = {
            webhook.id: routes.execute_webhook(webhook)
            for webhook in self._webhooks.values()
            if webhook not in self._lost
        }
        self._http.refresh()

    def limits_of(self, webhook_id: int) -> MessageLimits:
        """What a message of this webhook takes, as far as that is known."""
        return self._limits.get(webhook_id, DOCUMENTED_LIMITS)

    async def drained(self, webhook_ids: Iterable[int]) -> None:
        """Waits until no request runs on any of these webhooks."""
        await self._http.idle(webhook_ids)

    async def post(
        self,
        content: memoryview,
        *,
        webhooks: Callable[[], frozenset[int]] | None = None,
        withdrawn: asyncio.Future[None] | None = None,
    ) -> ChunkAddress:
        """Posts a chunk as a message of its own, in several attachments if one does not take it.

        A post that is cancelled, or whose answer is lost, may leave a message that no catalog knows.

        Args:
            content: The wrapped chunk. It must not change until the post has ended.
            webhooks: Returns the ids of the webhooks that may be used, again whenever the list was set;
                None for all.
            withdrawn: Once it is resolved the post is no longer wanted: one that waits, be it for
                its turn or for its next try, ends at once; a request under way is left to end.

        Returns:
            Where the chunk lies, once Discord has saved it.

        Raises:
            PostWithdrawn: It was withdrawn in time.
            NoWebhook: None of them is usable.
            DiscordUnavailable: It did not work in time.
            RequestTooLarge: None of the channels takes so much in one message.
            DiscordRefused: Discord said no for another reason.
        """
        sent: Sequence[memoryview] = ()

        def files_for(route: Route) -> Sequence[memoryview]:
            nonlocal sent
            sent = split(content, self.limits_of(route.key.owner_id))
            return sent

        with self._watching(withdrawn):
            while True:
                try:
                    route, answer = await self._http.request_any(
                        lambda: self._candidates(len(content), webhooks, withdrawn), files_for
                    )
                except WebhookUnusable as error:
                    self._lose(error)
                except RequestTooLarge as error:
                    self._lower_limits(error, [len(file) for file in sent])
                else:
                    return await self._address(route, answer, [len(file) for file in sent])

    @contextmanager
    def _watching(self, withdrawn: asyncio.Future[None] | None) -> Iterator[None]:
        """Has requests that wait look again when the future is resolved."""
        if withdrawn is None:
            yield
            return

        def refresh(_: asyncio.Future[None]) -> None:
            self._http.refresh()

        withdrawn.add_done_callback(refresh)
        try:
            yield
        finally:
            withdrawn.remove_done_callback(refresh)

    def _candidates(
        self,
        size: int,
        webhooks: Callable[[], frozenset[int]] | None,
        withdrawn: asyncio.Future[None] | None,
    ) -> Sequence[Route]:
        if withdrawn is not None and withdrawn.done():
            raise PostWithdrawn("the post is not wanted any more")
        ids = self._routes.keys() if webhooks is None else webhooks()
        usable = [route for webhook_id, route in self._routes.items() if webhook_id in ids]
        if not usable:
            raise NoWebhook("no usable webhook is left to post with")
        fitting = [route for route in usable if self._takes(route, size)]
        if not fitting:
            raise RequestTooLarge("no channel takes so much in one message")
        return fitting

    def _takes(self, route: Route, size: int) -> bool:
        limits = self.limits_of(route.key.owner_id)
        return takes(limits, split_sizes(size, limits))

    def _lower_limits(self, error: RequestTooLarge, sizes: Sequence[int]) -> None:
        """Learns from a refusal. Raises it again when there is nothing to be learned from it."""
        if error.webhook_id is None:
            raise error
        webhook = self._webhooks.get(error.webhook_id)
        if webhook is None:
            return
        known = self.limits_of(webhook.id)
        lower = lowered(known, sizes)
        log.warning("message-too-large", webhook_id=webhook.id, sizes=sizes)
        if lower == known and takes(known, sizes):
            raise error
        for other in self._webhooks.values():
            if other.id == webhook.id or other.channel_id == webhook.channel_id is not None:
                self._limits[other.id] = lower
        self._http.refresh()
        self._on_too_large(webhook.id, sizes)

    def _lose(self, error: WebhookUnusable) -> None:
        if self._routes.pop(error.webhook_id, None) is None:
            return
        self._lost.add(self._webhooks[error.webhook_id])
        self._http.refresh()
        log.warning("webhook-lost", webhook_id=error.webhook_id, reason=error.reason)
        self._on_lost(error.webhook_id, error.reason)

    async def _address(self, route: Route, answer: Answer, sizes: Sequence[int]) -> ChunkAddress:
        """Reads where the chunk lies out of Discord's answer to the post of files of these sizes.

        Raises:
            DiscordUnavailable: The answer is no message, or Discord saved something else.
        """
        try:
            message = decode(answer, PostedMessage)
        except DiscordUnavailable:
            self._http.uncertain.add()
            raise
        webhook_id = route.key.owner_id
        if [attachment.size for attachment in message.attachments] != sizes:
            await self._discard(webhook_id, message)
            raise DiscordUnavailable("Discord saved something else than was sent")
        return ChunkAddress(
            message_id=message.id,
            channel_id=message.channel_id,
            webhook_id=webhook_id,
            attachment_id=message.attachments[0].id if len(sizes) == 1 else None,
            offset=0,
            stored_size=sum(sizes),
        )

    async def _discard(self, webhook_id: int, message: PostedMessage) -> None:
        if webhook := self._webhooks.get(webhook_id):
            try:
                await WebhookClient(self._http, webhook).delete(message.id)
            except StorageError:
                self._http.uncertain.add()
