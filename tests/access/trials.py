"""How each packet is tried: on something of the owner's, which is made for the cell."""

from collections.abc import Awaitable, Callable, Mapping

from protocol import c2s, generic, t2s, u2s
from protocol.packet import Packet
from tests.access.callers import FOLDER, Caller, Scene
from tests.access.packets import RawPeer, connected, parked_upload, ticket
from tests.manager.sockets.stage import PASSWORD
from upload_service.report_codec import single_reports

Trial = Callable[[Scene, RawPeer], Awaitable[Packet]]
"""Makes what the packet is about, and the packet. The peer is the caller's."""

SNOWFLAKE = "123456789012345678"


async def _folder(scene: Scene) -> tuple[int, str]:
    """A new folder in the folder: its id and path."""
    name = scene.new_name()
    made = await scene.cloud.catalog.make_folders((FOLDER[1:], name))
    return made.folder.id, f"{FOLDER}/{name}"


async def _folder_id(scene: Scene) -> int:
    folder = await scene.cloud.catalog.folder_at((FOLDER[1:],))
    assert folder is not None
    return folder.id


async def _running(scene: Scene, peer: RawPeer) -> str:
    """An upload that another connection of the owner's runs."""
    if scene.running is None:
        owner = await scene.connections.enter_async_context(connected(scene, Caller.OWNER))
        scene.running = await owner.begin_upload(scene)
    return scene.running


def _always(packet: Packet) -> Trial:
    async def trial(_: Scene, __: RawPeer) -> Packet:
        return packet

    return trial


async def _upload_request(scene: Scene, peer: RawPeer) -> Packet:
    if peer.may_book:
        await peer.book()
    return c2s.UploadRequest(name=scene.new_name(), path=FOLDER, size=9, is_public=False)


async def _bundle_request(scene: Scene, peer: RawPeer) -> Packet:
    if peer.may_book:
        await peer.book()
    file = c2s.BundleFile(name=scene.new_name(), path=FOLDER, size=9, is_public=False)
    return c2s.BundleRequest(files=(file,))


async def _abort(scene: Scene, peer: RawPeer) -> Packet:
    return c2s.UploadAbortRequest(upload_id=await _running(scene, peer))


async def _overwrite(scene: Scene, peer: RawPeer) -> Packet:
    return c2s.UploadOverwriteResponse(upload_id=await _running(scene, peer), action="skip")


async def _keep(scene: Scene, peer: RawPeer) -> Packet:
    return c2s.UploadKeep(upload_id=await _running(scene, peer), fingerprint="f")


async def _park(scene: Scene, peer: RawPeer) -> Packet:
    return c2s.UploadPark(upload_id=await _running(scene, peer))


async def _resume(scene: Scene, _: RawPeer) -> Packet:
    return c2s.UploadResume(upload_id=await parked_upload(scene))


async def _drop(scene: Scene, _: RawPeer) -> Packet:
    return c2s.UploadDrop(upload_id=await parked_upload(scene))


async def _empty_file(scene: Scene, _: RawPeer) -> Packet:
    return c2s.EmptyFileUpload(path=FOLDER, name=scene.new_name())


async def _folder_size(scene: Scene, _: RawPeer) -> Packet:
    return c2s.FolderSizeRequest(folder_id=await _folder_id(scene))


async def _create_folder(scene: Scene, _: RawPeer) -> Packet:
    return c2s.CreateFolder(path=f"{FOLDER}/{scene.new_name()}")


async def _rename_folder(scene: Scene, _peer: RawPeer) -> Packet:
    _, path = await _folder(scene)
    return c2s.RenameFolder(path=path, target_name=scene.new_name())


async def _delete_folder(scene: Scene, _peer: RawPeer) -> Packet:
    folder_id, _ = await _folder(scene)
    return c2s.DeleteFolder(folder_id=folder_id)


async def _move_folder(scene: Scene, _peer: RawPeer) -> Packet:
    (_, path), (_, target) = await _folder(scene), await _folder(scene)
    return c2s.MoveFolder(path=path, target_path=target)


async def _copy_folder(scene: Scene, _peer: RawPeer) -> Packet:
    (_, path), (_, target) = await _folder(scene), await _folder(scene)
    return c2s.CopyFolder(path=path, target_path=target)


async def _copy_files(scene: Scene, _peer: RawPeer) -> Packet:
    file, (_, target) = await scene.new_file(), await _folder(scene)
    return c2s.CopyFiles(path=FOLDER, target_path=target, files=(file.name,))


async def _rename_file(scene: Scene, _: RawPeer) -> Packet:
    file = await scene.new_file()
    return c2s.RenameFile(path=FOLDER, name=file.name, target_name=scene.new_name())


async def _move_files(scene: Scene, _peer: RawPeer) -> Packet:
    file, (target, _) = await scene.new_file(), await _folder(scene)
    return c2s.MoveFiles(source_id=await _folder_id(scene), target_id=target, files=(file.name,))


async def _delete_file(scene: Scene, _: RawPeer) -> Packet:
    file = await scene.new_file()
    return c2s.DeleteFile(folder_id=await _folder_id(scene), name=file.name)


async def _share(scene: Scene, _: RawPeer) -> Packet:
    file, victim = await scene.new_file(), await scene.victim()
    return c2s.FileShare(path=FOLDER, name=file.name, target_user=victim.id)


async def _transfer(scene: Scene, _: RawPeer) -> Packet:
    file, victim = await scene.new_file(), await scene.victim()
    return c2s.TransferOwnership(file_id=file.id, target_user_id=victim.id)


async def _signed(scene: Scene, _: RawPeer) -> Packet:
    return c2s.SignedDownloadRequest(file_id=scene.file.id)


async def _thumbnail(scene: Scene, _: RawPeer) -> Packet:
    file = await scene.new_file()
    view = await scene.cloud.stored(b"view", mime_type="image/avif")
    await scene.cloud.catalog.put_view(file.object_id, "thumbnail", view.id)
    return c2s.ThumbnailRequest(file_id=file.id)


async def _star_file(scene: Scene, _: RawPeer) -> Packet:
    return c2s.StarFile(file_id=scene.file.id, starred=True)


async def _star_folder(scene: Scene, _: RawPeer) -> Packet:
    return c2s.StarFolder(folder_id=await _folder_id(scene), starred=True)


async def _share_list(scene: Scene, _: RawPeer) -> Packet:
    return c2s.ShareListRequest(path=FOLDER, name=scene.file.name)


async def _set_public(scene: Scene, _: RawPeer) -> Packet:
    file = await scene.new_file()
    return c2s.SetPublic(path=FOLDER, name=file.name, is_public=True)


async def _position(scene: Scene, _: RawPeer) -> Packet:
    return c2s.PositionRequest(path=FOLDER, type="files", name=scene.file.name)


async def _password_set(scene: Scene, _: RawPeer) -> Packet:
    return c2s.UserPasswordSet(user_id=(await scene.victim()).id, password=PASSWORD)


async def _role_set(scene: Scene, _: RawPeer) -> Packet:
    return c2s.UserRoleSet(user_id=(await scene.victim()).id, is_admin=True)


async def _remove(scene: Scene, _: RawPeer) -> Packet:
    return c2s.UserRemove(user_id=(await scene.victim()).id)


async def _chunk(scene: Scene, _: RawPeer) -> Packet:
    (stored,) = single_reports(await _message(scene))
    return stored


async def _several_chunks(scene: Scene, _: RawPeer) -> Packet:
    return await _message(scene)


async def _message(scene: Scene) -> u2s.MessageStored:
    chunk = u2s.StoredChunk(
        upload_id=await parked_upload(scene),
        index=0,
        attachment_id=SNOWFLAKE,
        offset=0,
        stored_size=33,
        size=1,
        digest="ab" * 32,
    )
    return u2s.MessageStored(
        message_id=SNOWFLAKE, channel_id=SNOWFLAKE, webhook_id=SNOWFLAKE, chunks=(chunk,)
    )


async def _redeem(scene: Scene, _: RawPeer) -> Packet:
    return u2s.TicketRedeem(ticket=await ticket(scene))


async def _job(scene: Scene, _: RawPeer) -> Packet:
    await scene.new_file()
    await scene.cloud.catalog.enqueue_missing(recipe_version=None, after=None, limit=1000)
    return t2s.JobRequest(recipe_version=1)


_NO_UUID = "00000000-0000-4000-8000-000000000000"
TRIALS: Mapping[str, Trial] = {
    "generic:boolean": _always(generic.Boolean(success=True)),
    "generic:primitives": _always(generic.Primitives(string_value="x")),
    "c2s:upload-booking-request": _always(c2s.UploadBookingRequest(desired_amount=1)),
    "c2s:upload-booking-clear": _always(c2s.UploadBookingClear()),
    "c2s:upload-request": _upload_request,
    "c2s:bundle-request": _bundle_request,
    "c2s:upload-abort-request": _abort,
    "c2s:upload-overwrite-response": _overwrite,
    "c2s:empty-file-upload": _empty_file,
    "c2s:folder-status-request": _always(c2s.FolderStatusRequest(path=FOLDER)),
    "c2s:list-request": _always(c2s.ListRequest(path=FOLDER, type="files", page=0)),
    "c2s:folder-size-request": _folder_size,
    "c2s:create-folder": _create_folder,
    "c2s:rename-folder": _rename_folder,
    "c2s:delete-folder": _delete_folder,
    "c2s:rename-file": _rename_file,
    "c2s:move-files": _move_files,
    "c2s:delete-file": _delete_file,
    "c2s:file-share": _share,
    "c2s:transfer-ownership": _transfer,
    "c2s:signed-download-request": _signed,
    "c2s:thumbnail-request": _thumbnail,
    "c2s:user-search-request": _always(c2s.UserSearchRequest(query="o")),
    "c2s:ping-services": _always(c2s.PingServices()),
    "c2s:move-folder": _move_folder,
    "c2s:copy-folder": _copy_folder,
    "c2s:copy-files": _copy_files,
    "c2s:share-list-request": _share_list,
    "c2s:set-public": _set_public,
    "c2s:position-request": _position,
    "c2s:folder-summaries-request": _always(c2s.FolderSummariesRequest(path=FOLDER, page=0)),
    "c2s:recent-files-request": _always(c2s.RecentFilesRequest()),
    "c2s:search-request": _always(c2s.SearchRequest(text="f", path=FOLDER)),
    "c2s:star-file": _star_file,
    "c2s:star-folder": _star_folder,
    "c2s:star-list-request": _always(c2s.StarListRequest()),
    "c2s:starred-request": _always(c2s.StarredRequest()),
    "c2s:upload-keep": _keep,
    "c2s:kept-uploads-request": _always(c2s.KeptUploadsRequest()),
    "c2s:upload-resume": _resume,
    "c2s:upload-park": _park,
    "c2s:upload-drop": _drop,
    "c2s:user-list-request": _always(c2s.UserListRequest(page=0)),
    "c2s:user-password-set": _password_set,
    "c2s:user-role-set": _role_set,
    "c2s:user-remove": _remove,
    "u2s:upload-finish": _always(u2s.UploadFinish(success=False, reason="no")),
    "u2s:bundle-finish": _always(u2s.BundleFinish(bundle_id=_NO_UUID, success=False)),
    "u2s:chunk-stored": _chunk,
    "u2s:message-stored": _several_chunks,
    "u2s:message-too-large": _always(
        u2s.MessageTooLarge(webhook_id=SNOWFLAKE, sizes=(11_000_000,))
    ),
    "u2s:webhook-lost": _always(u2s.WebhookLost(webhook_id=SNOWFLAKE, reason="no")),
    "u2s:uncertain-posts": _always(u2s.UncertainPosts(total=0)),
    "u2s:channel-demand": _always(u2s.ChannelDemand(waiting=0)),
    "u2s:ticket-redeem": _redeem,
    "u2s:ticket-finish": _always(
        u2s.TicketFinish(upload_id=_NO_UUID, success=True, hash="ab" * 32, type="text/plain")
    ),
    "t2s:thumbnail-data": _always(t2s.ThumbnailData(file_id=1, success=False)),
    "t2s:job-request": _job,
    "t2s:view-request": _always(
        t2s.ViewRequest(job_id=_NO_UUID, view="thumbnail", size=5, type="image/avif")
    ),
    "t2s:job-done": _always(t2s.JobDone(job_id=_NO_UUID, metadata={})),
    "t2s:job-failed": _always(t2s.JobFailed(job_id=_NO_UUID, error="no", retry=False)),
    "t2s:job-alive": _always(t2s.JobAlive(job_id=_NO_UUID)),
}
"""By packet. Those that the manager sends are tried without data."""
ON_A_CONNECTION_OF_ITS_OWN = frozenset(
    {"c2s:upload-request", "c2s:bundle-request", "c2s:upload-resume", "c2s:upload-booking-request"}
)
"""Packets that leave something behind which ends with the connection."""
