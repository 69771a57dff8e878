"""Posts chunks through several webhooks as one."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from storage.discord import routes
from storage.discord.answers import Answer
from storage.discord.http import DiscordHttp
from storage.discord.messages import ChunkAddress, PostedMessage, WebhookClient, decode
from storage.discord.routes import Route, WebhookCredentials
from storage.errors import (
    DiscordUnavailable,
    NoWebhook,
    PostWithdrawn,
    StorageError,
    WebhookUnusable,
)

log = structlog.get_logger(__name__)


class WebhookPool:
    """Posts chunks by whichever webhook may send soonest, and goes on when one of them dies.

    A webhook that Discord has turned down is not called again, as long as it stays in the list.

    Args:
        http: This process's client of Discord.
        on_lost: Called once for each webhook that died, with its id and the reason.
    """

    def __init__(self, http: DiscordHttp, on_lost: Callable[[int, str], None]) -> None:
        self._http = http
        self._on_lost = on_lost
        self._webhooks: dict[int, WebhookCredentials] = {}
        self._routes: dict[int, Route] = {}
        self._lost: set[WebhookCredentials] = set()

    @property
    def webhooks(self) -> tuple[WebhookCredentials, ...]:
        """The webhooks that are used: those that were set, without the lost ones."""
        return tuple(self._webhooks[webhook_id] for webhook_id in self._routes)

    def set_webhooks(self, webhooks: Iterable[WebhookCredentials]) -> None:
        """Replaces the list. Posts that wait go by the new one; those under way are left to end."""
        self._webhooks = {webhook.id: webhook for webhook in webhooks}
        self._lost.intersection_update(self._webhooks.values())
        self._routes = {
            webhook.id: routes.execute_webhook(webhook)
            for webhook in self._webhooks.values()
            if webhook not in self._lost
        }
        self._http.refresh()

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
        """Posts a chunk as a message of its own.

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
            RequestTooLarge: Discord takes less in one message.
            DiscordRefused: Discord said no for another reason.
        """
        with self._watching(withdrawn):
            while True:
                try:
                    route, answer = await self._http.request_any(
                        lambda: self._candidates(webhooks, withdrawn), content
                    )
                except WebhookUnusable as error:
                    self._lose(error)
                    continue
                return await self._address(route, answer, len(content))

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
        webhooks: Callable[[], frozenset[int]] | None,
        withdrawn: asyncio.Future[None] | None,
    ) -> Sequence[Route]:
        if withdrawn is not None and withdrawn.done():
            raise PostWithdrawn("the post is not wanted any more")
        ids = self._routes.keys() if webhooks is None else webhooks()
        usable = [route for webhook_id, route in self._routes.items() if webhook_id in ids]
        if not usable:
            raise NoWebhook("no usable webhook is left to post with")
        return usable

    def _lose(self, error: WebhookUnusable) -> None:
        if self._routes.pop(error.webhook_id, None) is None:
            return
        self._lost.add(self._webhooks[error.webhook_id])
        self._http.refresh()
        log.warning("webhook-lost", webhook_id=error.webhook_id, reason=error.reason)
        self._on_lost(error.webhook_id, error.reason)

    async def _address(self, route: Route, answer: Answer, size: int) -> ChunkAddress:
        """Reads where the chunk lies out of Discord's answer to the post.

        Raises:
            DiscordUnavailable: The answer is no message, or Discord saved something else.
        """
        try:
            message = decode(answer, PostedMessage)
        except DiscordUnavailable:
            self._http.uncertain.add()
            raise
        webhook_id = route.key.owner_id
        if [attachment.size for attachment in message.attachments] != [size]:
            await self._discard(webhook_id, message)
            raise DiscordUnavailable("Discord saved something else than was sent")
        return ChunkAddress(
            message_id=message.id,
            channel_id=message.channel_id,
            webhook_id=webhook_id,
            attachment_id=message.attachments[0].id,
            offset=0,
            stored_size=size,
        )

    async def _discard(self, webhook_id: int, message: PostedMessage) -> None:
        if webhook := self._webhooks.get(webhook_id):
            try:
                await WebhookClient(self._http, webhook).delete(message.id)
            except StorageError:
                self._http.uncertain.add()
