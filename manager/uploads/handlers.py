"""Requesting, aborting and deciding about uploads."""

from functools import partial
from mimetypes import guess_type
from uuid import uuid4

from catalog.errors import IsAFolder, NameTaken, NotAFolder
from catalog.port import FailOnConflict
from catalog.records import EnvelopeKind, ObjectState, StoredObject
from manager.context import ClientContext
from manager.errors import IllegalTransition, InvalidRequest, NoFreeService, PathTaken
from manager.files.conversion import checked_folder, checked_name
from manager.uploads.news import rejection_packet
from manager.uploads.overwrites import Action
from manager.uploads.place import Place
from manager.uploads.rejections import Rejection, Retry
from manager.uploads.session import RunningUpload
from manager.uploads.state_machine import UploadFacts
from protocol import c2s, generic, s2c
from protocol.chunks import chunk_count, content_hash
from protocol.packet import Packet

UNKNOWN_TYPE = "application/octet-stream"


async def request_upload(context: ClientContext, packet: c2s.UploadRequest) -> Packet | None:
    """Starts an upload on a booked service that is idle, or says why not.

    An upload that was started answers for itself, before it tells anything else.
    """
    parts, client = context.parts, context.client
    try:
        folder = checked_folder(packet.path, context.parts.name_policy)
        name = checked_name(packet.name, context.parts.name_policy)
        slot = parts.fleet.start_upload(client.id)
    except InvalidRequest as error:
        return _rejected(context, packet, Rejection(error.code, str(error), Retry.NEVER))
    except NoFreeService as error:
        return _rejected(context, packet, Rejection(error.code, error.message, Retry.SOON))
    facts = UploadFacts(
        upload_id=str(uuid4()),
        client=client.id,
        user_id=client.user.id,
        folder=folder,
        name=name,
        size=packet.size,
        is_public=packet.is_public,
        do_overwrite=bool(packet.do_overwrite),
        chunk_size=parts.chunk_size,
        chunk_count=chunk_count(packet.size, parts.chunk_size),
    )
    RunningUpload(facts, client, slot, parts.uploads, answer=context.reply).start()
    return None


def _rejected(context: ClientContext, packet: c2s.UploadRequest, rejection: Rejection) -> Packet:
    return rejection_packet(
        context.client, rejection, packet.name, packet.path, context.parts.chunk_size
    )


async def abort_upload(context: ClientContext, packet: c2s.UploadAbortRequest) -> generic.Boolean:
    """Ends an upload of this client, if it is not too late; its finish info follows the answer."""
    upload = context.client.uploads.get(packet.upload_id)
    if upload is None:
        return generic.Boolean(success=False, message="you have no upload with this id")
    try:
        upload.abort()
    except IllegalTransition:
        message = "it is too late to abort this upload: its file is being entered"
        return generic.Boolean(success=False, message=message)
    return generic.Boolean(success=True)


async def decide_overwrite(context: ClientContext, packet: c2s.UploadOverwriteResponse) -> None:
    """Settles one question about a taken name, or all of a booking. Raises `UnknownPrompt`."""
    client = context.client
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


async def upload_empty_file(context: ClientContext, packet: c2s.EmptyFileUpload) -> generic.Boolean:
    """Makes a file of 0 bytes: no service is needed, and nothing is posted."""
    folder = checked_folder(packet.path, context.parts.name_policy)
    name = checked_name(packet.name, context.parts.name_policy)
    draft = _empty_draft(context)
    uploads, place = context.parts.uploads, Place(folder)
    enter = partial(_enter_empty, context, draft, place, name)
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


def _empty_draft(context: ClientContext) -> StoredObject:
    return StoredObject(
        id=uuid4(),
        size=0,
        chunk_size=context.parts.chunk_size,
        chunk_count=0,
        envelope=EnvelopeKind.V1,
        state=ObjectState.UPLOADING,
        mime_type="",
        hash="",
        created_at=context.parts.uploads.clock(),
    )


async def _enter_empty(
    context: ClientContext, draft: StoredObject, place: Place, name: str
) -> None:
    """May be repeated with the same draft: the catalog knows it again."""
    uploads, catalog = context.parts.uploads, context.parts.catalog
    async with uploads.holds.held(draft.id) as hold, uploads.places.entering():
        await catalog.begin_object(draft, hold)
        await catalog.finish_object(
            draft.id, mime_type=guess_type(name)[0] or UNKNOWN_TYPE, hash_hex=content_hash(())
        )
        with context.parts.changes.expecting():
            committed = await catalog.commit_file(
                draft.id,
                place.path,
                name,
                owner_id=context.client.user.id,
                is_public=False,
                on_conflict=FailOnConflict(),
            )
            context.parts.changes.file_committed(committed)
