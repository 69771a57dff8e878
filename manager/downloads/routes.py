"""The routes that answer with content: a file, a folder as an archive, and what a link stands for."""

from aiohttp import web

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import File, Folder, User
from common.wording import human_size
from manager.downloads.archive_request import BulkRequest, bulk_request
from manager.downloads.archives import Selection, archive_name, select
from manager.downloads.previews import Preview, wants_preview
from manager.downloads.representation import Representation
from manager.errors import AccessDenied, NoSuchFile, NoSuchFolder
from manager.files.rights import may_read
from manager.http.parameters import Parameters, token_of
from manager.http.parts import parts_of
from manager.http.responses import success
from protocol.values import check_name, format_path, parse_path


def download_routes() -> list[web.RouteDef]:
    """The routes that answer with the content of files."""
    return [
        web.get("/download", _download),
        web.get("/bulk-download", _bulk_download, allow_head=False),
        web.post("/bulk-download", _bulk_download),
        web.get("/signed-download", _signed_download),
        web.get("/signed-download-metadata", _signed_metadata, allow_head=False),
    ]


async def _download(request: web.Request) -> web.StreamResponse:
    parts = parts_of(request)
    user = await parts.accounts.authenticate(token_of(request))
    file = await _readable_file(Parameters(request.query), user, parts.catalog)
    return await _send(request, file, _user_key(user))


async def _bulk_download(request: web.Request) -> web.StreamResponse:
    parts = parts_of(request)
    asked = await bulk_request(request, parts.accounts)
    folder = await parts.catalog.folder_at(asked.path)
    if folder is None:
        raise NoSuchFolder
    try:
        selection = await _selection(parts.catalog, folder, asked)
        if wants_preview(request):
            size = await _size_of(parts.catalog, folder, selection)
            return _preview(archive_name(folder), size, "folder").response()
        return await parts.folders.send(
            request, folder, asked.user, selection, _user_key(asked.user)
        )
    except FolderMissing as error:
        raise NoSuchFolder from error


async def _selection(catalog: Catalog, folder: Folder, asked: BulkRequest) -> Selection | None:
    """The entries that are asked for; None for all."""
    if not asked.names:
        return None
    return await select(catalog, folder.id, asked.names, asked.user)


async def _size_of(catalog: Catalog, folder: Folder, selection: Selection | None) -> int:
    """Bytes of all files in a folder, or in a selection of its entries."""
    folders = [folder] if selection is None else selection.folders
    files = () if selection is None else selection.files
    usages = [await catalog.usage_by_type(each.id) for each in folders]
    return sum(file.size for file in files) + sum(sum(usage.values()) for usage in usages)


async def _signed_download(request: web.Request) -> web.StreamResponse:
    file = await _linked_file(request)
    return await _send(request, file, f"link to file {file.id}")


async def _signed_metadata(request: web.Request) -> web.Response:
    file = await _linked_file(request)
    try:
        folder = await parts_of(request).catalog.folder_path(file.folder_id)
    except FolderMissing as error:
        raise NoSuchFile from error
    return success(name=file.name, path=format_path(folder), size=file.size)


async def _send(request: web.Request, file: File, reader: str) -> web.StreamResponse:
    """Answers with a file that the request may have."""
    if wants_preview(request):
        return _preview(file.name, file.size, file.mime_type).response()
    parts = parts_of(request)
    content = await parts.catalog.object_by_id(file.object_id)
    if content is None:
        raise NoSuchFile
    return await parts.sender.send(request, Representation(file, content), reader)


async def _readable_file(parameters: Parameters, user: User, catalog: Catalog) -> File:
    folder = parameters.required("path", parse_path)
    name = parameters.required("name", check_name)
    file = await catalog.file_at(folder, name, viewer_id=user.id)
    if file is None:
        raise NoSuchFile
    if not may_read(file, user):
        raise AccessDenied
    return file


async def _linked_file(request: web.Request) -> File:
    """The file of a signed link. Raises `InvalidRequest`, `InvalidLink`, `NoSuchFile`."""
    payload = Parameters(request.query).required("q", str)
    parts = parts_of(request)
    return await parts.links.find(payload, parts.catalog)


def _user_key(user: User) -> str:
    """Whose share of the places for downloads is taken."""
    return f"user {user.id}"


def _preview(name: str, size: int, kind: str) -> Preview:
    described = human_size(size) + (f", {kind}" if kind else "")
    return Preview(title=name, description=described)
