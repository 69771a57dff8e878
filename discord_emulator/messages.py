"""Messages: their ids, what is kept of them, and how the API reads and shows them.

Discord's ids (snowflakes) are 42 bits of milliseconds since 2015, then 22 bits that make ids of one
millisecond distinct. The emulator leaves the lowest four bits of a message's id free and gives them to
its attachments, so that an attachment's message is found on disk without an index.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
from aiohttp import StreamReader, web

from discord_emulator.errors import InvalidForm, RequestEntityTooLarge

MAX_CONTENT = 2000
"""Characters of a message."""
_MAX_BODY = 1024 * 1024
"""Bytes of a body that holds no file."""
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9._-]")
_MAX_NAME = 200
_Kind = TypeVar("_Kind")
DISCORD_EPOCH_S = 1_420_070_400
_STEP = 16
_MAX_DIGITS = 19


class Snowflakes:
    """Generates ids that only grow, even when the clock stops or goes back.

    Args:
        clock: gives seconds since the Unix epoch.
        newest: the largest id that is in use.
    """

    def __init__(self, clock: Callable[[], float], newest: int = 0) -> None:
        self._clock = clock
        self._newest = newest - newest % _STEP

    def next(self) -> int:
        """Return an id greater than all before."""
        by_clock = int((self._clock() - DISCORD_EPOCH_S) * 1000) << 22
        self._newest = max(by_clock, self._newest + _STEP)
        return self._newest


def created_at(snowflake: int) -> float:
    """Return when an id was made, in seconds since the Unix epoch."""
    return (snowflake >> 22) / 1000 + DISCORD_EPOCH_S


def attachment_id(message_id: int, index: int) -> int:
    """Return the id of a message's attachment; `index` counts from 0 and is at most 14."""
    return message_id + 1 + index


def message_of_attachment(attachment: int) -> int:
    """Return the id of the message that an attachment belongs to."""
    return attachment - attachment % _STEP


def is_snowflake(text: str) -> bool:
    """Return whether text from a URL can be an id."""
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


class EmulatedWebhook(NamedTuple):
    """A webhook and the channel that it posts into. Its token, a secret, is what lets a caller post."""

    id: int
    token: str
    channel_id: int

    def __repr__(self) -> str:
        """Without the token."""
        return f"EmulatedWebhook(id={self.id}, channel_id={self.channel_id})"


class StoredAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message; `index` names it inside the message's folder. `size` is in bytes."""

    id: int
    index: int
    filename: str
    size: int
    content_type: str
    description: str | None = None

    def path(self, channel_id: int) -> str:
        """Return the attachment's path on the CDN."""
        return f"/attachments/{channel_id}/{self.id}/{self.filename}"


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message; `webhook_id` is None when the bot posted it.

    `edited_at` is in seconds since the Unix epoch, None as long as the message was not edited.
    """

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
        """Return the file as attachment number `index` of a message."""
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
    """Return a message as the API shows it; `attachment_url` makes the signed URLs."""
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


class AttachmentMetadata(msgspec.Struct, kw_only=True):
    """Metadata of an attachment: `id` is the n of `files[n]`, or that of an existing attachment."""

    id: int | str
    filename: str | None = None
    description: str | None = None


class Payload(msgspec.Struct, kw_only=True):
    """The fields of a message that the emulator reads; it ignores all others."""

    content: str | None = None
    username: str | None = None
    attachments: list[AttachmentMetadata] | None = None

    def notes(self) -> dict[str, AttachmentMetadata]:
        """Return the metadata of attachments, by id."""
        return {str(note.id): note for note in self.attachments or []}


async def read_text(stream: StreamReader) -> bytes:
    """Read a body without files; raises `RequestEntityTooLarge` past 1 MiB."""
    text = bytearray()
    async for piece in stream.iter_any():
        text += piece
        if len(text) > _MAX_BODY:
            raise RequestEntityTooLarge
    return bytes(text)


def json_answer(content: object) -> web.Response:
    """Return a JSON answer of status 200."""
    return web.Response(body=msgspec.json.encode(content), content_type="application/json")


def parse_json(text: bytes, kind: type[_Kind]) -> _Kind:
    """Read JSON. Raises `InvalidForm`: it is none, or a field is missing or has the wrong type."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        raise InvalidForm(f"Invalid Form Body: {error}") from error


def parse_payload(text: bytes) -> Payload:
    """Read a message's JSON.

    Raises:
        InvalidForm: it is none, a field has the wrong type, or the content is too long.
    """
    payload = parse_json(text, Payload)
    if len(payload.content or "") > MAX_CONTENT:
        raise InvalidForm(f"Invalid Form Body: content is longer than {MAX_CONTENT} characters")
    return payload


def attachment_name(name: str) -> str:
    """Return a file's name as Discord keeps it: plain ASCII, the rest left out."""
    return _NOT_ALLOWED.sub("", name.replace(" ", "_"))[-_MAX_NAME:] or "unknown"
