"""Handles what clients send about bookings and uploads."""

from uuid import uuid4

from catalog.errors import IsAFolder, NameTaken, NotAFolder, NotPermitted
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import (
    AccessDenied,
    BookingsUnavailable,
    IllegalTransition,
    InvalidRequest,
    NoFreeService,
    PathTaken,
)
from manager.files.conversion import checked_folder, checked_name, modification_time
from manager.files.upload_requests import RequestedUpload
from manager.services.bookings import Bookings
from manager.services.channel_limits import ChunkSizes
from manager.services.registry import UploadSlotRegistry
from manager.uploads.committing import EmptyFileCommitter
from manager.uploads.effects import Rejection, Retry
from manager.uploads.manager import UploadManager
from manager.uploads.messages import NO_SUCH_UPLOAD, rejection_packet
from manager.uploads.overwrites import Action
from protocol import c2s, generic, s2c
from protocol.chunks import chunk_count
from protocol.extensions import LARGE_CHUNKS
from protocol.packet import Packet
from protocol.values import NamePolicy


class BookingHandlers:
    """The handlers of packets about bookings."""

    def __init__(self, bookings: Bookings, uploads: UploadManager) -> None:
        self._bookings = bookings
        self._uploads = uploads

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.UploadBookingRequest: self.request_booking,
            c2s.UploadBookingClear: self.clear_booking,
        }

    async def request_booking(
        self, request: ClientRequest, packet: c2s.UploadBookingRequest
    ) -> s2c.UploadBooking | None:
        """Books the desired amount; what is not there yet follows by `s2c:upload-booking-modify`."""
        if not request.client.is_connected:
            return None
        amount = await self._bookings.request(request.client.id, packet.desired_amount)
        return s2c.UploadBooking(amount=amount)

    async def clear_booking(
        self, request: ClientRequest, _: c2s.UploadBookingClear
    ) -> generic.Boolean:
        """Gives the booking back; refused while an upload of the client is on a service."""
        await self._bookings.clear(request.client.id)
        self._uploads.of(request.client).overwrites.booking_cleared()
        return generic.Boolean(success=True)


class UploadHandlers:
    """The handlers of packets about uploads with content."""

    def __init__(
        self,
        uploads: UploadManager,
        slots: UploadSlotRegistry,
        chunk_sizes: ChunkSizes,
        name_policy: NamePolicy,
    ) -> None:
        """`chunk_sizes`: of new uploads; `name_policy`: which characters new names may have."""
        self._uploads = uploads
        self._slots = slots
        self._chunk_sizes = chunk_sizes
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.UploadRequest: self.request_upload,
            c2s.UploadAbortRequest: self.abort_upload,
            c2s.UploadOverwriteResponse: self.decide_overwrite,
        }

    async def request_upload(
        self, request: ClientRequest, packet: c2s.UploadRequest
    ) -> Packet | None:
        """Starts an upload on a booked service that is idle, or refuses it.

        The upload replies itself, before it sends anything else.
        """
        client = request.client
        try:
            folder = checked_folder(packet.path, self._name_policy)
            name = checked_name(packet.name, self._name_policy)
            modified_at = modification_time(packet.modified_at)
            slot = await self._slots.start_upload(client.id)
        except InvalidRequest as error:
            return self._rejected(request, packet, Rejection(error.code, str(error), Retry.NEVER))
        except NoFreeService as error:
            return self._rejected(request, packet, Rejection(error.code, error.message, Retry.SOON))
        except BookingsUnavailable as error:
            return self._rejected(request, packet, Rejection(error.code, str(error), Retry.LATER))
        chunk_size = self._chunk_sizes.of_upload(
            takes_large=slot.takes_message_limits and LARGE_CHUNKS in client.extensions
        )
        requested = RequestedUpload(
            upload_id=str(uuid4()),
            client=client.id,
            user_id=client.user.id,
            folder=folder,
            name=name,
            size=packet.size,
            is_public=packet.is_public,
            do_overwrite=bool(packet.do_overwrite),
            chunk_size=chunk_size,
            chunk_count=chunk_count(packet.size, chunk_size),
            modified_at=modified_at,
        )
        self._uploads.start(client, slot, requested, reply=request.reply)
        return None

    def _rejected(
        self, request: ClientRequest, packet: c2s.UploadRequest, rejection: Rejection
    ) -> Packet:
        chunk_size = self._chunk_sizes.of_upload(takes_large=False)
        return rejection_packet(request.client, rejection, packet.name, packet.path, chunk_size)

    async def abort_upload(
        self, request: ClientRequest, packet: c2s.UploadAbortRequest
    ) -> generic.Boolean:
        """Ends an upload of this client, if it is not too late; its finish info follows the answer."""
        upload = self._uploads.of(request.client).running.get(packet.upload_id)
        if upload is None:
            return generic.Boolean(success=False, message=NO_SUCH_UPLOAD)
        try:
            upload.abort()
        except IllegalTransition:
            message = "it is too late to abort this upload: its file is being entered"
            return generic.Boolean(success=False, message=message)
        return generic.Boolean(success=True)

    async def decide_overwrite(
        self, request: ClientRequest, packet: c2s.UploadOverwriteResponse
    ) -> None:
        """Settles one question about a taken name, or all of a booking. Raises `UnknownPrompt`."""
        uploads = self._uploads.of(request.client)
        settled = uploads.overwrites.answer(
            packet.upload_id, Action(packet.action), use_on_all=bool(packet.use_on_all_uploads)
        )
        for upload_id, action in settled.decisions:
            if upload_id in uploads.running:
                uploads.running[upload_id].decided(action)
        if settled.cancel:
            request.client.connection.send(s2c.UploadOverwriteCancel())
        for upload_id in settled.ask_again:
            uploads.running[upload_id].ask_again()


class EmptyFileHandlers:
    """The handlers of uploads without content."""

    def __init__(self, empty_files: EmptyFileCommitter, name_policy: NamePolicy) -> None:
        """`name_policy`: which characters new names may have."""
        self._empty_files = empty_files
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.EmptyFileUpload: self.upload_empty_file}

    async def upload_empty_file(
        self, request: ClientRequest, packet: c2s.EmptyFileUpload
    ) -> generic.Boolean:
        """Makes a file of 0 bytes."""
        folder = checked_folder(packet.path, self._name_policy)
        name = checked_name(packet.name, self._name_policy)
        modified_at = modification_time(packet.modified_at)
        try:
            await self._empty_files.commit(
                request.client.user.id, folder, name, modified_at=modified_at
            )
        except NameTaken:
            message = f"a file named {name} exists already in this folder"
            return generic.Boolean(success=False, message=message)
        except (IsAFolder, NotAFolder) as error:
            raise PathTaken(str(error)) from error
        except NotPermitted as error:
            raise AccessDenied("add files here") from error
        return generic.Boolean(success=True)
