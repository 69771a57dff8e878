"""What can go wrong with stored bytes. Each error has a stable `code`; none holds a secret."""


class StorageError(Exception):
    """Base of every error that this package raises on purpose."""

    code = "storage"


class DiscordUnavailable(StorageError):
    """Discord did not do it in the time that was allowed: down, busy, or limits left no room."""

    code = "discord-unavailable"


class DiscordRefused(StorageError):
    """Discord said no for a reason that asking again does not change.

    Args:
        status: HTTP status of the answer.
        discord_code: Discord's own error code, 0 when it gave none.
    """

    code = "discord-refused"

    def __init__(self, status: int, discord_code: int) -> None:
        super().__init__(f"Discord refused the request (HTTP {status}, code {discord_code})")
        self.status = status
        self.discord_code = discord_code


class BotUnusable(DiscordRefused):
    """The bot must not ask for this again until an operator has looked at it.

    Args:
        status: HTTP status of the answer.
        discord_code: Discord's own error code, 0 when it gave none.
        channel_id: Where the bot may not do what it was asked for; None when its token is wrong, so
            that it can do nothing at all.
    """

    code = "bot-unusable"

    def __init__(self, status: int, discord_code: int, channel_id: int | None) -> None:
        super().__init__(status, discord_code)
        self.channel_id = channel_id

    def __str__(self) -> str:
        refused = f"HTTP {self.status}, code {self.discord_code}"
        if self.channel_id is None:
            return f"the bot's token is wrong or was revoked ({refused})"
        return f"the bot lacks a permission in channel {self.channel_id} ({refused})"


class DiscordFull(DiscordRefused):
    """The disk of the emulator is full until its operator acts."""

    code = "discord-full"

    def __str__(self) -> str:
        return f"there is no room left where chunks are stored (HTTP {self.status})"


class RequestTooLarge(StorageError):
    """The message, or a file in it, is larger than Discord takes.

    Args:
        message: What was too large, for the log.
        webhook_id: The webhook that was to post it; None when no webhook's channel would take it.
    """

    code = "request-too-large"

    def __init__(self, message: str, webhook_id: int | None = None) -> None:
        super().__init__(message)
        self.webhook_id = webhook_id


class WebhookUnusable(StorageError):
    """The webhook must not be called again until an operator has looked at it.

    Args:
        webhook_id: Snowflake of the webhook.
        reason: What Discord said, for the operator.
    """

    code = "webhook-unusable"

    def __init__(self, webhook_id: int, reason: str) -> None:
        super().__init__(f"webhook {webhook_id} cannot be used: {reason}")
        self.webhook_id = webhook_id
        self.reason = reason


class WebhookGone(WebhookUnusable):
    """The webhook or its channel was deleted, or its token is wrong."""

    code = "webhook-gone"


class WebhookForbidden(WebhookUnusable):
    """Sending or uploading is switched off, or not permitted, where the webhook posts."""

    code = "webhook-forbidden"


class WebhookNotConfigured(StorageError):
    """A message was posted by a webhook (or bot) whose credentials are not configured here."""

    code = "webhook-not-configured"


class NoWebhook(StorageError):
    """No usable webhook is left to post with."""

    code = "no-webhook"


class PostWithdrawn(StorageError):
    """The caller withdrew the post before a request with it was under way: nothing was saved."""

    code = "post-withdrawn"


class MessageGone(StorageError):
    """The message, or the attachment in it, was deleted on Discord."""

    code = "message-gone"

    def __init__(self, message_id: int) -> None:
        super().__init__(f"message {message_id} or its attachment no longer exists on Discord")
        self.message_id = message_id


class ChunkCorrupt(StorageError):
    """What came back is not the chunk that was stored; nothing of it may be used."""

    code = "chunk-corrupt"


class UnknownKey(ChunkCorrupt):
    """The chunk names a master key that is not configured (or its header is damaged).

    Args:
        key_id: The id of the key, which reveals nothing of it.
    """

    code = "unknown-key"

    def __init__(self, key_id: bytes) -> None:
        super().__init__(
            f"the master key {key_id.hex()} is missing: the server's operator has to add it to "
            "MESSAGE_ENCRYPTION_KEY, behind the key that encrypts"
        )
        self.key_id = key_id


class UnauthenticatedContent(StorageError):
    """What the catalog says of a chunk does not suffice to know that its bytes are those that were stored."""

    code = "unauthenticated-content"

    def __init__(self) -> None:
        super().__init__(
            "this content is not protected well enough to be read here, as if a service of the base "
            "protocol had stored it: if one has, the server's operator can set BASE_UPLOAD_SERVICES"
        )


class InvalidMasterKey(StorageError, ValueError):
    """A configured master key is not base64 of 32 bytes, is there twice, or there is none."""

    code = "invalid-master-key"


class InvalidWebhookUrl(StorageError, ValueError):
    """A configured webhook URL does not have the form that Discord gives out."""

    code = "invalid-webhook-url"
