"""What gateways ask for while they send content (`reading.manifest`)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import msgspec
import structlog
from aiohttp import web

from catalog.content_port import ObjectStore
from catalog.errors import CatalogUnavailable, ObjectMissing
from catalog.records import Reference
from manager.downloads.content import CatalogChunks, content_of
from manager.downloads.manifests import DownloadToken, DownloadTokenSigner
from manager.error_texts import log_level
from manager.errors import NoSuchFile
from manager.gateways.asking import asked_for, packed
from manager.links.downloads import LinkRoutes
from manager.services.credentials import ServiceAccess
from manager.services.webhooks import WebhookDirectory
from reading.manifest import (
    ChunksRequest,
    LocatedChunks,
    MessageAnswer,
    MessageRequest,
    RenewedToken,
    TokenRequest,
    UnreadableChunk,
)
from storage.discord.messages import Attachment, ChunkAddress, PostedMessage
from storage.errors import StorageError, WebhookUnusable
from storage.reader import Attachments

log = structlog.get_logger(__name__)

_Asked = TypeVar("_Asked", ChunksRequest, TokenRequest, MessageRequest, UnreadableChunk)


class GatewayRoutes:
    """The routes for gateways.

    Args:
        access: Knows their credentials.
        tokens: Reads tokens.
        catalog: Keeps what they send.
        chunks: Where chunks lie.
        attachments: The URLs of messages.
        webhooks: Quarantines webhooks that turn out to be gone.
        links: Counts downloads by links.
        hold_s: Seconds for which content is kept without a renewal.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        access: ServiceAccess,
        tokens: DownloadTokenSigner,
        catalog: ObjectStore,
        chunks: CatalogChunks,
        attachments: Attachments,
        webhooks: WebhookDirectory,
        links: LinkRoutes,
        *,
        hold_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._tokens = tokens
        self._catalog = catalog
        self._chunks = chunks
        self._attachments = attachments
        self._webhooks = webhooks
        self._links = links
        self._hold_s = hold_s
        self._clock = clock

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.post("/gateway/chunks", self.chunks),
            web.post("/gateway/message", self.message),
            web.post("/gateway/renew", self.token),
            web.post("/gateway/begin", self.begin),
            web.post("/gateway/release", self.release),
            web.post("/gateway/unreadable", self.unreadable),
        ]

    async def chunks(self, request: web.Request) -> web.Response:
        """Where the next chunks lie."""
        asked, token = await self._asked(request, ChunksRequest)
        stored = await self._catalog.object_by_id(token.object_id)
        if stored is None:
            raise NoSuchFile
        found = await self._chunks.chunks(content_of(stored), asked.first)
        return packed(LocatedChunks(chunks=self._tokens.signed(found)))

    async def message(self, request: web.Request) -> web.Response:
        """A message with URLs that work."""
        asked, _ = await self._asked(request, MessageRequest)
        self._tokens.check_signature(asked.address, asked.signature)
        # All attachments of the message: a gateway remembers them as the manager does.
        address = replace(asked.address, attachment_id=None)
        try:
            found = await self._attachments_of(address, asked.refused_url)
        except StorageError as error:
            if isinstance(error, WebhookUnusable):
                self._webhooks.lost(error)
            return packed(MessageAnswer(code=error.code))
        message = PostedMessage(
            id=address.message_id, channel_id=address.channel_id, attachments=found
        )
        return packed(MessageAnswer(message=message))

    async def _attachments_of(
        self, address: ChunkAddress, refused_url: str | None
    ) -> tuple[Attachment, ...]:
        found = await self._attachments.find(address)
        if refused_url in {each.url for each in found}:
            self._attachments.forget(address.message_id, found)
            found = await self._attachments.find(address)
        return found

    async def token(self, request: web.Request) -> web.Response:
        """Keeps the content for longer, and gives the token with which to come again."""
        _, token = await self._asked(request, TokenRequest)
        reference = Reference(
            object_id=token.object_id,
            service=_service_of(token),
            key=token.key,
            expires_at=self._clock() + self._hold_s,
        )
        try:
            await self._catalog.hold(reference)
        except ObjectMissing as error:
            raise NoSuchFile from error
        except CatalogUnavailable as error:
            # As for the manager's own downloads: reading goes on without a reference.
            log.log(log_level(error), "reference-not-added", reason=str(error))
        renewed = msgspec.structs.replace(token, exp=self._tokens.expiry())
        return packed(RenewedToken(token=self._tokens.text_of(renewed)))

    async def release(self, request: web.Request) -> web.Response:
        """Ends the keeping of the content."""
        _, token = await self._asked(request, TokenRequest)
        await self._catalog.release(token.object_id, service=_service_of(token), key=token.key)
        return web.Response(status=204)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        """Counts a download by a link. A refusal is passed on to the client."""
        _, token = await self._asked(request, TokenRequest)
        if token.link_id is None:
            return web.Response(status=204)
        return await self._links.count_for_gateway(request, token.link_id, is_begin=token.is_begin)

    async def unreadable(self, request: web.Request) -> web.Response:
        """Notes that a chunk cannot be read."""
        asked, _ = await self._asked(request, UnreadableChunk)
        log.error(
            "chunk-unreadable", object=str(asked.object_id), index=asked.index, code=asked.code
        )
        return web.Response(status=204)

    async def _asked(
        self, request: web.Request, kind: type[_Asked]
    ) -> tuple[_Asked, DownloadToken]:
        """What a gateway asks for, and its token. Raises `InvalidRequest`, `InvalidDownloadToken`."""
        gateway, asked = await asked_for(self._access, request, kind)
        return asked, self._tokens.read(asked.token, gateway, DownloadToken)


def _service_of(token: DownloadToken) -> str:
    return f"gateway:{token.gateway}"
