"""What gateways forward for clients that the manager has led to them (`manager.downloads.redirects`)."""

from dataclasses import replace

from aiohttp import web

from catalog.port import Catalog
from manager.downloads.archives import FolderSender
from manager.downloads.delivery import ContentSender
from manager.downloads.manifests import GATEWAY
from manager.downloads.redirects import FileRedirect, FolderRedirect, Redirects
from manager.downloads.representation import Representation
from manager.errors import InvalidDownloadToken, NoSuchFile, NoSuchFolder
from reading.manifest import REDIRECTED_ARCHIVE, REDIRECTED_FILE


class RedirectedRoutes:
    """The routes that clients are led to. Only gateways may ask.

    Args:
        catalog: Has what is sent.
        redirects: Reads tokens.
        sender: Sends files.
        folders: Sends folders.
    """

    def __init__(
        self,
        catalog: Catalog,
        redirects: Redirects,
        sender: ContentSender,
        folders: FolderSender,
    ) -> None:
        self._catalog = catalog
        self._redirects = redirects
        self._sender = sender
        self._folders = folders

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get(REDIRECTED_FILE, self.file),
            web.get(REDIRECTED_ARCHIVE, self.archive, allow_head=False),
        ]

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Sends the file of a token."""
        token = self._redirects.read(_token_in(request), FileRedirect)
        file = await self._catalog.file_by_id(token.file_id)
        content = await self._catalog.object_by_id(token.object_id)
        if file is None or content is None:
            raise NoSuchFile
        sent = replace(
            file,
            object_id=token.object_id,
            size=content.size,
            mime_type=token.mime_type,
            updated_at=token.updated_at,
            modified_at=token.modified_at,
        )
        return await self._sender.send(
            request, Representation(sent, content), token.reader, link_id=token.link_id
        )

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """Sends the folder of a token."""
        token = self._redirects.read(_token_in(request), FolderRedirect)
        folder = await self._catalog.folder_by_id(token.folder_id)
        if folder is None:
            raise NoSuchFolder
        return await self._folders.send(request, folder, token.viewer, None, token.reader)


def _token_in(request: web.Request) -> str:
    if GATEWAY not in request:
        raise InvalidDownloadToken
    return request.query.get("token", "")
