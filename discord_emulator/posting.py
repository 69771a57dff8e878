"""From a request to a stored message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import EmptyMessage
from discord_emulator.intake import Submission, check_length, receive
from discord_emulator.payload import Payload
from discord_emulator.records import StoredMessage
from discord_emulator.sink import swallow
from discord_emulator.store import Draft


class Sender(NamedTuple):
    """Who posts where; `webhook_id` is None for the bot, the payload may override `name`."""

    channel_id: int
    webhook_id: int | None
    name: str


async def post_message(request: web.Request, emulator: Emulator, sender: Sender) -> StoredMessage:
    """Receives a message and makes it durable.

    Raises:
        ApiError: the body is refused.
        OSError: the disk refused; nothing is stored.
    """
    if emulator.settings.sink:
        check_length(request, emulator)
        submission = Submission(Payload(), {"file": await swallow(request)})
        message = _message(emulator, sender, submission)
        emulator.sunk[message.id] = message
        return message
    async with _draft(emulator) as draft:
        submission = await receive(request, emulator, draft)
        message = _message(emulator, sender, submission)
        await emulator.in_thread(draft.commit, message)
        emulator.disk_works()
        return message


@asynccontextmanager
async def _draft(emulator: Emulator) -> AsyncIterator[Draft]:
    draft = emulator.store.draft()
    try:
        yield draft
    except BaseException:
        # A cancelled handler leaves its thread at work; the lock puts the clearing after it.
        await asyncio.shield(emulator.in_thread(draft.discard))
        raise


def _message(emulator: Emulator, sender: Sender, submission: Submission) -> StoredMessage:
    files = submission.described_files()
    content = submission.payload.content or ""
    if not files and not content:
        raise EmptyMessage
    message_id = emulator.snowflakes.next()
    return StoredMessage(
        id=message_id,
        channel_id=sender.channel_id,
        webhook_id=sender.webhook_id,
        author=submission.payload.username or sender.name,
        content=content,
        attachments=tuple(file.attached_to(message_id, n) for n, file in enumerate(files)),
    )
