"""`/folder-link`: what opens for who has a link to a folder.

A browser gets a page that lists the folder, a program that asks for JSON the list, and any other one, such as
`curl`, the whole folder as an archive. Below the folder everything is asked for by its path from there.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from catalog.errors import FolderMissing
from catalog.port import Catalog
from catalog.records import File, FileOrder, Folder
from common.guesses import TooManyAttempts
from common.http_answers import success
from manager.downloads.archives import FolderSender
from manager.downloads.delivery import ContentSender
from manager.downloads.previews import Preview, wants_preview
from manager.downloads.representation import Representation
from manager.downloads.routes import ObjectSender
from manager.downloads.viewers import Viewer
from manager.errors import InvalidRequest, LinkRefused, NoSuchFile, NoSuchFolder, WrongLinkKind
from manager.files.changes import THUMBNAIL
from manager.files.conversion import timestamp
from manager.files.rights import FileOperation, access_to
from manager.http.parameters import JSON, Parameters, is_by_https, parsed
from manager.links.downloads import RecordRefusal, page_about, posted_password
from manager.links.folder_manager import FolderLinkManager, LinkedFolder
from manager.links.folder_pages import (
    LARGE_VIEW,
    PAGE_ENTRIES,
    FolderPage,
    LinkAddresses,
    folder_content,
    is_previewed,
    preview_content,
)
from manager.links.folder_receiving import LinkReceiving
from manager.links.folder_routes import FOLDER_LINK_PATH
from manager.links.pages import LinkPages, texts_of, wants_page
from manager.links.passwords import LinkPasswords
from protocol.values import check_name, format_path, parse_path

_MOST_PAGES = 1_000_000


class FolderLinkRoutes:
    """The routes for clients with a link to a folder."""

    def __init__(
        self,
        catalog: Catalog,
        links: FolderLinkManager,
        passwords: LinkPasswords,
        folders: FolderSender,
        sender: ContentSender,
        views: ObjectSender,
        receiving: LinkReceiving,
        pages: LinkPages,
        record_refusal: RecordRefusal,
        public_url: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has folders and files.
            links: Finds the folder of a link.
            passwords: Lets clients pass that know the password.
            folders: Sends folders as archives.
            sender: Sends files.
            views: Sends thumbnails.
            receiving: Takes files by links for uploads.
            pages: Makes pages.
            record_refusal: Records that a link has not opened its folder.
            public_url: URL of the manager for clients; None: that of the request.
        """
        self._catalog = catalog
        self._links = links
        self._passwords = passwords
        self._folders = folders
        self._sender = sender
        self._views = views
        self._receiving = receiving
        self._pages = pages
        self._record_refusal = record_refusal
        self._public_url = public_url

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get(FOLDER_LINK_PATH, self.open),
            web.post(FOLDER_LINK_PATH, self.enter_password),
            web.post(f"{FOLDER_LINK_PATH}/uploads", self.begin_upload),
            web.post(f"{FOLDER_LINK_PATH}/uploads/{{upload_id}}", self.finish_upload),
            web.delete(f"{FOLDER_LINK_PATH}/uploads/{{upload_id}}", self.give_up_upload),
        ]

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Sends what the link leads to, or something in it; a browser gets pages."""
        return await self._or_page(request, self._open)

    async def enter_password(self, request: web.Request) -> web.StreamResponse:
        """Takes the password from the page that asks for it, and leads back to the folder."""
        return await self._or_page(request, self._enter_password)

    async def begin_upload(self, request: web.Request) -> web.Response:
        """Opens a ticket for a file that is added by the link."""
        return await self._with_upload_link(
            request, lambda found: self._receiving.begin(request, found)
        )

    async def finish_upload(self, request: web.Request) -> web.Response:
        """Puts a file that was uploaded into the folder."""
        return await self._with_upload_link(
            request, lambda found: self._receiving.finish(request, found)
        )

    async def give_up_upload(self, request: web.Request) -> web.Response:
        """Gives up an upload that is not finished, which makes room for another one."""
        return await self._with_upload_link(
            request, lambda found: self._receiving.give_up(request, found)
        )

    async def _with_upload_link(
        self,
        request: web.Request,
        respond: Callable[[LinkedFolder], Awaitable[web.Response]],
    ) -> web.Response:
        try:
            found = await self._found(request)
            await self._passwords.require(request, found.link)
            if not found.link.is_for_uploads:
                raise WrongLinkKind
            return await respond(found)
        except LinkRefused as error:
            self._record_refusal(request, error)
            raise

    async def _or_page(
        self,
        request: web.Request,
        respond: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            return await respond(request)
        except FolderMissing as error:
            # It was deleted while it was read.
            raise NoSuchFolder from error
        except (LinkRefused, NoSuchFile, NoSuchFolder, TooManyAttempts) as error:
            if isinstance(error, LinkRefused):
                self._record_refusal(request, error)
            if not wants_page(request):
                raise
            return page_about(self._pages, request, error)

    async def _enter_password(self, request: web.Request) -> web.StreamResponse:
        link = (await self._found(request)).link
        location = f"{request.rel_url.raw_path}?{request.rel_url.raw_query_string}"
        response = web.Response(status=303, headers={"Location": location})
        if link.password_hash is not None:
            await self._passwords.check(request, link, await posted_password(request))
            is_secure = is_by_https(request, self._public_url)
            self._passwords.remember(response, link, is_secure=is_secure)
        return response

    async def _open(self, request: web.Request) -> web.StreamResponse:
        found = await self._found(request)
        link = found.link
        if wants_preview(request):
            # Even with the password: what a crawler was shown, others see.
            hides = link.is_for_uploads or link.password_hash is not None
            title = "A folder" if hides else found.folder.name
            return Preview(title=title, description="Folder").response()
        await self._passwords.require(request, link)
        if link.is_for_uploads:
            await self._links.note_use(request, link)
            return self._receiving.opened(request, link)
        parameters = Parameters(request.query)
        path = parsed_path(parameters)
        if (name := parameters.optional("name")) is not None:
            file = await self._file(found, path, parsed("name", name, check_name))
            return await self._send_file(request, found, path, file)
        folder = await self._folder(found, path)
        await self._links.note_use(request, link)
        as_archive = parameters.optional("as") == "zip"
        if not as_archive and wants_page(request):
            return await self._page(request, found, path, folder)
        if not as_archive and JSON in request.headers.get("Accept", ""):
            return await self._json(request, found, path, folder)
        return await self._folders.send(
            request,
            folder,
            Viewer(found.owner.id, FileOperation.SHARE),
            None,
            f"link {link.id}",
        )

    async def _found(self, request: web.Request) -> LinkedFolder:
        """The folder of the link that is asked for.

        Raises `InvalidRequest`, `LinkRefused`, `NoSuchFolder`.
        """
        return await self._links.find(Parameters(request.query).required("q", str))

    async def _folder(self, found: LinkedFolder, path: tuple[str, ...]) -> Folder:
        folder = await self._catalog.folder_at(found.place + path)
        if folder is None:
            raise NoSuchFolder
        return folder

    async def _file(self, found: LinkedFolder, path: tuple[str, ...], name: str) -> File:
        """A file that who made the link may share. Others do not exist."""
        file = await self._catalog.file_at(found.place + path, name, viewer_id=found.owner.id)
        if file is None or not _may_share(found, file):
            raise NoSuchFile
        return file

    async def _send_file(
        self, request: web.Request, found: LinkedFolder, path: tuple[str, ...], file: File
    ) -> web.StreamResponse:
        view = request.query.get("view")
        if view in {THUMBNAIL, LARGE_VIEW}:
            return await self._views.send_view(request, file.object_id, view)
        if request.query.get("as") == "preview" and is_previewed(file):
            addresses, texts = LinkAddresses(request.query["q"]), texts_of(request)
            content = preview_content(file, path, addresses, texts, base=self._pages.base)
            return self._pages.page(request, 200, file.name, content, is_wide=True)
        content_of = await self._catalog.object_by_id(file.object_id)
        if content_of is None:
            raise NoSuchFile
        await self._links.note_use(request, found.link)
        representation = Representation(file, content_of)
        return await self._sender.send(request, representation, f"link {found.link.id}")

    async def _page(
        self, request: web.Request, found: LinkedFolder, path: tuple[str, ...], folder: Folder
    ) -> web.Response:
        listed = await self._listed(request, found, path, folder)
        addresses, texts = LinkAddresses(request.query["q"]), texts_of(request)
        content = folder_content(listed, addresses, texts, base=self._pages.base)
        title = path[-1] if path else listed.title
        return self._pages.page(request, 200, title, content, is_wide=True)

    async def _json(
        self, request: web.Request, found: LinkedFolder, path: tuple[str, ...], folder: Folder
    ) -> web.Response:
        listed = await self._listed(request, found, path, folder)
        return success(
            name=listed.title,
            path=format_path(path),
            folders=[each.name for each in listed.folders],
            files=[
                {
                    "name": file.name,
                    "size": file.size,
                    "type": file.mime_type,
                    "updated_at": timestamp(file.updated_at),
                }
                for file in listed.files
            ],
            next=None if listed.is_last else listed.number + 1,
        )

    async def _listed(
        self, request: web.Request, found: LinkedFolder, path: tuple[str, ...], folder: Folder
    ) -> FolderPage:
        """A page of a folder: folders first, then files that who made the link may share."""
        number = _page_number(request)
        offset = number * PAGE_ENTRIES
        counts = await self._catalog.counts(folder.id)
        folders = await self._catalog.list_folders(folder.id, offset=offset, limit=PAGE_ENTRIES)
        files = await self._catalog.list_files(
            folder.id,
            viewer_id=found.owner.id,
            order=FileOrder.NAME,
            ascending=True,
            offset=max(0, offset - counts.subfolders),
            limit=PAGE_ENTRIES - len(folders),
        )
        return FolderPage(
            title=found.folder.name or "discord-cloud",
            path=path,
            folders=[each.folder for each in folders],
            files=[file for file in files if _may_share(found, file)],
            number=number,
            is_last=offset + PAGE_ENTRIES >= counts.subfolders + counts.files,
        )


def parsed_path(parameters: Parameters) -> tuple[str, ...]:
    """The path below the folder of the link; the folder itself without one. Raises `InvalidRequest`."""
    text = parameters.optional("path")
    return () if text is None else parameters.required("path", parse_path)


def _may_share(found: LinkedFolder, file: File) -> bool:
    return access_to(file, found.owner.id).allows(FileOperation.SHARE)


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) > _MOST_PAGES:
        raise InvalidRequest("page: must be a number from 0 to 999999")
    return int(text)
