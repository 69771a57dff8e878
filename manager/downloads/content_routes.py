"""`/files/…` and `/views/…`: content that has no name, for anybody with a signed link."""

import mimetypes
from collections.abc import Callable
from uuid import UUID

from aiohttp import web

from catalog.port import Catalog
from catalog.records import File, ObjectState, StoredObject
from manager.downloads.content_links import ContentLinks
from manager.downloads.representation import SAFE_CONTENT, Representation
from manager.downloads.streaming import ContentSender
from manager.errors import InvalidLink, NoSuchFile
from manager.files.changes import THUMBNAIL
from protocol.values import is_uuid

_CACHED = {"Cache-Control": "private, max-age=86400"}


KeptThumbnail = Callable[[UUID], bytes | None]
"""The thumbnail, AVIF, that was made of some content lately and is in memory; None: there is none."""


class ContentRoutes:
    """The routes that send content by its id."""

    def __init__(
        self,
        catalog: Catalog,
        links: ContentLinks,
        sender: ContentSender,
        kept_thumbnail: KeptThumbnail,
    ) -> None:
        self._catalog = catalog
        self._links = links
        self._sender = sender
        self._kept_thumbnail = kept_thumbnail

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
        content = await self._catalog.object_by_id(object_id)
        return await self._send(request, content, str(object_id))

    async def view(self, request: web.Request) -> web.StreamResponse:
        """Sends a view of an object; a thumbnail may be in memory only."""
        object_id, name = _object_id(request), request.match_info["name"]
        self._links.check_view(object_id, name, request.query.get("q", ""))
        views = await self._catalog.views_of(object_id)
        content = next((view.content for view in views if view.name == name), None)
        picture = self._kept_thumbnail(object_id)
        if content is None and name == THUMBNAIL and picture is not None:
            headers = SAFE_CONTENT | _CACHED
            return web.Response(body=picture, content_type="image/avif", headers=headers)
        return await self._send(request, content, name)

    async def _send(
        self, request: web.Request, content: StoredObject | None, stem: str
    ) -> web.StreamResponse:
        if content is None or content.state is not ObjectState.STORED:
            raise NoSuchFile
        representation = Representation(_nameless(content, stem), content)
        return await self._sender.send(request, representation, f"link to content {content.id}")


def _object_id(request: web.Request) -> UUID:
    text = request.match_info["object_id"]
    if not is_uuid(text):
        raise InvalidLink
    return UUID(text)


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
