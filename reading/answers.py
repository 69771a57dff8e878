"""What clients are answered when content cannot be sent: status, headers, and a text that names no ids."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from common.http_answers import LASTING_HEADER, RETRY_AFTER_S, failure
from reading.errors import RangeNotSatisfiable, TooManyDownloads
from storage.errors import (
    ChunkCorrupt,
    DiscordUnavailable,
    MessageGone,
    StorageError,
    UnauthenticatedContent,
    UnknownKey,
    WebhookNotConfigured,
)

READING_TEXTS: Final[Mapping[type[Exception], str | None]] = {
    DiscordUnavailable: "Discord is not available: try again shortly",
    MessageGone: "part of this file was deleted on Discord and is lost",
    ChunkCorrupt: "part of this file was damaged on Discord",
    UnauthenticatedContent: None,
    UnknownKey: None,
    WebhookNotConfigured: "part of this file was posted by a webhook that cannot be used any more",
    StorageError: "this file cannot be fetched from Discord",
}
"""By the most derived class; None: every user may see the error's own text."""

READING_STATUSES: Final[Mapping[type[Exception], int]] = {
    RangeNotSatisfiable: 416,
    TooManyDownloads: 503,
    DiscordUnavailable: 503,
    StorageError: 502,
}
"""The most special class that fits counts."""

LASTING_READING: Final = (ChunkCorrupt, MessageGone, UnauthenticatedContent, WebhookNotConfigured)
"""What asking again does not change, unless an operator acts."""


def headers_of(error: Exception) -> dict[str, str]:
    """The headers by which clients learn more about an error; {} for an error of others."""
    if isinstance(error, RangeNotSatisfiable):
        return {"Content-Range": f"bytes */{error.size}", "Accept-Ranges": "bytes"}
    if isinstance(error, TooManyDownloads):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, LASTING_READING):
        return {LASTING_HEADER: str(getattr(error, "code", ""))}
    return {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, DiscordUnavailable) else {}


def reading_text(error: Exception) -> str:
    """The text of an error of reading that every user may see."""
    text = next(
        (READING_TEXTS[kind] for kind in type(error).__mro__ if kind in READING_TEXTS), None
    )
    return str(error) if text is None else text


def reading_answer(error: Exception) -> web.Response | None:
    """The answer to an error of reading; None for another one."""
    kinds = type(error).__mro__
    status = next((READING_STATUSES[kind] for kind in kinds if kind in READING_STATUSES), None)
    if status is None:
        return None
    response = failure(status, reading_text(error))
    response.headers.update(headers_of(error))
    return response
