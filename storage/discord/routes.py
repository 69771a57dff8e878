"""The requests that are made to Discord's API: credentials, method, path and what limits them."""

import re
from dataclasses import dataclass, field, replace

from storage.discord.limits import LimitKey
from storage.errors import InvalidWebhookUrl

_WEBHOOK_URL = re.compile(
    r"https?://[^\s/]+(?:/[^\s?#]*)?/webhooks/(?P<id>[0-9]{15,22})/(?P<token>[A-Za-z0-9._-]+)/?(?:\?\S*)?"
)


@dataclass(frozen=True, slots=True)
class WebhookCredentials:
    """What is needed to use a webhook.

    Attributes:
        id: Snowflake of the webhook.
        token: Its secret. Never shown in a repr.
        channel_id: Channel that it posts to, None until it was asked for (`WebhookClient.info`).
    """

    id: int
    token: str = field(repr=False)
    channel_id: int | None = None

    @classmethod
    def parse(cls, url: str) -> "WebhookCredentials":
        """Reads a webhook URL as Discord gives it out.

        Raises:
            InvalidWebhookUrl: It has another form; the message does not repeat it, as it is secret.
        """
        match = _WEBHOOK_URL.fullmatch(url.strip())
        if match is None:
            raise InvalidWebhookUrl(
                "not a webhook URL of the form https://discord.com/api/webhooks/<id>/<token>"
            )
        return cls(int(match["id"]), match["token"])


DISCORD_EPOCH_S = 1_420_070_400
"""Second of the Unix epoch at which snowflakes begin."""

OLD_MESSAGE_AGE_S = 14 * 24 * 3600
"""Deleting a message older than this is limited apart from deleting younger ones."""


@dataclass(frozen=True, slots=True)
class Route:
    """One request, apart from its body.

    Attributes:
        key: What limits it.
        path: Path and query below the API's base URL. Holds the token, so it is not in the repr.
        webhook_id: The webhook that it is made with, None for a bot.
        message_id: The message that it is about, if it is about one that exists.
        authorization: Value of the header of that name, for a bot.
        is_of_others: Whether a bot deletes what it has not posted, which takes another permission.
    """

    key: LimitKey
    path: str = field(repr=False)
    webhook_id: int | None = None
    message_id: int | None = None
    authorization: str | None = field(default=None, repr=False)
    is_of_others: bool = False


def webhook_info(webhook: WebhookCredentials) -> Route:
    """Returns the webhook's channel."""
    key = LimitKey("GET", "webhook", webhook.id)
    return Route(key, _path(webhook), webhook_id=webhook.id)


def execute_webhook(webhook: WebhookCredentials) -> Route:
    """Posts a message and answers it. Without `wait` a message that was not saved is no error."""
    channel_id = webhook.channel_id if webhook.channel_id is not None else webhook.id
    key = LimitKey("POST", "webhook", webhook.id, posts_to=channel_id)
    return Route(key, f"{_path(webhook)}?wait=true", webhook_id=webhook.id)


def webhook_message(webhook: WebhookCredentials, message_id: int) -> Route:
    """Answers a message that the webhook posted, its attachments with fresh URLs."""
    key = LimitKey("GET", "webhook message", webhook.id)
    return Route(key, _message_path(webhook, message_id), webhook.id, message_id)


def delete_webhook_message(webhook: WebhookCredentials, message_id: int, now: float) -> Route:
    """Deletes a message that the webhook posted. `now` is in seconds since the Unix epoch."""
    route = "old webhook message" if _is_old(message_id, now) else "webhook message"
    key = LimitKey("DELETE", route, webhook.id)
    return Route(key, _message_path(webhook, message_id), webhook.id, message_id)


def channel_messages(bot_token: str, channel_id: int, after: int, limit: int) -> Route:
    """Answers the messages of a channel that come right after an id, in any order."""
    key = LimitKey("GET", "channel messages", channel_id)
    path = f"/channels/{channel_id}/messages?after={after}&limit={limit}"
    return Route(key, path, authorization=f"Bot {bot_token}")


def channel_message(bot_token: str, channel_id: int, message_id: int) -> Route:
    """Answers any message of a channel in which the bot may read the history."""
    key = LimitKey("GET", "channel message", channel_id)
    return _of_bot(key, bot_token, channel_id, message_id)


def delete_channel_message(
    bot_token: str, channel_id: int, message_id: int, now: float, *, is_own: bool
) -> Route:
    """Deletes a message of the bot, or of others. `now` is in seconds since the Unix epoch."""
    name = "old channel message" if _is_old(message_id, now) else "channel message"
    route = _of_bot(LimitKey("DELETE", name, channel_id), bot_token, channel_id, message_id)
    return replace(route, is_of_others=not is_own)


def snowflake_time(snowflake: int) -> float:
    """When an id was given out, in seconds since the Unix epoch."""
    return DISCORD_EPOCH_S + (snowflake >> 22) / 1000


def snowflake_at(time: float) -> int:
    """The lowest id that can be given out then; `time` is in seconds since the Unix epoch."""
    return max(0, round((time - DISCORD_EPOCH_S) * 1000)) << 22


def _is_old(message_id: int, now: float) -> bool:
    return now - snowflake_time(message_id) > OLD_MESSAGE_AGE_S


def _of_bot(key: LimitKey, bot_token: str, channel_id: int, message_id: int) -> Route:
    return Route(
        key,
        f"/channels/{channel_id}/messages/{message_id}",
        message_id=message_id,
        authorization=f"Bot {bot_token}",
    )


def _path(webhook: WebhookCredentials) -> str:
    return f"/webhooks/{webhook.id}/{webhook.token}"


def _message_path(webhook: WebhookCredentials, message_id: int) -> str:
    return f"{_path(webhook)}/messages/{message_id}"
