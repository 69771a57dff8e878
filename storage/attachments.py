"""Finding the attachment of a message, with a URL that is valid now."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

from yarl import URL

from storage.address import ChunkAddress
from storage.discord.http import DiscordHttp
from storage.discord.messages import Attachment, Bot, PostedMessage, Webhook
from storage.discord.routes import WebhookCredentials
from storage.errors import MessageGone, WebhookNotConfigured, WebhookUnusable

EXPIRY_MARGIN_S = 120.0
"""A URL is no longer used so long before it expires, as the download takes its time."""

_UNSIGNED_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class _CachedMessage:
    attachments: tuple[Attachment, ...]
    expires_at: float


class AttachmentFinder:
    """Asks Discord for messages, and remembers them until their URLs expire.

    Whoever asks for a message that is being asked for already waits for the same answer.

    Args:
        http: This process's way to Discord.
        credentials: Webhooks by id; looked at anew each time.
        bot_token: Token of a bot that may read the channels' history. It reads what bots have
            posted, and what is left of webhooks that were deleted.
        capacity: How many messages are remembered.
    """

    def __init__(
        self,
        http: DiscordHttp,
        credentials: Mapping[int, WebhookCredentials],
        *,
        bot_token: str | None,
        capacity: int,
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._bot_token = bot_token
        self._capacity = capacity
        self._cache: OrderedDict[int, _CachedMessage] = OrderedDict()
        self._asking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._dead: dict[WebhookCredentials, WebhookUnusable] = {}

    async def find(self, address: ChunkAddress) -> Attachment:
        """The attachment that holds the chunk.

        Raises:
            MessageGone: The message, or that attachment of it, does not exist.
            WebhookNotConfigured: Nobody here may read the message.
            WebhookUnusable: The webhook that posted it is no more, or may not read, and no bot
                token is configured.
            BotUnusable: The bot may not read it either.
            DiscordUnavailable: Discord did not answer in time.
        """
        attachments = await self._attachments(address)
        if address.attachment_id is None and len(attachments) == 1:
            return attachments[0]
        for attachment in attachments:
            if attachment.id == address.attachment_id:
                return attachment
        raise MessageGone(address.message_id)

    def forget(self, message_id: int, attachment: Attachment) -> None:
        """The attachment's URL does not work; the next `find` asks Discord again."""
        cached = self._cache.get(message_id)
        # Somebody else may have asked meanwhile: what is newer stays.
        if cached and attachment in cached.attachments:
            del self._cache[message_id]

    def forget_refusals(self) -> None:
        """Webhooks that could not read are asked again."""
        self._dead.clear()

    async def _attachments(self, address: ChunkAddress) -> tuple[Attachment, ...]:
        # The weak dictionary keeps the lock as long as anybody stands at it.
        lock = self._asking.setdefault(address.message_id, asyncio.Lock())
        async with lock:
            cached = self._cache.get(address.message_id)
            if cached and self._http.wall_clock() < cached.expires_at:
                self._cache.move_to_end(address.message_id)
                return cached.attachments
            message = await self._ask(address)
            self._remember(message)
            return message.attachments

    def _remember(self, message: PostedMessage) -> None:
        now = self._http.wall_clock()
        expiries = [_expires_at(attachment.url, now) for attachment in message.attachments]
        expires_at = min(expiries, default=now) - EXPIRY_MARGIN_S
        self._cache[message.id] = _CachedMessage(message.attachments, expires_at)
        self._cache.move_to_end(message.id)
        while len(self._cache) > self._capacity:
            self._cache.popitem(last=False)

    async def _ask(self, address: ChunkAddress) -> PostedMessage:
        webhook = self._credentials.get(address.webhook_id) if address.webhook_id else None
        if webhook is not None:
            try:
                return await self._ask_webhook(webhook, address.message_id)
            except WebhookUnusable:
                if self._bot_token is None:
                    raise
        if self._bot_token is not None:
            bot = Bot(self._http, self._bot_token)
            return await bot.message(address.channel_id, address.message_id)
        author = f"webhook {address.webhook_id}" if address.webhook_id else "a bot"
        raise WebhookNotConfigured(
            f"message {address.message_id} was posted by {author}, which is not configured here"
        )

    async def _ask_webhook(self, webhook: WebhookCredentials, message_id: int) -> PostedMessage:
        if (known := self._dead.get(webhook)) is not None:
            raise type(known)(webhook.id, known.reason)
        try:
            return await Webhook(self._http, webhook).message(message_id)
        except WebhookUnusable as error:
            self._dead[webhook] = error
            raise


def _expires_at(url: str, now: float) -> float:
    """When the signature of a CDN URL is over, in seconds since the Unix epoch."""
    try:
        return float(int(URL(url, encoded=True).query.get("ex", ""), 16))
    except (ValueError, OverflowError):
        return now + _UNSIGNED_LIFE_S
