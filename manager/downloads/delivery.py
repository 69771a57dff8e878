"""Sends files as requests ask for them: what is asked for decides the plan, and the plan is carried out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from secrets import token_hex
from types import MappingProxyType

from aiohttp import web

from manager.downloads.content import content_of
from manager.downloads.representation import Representation
from reading.content import ContentSource
from reading.delivery import BodySender
from reading.plans import ResponsePlan

BeforeBody = Callable[[ResponsePlan], Awaitable[None]]
"""Called with what is about to be sent."""


class ContentSender:
    """Answers requests for the content of files.

    Args:
        source: Where the content comes from.
        bodies: Sends it.
    """

    def __init__(self, source: ContentSource, bodies: BodySender) -> None:
        self._source = source
        self._bodies = bodies

    async def send(
        self,
        request: web.Request,
        representation: Representation,
        reader: str,
        *,
        before_body: BeforeBody | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> web.StreamResponse:
        """Answers a GET or HEAD with the content, parts of it, or that nothing has changed.

        Args:
            request: What is answered.
            representation: The content.
            reader: Towards whose limit the download counts.
            before_body: Called when the first bytes are there and none is sent. Whatever it raises
                is answered instead; None for nothing.
            headers: Added to those of the response.

        Raises `RangeNotSatisfiable`, `NoSuchFile`, `TooManyDownloads`, `StorageError`,
        `CatalogUnavailable`: all before the first byte. What goes wrong later ends the connection.
        """
        boundary = token_hex(16)
        plan = representation.response_plan(request.method, request.headers, boundary=boundary)
        plan = replace(plan, headers={**plan.headers, **headers})
        if request.method == "HEAD" or not plan.parts:
            return web.Response(status=plan.status, headers=plan.headers)
        content = content_of(representation.content)
        before = None if before_body is None else partial(before_body, plan)
        return await self._bodies.send(request, plan, content, self._source, reader, before)
