"""What gateways are given to send a folder as an archive: its listing, page by page, and files one by one.

The token says for whom the archive is made, and where its listing goes on. Rights are checked for every page,
and again for every file.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web

from manager.downloads.manifests import DownloadTokenSigner, GatewayToken
from manager.downloads.subtree import WalkCursor
from manager.downloads.viewers import Viewer
from manager.files.rights import FileOperation
from reading.manifest import (
    ARCHIVE_TOKEN_LIFE_S,
    MANIFEST_ARCHIVE,
    MANIFEST_HEADER,
    MEDIA_TYPE,
    ArchiveManifest,
)

_LONGEST_FIRST_TOKEN: Final = 16 * 1024
"""It has the names of selected files, and comes back with each question for a file."""


class ArchiveToken(GatewayToken, frozen=True, kw_only=True):
    """One archive that a gateway sends.

    Attributes:
        user_id: For whom it is made.
        operation: What must be allowed on its files.
        cursor: Where its listing goes on.
    """

    user_id: int
    operation: FileOperation
    cursor: WalkCursor

    @property
    def viewer(self) -> Viewer:
        """For whom it is made."""
        return Viewer(self.user_id, self.operation)


class ArchiveManifests:
    """Answers requests for folders that gateways forward.

    Args:
        tokens: Signs tokens.
        may_give: Whether gateways can read all content; they cannot read that of base services.
    """

    def __init__(self, tokens: DownloadTokenSigner, *, may_give: bool) -> None:
        self._tokens = tokens
        self.may_give = may_give

    def answer(
        self,
        gateway: str,
        viewer: Viewer,
        cursor: WalkCursor,
        headers: Mapping[str, str],
        reader: str,
    ) -> web.Response | None:
        """The manifest of an archive whose listing begins there; None: its token would be too long."""
        token = ArchiveToken(
            exp=self._tokens.expiry(ARCHIVE_TOKEN_LIFE_S),
            gateway=gateway,
            user_id=viewer.id,
            operation=viewer.operation,
            cursor=cursor,
        )
        text = self._tokens.text_of(token)
        if len(text) > _LONGEST_FIRST_TOKEN:
            return None
        manifest = ArchiveManifest(token=text, reader=reader, headers=headers)
        return web.Response(
            body=msgspec.msgpack.encode(manifest),
            content_type=MEDIA_TYPE,
            headers={MANIFEST_HEADER: MANIFEST_ARCHIVE, "Cache-Control": "no-store"},
        )
