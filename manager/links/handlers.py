"""Handles the packet that asks for a link to a file."""

from catalog.port import Catalog
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import AccessDenied, LinkLimitReached, NoSuchFile, ScopeRefusal
from manager.files.lookup import file_by_id
from manager.files.rights import FileOperation
from manager.links.manager import LinkManager, require_link_scope
from protocol import c2s, s2c


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
        login, user = request.client.login, request.client.user
        try:
            file = await file_by_id(self._catalog, user, packet.file_id, FileOperation.SHARE)
            await require_link_scope(self._catalog, login.scope, file)
            payload = await self._links.requested(user, file, address=request.client.address)
        except (NoSuchFile, AccessDenied, LinkLimitReached, ScopeRefusal) as error:
            self._links.record_denial(
                user, address=request.client.address, reason=error.code, file_id=packet.file_id
            )
            return s2c.SignedDownload()
        return s2c.SignedDownload(payload=payload)
