"""One webhook of Discord: what it can do, and what it answers."""

import secrets
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec

from storage.discord import routes
from storage.discord.credentials import WebhookCredentials
from storage.discord.faults import Answer
from storage.discord.http import DiscordHttp
from storage.discord.multipart import OutgoingFile
from storage.errors import DiscordUnavailable, MessageGone

__all__ = [
    "Attachment",
    "OutgoingFile",
    "PostedMessage",
    "Webhook",
    "WebhookCredentials",
    "WebhookInfo",
    "decode",
    "opaque_file",
    "parse_message",
]

Record = TypeVar("Record")

Snowflake = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An id of Discord's, as far as databases take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message. The URL is signed and dies after a while: never to be stored."""

    id: Snowflake
    size: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """A message as Discord has saved it. Ids are snowflakes."""

    id: Snowflake
    channel_id: Snowflake
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookInfo:
    """Where a webhook posts to."""

    id: Snowflake
    channel_id: Snowflake


class Webhook:
    """What can be done with a webhook's id and token alone.

    Every method raises `DiscordUnavailable` when Discord does not do it in time, and `WebhookGone`
    or `WebhookForbidden` when the webhook must not be called again.
    """

    def __init__(self, http: DiscordHttp, credentials: WebhookCredentials) -> None:
        self._http = http
        self.credentials = credentials

    async def info(self) -> WebhookInfo:
        """Asks Discord for the webhook's channel."""
        answer = await self._http.request(routes.webhook_info(self.credentials))
        return decode(answer, WebhookInfo)

    async def execute(self, file: OutgoingFile) -> PostedMessage:
        """Posts a message with one file. Raises `RequestTooLarge`."""
        answer = await self._http.request(routes.execute_webhook(self.credentials), file)
        return parse_message(answer)

    async def message(self, message_id: int) -> PostedMessage:
        """Fetches a message that this webhook posted. Raises `MessageGone`."""
        answer = await self._http.request(routes.webhook_message(self.credentials, message_id))
        return parse_message(answer)

    async def delete(self, message_id: int) -> None:
        """Deletes a message that this webhook posted. One that is gone is as good."""
        now = self._http.wall_clock()
        route = routes.delete_webhook_message(self.credentials, message_id, now)
        try:
            await self._http.request(route)
        except MessageGone:
            return


def opaque_file(content: memoryview) -> OutgoingFile:
    """A file whose name tells nothing."""
    return OutgoingFile(f"{secrets.token_hex(8)}.bin", content)


def parse_message(answer: Answer) -> PostedMessage:
    """Reads a message. Raises `DiscordUnavailable` when the answer is none."""
    return decode(answer, PostedMessage)


def decode(answer: Answer, kind: type[Record]) -> Record:
    """Reads an answer. Raises `DiscordUnavailable` when it is something else."""
    try:
        return msgspec.json.decode(answer.body, type=kind, strict=False)
    except (ValueError, RecursionError) as error:
        raise DiscordUnavailable(f"Discord's answer makes no sense: {error}") from error
