"""Sends files as requests ask for them: what is asked for decides the plan, and the plan is carried out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from secrets import token_hex
from types import MappingProxyType
from uuid import UUID

from aiohttp import web

from common.addresses import ClientAddresses
from manager.downloads.content import content_of
from manager.downloads.manifests import GATEWAY, ManifestMaker
from manager.downloads.redirects import Redirects
from manager.downloads.representation import Representation
from reading.content import Content, ContentSource
from reading.delivery import BodySender
from reading.plans import ResponsePlan

BeforeBody = Callable[[ResponsePlan], Awaitable[None]]
"""Called with what is about to be sent."""


class ContentSender:
    """Answers requests for the content of files.

    Args:
        source: Where the content comes from.
        bodies: Sends it.
        manifests: Has gateways send it.
        redirects: Leads clients to gateways.
        addresses: Identifies clients.
    """

    def __init__(
        self,
        source: ContentSource,
        bodies: BodySender,
        manifests: ManifestMaker,
        redirects: Redirects,
        addresses: ClientAddresses,
    ) -> None:
        self._source = source
        self._bodies = bodies
        self._manifests = manifests
        self._redirects = redirects
        self._addresses = addresses

    async def send(
        self,
        request: web.Request,
        representation: Representation,
        reader: str,
        *,
        link_id: UUID | None = None,
        before_body: BeforeBody | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> web.StreamResponse:
        """Answers a GET or HEAD with the content, parts of it, or that nothing has changed.

        A gateway is answered with a manifest instead of the bytes, and a client that follows there is led to
        a gateway.

        Args:
            request: What is answered.
            representation: The content.
            reader: Towards whose limit the download counts.
            link_id: The link by which the client has it; None: by none.
            before_body: Counts the use of the link. Called when the first bytes are there and none is
                sent. Whatever it raises is answered instead; None for nothing.
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
        # What does not prove itself chunk by chunk is sent from here, and passed on by the gateway.
        if content.envelope == "v1":
            elsewhere = await self._by_gateway(
                request, plan, representation, content, reader, link_id
            )
            if elsewhere is not None:
                return elsewhere
        before = None if before_body is None else partial(before_body, plan)
        return await self._bodies.send(request, plan, content, self._source, reader, before)

    async def _by_gateway(
        self,
        request: web.Request,
        plan: ResponsePlan,
        representation: Representation,
        content: Content,
        reader: str,
        link_id: UUID | None,
    ) -> web.Response | None:
        """The manifest for the gateway that asks, or the way to one; None: the manager is to send it."""
        gateway = request.get(GATEWAY)
        if gateway is None:
            return self._redirects.to_file(
                request, plan, representation.file, reader=reader, link_id=link_id
            )
        address = self._addresses.of_request(request)
        return await self._manifests.answer(
            gateway, plan, content, reader=reader, address=address, link_id=link_id
        )
