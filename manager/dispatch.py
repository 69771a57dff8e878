"""Which handler takes which packet."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from manager.accounts import handlers as people
from manager.context import ClientContext, ProcessingContext, SlotContext, ThumbnailerContext
from manager.files import browsing, links, sharing
from manager.files import file_handlers as files
from manager.files import folder_handlers as folders
from manager.processing import handlers as processing
from manager.processing import thumbnail_handlers as thumbnails
from manager.services import ping_handler as services
from manager.tickets import handlers as tickets
from manager.uploads import booking_handlers as booking
from manager.uploads import handlers as uploading
from manager.uploads import slot_handlers as slots
from protocol import c2s, t2s, u2s
from protocol.packet import Packet

ClientHandler = Callable[[ClientContext, Any], Awaitable[Packet | None]]
SlotHandler = Callable[[SlotContext, Any], Awaitable[Packet | None]]
ThumbnailerHandler = Callable[[ThumbnailerContext, Any], Awaitable[Packet | None]]
ProcessingHandler = Callable[[ProcessingContext, Any], Awaitable[Packet | None]]

CLIENT_HANDLERS: Mapping[type[Packet], ClientHandler] = {
    c2s.UploadBookingRequest: booking.request_booking,
    c2s.UploadBookingClear: booking.clear_booking,
    c2s.UploadRequest: uploading.request_upload,
    c2s.UploadAbortRequest: uploading.abort_upload,
    c2s.UploadOverwriteResponse: uploading.decide_overwrite,
    c2s.EmptyFileUpload: uploading.upload_empty_file,
    c2s.FolderStatusRequest: browsing.folder_status,
    c2s.ListRequest: browsing.list_folder,
    c2s.PositionRequest: browsing.find_position,
    c2s.FolderSizeRequest: browsing.folder_size,
    c2s.CreateFolder: browsing.create_folder,
    c2s.RenameFolder: folders.rename_folder,
    c2s.DeleteFolder: folders.delete_folder,
    c2s.MoveFolder: folders.move_folder,
    c2s.RenameFile: files.rename_file,
    c2s.MoveFiles: files.move_files,
    c2s.DeleteFile: files.delete_file,
    c2s.FileShare: sharing.share_file,
    c2s.ShareListRequest: sharing.list_shares,
    c2s.TransferOwnership: sharing.transfer_ownership,
    c2s.SetPublic: sharing.set_public,
    c2s.SignedDownloadRequest: links.sign_download,
    c2s.ThumbnailRequest: links.find_thumbnail,
    c2s.UserSearchRequest: people.search_users,
    c2s.UserListRequest: people.list_users,
    c2s.UserPasswordSet: people.set_password,
    c2s.UserRoleSet: people.set_role,
    c2s.UserRemove: people.remove_user,
    c2s.PingServices: services.ping_services,
}

SLOT_HANDLERS: Mapping[type[Packet], SlotHandler] = {
    u2s.ChunkStored: slots.chunk_stored,
    u2s.TicketFinish: tickets.ticket_finished,
    u2s.TicketRedeem: tickets.redeem_ticket,
    u2s.UncertainPosts: slots.uncertain_posts,
    u2s.UploadFinish: slots.upload_finished,
    u2s.WebhookLost: slots.webhook_lost,
}

THUMBNAILER_HANDLERS: Mapping[type[Packet], ThumbnailerHandler] = {
    t2s.ThumbnailData: thumbnails.thumbnail_data,
}

PROCESSING_HANDLERS: Mapping[type[Packet], ProcessingHandler] = {
    t2s.JobAlive: processing.job_alive,
    t2s.JobDone: processing.job_done,
    t2s.JobFailed: processing.job_failed,
    t2s.JobRequest: processing.request_job,
    t2s.ViewRequest: processing.request_view,
}


async def handle_client_packet(context: ClientContext, packet: Packet) -> Packet | None:
    """The reply to a client's packet, or None. Raises what the handlers raise."""
    if not context.client.is_connected:
        return None
    return await CLIENT_HANDLERS[type(packet)](context, packet)


async def handle_slot_packet(context: SlotContext, packet: Packet) -> Packet | None:
    """The reply to an upload slot's packet, or None."""
    return await SLOT_HANDLERS[type(packet)](context, packet)


async def handle_thumbnailer_packet(context: ThumbnailerContext, packet: Packet) -> Packet | None:
    """The reply to a thumbnail service's packet, or None."""
    return await THUMBNAILER_HANDLERS[type(packet)](context, packet)


async def handle_processing_packet(context: ProcessingContext, packet: Packet) -> Packet | None:
    """The reply to a processing service's packet, or None."""
    handler = PROCESSING_HANDLERS.get(type(packet))
    return await handler(context, packet) if handler else None
