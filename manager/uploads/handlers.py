"""Handles what clients send about bookings and uploads."""

from functools import partial
from mimetypes import guess_type
from uuid import uuid4

from catalog.errors import IsAFolder, NameTaken, NotAFolder
from catalog.port import FailOnConflict
from catalog.records import EnvelopeKind, ObjectState, StoredObject
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import IllegalTransition, InvalidRequest, NoFreeService, PathTaken
from manager.files.conversion import checked_folder, checked_name
from manager.uploads.booking_desk import BookingDesk
from manager.uploads.news import rejection_packet
from manager.uploads.overwrites import Action
from manager.uploads.place import Place
from manager.uploads.rejections import Rejection, Retry
from manager.uploads.session import RunningUpload, UploadDesk
from manager.uploads.state_machine import UploadFacts
from protocol import c2s, generic, s2c
from protocol.chunks import chunk_count, content_hash
from protocol.packet import Packet
from protocol.values import NamePolicy

UNKNOWN_TYPE = "application/octet-stream"


def end_uploads(client: ClientSession) -> None:
    """Ends the uploads of a client that has disconnected, as far as each can be ended."""
    for upload in tuple(client.uploads.values()):
        upload.client_left()


class BookingHandlers:
    """The handlers of packets about bookings."""

    def __init__(self, bookings: BookingDesk) -> None:
        self._bookings = bookings

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.UploadBookingRequest: self.request_booking,
            c2s.UploadBookingClear: self.clear_booking,
        }

    async def request_booking(
        self, request: ClientRequest, packet: c2s.UploadBookingRequest
    ) -> s2c.UploadBooking:
        """Books the desired amount; what is not there yet follows by `s2c:upload-booking-modify`."""
        amount = self._bookings.request(request.client.id, packet.desired_amount)
        return s2c.UploadBooking(amount=amount)

    async def clear_booking(
        self, request: ClientRequest, _: c2s.UploadBookingClear
    ) -> generic.Boolean:
        """Gives the booking back; refused while an upload of the client is on a service."""
        self._bookings.clear(request.client.id)
        request.client.overwrites.booking_cleared()
        return generic.Boolean(success=True)


class UploadHandlers:
    """The handlers of packets about uploads with content."""

    def __init__(self, uploads: UploadDesk, chunk_size: int, name_policy: NamePolicy) -> None:
        """`chunk_size`: bytes; `name_policy`: which characters new names may have."""
        self._uploads = uploads
        self._chunk_size = chunk_size
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
            slot = self._uploads.fleet.start_upload(client.id)
        except InvalidRequest as error:
            return self._rejected(request, packet, Rejection(error.code, str(error), Retry.NEVER))
        except NoFreeService as error:
            return self._rejected(request, packet, Rejection(error.code, error.message, Retry.SOON))
        facts = UploadFacts(
            upload_id=str(uuid4()),
            client=client.id,
            user_id=client.user.id,
            folder=folder,
            name=name,
            size=packet.size,
            is_public=packet.is_public,
            do_overwrite=bool(packet.do_overwrite),
            chunk_size=self._chunk_size,
            chunk_count=chunk_count(packet.size, self._chunk_size),
        )
        RunningUpload(facts, client, slot, self._uploads, answer=request.reply).start()
        return None

    def _rejected(
        self, request: ClientRequest, packet: c2s.UploadRequest, rejection: Rejection
    ) -> Packet:
        return rejection_packet(
            request.client, rejection, packet.name, packet.path, self._chunk_size
        )

    async def abort_upload(
        self, request: ClientRequest, packet: c2s.UploadAbortRequest
    ) -> generic.Boolean:
        """Ends an upload of this client, if it is not too late; its finish info follows the answer."""
        upload = request.client.uploads.get(packet.upload_id)
        if upload is None:
            return generic.Boolean(success=False, message="you have no upload with this id")
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
        client = request.client
        settled = client.overwrites.answer(
            packet.upload_id, Action(packet.action), use_on_all=bool(packet.use_on_all_uploads)
        )
        for upload_id, action in settled.decisions:
            if upload_id in client.uploads:
                client.uploads[upload_id].decided(action)
        if settled.cancel:
            client.connection.send(s2c.UploadOverwriteCancel())
        for upload_id in settled.ask_again:
            client.uploads[upload_id].ask()


class EmptyFileHandlers:
    """The handlers of uploads without content."""

    def __init__(self, uploads: UploadDesk, chunk_size: int, name_policy: NamePolicy) -> None:
        """`chunk_size`: bytes; `name_policy`: which characters new names may have."""
        self._uploads = uploads
        self._chunk_size = chunk_size
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.EmptyFileUpload: self.upload_empty_file}

    async def upload_empty_file(
        self, request: ClientRequest, packet: c2s.EmptyFileUpload
    ) -> generic.Boolean:
        """Makes a file of 0 bytes: no service is needed, and nothing is posted."""
        folder = checked_folder(packet.path, self._name_policy)
        name = checked_name(packet.name, self._name_policy)
        draft = self._empty_draft()
        uploads, place = self._uploads, Place(folder)
        enter = partial(self._enter_empty, request.client.user.id, draft, place, name)
        uploads.places.follow(place)
        try:
            await uploads.patience.answering(enter)
        except NameTaken:
            message = f"a file named {name} exists already in this folder"
            return generic.Boolean(success=False, message=message)
        except (IsAFolder, NotAFolder) as error:
            raise PathTaken(str(error)) from error
        finally:
            uploads.places.leave(place)
        return generic.Boolean(success=True)

    def _empty_draft(self) -> StoredObject:
        return StoredObject(
            id=uuid4(),
            size=0,
            chunk_size=self._chunk_size,
            chunk_count=0,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=self._uploads.clock(),
        )

    async def _enter_empty(
        self, owner_id: int, draft: StoredObject, place: Place, name: str
    ) -> None:
        """May be repeated with the same draft: the catalog knows it again."""
        uploads, catalog = self._uploads, self._uploads.catalog
        async with uploads.holds.held(draft.id) as hold, uploads.places.entering():
            await catalog.begin_object(draft, hold)
            await catalog.finish_object(
                draft.id, mime_type=guess_type(name)[0] or UNKNOWN_TYPE, hash_hex=content_hash(())
            )
            with uploads.changes.expecting():
                committed = await catalog.commit_file(
                    draft.id,
                    place.path,
                    name,
                    owner_id=owner_id,
                    is_public=False,
                    on_conflict=FailOnConflict(),
                )
                uploads.changes.file_committed(committed)
