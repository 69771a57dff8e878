"""An upload with a ticket: from the body of a form to chunks on Discord, piece by piece.

The form is S3's: fields first, the file last. As soon as the file begins the service redeems the
ticket, which tells how long the file must be, and waits for buffers. Then that many bytes are cut
into chunks, each sealed while it comes in and forwarded while the next one does. Two buffers are held
at most, whatever the size of the file; a client that is faster than Discord is not read from
meanwhile.

Until the ticket is redeemed a form holds nothing but its fields, and they must come in the time in
which a file may stand still. From then on it must keep the lowest rate.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from aiohttp import StreamReader
from msgspec.structs import replace

from client_sdk.connection import Connection
from client_sdk.errors import CloudError
from common.retry import Backoff
from protocol.errors import InvalidValue
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import ReportDeferred, TicketAccepted
from protocol.timestamps import format_timestamp, parse_modification_time
from protocol.u2s import TicketFinish, TicketRedeem
from storage.discord.messages import ChunkAddress
from storage.errors import NoWebhook
from storage.object_keys import ObjectKey
from storage.outgoing import FileSender
from upload_service.active_uploads import ActiveUpload, UploadSpec, object_key
from upload_service.buffers import Admission, Lane
from upload_service.chunk_receiver import SealingSink
from upload_service.errors import BadForm, Busy, NotStored, TicketRefused, TypeMismatch, UploadEnded
from upload_service.forwarding import Forwarder, answer_for_good
from upload_service.mime import contradicts
from upload_service.multipart import Field, FileData, FileStart, FormParser
from upload_service.stall import MIN_BYTES_PER_S, MinimumRate, StallGuard


class TicketSlot(Protocol):
    """What an upload with a ticket needs of one of the process's slots."""

    @property
    def takes_tickets(self) -> bool:
        """Whether the slot is linked to a manager that knows of tickets, and configured."""

    @property
    def takes_modification_times(self) -> bool:
        """Whether the manager to which the slot is linked takes the modification times of files."""

    async def store(
        self, content: memoryview, ended: asyncio.Future[None], sender: FileSender
    ) -> ChunkAddress:
        """Post a parcel to Discord. Raises `StorageError`."""

    @property
    def links(self) -> Iterator[Connection]:
        """The slot's present link, if it has one."""

    async def request(self, packet: Packet, *answers: type[Packet]) -> Packet:
        """Send a packet and wait for its answer. Raises `CloudError`."""


class TicketBackend:
    """The manager, and Discord, for uploads that belong to no slot: any slot whose link is up serves.

    Args:
        slots: over whose links the packets go.
        backoff: makes the delays between attempts to report how an upload ended.
    """

    def __init__(self, slots: Iterable[TicketSlot], backoff: Callable[[], Backoff]) -> None:
        self._slots = tuple(slots)
        self._backoff = backoff

    def require_link(self) -> None:
        """Check that the manager can be asked now. Raises `Busy`."""
        self._slot()

    async def redeem(self, packet: TicketRedeem) -> TicketAccepted:
        """Use a ticket up.

        Raises:
            TicketRefused: The manager does not accept it.
            NotStored: The manager did not answer.
        """
        slot = self._slot()
        if not slot.takes_modification_times:
            packet = replace(packet, modified_at=None)
        try:
            answer = await slot.request(packet, TicketAccepted)
        except CloudError as error:
            raise NotStored(f"the manager did not answer ({error.code})") from error
        if isinstance(answer, TicketAccepted):
            return answer
        message = answer.message if isinstance(answer, Boolean) else None
        raise TicketRefused(message or "the manager does not accept this ticket")

    async def finish(self, packet: TicketFinish) -> None:
        """Report how an upload ended. Raises `NotStored` unless the manager has entered it."""
        try:
            answer = await answer_for_good(
                lambda: self._slot().request(packet, ReportDeferred), self._backoff()
            )
        except CloudError as error:
            raise NotStored(f"the manager did not answer ({error.code})") from error
        if not isinstance(answer, Boolean) or not answer.success:
            message = answer.message if isinstance(answer, Boolean) else None
            raise NotStored(message or "the manager did not take the file")

    async def store(
        self, content: memoryview, ended: asyncio.Future[None], sender: FileSender
    ) -> ChunkAddress:
        """Post a parcel to Discord. Raises `StorageError`."""
        while True:
            slot = self._slot()
            try:
                return await slot.store(content, ended, sender)
            except NoWebhook:
                # A slot without a link has no webhooks; another slot may have both.
                if slot.takes_tickets:
                    raise

    @property
    def links(self) -> Iterator[Connection]:
        """The links of all slots that serve tickets, each looked up when the one before it is lost."""
        for slot in self._slots:
            if slot.takes_tickets:
                yield from slot.links

    def _slot(self) -> TicketSlot:
        """A slot whose link is up. Raises `Busy`."""
        for slot in self._slots:
            if slot.takes_tickets:
                return slot
        raise Busy("this service is not connected to its manager now: try again shortly")


FIELDS: Final = frozenset({"key", "ticket", "Content-Type", "content-type", "modified_at"})
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


def _modified_at(field: str | None) -> str | None:
    """The field `modified_at`, as packets have it; nothing for an empty one. Raises `BadForm`."""
    if not field:
        return None
    try:
        return format_timestamp(parse_modification_time(field))
    except InvalidValue as error:
        raise BadForm(f"the field modified_at {error}") from error


class TicketFormReceiver:
    """Receives one form.

    Args:
        backend: the manager and Discord.
        forwarder: stores what was received.
        admission: gives the form its buffers.
        guard: notes all progress; must be entered already.

    Attributes:
        accepted: what the ticket is for, once it is redeemed.
        upload: its chunks, from then on.
    """

    def __init__(
        self, backend: TicketBackend, forwarder: Forwarder, admission: Admission, guard: StallGuard
    ) -> None:
        self.accepted: TicketAccepted | None = None
        self.upload: ActiveUpload | None = None
        self._backend = backend
        self._forwarder = forwarder
        self._admission = admission
        self._guard = guard
        self._rate: MinimumRate | None = None
        self._fields: dict[str, str] = {}
        self._sink: SealingSink | None = None
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
                parser.finish()
                if self.accepted is None:
                    raise BadForm("the form has no field file")
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
            elif isinstance(event, Field):
                self._fields[event.name.lower()] = event.value

    async def _redeem(self, parser: FormParser, body: FormBody) -> None:
        if "ticket" not in self._fields:
            raise BadForm("the field ticket must come before the file, and the file last")
        self._admission.check()
        self._backend.require_link()
        around = parser.length_around
        packet = TicketRedeem(
            ticket=self._fields["ticket"],
            key=self._fields.get("key"),
            type=self._fields.get("content-type"),
            max_size=None if body.length is None else max(0, body.length - around),
            modified_at=_modified_at(self._fields.get("modified_at")),
        )
        with self._guard.paused():
            accepted = await self._backend.redeem(packet)
            # The packet is kept until the end, and its key is not.
            self.accepted = replace(accepted, object_key=None)
            key = object_key(accepted.object_key)
            lane = await self._admission.admit(accepted.holder)
        self._begin(accepted, key, lane)
        parser.expect(accepted.size)

    def _begin(self, accepted: TicketAccepted, key: ObjectKey, lane: Lane) -> None:
        spec = UploadSpec(
            upload_id=UUID(accepted.upload_id),
            name="",
            size=accepted.size,
            chunk_size=accepted.chunk_size,
        )
        self.upload = ActiveUpload(
            spec, key=key, lane=lane, backend=self._backend, inactivity_timeout_s=NEVER_S
        )
        self._rate = MinimumRate(self._guard, patience_s=self._guard.stall_s, reason=_TOO_SLOW)
        self._stack.callback(self._rate.stop)
        self._stack.enter_context(self.upload.receiving(self._guard))

    async def _write(self, data: memoryview, forwards: asyncio.TaskGroup) -> None:
        upload, rate = self.upload, self._rate
        if upload is None or rate is None:
            raise BadForm("the form has bytes of a file before the file")
        rate.received(len(data))
        while data:
            if self._sink is None:
                with self._guard.paused():
                    held = await upload.admit(self._index)
                if held is None:
                    raise RuntimeError("a form sends each chunk once")
                self._sink = SealingSink(upload, self._index, held, self._guard)
            piece = data[: upload.chunks.length(self._index) - self._filled]
            self._sink.write(piece)
            self._filled += len(piece)
            data = data[len(piece) :]
            if self._filled == upload.chunks.length(self._index):
                self._forward(upload, self._sink, forwards)

    def _forward(
        self, upload: ActiveUpload, sink: SealingSink, forwards: asyncio.TaskGroup
    ) -> None:
        if self._index == 0 and self.accepted and contradicts(upload.head, self.accepted.type):
            raise TypeMismatch(self.accepted.type)
        parcel = sink.result()
        self._sink = None
        self._index += 1
        self._filled = 0
        # Begun at once: a task of the group that is cancelled before its first step would never give
        # the buffer back.
        begun = self._forwarder.begin(parcel)
        forwards.create_task(_watch(begun), name="store-ticket-chunk")


async def _watch(forwarding: asyncio.Task[object]) -> None:
    await asyncio.shield(forwarding)
