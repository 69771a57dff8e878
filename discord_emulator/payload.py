"""The JSON that describes a message, and the names that attachments get."""

import re
from typing import TypeVar

import msgspec

from discord_emulator.errors import InvalidForm

MAX_CONTENT = 2000
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9._-]")
_MAX_NAME = 200
_Kind = TypeVar("_Kind")


class AttachmentNote(msgspec.Struct, kw_only=True):
    """What is said about an attachment: `id` is the n of `files[n]`, or that of an old one."""

    id: int | str
    filename: str | None = None
    description: str | None = None


class Payload(msgspec.Struct, kw_only=True):
    """The fields of a message that the emulator heeds; all others are passed over."""

    content: str | None = None
    username: str | None = None
    attachments: list[AttachmentNote] | None = None

    def notes(self) -> dict[str, AttachmentNote]:
        """Returns what is said about attachments, by id."""
        return {str(note.id): note for note in self.attachments or []}


def parse_json(text: bytes, kind: type[_Kind]) -> _Kind:
    """Reads JSON. Raises `InvalidForm`: it is none, or a field is missing or has the wrong type."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (ValueError, RecursionError) as error:
        raise InvalidForm(f"Invalid Form Body: {error}") from error


def parse_payload(text: bytes) -> Payload:
    """Reads a message's JSON.

    Raises:
        InvalidForm: it is none, a field has the wrong type, or the content is too long.
    """
    payload = parse_json(text, Payload)
    if len(payload.content or "") > MAX_CONTENT:
        raise InvalidForm(f"Invalid Form Body: content is longer than {MAX_CONTENT} characters")
    return payload


def attachment_name(name: str) -> str:
    """Returns a file's name as Discord keeps it: plain ASCII, the rest left out."""
    return _NOT_ALLOWED.sub("", name.replace(" ", "_"))[-_MAX_NAME:] or "unknown"
