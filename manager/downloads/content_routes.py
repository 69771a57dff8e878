"""`/files/…` and `/views/…`: content that has no name, for whoever has a signed link."""

import mimetypes
from uuid import UUID

from aiohttp import web

from catalog.records import File, ObjectState, StoredObject
from manager.broadcast.changes import THUMBNAIL
from manager.downloads.representation import SAFE_CONTENT, Representation
from manager.errors import InvalidLink, NoSuchFile
from manager.http.parts import Parts, parts_of
from protocol.values import is_uuid

_CACHED = {"Cache-Control": "private, max-age=86400"}


def content_routes() -> list[web.RouteDef]:
    """The routes that answer with content by its id."""
    return [
        web.get("/files/{object_id}", _file),
        web.get("/views/{object_id}/{name}", _view),
    ]


async def _file(request: web.Request) -> web.StreamResponse:
    parts = parts_of(request)
    object_id = _object_id(request)
    parts.content_links.check_file(object_id, request.query.get("q", ""))
    content = await parts.catalog.object_by_id(object_id)
    return await _send(request, parts, content, str(object_id))


async def _view(request: web.Request) -> web.StreamResponse:
    parts = parts_of(request)
    object_id, name = _object_id(request), request.match_info["name"]
    parts.content_links.check_view(object_id, name, request.query.get("q", ""))
    views = await parts.catalog.views_of(object_id)
    content = next((view.content for view in views if view.name == name), None)
    picture = parts.control.pictures.kept(object_id)
    if content is None and name == THUMBNAIL and picture is not None:
        return web.Response(body=picture, content_type="image/avif", headers=SAFE_CONTENT | _CACHED)
    return await _send(request, parts, content, name)


def _object_id(request: web.Request) -> UUID:
    text = request.match_info["object_id"]
    if not is_uuid(text):
        raise InvalidLink
    return UUID(text)


async def _send(
    request: web.Request, parts: Parts, content: StoredObject | None, stem: str
) -> web.StreamResponse:
    if content is None or content.state is not ObjectState.STORED:
        raise NoSuchFile
    representation = Representation(_nameless(content, stem), content)
    return await parts.sender.send(request, representation, f"link to content {content.id}")


def _nameless(content: StoredObject, stem: str) -> File:
    """The content as a file that stands nowhere; it never changes, so its times are one."""
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
