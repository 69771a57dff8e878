"""What is kept on disk, and how the API shows it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from discord_emulator.snowflakes import attachment_id, created_at


class Webhook(NamedTuple):
    """A webhook and the channel that it posts into. Whoever has its token may post."""

    id: int
    token: str
    channel_id: int

    def __repr__(self) -> str:
        """Hides the token."""
        return f"Webhook(id={self.id}, channel_id={self.channel_id})"


class StoredAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; `index` names it inside the message's folder. `size` is in bytes."""

    id: int
    index: int
    filename: str
    size: int
    content_type: str
    description: str | None = None

    def path(self, channel_id: int) -> str:
        """Returns the attachment's path on the CDN."""
        return f"/attachments/{channel_id}/{self.id}/{self.filename}"


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message; `webhook_id` is None when the bot posted it."""

    id: int
    channel_id: int
    webhook_id: int | None
    author: str
    content: str
    attachments: tuple[StoredAttachment, ...]
    edited_at: float | None = None


class ReceivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that has arrived and belongs to no message yet. `size` is in bytes."""

    filename: str
    size: int
    content_type: str
    description: str | None = None

    def attached_to(self, message_id: int, index: int) -> StoredAttachment:
        """Returns the file as attachment number `index` of a message."""
        return StoredAttachment(
            id=attachment_id(message_id, index),
            index=index,
            filename=self.filename,
            size=self.size,
            content_type=self.content_type,
            description=self.description,
        )


def message_json(
    message: StoredMessage, attachment_url: Callable[[int, StoredAttachment], str]
) -> dict[str, Any]:
    """Returns a message as the API shows it; `attachment_url` makes the signed URLs."""
    author_id = message.webhook_id if message.webhook_id is not None else message.channel_id
    shown: dict[str, Any] = {
        "id": str(message.id),
        "type": 0,
        "content": message.content,
        "channel_id": str(message.channel_id),
        "author": {
            "id": str(author_id),
            "username": message.author,
            "discriminator": "0000",
            "avatar": None,
            "bot": True,
        },
        "attachments": [
            _attachment_json(attachment, attachment_url(message.channel_id, attachment))
            for attachment in message.attachments
        ],
        "embeds": [],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        "timestamp": _iso(created_at(message.id)),
        "edited_timestamp": None if message.edited_at is None else _iso(message.edited_at),
        "flags": 0,
        "components": [],
    }
    if message.webhook_id is not None:
        shown["webhook_id"] = str(message.webhook_id)
    return shown


def _attachment_json(attachment: StoredAttachment, url: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": attachment.size,
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    }
    if attachment.description is not None:
        shown["description"] = attachment.description
    return shown


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
