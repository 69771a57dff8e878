"""Handles packets that ask for links to files."""

from catalog.port import Catalog
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.downloads.links import SignedLinks
from manager.errors import AccessDenied, NoSuchFile
from manager.files.lookup import file_by_id
from manager.files.rights import FileOperation
from protocol import c2s, s2c


class LinkHandlers:
    """The handlers of packets that ask for links."""

    def __init__(self, catalog: Catalog, links: SignedLinks) -> None:
        self._catalog = catalog
        self._links = links

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.SignedDownloadRequest: self.sign_download}

    async def sign_download(
        self, request: ClientRequest, packet: c2s.SignedDownloadRequest
    ) -> s2c.SignedDownload:
        """A link to a file; empty for a file that the user cannot read."""
        user = request.client.user
        try:
            file = await file_by_id(self._catalog, user, packet.file_id, FileOperation.DOWNLOAD)
        except (NoSuchFile, AccessDenied):
            return s2c.SignedDownload()
        return s2c.SignedDownload(payload=self._links.sign(file))
