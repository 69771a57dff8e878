"""Posting: from a request to a stored message.

Files are streamed into a draft on disk, piece by piece. In the sink mode (for benchmarks) a body is read
as cheaply as possible: for one file, the head of its part and the length of the whole give its size, so that
nothing is searched. Only where the payload describes several files, their ends are looked for.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from aiohttp import BodyPartReader, MultipartReader, web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import (
    EmptyMessage,
    InvalidForm,
    RequestEntityTooLarge,
    TooManyAttachments,
)
from discord_emulator.messages import (
    Payload,
    ReceivedFile,
    StoredMessage,
    attachment_name,
    parse_payload,
    read_text,
)
from discord_emulator.settings import SizeLimits
from discord_emulator.store import MessageDraft

log = structlog.get_logger(__name__)

_PIECE_BYTES = 256 * 1024
_BATCH_BYTES = 1024 * 1024
"""Bytes that one call of a worker thread writes."""
_MAX_TEXT_BYTES = 1024 * 1024
"""Bytes of a field of a form that is no file."""
_MAX_HEAD_BYTES = 16 * 1024
_FILE_HEAD = re.compile(rb'filename="([^"]*)".*?\r\n\r\n', re.DOTALL)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


class Sender(NamedTuple):
    """The author of a post and its channel; `webhook_id` is None for the bot."""

    channel_id: int
    webhook_id: int | None
    name: str


@dataclass(slots=True)
class Submission:
    """What a request has brought: the files by field name, in order, and the payload."""

    payload: Payload = field(default_factory=Payload)
    files: dict[str, ReceivedFile] = field(default_factory=dict)

    def described_files(self) -> list[ReceivedFile]:
        """Return the files with the names and descriptions that the payload gives them.

        Raises:
            InvalidForm: the payload describes a file that the request does not have.
        """
        notes = self.payload.notes()
        described = []
        for name, received in self.files.items():
            note = notes.pop(_file_number(name), None)
            if note is None:
                described.append(received)
                continue
            filename = received.filename if note.filename is None else note.filename
            described.append(
                ReceivedFile(
                    filename=attachment_name(filename),
                    size=received.size,
                    content_type=received.content_type,
                    description=note.description,
                )
            )
        if notes:
            raise InvalidForm(f"Invalid Form Body: no file for the attachment {min(notes)}")
        return described


def check_length(request: web.Request, limits: SizeLimits) -> None:
    """Raise `RequestEntityTooLarge` when the request announces too long a body."""
    if (request.content_length or 0) > limits.request_bytes:
        raise RequestEntityTooLarge


async def receive(
    request: web.Request, emulator: Emulator, limits: SizeLimits, draft: MessageDraft
) -> Submission:
    """Read the body of a post; its files are durable in the draft afterwards.

    Raises:
        RequestEntityTooLarge: the body or one file is over its limit.
        InvalidForm: the body cannot be read, or ended early.
        OSError: the disk failed.
    """
    check_length(request, limits)
    if request.content_type == "multipart/form-data":
        return await _FormReader(emulator, limits, draft).read(request)
    if request.content_type == "application/json":
        return Submission(parse_payload(await read_text(request.content)))
    raise InvalidForm("Invalid Form Body: neither multipart/form-data nor application/json")


class _FormReader:
    """Reads one multipart body."""

    def __init__(self, emulator: Emulator, limits: SizeLimits, draft: MessageDraft) -> None:
        self._emulator = emulator
        self._limits = limits
        self._draft = draft
        self._submission = Submission()
        self._received = 0

    async def read(self, request: web.Request) -> Submission:
        try:
            form = await request.multipart()
            while (part := await form.next()) is not None:
                await self._take(part)
        except (ValueError, AssertionError) as error:
            # So aiohttp's reader fails on parts without an end, wrong boundaries and the like.
            raise InvalidForm(f"Invalid Form Body: {error}") from error
        return self._submission

    async def _take(self, part: MultipartReader | BodyPartReader) -> None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise InvalidForm("Invalid Form Body: a part without a name")
        if part.filename is not None:
            await self._take_file(part, part.name, part.filename)
        elif part.name == "payload_json":
            self._submission.payload = parse_payload(await self._text(part))
        elif part.name in ("content", "username"):
            text = (await self._text(part)).decode()
            setattr(self._submission.payload, part.name, text)
        else:
            await self._text(part)

    async def _take_file(self, part: BodyPartReader, name: str, filename: str) -> None:
        files = self._submission.files
        if len(files) == self._limits.attachments:
            raise TooManyAttachments
        if name in files:
            raise InvalidForm(f"Invalid Form Body: two files are named {name}")
        run = self._emulator.in_thread
        await run(self._draft.start_file, len(files))
        size = await self._store(part)
        files[name] = ReceivedFile(
            filename=attachment_name(filename),
            size=size,
            content_type=part.headers.get("Content-Type", "application/octet-stream"),
        )

    async def _store(self, part: BodyPartReader) -> int:
        batch: list[bytes] = []
        batched = size = 0
        while not part.at_eof():
            piece = await self._piece(part)
            size += len(piece)
            batched += len(piece)
            if size > self._limits.attachment_bytes:
                raise RequestEntityTooLarge
            batch.append(piece)
            if batched >= _BATCH_BYTES:
                await self._emulator.in_thread(self._draft.write, batch)
                batch, batched = [], 0
        await self._emulator.in_thread(self._draft.finish_file, batch)
        return size

    async def _text(self, part: BodyPartReader) -> bytes:
        text = bytearray()
        while not part.at_eof():
            text += await self._piece(part)
            if len(text) > _MAX_TEXT_BYTES:
                raise RequestEntityTooLarge
        return bytes(text)

    async def _piece(self, part: BodyPartReader) -> bytes:
        piece = await part.read_chunk(_PIECE_BYTES)
        self._received += len(piece)
        if self._received > self._limits.request_bytes:
            raise RequestEntityTooLarge
        return piece


def _file_number(field_name: str) -> str:
    """Return the n of `files[n]`, and of the older `filen`; `file` alone is number 0."""
    number = field_name.removeprefix("files[").removesuffix("]").removeprefix("file")
    return number or "0"


class _DiscardedBody:
    """Takes a multipart body piece by piece and keeps the names and sizes of its files.

    The boundary is looked for only if the payload describes several files.

    Args:
        boundary: of the form; empty if it is none.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._unread = b""
        self._total = 0
        self._before: int | None = None
        self._is_single = False
        self._is_in_file = False
        self._names: list[str] = []
        self._sizes: list[int] = []

    def feed(self, piece: bytes) -> None:
        """Takes the next bytes."""
        self._total += len(piece)
        if self._is_single:
            return
        self._unread += piece
        while self._pass_content() if self._is_in_file else self._pass_head():
            pass

    def files(self) -> dict[str, ReceivedFile]:
        """The files, by the fields that Discord's documentation uses."""
        if len(self._names) <= 1:
            before = self._before or 0
            tail = len(self._delimiter) + len(b"--\r\n") if len(self._delimiter) > 4 else 0
            self._sizes = [max(0, self._total - before - tail)]
        names = self._names or ["unknown"]
        return {
            f"files[{number}]": ReceivedFile(
                filename=attachment_name(name), size=size, content_type="application/octet-stream"
            )
            for number, (name, size) in enumerate(zip(names, self._sizes, strict=True))
        }

    def _pass_head(self) -> bool:
        """Goes on to the content of a file. False when more bytes are needed."""
        found = _FILE_HEAD.search(self._unread)
        if found is None:
            self._is_single = not self._names and len(self._unread) > _MAX_HEAD_BYTES
            return False
        if self._before is None:
            self._before = found.end()
            self._is_single = self._unread.count(b'"filename"', 0, found.start()) <= 1
        self._names.append(found.group(1).decode(errors="replace"))
        self._sizes.append(0)
        self._unread = self._unread[found.end() :]
        self._is_in_file = True
        return not self._is_single

    def _pass_content(self) -> bool:
        """Goes on to the end of a file. False when more bytes are needed."""
        end = self._unread.find(self._delimiter)
        self._is_in_file = end < 0
        length = max(0, len(self._unread) - len(self._delimiter) + 1) if end < 0 else end
        self._sizes[-1] += length
        self._unread = self._unread[length:]
        return not self._is_in_file


async def discard_body(request: web.Request) -> dict[str, ReceivedFile]:
    """Read and discard a multipart body; return the names and sizes of its files."""
    boundary = _BOUNDARY.search(request.headers.get("Content-Type", ""))
    body = _DiscardedBody(boundary.group(1).encode() if boundary else b"")
    while piece := await request.content.readany():
        body.feed(piece)
    return body.files()


async def post_message(request: web.Request, emulator: Emulator, sender: Sender) -> StoredMessage:
    """Receive a message and make it durable.

    Raises:
        ApiError: the body is refused.
        OSError: the disk failed; nothing is stored.
    """
    limits = emulator.size_limits_in(sender.channel_id)
    if emulator.settings.sink:
        check_length(request, limits)
        submission = Submission(Payload(), await discard_body(request))
        message = _message(emulator, sender, submission)
        emulator.sink_messages[message.id] = message
        return message
    async with _draft(emulator) as draft:
        submission = await receive(request, emulator, limits, draft)
        message = _message(emulator, sender, submission)
        await emulator.in_thread(draft.commit, message)
        emulator.disk_works()
        log.debug("message-created", message_id=message.id, channel_id=message.channel_id)
        return message


@asynccontextmanager
async def _draft(emulator: Emulator) -> AsyncIterator[MessageDraft]:
    draft = emulator.store.draft()
    try:
        yield draft
    except BaseException:
        # The thread of a cancelled handler still works; the draft's lock makes the removal wait for it.
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
