"""Handles what upload services report about uploads."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from msgspec.structs import asdict

from catalog.errors import CatalogError, CatalogFaulty, InvalidRecord
from catalog.kept_upload_port import KeptUploadStore
from catalog.records import Chunk, EnvelopeKind, KeptUpload, Message
from manager.connections.dispatch import PacketTable
from manager.error_texts import public_text
from manager.services.registry import UploadSlot
from manager.services.remote_slots import ForeignTarget, ForeignUpload
from manager.services.reports import (
    BaseContent,
    ChunkTarget,
    InvalidReport,
    reported_messages,
    snowflake,
)
from manager.services.webhooks import WebhookDirectory
from manager.uploads.bundle import RunningBundle
from manager.uploads.journal import ChunkJournal
from manager.uploads.session import RunningUpload
from protocol import generic, s2u, u2s
from protocol.chunks import chunk_length
from protocol.packet import Packet
from storage.envelope import sealed_size

log = structlog.get_logger(__name__)

UPLOAD_ENDED = "this upload has ended: the chunk is not needed any more"
OUT_OF_REACH = "Discord has shut out the webhook that posted this chunk: send it again"
NO_SUCH_CHUNK = "the upload has no chunk of this size there"


FindTicketUpload = Callable[[str | None, str], ChunkTarget | None]
"""The upload with a ticket that runs on that process and has that id; the process has just reported it."""


@dataclass(frozen=True, slots=True)
class _KeptTarget:
    """A kept upload, as chunks are reported for it that no service here stores now."""

    layout: KeptUpload
    takes_chunks: bool = True


class UploadReportHandlers:
    """The handlers of reports about chunks and uploads."""

    def __init__(
        self,
        journal: ChunkJournal,
        webhooks: WebhookDirectory,
        find_ticket_upload: FindTicketUpload,
        kept_uploads: KeptUploadStore,
        slots: Iterable[UploadSlot],
    ) -> None:
        """Takes what it uses; `slots` are those that are connected whenever it is iterated over."""
        self._slots = slots
        self._journal = journal
        self._webhooks = webhooks
        self._find_ticket_upload = find_ticket_upload
        self._kept_uploads = kept_uploads

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            u2s.ChunkStored: self.chunk_stored,
            u2s.MessageStored: self.message_stored,
            u2s.UploadFinish: self.upload_finished,
            u2s.BundleFinish: self.bundle_finished,
        }

    async def chunk_stored(
        self, slot: UploadSlot, packet: u2s.ChunkStored
    ) -> generic.Boolean | s2u.ReportDeferred:
        """Enters a message with one chunk, as `message_stored` does."""
        answer = await self.message_stored(slot, _as_message(packet))
        if isinstance(answer, s2u.ReportDeferred):
            return answer
        return generic.Boolean(success=answer.accepted[0], message=answer.reason)

    async def message_stored(
        self, slot: UploadSlot, packet: u2s.MessageStored
    ) -> s2u.MessageEntered | s2u.ReportDeferred:
        """Enters a message; of each chunk in it, true once it is durable and its upload goes on.

        Only what is in the catalog, or can never get there, is answered for good. Raises
        `InvalidReport`, `InvalidRecord`.
        """
        message = _message(packet)
        records = [_chunk(message.id, chunk) for chunk in packet.chunks]
        try:
            return await self._entered(slot, packet, message, records)
        except InvalidRecord:
            raise
        except CatalogFaulty as error:
            return s2u.ReportDeferred(fault=public_text(error))
        except CatalogError as error:
            log.warning("report-deferred", code=error.code, reason=str(error))
        except Exception:
            log.exception("report-failed")
        return s2u.ReportDeferred()

    async def _entered(
        self,
        slot: UploadSlot,
        packet: u2s.MessageStored,
        message: Message,
        records: Sequence[Chunk],
    ) -> s2u.MessageEntered:
        """Enters the message with the records of those of its chunks that are wanted."""
        uploads = await self._uploads_of(slot, packet)
        is_readable = self._webhooks.may_be_read(int(packet.webhook_id))
        refusals = [_refusal(uploads[each.upload_id], each, is_readable) for each in packet.chunks]
        wanted = [place for place, refusal in enumerate(refusals) if refusal is None]
        are_stored = await self._journal.record(message, tuple(records[place] for place in wanted))
        for place, is_stored in zip(wanted, are_stored, strict=True):
            chunk = packet.chunks[place]
            upload = uploads[chunk.upload_id]
            if upload is None or not (is_stored and upload.takes_chunks):
                refusals[place] = UPLOAD_ENDED
            elif chunk.type is not None and chunk.index == 0:
                await self._note_type(slot, upload, chunk.type)
        return s2u.MessageEntered(
            accepted=tuple(refusal is None for refusal in refusals),
            reason=next((refusal for refusal in refusals if refusal is not None), None),
        )

    async def _uploads_of(
        self, slot: UploadSlot, packet: u2s.MessageStored
    ) -> Mapping[str, ChunkTarget | None]:
        """What the chunks belong to, by upload id. Raises `CatalogUnavailable`."""
        ids = dict.fromkeys(chunk.upload_id for chunk in packet.chunks)
        return {upload_id: await self._upload_of(slot, upload_id) for upload_id in ids}

    async def _note_type(self, slot: UploadSlot, upload: ChunkTarget, mime_type: str) -> None:
        """The service has found out the MIME type. Raises `CatalogUnavailable`."""
        if isinstance(upload, _KeptTarget):
            kept = upload.layout
            await self._kept_uploads.park_kept_upload(
                kept, state=kept.state, mime_type=mime_type, expires_at=kept.expires_at
            )
        elif isinstance(upload, RunningUpload | ForeignTarget):
            upload.first_chunk_seen(mime_type)

    async def upload_finished(self, slot: UploadSlot, packet: u2s.UploadFinish) -> None:
        """The upload on the slot is stored, or has failed."""
        if isinstance(slot.upload, ForeignUpload):
            slot.upload.finished(packet)
        elif not _takes_finish(slot, packet):
            self._journal.discard(reported_messages(packet, slot.channel_id))

    async def bundle_finished(self, slot: UploadSlot, packet: u2s.BundleFinish) -> None:
        """The bundle on the slot is stored, file by file, or has failed."""
        bundle = slot.upload
        if isinstance(bundle, ForeignUpload):
            bundle.finished(packet)
        elif isinstance(bundle, RunningBundle) and bundle.id == packet.bundle_id:
            bundle.service_finished(packet)

    async def finished_elsewhere(self, slot: UploadSlot, packet: Packet) -> None:
        """The service of another manager has said how the upload on the slot ended."""
        if isinstance(packet, u2s.UploadFinish):
            await self.upload_finished(slot, packet)
        elif isinstance(packet, u2s.BundleFinish):
            await self.bundle_finished(slot, packet)

    def type_found_elsewhere(self, slot: UploadSlot, upload_id: str, mime_type: str) -> None:
        """The service of another manager has found out the MIME type of an upload on the slot."""
        upload = slot.upload
        if isinstance(upload, RunningUpload) and upload.requested.upload_id == upload_id:
            upload.first_chunk_seen(mime_type)

    async def _upload_of(self, slot: UploadSlot, upload_id: str) -> ChunkTarget | None:
        """What the chunk belongs to; a kept upload takes late ones whether it runs or not.

        One message may hold chunks of all uploads of a process. A kept upload takes chunks from services
        with a credential that it was given to, or with the password.

        Raises `CatalogUnavailable`.
        """
        for each in self._slots_of_process(slot):
            target = None if each.upload is None else each.upload.chunk_target(upload_id)
            if target is not None:
                return target
        ticket_upload = self._find_ticket_upload(slot.process, upload_id)
        if ticket_upload is not None:
            return ticket_upload
        kept = await self._kept_upload_of(slot, UUID(upload_id))
        return None if kept is None else _KeptTarget(kept)

    def _slots_of_process(self, slot: UploadSlot) -> Iterator[UploadSlot]:
        """The slot, and those that share its process."""
        yield slot
        if slot.process is not None:
            for each in self._slots:
                if each is not slot and each.process == slot.process:
                    yield each

    async def _kept_upload_of(self, slot: UploadSlot, object_id: UUID) -> KeptUpload | None:
        if slot.credential_id is None:
            return await self._kept_uploads.kept_upload(object_id)
        return await self._kept_uploads.kept_upload_given_to(object_id, slot.credential_id)


def _takes_finish(slot: UploadSlot, packet: u2s.UploadFinish) -> bool:
    """Moves the slot's upload on; true if it goes on with what the service has stored."""
    upload = slot.upload
    if not isinstance(upload, RunningUpload):
        return False
    if not packet.success:
        upload.service_failed(packet.reason or "the upload service gave up")
        return False
    if not upload.takes_chunks:
        return False
    try:
        content_hash = "" if upload.is_resumed else packet.hash
        if content_hash is None or packet.type is None:
            raise InvalidReport("its upload as finished without hash and type")
        content = _content_of(slot, upload, packet)
    except InvalidReport as error:
        log.warning("upload-finish-refused", service=slot.id, reason=str(error))
        upload.service_failed(str(error))
        return False
    upload.service_finished(content_hash, packet.type, content)
    return True


def _content_of(
    slot: UploadSlot, upload: RunningUpload, packet: u2s.UploadFinish
) -> BaseContent | None:
    """The chunks that a base-protocol service has stored; those of others are journalled already."""
    if slot.channel_id is None:
        if packet.is_encrypted is False:
            raise InvalidReport("chunks that are not encrypted")
        return None
    return BaseContent.reported(packet, upload.requested, slot.channel_id)


def _refusal(upload: ChunkTarget | None, chunk: u2s.StoredChunk, is_readable: bool) -> str | None:
    """Why a chunk is not wanted; None when it is."""
    if upload is None or not upload.takes_chunks:
        return UPLOAD_ENDED
    if not _has_right_size(upload, chunk):
        return NO_SUCH_CHUNK
    return None if is_readable else OUT_OF_REACH


def _has_right_size(upload: ChunkTarget, chunk: u2s.StoredChunk) -> bool:
    layout = upload.layout
    if chunk.index >= layout.chunk_count:
        return False
    size = chunk_length(layout.size, layout.chunk_size, chunk.index)
    sealed = sealed_size(EnvelopeKind.V1.value, size)
    return (chunk.size, chunk.stored_size) == (size, sealed)


def _as_message(packet: u2s.ChunkStored) -> u2s.MessageStored:
    fields = asdict(packet)
    of_message = {name: fields.pop(name) for name in ("message_id", "channel_id", "webhook_id")}
    return u2s.MessageStored(chunks=(u2s.StoredChunk(**fields),), **of_message)


def _message(packet: u2s.MessageStored) -> Message:
    # Where a chunk ends is all that is known of an attachment's size.
    sizes: defaultdict[str | None, int] = defaultdict(int)
    for chunk in packet.chunks:
        end = chunk.offset + chunk.stored_size
        sizes[chunk.attachment_id] = max(sizes[chunk.attachment_id], end)
    return Message(
        id=snowflake(packet.message_id),
        channel_id=snowflake(packet.channel_id),
        webhook_id=snowflake(packet.webhook_id),
        stored_size=sum(sizes.values()),
    )


def _chunk(message_id: int, chunk: u2s.StoredChunk) -> Chunk:
    attachment_id = chunk.attachment_id
    return Chunk(
        object_id=UUID(chunk.upload_id),
        index=chunk.index,
        message_id=message_id,
        attachment_id=None if attachment_id is None else snowflake(attachment_id),
        offset=chunk.offset,
        stored_size=chunk.stored_size,
        size=chunk.size,
        digest=bytes.fromhex(chunk.digest),
    )
