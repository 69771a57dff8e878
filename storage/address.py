"""Where a chunk lies on Discord."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkAddress:
    """The bytes of one attachment of one message that are a wrapped chunk. Ids are snowflakes.

    Attributes:
        message_id: The message.
        channel_id: The channel that it stands in.
        webhook_id: The webhook that posted it, None for a bot.
        attachment_id: The attachment; None where the message is known to have only one.
        offset: Where in the attachment the chunk starts, in bytes.
        stored_size: Length of the wrapped chunk, in bytes.
    """

    message_id: int
    channel_id: int
    webhook_id: int | None
    attachment_id: int | None
    offset: int
    stored_size: int
