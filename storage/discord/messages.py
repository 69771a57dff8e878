"""Messages on Discord: posted, fetched and deleted with a webhook's token or a bot's."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec

from storage.discord import routes
from storage.discord.answers import UNKNOWN_CHANNEL, Answer
from storage.discord.http import DiscordHttp
from storage.discord.message_body import FileContent
from storage.discord.routes import WebhookCredentials
from storage.errors import DiscordRefused, DiscordUnavailable, MessageGone


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkAddress:
    """The bytes of one message that are a wrapped chunk. Ids are snowflakes.

    Attributes:
        message_id: The message.
        channel_id: The channel that it is in.
        webhook_id: The webhook that posted it, None for a bot.
        attachment_id: The attachment; None: all attachments of the message, one after the other.
        offset: Where in the attachment, or in all of them together, the chunk starts, in bytes.
        stored_size: Length of the wrapped chunk, in bytes.
    """

    message_id: int
    channel_id: int
    webhook_id: int | None
    attachment_id: int | None
    offset: int
    stored_size: int


Record = TypeVar("Record")

Snowflake = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An id of Discord's, as far as databases take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message. The URL is signed and dies after a while: never to be stored."""

    id: Snowflake
    size: int
    url: str
    filename: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """A message as Discord has saved it. Ids are snowflakes."""

    id: Snowflake
    channel_id: Snowflake
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookInfo:
    """Where a webhook posts to."""

    id: Snowflake
    channel_id: Snowflake


class WebhookClient:
    """What can be done with a webhook's id and token alone.

    Every method raises `DiscordUnavailable` when Discord does not do it in time, and `WebhookGone`
    or `WebhookForbidden` when the webhook must not be called again.
    """

    def __init__(self, http: DiscordHttp, credentials: WebhookCredentials) -> None:
        self._http = http
        self.credentials = credentials

    async def info(self) -> WebhookInfo:
        """Asks Discord for the webhook's channel."""
        answer = await self._http.request(routes.webhook_info(self.credentials))
        return decode(answer, WebhookInfo)

    async def execute(self, *files: FileContent) -> PostedMessage:
        """Posts a message with files, at least one. Raises `RequestTooLarge`."""
        answer = await self._http.request(routes.execute_webhook(self.credentials), files)
        return decode(answer, PostedMessage)

    async def message(self, message_id: int) -> PostedMessage:
        """Fetches a message that this webhook posted. Raises `MessageGone`."""
        answer = await self._http.request(routes.webhook_message(self.credentials, message_id))
        return decode(answer, PostedMessage)

    async def delete(self, message_id: int) -> None:
        """Deletes a message that this webhook posted. One that is gone is as good."""
        now = self._http.wall_clock()
        route = routes.delete_webhook_message(self.credentials, message_id, now)
        try:
            await self._http.request(route)
        except MessageGone:
            return


def decode(answer: Answer, kind: type[Record]) -> Record:
    """Reads an answer. Raises `DiscordUnavailable` when it is something else."""
    try:
        return msgspec.json.decode(answer.body, type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        raise DiscordUnavailable(f"Discord's answer makes no sense: {error}") from error


LIST_LIMIT = 100
"""Messages that Discord lists at once, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """A message in a list. Ids are snowflakes.

    Without the privileged intent *message content* messages of others have neither text nor
    attachments.

    Attributes:
        id: The message.
        webhook_id: The webhook that posted it, None for a person or a bot.
        content: Its text.
        attachments: The files in it.
    """

    id: int
    webhook_id: int | None = None
    content: str = ""
    attachments: tuple[Attachment, ...] = ()


class Bot:
    """A bot that may see the channels concerned and read their history.

    Its own messages it can always delete; for those of others it needs to manage messages.

    Every method raises `DiscordUnavailable` when Discord does not do it in time, `BotUnusable` when
    the token is wrong or a permission is missing, and `DiscordRefused` when it will not otherwise.
    """

    def __init__(self, http: DiscordHttp, token: str) -> None:
        self._http = http
        self._token = token

    async def message(self, channel_id: int, message_id: int) -> PostedMessage:
        """Fetches a message. Raises `MessageGone`."""
        route = routes.channel_message(self._token, channel_id, message_id)
        return decode(await self._http.request(route), PostedMessage)

    async def messages_after(self, channel_id: int, after: int) -> tuple[ListedMessage, ...]:
        """The messages of a channel that come right after an id, oldest first, `LIST_LIMIT` at most.

        There are none where the bot may not read the message history.
        """
        route = routes.channel_messages(self._token, channel_id, after, LIST_LIMIT)
        found = decode(await self._http.request(route), tuple[ListedMessage, ...])
        return tuple(sorted(found, key=lambda message: message.id))

    async def delete(self, channel_id: int, message_id: int, *, is_own: bool = True) -> None:
        """Deletes a message. One that is gone, alone or with its channel, is as good.

        `is_own`: whether a bot has posted it, and no webhook.
        """
        now = self._http.wall_clock()
        route = routes.delete_channel_message(
            self._token, channel_id, message_id, now, is_own=is_own
        )
        try:
            await self._http.request(route)
        except MessageGone:
            return
        except DiscordRefused as refusal:
            if refusal.discord_code != UNKNOWN_CHANNEL:
                raise
