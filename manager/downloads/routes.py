"""The routes that send content: of files, of folders as archives, and of what has only an id."""

import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from aiohttp import web

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import File, Folder, ObjectState, StoredObject
from common.wording import human_size
from manager.accounts.accounts import Accounts
from manager.downloads.archive_request import BulkRequest, bulk_request
from manager.downloads.archives import FolderSender, archive_name
from manager.downloads.delivery import ContentSender
from manager.downloads.links import ContentLinks
from manager.downloads.previews import Preview, file_preview, wants_preview
from manager.downloads.representation import SAFE_CONTENT, Representation
from manager.downloads.subtree import Selection, select
from manager.downloads.versions import as_asked_for
from manager.downloads.viewers import Viewer
from manager.errors import AccessDenied, InvalidLink, NoSuchFile, NoSuchFolder
from manager.files.changes import THUMBNAIL
from manager.files.rights import FileOperation, may_read
from manager.http.parameters import Parameters
from manager.space_views import NO_FOLDER_ID
from protocol.values import check_name, is_uuid, parse_path


class FileRoutes:
    """The route that sends one file to a user."""

    def __init__(self, accounts: Accounts, catalog: Catalog, sender: ContentSender) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._sender = sender

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/download", self.download),
        ]

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Sends a file that the user may read."""
        login = await self._accounts.login_of(request)
        user, parameters = login.user, Parameters(request.query)
        path = parameters.required("path", parse_path)
        folder, name = login.placed_file(path, parameters.required("name", check_name))
        file = await self._catalog.file_at(folder, name, viewer_id=user.id)
        if file is None:
            raise NoSuchFile
        if not may_read(file, user):
            raise AccessDenied
        file = await as_asked_for(request, self._catalog, user, file)
        return await self._send(request, file, f"user {user.id}")

    async def _send(self, request: web.Request, file: File, reader: str) -> web.StreamResponse:
        """Answers with a file that the request may have."""
        if wants_preview(request):
            return file_preview(file).response()
        content = await self._catalog.object_by_id(file.object_id)
        if content is None:
            raise NoSuchFile
        return await self._sender.send(request, Representation(file, content), reader)


class ArchiveRoutes:
    """The routes that send a folder as an archive."""

    def __init__(self, accounts: Accounts, catalog: Catalog, folders: FolderSender) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._folders = folders

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/bulk-download", self.bulk_download, allow_head=False),
            web.post("/bulk-download", self.bulk_download),
        ]

    async def bulk_download(self, request: web.Request) -> web.StreamResponse:
        """Sends what the user may read of a folder, or of some entries of it."""
        asked = await bulk_request(request, self._accounts)
        folder = await self._catalog.folder_at(asked.path)
        if folder is None:
            raise NoSuchFolder
        try:
            selection = await _selection(self._catalog, folder, asked)
            if wants_preview(request):
                size = await _size_of(self._catalog, folder, selection)
                described = f"{human_size(size)}, folder"
                return Preview(title=archive_name(folder), description=described).response()
            viewer = Viewer(asked.user.id, FileOperation.DOWNLOAD)
            return await self._folders.send(
                request, folder, viewer, selection, f"user {asked.user.id}"
            )
        except FolderMissing as error:
            raise NoSuchFolder from error


async def _selection(catalog: Catalog, folder: Folder, asked: BulkRequest) -> Selection | None:
    """The entries that are asked for; None for all."""
    if not asked.names:
        return None
    selection = await select(catalog, folder.id, asked.names, asked.user)
    # What stands in a home for the common space is empty itself.
    places = [(each, asked.view.placed_id(each.id)) for each in selection.folders]
    folders = [replace(each, id=place) for each, place in places if place != NO_FOLDER_ID]
    return replace(selection, folders=tuple(folders))


async def _size_of(catalog: Catalog, folder: Folder, selection: Selection | None) -> int:
    """Bytes of all files in a folder, or in a selection of its entries."""
    folders = [folder] if selection is None else selection.folders
    files = () if selection is None else selection.files
    usages = [await catalog.usage_by_type(each.id) for each in folders]
    return sum(file.size for file in files) + sum(sum(usage.values()) for usage in usages)


_CACHED = {"Cache-Control": "private, max-age=86400"}


KeptThumbnail = Callable[[UUID], bytes | None]
"""The thumbnail, AVIF, that was made of some content lately and is in memory; None: there is none."""


class ObjectSender:
    """Sends content that has no name, and views of content."""

    def __init__(
        self, catalog: Catalog, sender: ContentSender, kept_thumbnail: KeptThumbnail
    ) -> None:
        self._catalog = catalog
        self._sender = sender
        self._kept_thumbnail = kept_thumbnail

    async def send(self, request: web.Request, object_id: UUID) -> web.StreamResponse:
        """Sends the content of an object. Raises `NoSuchFile`."""
        content = await self._catalog.object_by_id(object_id)
        return await self._send(request, content, str(object_id), {})

    async def send_view(
        self,
        request: web.Request,
        object_id: UUID,
        name: str,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> web.StreamResponse:
        """Sends a view of an object; a thumbnail may be in memory only. Raises `NoSuchFile`."""
        views = await self._catalog.views_of(object_id)
        content = next((view.content for view in views if view.name == name), None)
        picture = self._kept_thumbnail(object_id)
        if content is None and name == THUMBNAIL and picture is not None:
            all_headers = {**SAFE_CONTENT, **_CACHED, **headers}
            return web.Response(body=picture, content_type="image/avif", headers=all_headers)
        return await self._send(request, content, name, headers)

    async def _send(
        self,
        request: web.Request,
        content: StoredObject | None,
        stem: str,
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        if content is None or content.state is not ObjectState.STORED:
            raise NoSuchFile
        representation = Representation(_nameless(content, stem), content)
        reader = f"link to content {content.id}"
        return await self._sender.send(request, representation, reader, headers=headers)


class ContentRoutes:
    """The routes that send content by its id, for whoever has a signed link."""

    def __init__(self, links: ContentLinks, sender: ObjectSender) -> None:
        self._links = links
        self._sender = sender

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/files/{object_id}", self.file),
            web.get("/views/{object_id}/{name}", self.view),
        ]

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Sends the content of an object."""
        object_id = _object_id(request)
        self._links.check_file(object_id, request.query.get("q", ""))
        return await self._sender.send(request, object_id)

    async def view(self, request: web.Request) -> web.StreamResponse:
        """Sends a view of an object."""
        object_id, name = _object_id(request), request.match_info["name"]
        self._links.check_view(object_id, name, request.query.get("q", ""))
        return await self._sender.send_view(request, object_id, name)


def _object_id(request: web.Request) -> UUID:
    text = request.match_info["object_id"]
    if not is_uuid(text):
        raise InvalidLink
    return UUID(text)


def _nameless(content: StoredObject, stem: str) -> File:
    """The content as a file without a folder; it never changes, so both its times are the same."""
    suffix = mimetypes.guess_extension(content.mime_type) or ""
    return File(
        id=0,
        folder_id=0,
        name=f"{stem}{suffix}",
        object_id=content.id,
        owner_id=None,
        is_public=False,
        size=content.size,
        mime_type=content.mime_type,
        has_thumbnail=False,
        created_at=content.created_at,
        updated_at=content.created_at,
    )
