"""A bot of Discord: what it can do with messages, whoever posted them."""

from storage.discord import routes
from storage.discord.faults import UNKNOWN_CHANNEL
from storage.discord.http import DiscordHttp
from storage.discord.webhook import PostedMessage, parse_message
from storage.errors import DiscordRefused, MessageGone


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
