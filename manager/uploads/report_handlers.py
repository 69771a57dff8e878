"""Handles what upload services report about uploads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from catalog.errors import CatalogError, CatalogFaulty, InvalidRecord
from catalog.kept_upload_port import KeptUploadStore
from catalog.records import Chunk, ChunkLocation, EnvelopeKind, KeptUpload, Message
from manager.connections.dispatch import PacketTable
from manager.error_texts import public_text
from manager.services.registry import SlotUpload, UploadSlot
from manager.services.reports import BaseContent, InvalidReport, reported_messages, snowflake
from manager.services.webhooks import WebhookDirectory
from manager.uploads.journal import ChunkJournal
from protocol import generic, s2u, u2s
from protocol.chunks import chunk_length
from storage.envelope import sealed_size

log = structlog.get_logger(__name__)

UPLOAD_ENDED = "this upload has ended: the chunk is not needed any more"
OUT_OF_REACH = "Discord has shut out the webhook that posted this chunk: send it again"
NO_SUCH_CHUNK = "the upload has no chunk of this size there"


class ChunkMeasures(Protocol):
    """How an upload is cut into chunks; sizes are bytes."""

    @property
    def size(self) -> int:
        """That of the whole content."""

    @property
    def chunk_size(self) -> int:
        """That of every chunk but the last."""

    @property
    def chunk_count(self) -> int:
        """The number of chunks."""


class ChunkTarget(Protocol):
    """A running upload whose chunks are reported."""

    @property
    def layout(self) -> ChunkMeasures:
        """How it is cut into chunks."""

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""


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
    ) -> None:
        self._journal = journal
        self._webhooks = webhooks
        self._find_ticket_upload = find_ticket_upload
        self._kept_uploads = kept_uploads

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            u2s.ChunkStored: self.chunk_stored,
            u2s.UploadFinish: self.upload_finished,
        }

    async def chunk_stored(
        self, slot: UploadSlot, packet: u2s.ChunkStored
    ) -> generic.Boolean | s2u.ReportDeferred:
        """Enters a chunk; true once it is durable and its upload goes on.

        Only what is in the catalog, or can never get there, is answered for good. Raises
        `InvalidReport`, `InvalidRecord`.
        """
        location = _location(packet)
        try:
            return await self._entered(slot, packet, location)
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
        self, slot: UploadSlot, packet: u2s.ChunkStored, location: ChunkLocation
    ) -> generic.Boolean:
        upload = await self._upload_of(slot, packet.upload_id)
        if upload is None or not upload.takes_chunks:
            return await self._refuse(location.message, UPLOAD_ENDED)
        if not _has_right_size(upload, packet):
            return await self._refuse(location.message, NO_SUCH_CHUNK)
        if not self._webhooks.may_be_read(int(packet.webhook_id)):
            return await self._refuse(location.message, OUT_OF_REACH)
        (is_stored,) = await self._journal.record(location.message, (location.chunk,))
        if not is_stored or not upload.takes_chunks:
            return generic.Boolean(success=False, message=UPLOAD_ENDED)
        if packet.type is not None and packet.index == 0:
            await self._note_type(slot, upload, packet.type)
        return generic.Boolean(success=True)

    async def _note_type(self, slot: UploadSlot, upload: ChunkTarget, mime_type: str) -> None:
        """The service has found out the MIME type. Raises `CatalogUnavailable`."""
        if isinstance(upload, _KeptTarget):
            kept = upload.layout
            await self._kept_uploads.park_kept_upload(
                kept, state=kept.state, mime_type=mime_type, expires_at=kept.expires_at
            )
        elif slot.upload is upload:
            slot.upload.first_chunk_seen(mime_type)

    async def _refuse(self, message: Message, why: str) -> generic.Boolean:
        await self._journal.record_garbage(message)
        return generic.Boolean(success=False, message=why)

    async def upload_finished(self, slot: UploadSlot, packet: u2s.UploadFinish) -> None:
        """The upload on the slot is stored, or has failed."""
        if not _takes_finish(slot, packet):
            self._journal.discard(reported_messages(packet, slot.channel_id))

    async def _upload_of(self, slot: UploadSlot, upload_id: str) -> ChunkTarget | None:
        """What the chunk belongs to; a kept upload takes late ones whether it runs or not.

        It takes them from services with a credential that it was given to, or with the password.

        Raises `CatalogUnavailable`.
        """
        upload = slot.upload
        if upload is not None and upload.requested.upload_id == upload_id and upload.takes_chunks:
            return upload
        ticket_upload = self._find_ticket_upload(slot.process, upload_id)
        if ticket_upload is not None:
            return ticket_upload
        kept = await self._kept_upload_of(slot, UUID(upload_id))
        return None if kept is None else _KeptTarget(kept)

    async def _kept_upload_of(self, slot: UploadSlot, object_id: UUID) -> KeptUpload | None:
        if slot.credential_id is None:
            return await self._kept_uploads.kept_upload(object_id)
        return await self._kept_uploads.kept_upload_given_to(object_id, slot.credential_id)


def _takes_finish(slot: UploadSlot, packet: u2s.UploadFinish) -> bool:
    """Moves the slot's upload on; true if it goes on with what the service has stored."""
    upload = slot.upload
    if upload is None:
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
    slot: UploadSlot, upload: SlotUpload, packet: u2s.UploadFinish
) -> BaseContent | None:
    """The chunks that a base-protocol service has stored; those of others are journalled already."""
    if slot.channel_id is None:
        if packet.is_encrypted is False:
            raise InvalidReport("chunks that are not encrypted")
        return None
    return BaseContent.reported(packet, upload.requested, slot.channel_id)


def _has_right_size(upload: ChunkTarget, packet: u2s.ChunkStored) -> bool:
    layout = upload.layout
    if packet.index >= layout.chunk_count:
        return False
    size = chunk_length(layout.size, layout.chunk_size, packet.index)
    sealed = sealed_size(EnvelopeKind.V1.value, size)
    return (packet.size, packet.stored_size) == (size, sealed)


def _optional_snowflake(text: str | None) -> int | None:
    return None if text is None else snowflake(text)


def _location(packet: u2s.ChunkStored) -> ChunkLocation:
    return ChunkLocation(
        chunk=Chunk(
            object_id=UUID(packet.upload_id),
            index=packet.index,
            message_id=snowflake(packet.message_id),
            attachment_id=_optional_snowflake(packet.attachment_id),
            offset=packet.offset,
            stored_size=packet.stored_size,
            size=packet.size,
            digest=bytes.fromhex(packet.digest),
        ),
        message=Message(
            id=snowflake(packet.message_id),
            channel_id=snowflake(packet.channel_id),
            webhook_id=snowflake(packet.webhook_id),
            stored_size=packet.offset + packet.stored_size,
        ),
    )
