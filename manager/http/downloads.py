"""`/download`: a file of a folder, for a user who may read it."""

from aiohttp import web

from catalog.port import Catalog
from catalog.records import User
from manager.accounts import Accounts
from manager.domain.rights import may_read
from manager.errors import AccessDenied, NoSuchFile
from manager.http.parameters import Parameters, token_of
from manager.http.representation import Representation
from manager.http.streaming import ContentSender
from protocol.values import check_name, parse_path


class DownloadRoutes:
    """Routes that answer with the content of files."""

    def __init__(self, accounts: Accounts, catalog: Catalog, sender: ContentSender) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._sender = sender

    def routes(self) -> list[web.RouteDef]:
        """The routes, for `Application.add_routes`."""
        return [web.get("/download", self._download)]

    async def _download(self, request: web.Request) -> web.StreamResponse:
        user = await self._accounts.authenticate(token_of(request))
        representation = await self._find(Parameters(request.query), user)
        return await self._sender.send(request, representation)

    async def _find(self, parameters: Parameters, user: User) -> Representation:
        folder = parameters.required("path", parse_path)
        name = parameters.required("name", check_name)
        file = await self._catalog.file_at(folder, name, viewer_id=user.id)
        if file is None:
            raise NoSuchFile
        if not may_read(file, user):
            raise AccessDenied
        content = await self._catalog.object_by_id(file.object_id)
        if content is None:
            raise NoSuchFile
        return Representation(file, content)
