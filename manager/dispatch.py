"""Which handler takes which packet."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from manager.context import ClientContext, SlotContext
from manager.errors import NotSupported
from manager.handlers import booking, browsing, slots, uploading
from protocol import c2s, u2s
from protocol.packet import Packet

ClientHandler = Callable[[ClientContext, Any], Awaitable[Packet | None]]
SlotHandler = Callable[[SlotContext, Any], Awaitable[Packet | None]]

CLIENT_HANDLERS: Mapping[type[Packet], ClientHandler] = {
    c2s.UploadBookingRequest: booking.request_booking,
    c2s.UploadBookingClear: booking.clear_booking,
    c2s.UploadRequest: uploading.request_upload,
    c2s.UploadAbortRequest: uploading.abort_upload,
    c2s.UploadOverwriteResponse: uploading.decide_overwrite,
    c2s.EmptyFileUpload: uploading.upload_empty_file,
    c2s.FolderStatusRequest: browsing.folder_status,
    c2s.ListRequest: browsing.list_folder,
    c2s.FolderSizeRequest: browsing.folder_size,
    c2s.CreateFolder: browsing.create_folder,
}

SLOT_HANDLERS: Mapping[type[Packet], SlotHandler] = {
    u2s.ChunkStored: slots.chunk_stored,
    u2s.UploadFinish: slots.upload_finished,
    u2s.WebhookLost: slots.webhook_lost,
}


async def handle_client_packet(context: ClientContext, packet: Packet) -> Packet | None:
    """The reply to a client's packet, or None. Raises `NotSupported` and what the handlers raise."""
    handler = CLIENT_HANDLERS.get(type(packet))
    if handler is None:
        raise NotSupported(packet.id)
    if not context.client.is_connected:
        return None
    return await handler(context, packet)


async def handle_slot_packet(context: SlotContext, packet: Packet) -> Packet | None:
    """The reply to an upload slot's packet, or None."""
    return await SLOT_HANDLERS[type(packet)](context, packet)
