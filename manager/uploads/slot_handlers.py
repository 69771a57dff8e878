"""What upload services report."""

from uuid import UUID

import structlog

from catalog.errors import CatalogError, CatalogFaulty, InvalidRecord
from catalog.records import Chunk, ChunkLocation, EnvelopeKind, Message
from manager.context import SlotContext
from manager.error_texts import public_text
from manager.services.base_content import BaseContent, InvalidReport, reported_messages, snowflake
from manager.services.upload_slots import SlotUpload, UploadSlot
from manager.tickets.uploads import TicketUpload
from protocol import generic, s2u, u2s
from protocol.chunks import chunk_length
from storage.envelope import sealed_size

log = structlog.get_logger(__name__)

UPLOAD_ENDED = "this upload has ended: the chunk is not needed any more"
OUT_OF_REACH = "Discord has shut out the webhook that posted this chunk: send it again"
NO_SUCH_CHUNK = "the upload has no chunk of this size there"


async def chunk_stored(
    context: SlotContext, packet: u2s.ChunkStored
) -> generic.Boolean | s2u.ReportDeferred:
    """Enters a chunk; true once it is durable and its upload goes on.

    Only what is in the catalog, or can never get there, is answered for good. Raises
    `InvalidReport`, `InvalidRecord`.
    """
    location = _location(packet)
    try:
        return await _entered(context, packet, location)
    except InvalidRecord:
        raise
    except CatalogFaulty as error:
        return s2u.ReportDeferred(fault=public_text(error))
    except CatalogError as error:
        log.warning("a report is deferred", code=error.code, problem=str(error))
    except Exception:
        log.exception("a report could not be handled")
    return s2u.ReportDeferred()


async def _entered(
    context: SlotContext, packet: u2s.ChunkStored, location: ChunkLocation
) -> generic.Boolean:
    upload = _upload_of(context, packet.upload_id)
    if upload is None or not upload.takes_chunks:
        return await _refuse(context, location, UPLOAD_ENDED)
    if not _has_right_size(upload, packet):
        return await _refuse(context, location, NO_SUCH_CHUNK)
    if not context.parts.webhooks.may_be_read(int(packet.webhook_id)):
        return await _refuse(context, location, OUT_OF_REACH)
    is_stored = await context.parts.journal.record(location)
    if not is_stored or not upload.takes_chunks:
        return generic.Boolean(success=False, message=UPLOAD_ENDED)
    return generic.Boolean(success=True)


async def _refuse(context: SlotContext, location: ChunkLocation, why: str) -> generic.Boolean:
    await context.parts.journal.record_garbage(location)
    return generic.Boolean(success=False, message=why)


async def upload_finished(context: SlotContext, packet: u2s.UploadFinish) -> None:
    """The slot is done with its upload, one way or the other."""
    slot = context.slot
    if not _takes_finish(slot, packet):
        context.parts.journal.discard(reported_messages(packet, slot.channel_id))


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
        if packet.hash is None or packet.type is None:
            raise InvalidReport("its upload as finished without hash and type")
        content = _content_of(slot, upload, packet)
    except InvalidReport as error:
        log.warning("a service finished an upload wrongly", slot=slot.id, problem=str(error))
        upload.service_failed(str(error))
        return False
    upload.service_finished(packet.hash, packet.type, content)
    return True


def _content_of(
    slot: UploadSlot, upload: SlotUpload, packet: u2s.UploadFinish
) -> BaseContent | None:
    """The chunks that a base-protocol service has stored; those of others are journalled already."""
    if slot.channel_id is None:
        return None
    return BaseContent.reported(packet, upload.facts, slot.channel_id)


async def webhook_lost(context: SlotContext, packet: u2s.WebhookLost) -> None:
    """Stops the use of a webhook, if the service may post to it: others' it cannot know."""
    slot, webhook_id = context.slot, int(packet.webhook_id)
    if slot.process is None or not context.parts.fleet.leases_to(slot.process, webhook_id):
        log.warning("loss-of-unleased-webhook", slot=slot.id, webhook_id=webhook_id)
        return
    context.parts.webhooks.quarantine(webhook_id, packet.reason)


async def uncertain_posts(context: SlotContext, packet: u2s.UncertainPosts) -> None:
    """Some posts of the process may have left messages that nobody knows."""
    if context.slot.process is not None:
        context.parts.uncertain_posts.told(context.slot.process, packet.total)


def _upload_of(context: SlotContext, upload_id: str) -> SlotUpload | TicketUpload | None:
    slot = context.slot
    if slot.upload is not None and slot.upload.facts.upload_id == upload_id:
        return slot.upload
    return context.parts.tickets.reported(slot.process, upload_id)


def _has_right_size(upload: SlotUpload | TicketUpload, packet: u2s.ChunkStored) -> bool:
    facts = upload.facts
    if packet.index >= facts.chunk_count:
        return False
    size = chunk_length(facts.size, facts.chunk_size, packet.index)
    sealed = sealed_size(EnvelopeKind.V1.value, size)
    return (packet.size, packet.stored_size) == (size, sealed)


def _location(packet: u2s.ChunkStored) -> ChunkLocation:
    return ChunkLocation(
        chunk=Chunk(
            object_id=UUID(packet.upload_id),
            index=packet.index,
            message_id=snowflake(packet.message_id),
            attachment_id=snowflake(packet.attachment_id),
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
