"""Receives a message: streams its files into a draft, piece by piece, and reads what it says."""

from dataclasses import dataclass, field

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web

from discord_emulator.emulator import Emulator
from discord_emulator.errors import InvalidForm, RequestTooLarge, TooManyAttachments
from discord_emulator.payload import Payload, attachment_name, parse_payload
from discord_emulator.records import ReceivedFile
from discord_emulator.store import Draft

MAX_ATTACHMENTS = 10
_PIECE = 256 * 1024
_BATCH = 1024 * 1024
_MAX_TEXT = 1024 * 1024


@dataclass(slots=True)
class Submission:
    """What has arrived: the files by field name, in order, and the payload."""

    payload: Payload = field(default_factory=Payload)
    files: dict[str, ReceivedFile] = field(default_factory=dict)

    def described_files(self) -> list[ReceivedFile]:
        """Returns the files with the names and descriptions that the payload gives them.

        Raises:
            InvalidForm: the payload describes a file that is not there.
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


def check_length(request: web.Request, emulator: Emulator) -> None:
    """Raises `RequestTooLarge` when the request announces too long a body."""
    if (request.content_length or 0) > emulator.settings.request_limit_bytes:
        raise RequestTooLarge


async def receive(request: web.Request, emulator: Emulator, draft: Draft) -> Submission:
    """Reads the body of a post; its files are durable in the draft afterwards.

    Raises:
        RequestTooLarge: the body or one file is over its limit.
        InvalidForm: the body cannot be read, or ended early.
        OSError: the disk refused.
    """
    check_length(request, emulator)
    if request.content_type == "multipart/form-data":
        return await _FormIntake(emulator, draft).read(request)
    if request.content_type == "application/json":
        return Submission(parse_payload(await read_text(request.content)))
    raise InvalidForm("Invalid Form Body: neither multipart/form-data nor application/json")


async def read_text(stream: StreamReader) -> bytes:
    """Reads a short body whole; raises `RequestTooLarge` past 1 MiB."""
    text = bytearray()
    async for piece in stream.iter_any():
        text += piece
        if len(text) > _MAX_TEXT:
            raise RequestTooLarge
    return bytes(text)


class _FormIntake:
    """Reads one multipart body."""

    def __init__(self, emulator: Emulator, draft: Draft) -> None:
        self._emulator = emulator
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
        if len(files) == MAX_ATTACHMENTS:
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
            if size > self._emulator.settings.attachment_limit_bytes:
                raise RequestTooLarge
            batch.append(piece)
            if batched >= _BATCH:
                await self._emulator.in_thread(self._draft.write, batch)
                batch, batched = [], 0
        await self._emulator.in_thread(self._draft.finish_file, batch)
        return size

    async def _text(self, part: BodyPartReader) -> bytes:
        text = bytearray()
        while not part.at_eof():
            text += await self._piece(part)
            if len(text) > _MAX_TEXT:
                raise RequestTooLarge
        return bytes(text)

    async def _piece(self, part: BodyPartReader) -> bytes:
        piece = await part.read_chunk(_PIECE)
        self._received += len(piece)
        if self._received > self._emulator.settings.request_limit_bytes:
            raise RequestTooLarge
        return piece


def _file_number(field_name: str) -> str:
    """Returns the n of `files[n]`, and of the older `filen`; `file` alone is number 0."""
    number = field_name.removeprefix("files[").removesuffix("]").removeprefix("file")
    return number or "0"
