"""Handles the packet that asks for a link to a file."""

import structlog

from catalog.port import Catalog
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import AccessDenied, LinkLimitReached, NoSuchFile
from manager.files.lookup import file_by_id
from manager.files.rights import FileOperation
from manager.links.manager import LinkManager
from protocol import c2s, s2c

log = structlog.get_logger(__name__)


class LinkHandlers:
    """The handler of the packet that asks for a link."""

    def __init__(self, catalog: Catalog, links: LinkManager) -> None:
        self._catalog = catalog
        self._links = links

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.SignedDownloadRequest: self.sign_download}

    async def sign_download(
        self, request: ClientRequest, packet: c2s.SignedDownloadRequest
    ) -> s2c.SignedDownload:
        """A link to a file; empty for a file that the user may not share."""
        user = request.client.user
        try:
            file = await file_by_id(self._catalog, user, packet.file_id, FileOperation.SHARE)
            return s2c.SignedDownload(payload=await self._links.requested(user, file))
        except (NoSuchFile, AccessDenied, LinkLimitReached) as error:
            log.info("link-refused", user=user.name, file_id=packet.file_id, reason=error.code)
            return s2c.SignedDownload()
