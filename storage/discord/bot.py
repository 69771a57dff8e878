"""A bot of Discord: what it can do with messages, whoever posted them."""

from dataclasses import dataclass

from storage.discord import routes
from storage.discord.faults import UNKNOWN_CHANNEL
from storage.discord.http import DiscordHttp
from storage.discord.webhook import Attachment, PostedMessage, decode, parse_message
from storage.errors import DiscordRefused, MessageGone

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
        return parse_message(await self._http.request(route))

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
