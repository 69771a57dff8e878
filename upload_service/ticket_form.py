"""From the body of a form with a ticket to chunks on Discord, piece by piece.

The form is S3's: fields first, the file last. As soon as the file begins the ticket is redeemed,
which tells how long the file must be, and a place is taken for it. Then that many bytes are cut into
chunks, each sealed while it comes in and forwarded while the next one does. Two buffers are held at
most, whatever the size of the file; who is faster than Discord is not read from meanwhile.

Until the ticket is redeemed a form holds nothing but its fields, and they must come in the time in
which a file may stand still. From then on it must keep the lowest pace.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import StreamReader

from protocol.s2u import TicketAccepted
from protocol.u2s import TicketRedeem
from storage.envelope import MasterKey
from upload_service.buffers import Lane
from upload_service.errors import BadForm, TypeMismatch, UploadEnded
from upload_service.forward import Forwarder
from upload_service.mime import contradicts
from upload_service.multipart import Event, Field, FileData, FileStart, FormParser
from upload_service.places import Admission
from upload_service.receive import Sealing
from upload_service.stall import MIN_BYTES_PER_S, Pace, StallGuard
from upload_service.ticket_link import TicketLink
from upload_service.uploads import Upload, UploadOrder

FIELDS: Final = frozenset({"key", "ticket", "Content-Type", "content-type"})
"""What is read of the form; the other fields, which S3 would check, say nothing that the ticket
does not."""
MAX_FIELD_BYTES: Final = 8 * 1024
CHUNKS_AT_ONCE: Final = 2
"""One that comes in, and one on its way to Discord."""
_TOO_SLOW: Final = f"a file must come at {MIN_BYTES_PER_S // 1024} KiB/s at least"
NEVER_S: Final = 10.0**9
"""No time without a chunk ends the upload: a form that stands still is ended by its guard."""


@dataclass(frozen=True, slots=True)
class FormBody:
    """The body of the request; `length` is None when it was not announced."""

    content: StreamReader
    length: int | None
    boundary: bytes


class TicketForm:
    """The reception of one form.

    Args:
        link: the manager.
        forwarder: stores what was received.
        admission: gives the form its place.
        guard: is told of all progress; must be entered already.

    Attributes:
        accepted: what the ticket is for, once it is redeemed.
        upload: its chunks, from then on.
    """

    def __init__(
        self, link: TicketLink, forwarder: Forwarder, admission: Admission, guard: StallGuard
    ) -> None:
        self.accepted: TicketAccepted | None = None
        self.upload: Upload | None = None
        self._link = link
        self._forwarder = forwarder
        self._admission = admission
        self._guard = guard
        self._pace: Pace | None = None
        self._fields: dict[str, str] = {}
        self._sink: Sealing | None = None
        self._index = 0
        self._filled = 0
        self._stack = ExitStack()

    def end(self, reason: str) -> None:
        """Take nothing any more; `receive` fails with the reason."""
        if self.upload is not None:
            self.upload.end(reason)
        else:
            self._guard.interrupt(UploadEnded(reason))

    async def receive(self, body: FormBody, forwards: asyncio.TaskGroup) -> None:
        """Take the whole body; the chunks are forwarded by tasks of the group.

        Raises:
            ChunkError: if the body is not the form that a ticket is for.
        """
        parser = FormParser(body.boundary, fields=FIELDS, max_field_bytes=MAX_FIELD_BYTES)
        try:
            with self._stack:
                while any(read := await body.content.readchunk()):
                    await self._take(parser, body, read[0], forwards)
                self._require_complete(parser)
        finally:
            if self._sink is not None:
                self._sink.discard()

    async def _take(
        self, parser: FormParser, body: FormBody, piece: bytes, forwards: asyncio.TaskGroup
    ) -> None:
        for event in parser.feed(piece):
            if isinstance(event, FileData):
                await self._write(memoryview(event.data), forwards)
            elif isinstance(event, FileStart):
                await self._redeem(parser, body)
            else:
                self._keep_field(event)

    def _keep_field(self, event: Event) -> None:
        if isinstance(event, Field):
            self._fields[event.name.lower()] = event.value

    def _require_complete(self, parser: FormParser) -> None:
        parser.finish()
        if self.accepted is None:
            raise BadForm("the form has no field file")

    async def _redeem(self, parser: FormParser, body: FormBody) -> None:
        if "ticket" not in self._fields:
            raise BadForm("the field ticket must come before the file, and the file last")
        self._admission.check()
        key = self._link.key
        around = parser.length_around
        packet = TicketRedeem(
            ticket=self._fields["ticket"],
            key=self._fields.get("key"),
            type=self._fields.get("content-type"),
            max_size=None if body.length is None else max(0, body.length - around),
        )
        with self._guard.paused():
            self.accepted = accepted = await self._link.redeem(packet)
            lane = await self._admission.admit(accepted.holder)
        self._begin(accepted, key, lane)
        parser.expect(accepted.size)

    def _begin(self, accepted: TicketAccepted, key: MasterKey, lane: Lane) -> None:
        order = UploadOrder(
            upload_id=UUID(accepted.upload_id),
            name="",
            size=accepted.size,
            chunk_size=accepted.chunk_size,
        )
        self.upload = Upload(
            order, key=key, lane=lane, backend=self._link, inactivity_timeout_s=NEVER_S
        )
        self._pace = Pace(self._guard, patience_s=self._guard.stall_s, reason=_TOO_SLOW)
        self._stack.callback(self._pace.stop)
        self._stack.enter_context(self.upload.receiving(self._guard))

    async def _write(self, data: memoryview, forwards: asyncio.TaskGroup) -> None:
        upload, pace = self.upload, self._pace
        if upload is None or pace is None:
            raise BadForm("the form has bytes of a file before the file")
        self._guard.progress()
        pace.came(len(data))
        while data:
            if self._sink is None:
                self._sink = await self._next_chunk(upload)
            piece = data[: upload.job.length(self._index) - self._filled]
            self._sink.write(piece)
            self._filled += len(piece)
            data = data[len(piece) :]
            if self._filled == upload.job.length(self._index):
                self._forward(upload, self._sink, forwards)

    async def _next_chunk(self, upload: Upload) -> Sealing:
        upload.job.require_alive()
        with self._guard.paused():
            lease = await upload.lane.lease()
        return Sealing(upload.claim(self._index), lease)

    def _forward(self, upload: Upload, sink: Sealing, forwards: asyncio.TaskGroup) -> None:
        if self._index == 0 and self.accepted and contradicts(upload.head, self.accepted.type):
            raise TypeMismatch(self.accepted.type)
        chunk = sink.result()
        self._sink = None
        self._index += 1
        self._filled = 0
        # Begun at once: a task of the group that is cancelled before its first step would never give
        # the buffer back.
        begun = self._forwarder.begin(chunk)
        forwards.create_task(_watch(begun), name="store-ticket-chunk")


async def _watch(forwarding: asyncio.Task[None]) -> None:
    await asyncio.shield(forwarding)
