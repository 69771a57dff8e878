"""Addresses under which the content of a file can be had."""

from catalog.records import File
from manager.broadcast.changes import THUMBNAIL
from manager.context import ClientContext
from manager.errors import AccessDenied, NoSuchFile
from manager.files.lookup import file_by_id
from manager.files.rights import Operation
from protocol import c2s, generic, s2c


async def sign_download(
    context: ClientContext, packet: c2s.SignedDownloadRequest
) -> s2c.SignedDownload:
    """A link for whoever has it; none for a file that the user cannot read."""
    try:
        file = await file_by_id(context, packet.file_id, Operation.DOWNLOAD)
    except (NoSuchFile, AccessDenied):
        return s2c.SignedDownload()
    return s2c.SignedDownload(payload=context.parts.links.sign(file))


async def find_thumbnail(context: ClientContext, packet: c2s.ThumbnailRequest) -> generic.Boolean:
    """A link to the file's thumbnail, if a service has made one or can make it now."""
    file = await file_by_id(context, packet.file_id, Operation.DOWNLOAD)
    if not file.has_thumbnail and not await _is_made(context, file):
        return generic.Boolean(success=False, message="this file has no thumbnail")
    path = context.parts.content_links.view(file.object_id, THUMBNAIL)
    return generic.Boolean(success=True, message=context.client.base_url + path)


async def _is_made(context: ClientContext, file: File) -> bool:
    """Whether a service has made a picture lately, or makes one now."""
    pictures = context.parts.pictures
    if pictures.kept(file.object_id) is not None:
        return True
    with context.client.connection.elsewhere():
        return await pictures.make(file)
