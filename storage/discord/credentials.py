"""Who may post to a channel: the id and the token of a webhook."""

import re
from dataclasses import dataclass, field

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
        channel_id: Channel that it posts to, None while nobody has asked Discord.
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
