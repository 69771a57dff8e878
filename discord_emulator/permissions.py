"""What the bot may do in a channel."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing that an operator of Discord allows a bot."""

    VIEW_CHANNEL = "view_channel"
    """See the channel at all."""
    READ_MESSAGE_HISTORY = "read_message_history"
    """Get messages of others. Without it a list of messages is empty, which is no error."""
    MANAGE_MESSAGES = "manage_messages"
    """Delete messages of others."""
    MESSAGE_CONTENT = "message_content"
    """See text and attachments of others' messages: strictly an intent of the application."""


def split_permissions(value: object) -> object:
    """Reads permissions that are separated by commas or blanks; leaves everything else as it is."""
    return value.replace(",", " ").split() if isinstance(value, str) else value
