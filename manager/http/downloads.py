"""`/download`: a file of a folder, for a user who may read it."""

from aiohttp import web

from catalog.port import Catalog
from catalog.records import User
from manager.domain.rights import may_read
from manager.errors import AccessDenied, NoSuchFile
from manager.http.parameters import Parameters, token_of
from manager.http.parts import parts_of
from manager.http.representation import Representation
from protocol.values import check_name, parse_path


def download_routes() -> list[web.RouteDef]:
    """The routes that answer with the content of files."""
    return [web.get("/download", _download)]


async def _download(request: web.Request) -> web.StreamResponse:
    parts = parts_of(request)
    user = await parts.accounts.authenticate(token_of(request))
    representation = await _find(Parameters(request.query), user, parts.catalog)
    return await parts.sender.send(request, representation)


async def _find(parameters: Parameters, user: User, catalog: Catalog) -> Representation:
    folder = parameters.required("path", parse_path)
    name = parameters.required("name", check_name)
    file = await catalog.file_at(folder, name, viewer_id=user.id)
    if file is None:
        raise NoSuchFile
    if not may_read(file, user):
        raise AccessDenied
    content = await catalog.object_by_id(file.object_id)
    if content is None:
        raise NoSuchFile
    return Representation(file, content)
