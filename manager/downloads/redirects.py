"""Leads clients to gateways, which send content in the manager's place where no proxy does (`GATEWAY_URLS`).

The address holds a *redirect token*: what is to be sent, signed, and valid for minutes. The client's own
credentials never get to another origin, its logs and its history. The gateway passes the request on to a
manager, which answers it with a manifest as it answers any other one, so that ranges and conditions count
for what they say there.

Only clients are led that follow to another origin: those that say so (`protocol.redirects`), and browsers
that open an address as a page or a download. What a page fetches itself, and what clients fetch that know
nothing of this, the manager sends.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Protocol, TypeVar
from uuid import UUID

import jwt
import msgspec
from aiohttp import web

from catalog.records import File, Folder
from common.addresses import ClientAddresses
from manager.downloads.viewers import Viewer
from manager.errors import InvalidDownloadToken
from manager.files.rights import FileOperation
from manager.signing.signatures import ExpiringClaims, Signer
from protocol.redirects import REDIRECT_HEADER, REDIRECT_TAKEN
from reading.manifest import REDIRECTED_ARCHIVE, REDIRECTED_FILE
from reading.plans import ResponsePlan

REDIRECT_TOKEN_LIFE_S: Final = 600.0
"""Seconds for which a redirect token is valid: browsers continue a download at the address it came from."""
LEAST_BYTES: Final = 1024 * 1024
"""What is shorter is sent sooner than the client is somewhere else."""


_TO_THE_WINDOW: Final = frozenset({"document", "empty"})
"""What browsers call the destination of a navigation (Fetch Metadata); `empty`: of a link with `download`."""


class FileRedirect(ExpiringClaims, frozen=True, kw_only=True):
    """A file that a gateway is to send.

    Attributes:
        file_id: Has the name.
        object_id: The content, which may be an earlier one of the file.
        mime_type: Of the content.
        updated_at: When the file got it, in seconds since the epoch.
        modified_at: When it was last modified; None: when the file got it.
        reader: Towards whose limit the download counts.
        link_id: The link by which the client has it; None: by none.
    """

    file_id: int
    object_id: UUID
    mime_type: str
    updated_at: float
    modified_at: float | None
    reader: str
    link_id: UUID | None = None


class FolderRedirect(ExpiringClaims, frozen=True, kw_only=True):
    """A folder that a gateway is to send as an archive.

    Attributes:
        folder_id: The folder.
        user_id: For whom it is made.
        operation: What must be allowed on its files.
        reader: Towards whose limit the download counts.
    """

    folder_id: int
    user_id: int
    operation: FileOperation
    reader: str

    @property
    def viewer(self) -> Viewer:
        """For whom it is made."""
        return Viewer(self.user_id, self.operation)


_Token = TypeVar("_Token", FileRedirect, FolderRedirect)


class GatewayChoice(Protocol):
    """Knows gateways that clients can be led to."""

    def choose(self, key: str) -> str | None:
        """The URL of one, the same for an equal key as long as it is there; None: there is none."""


class Redirects:
    """Leads clients to gateways.

    Args:
        gateways: Where to.
        signer: Signs tokens, for `Purpose.REDIRECT_TOKENS`.
        addresses: Identifies clients.
    """

    def __init__(self, gateways: GatewayChoice, signer: Signer, addresses: ClientAddresses) -> None:
        self._gateways = gateways
        self._signer = signer
        self._addresses = addresses

    def to_file(
        self,
        request: web.Request,
        plan: ResponsePlan,
        file: File,
        *,
        reader: str,
        link_id: UUID | None,
    ) -> web.Response | None:
        """Leads to a gateway that sends what the plan says; None: the manager is to send it.

        `file` may have earlier content; what has no name is sent from here.
        """
        is_long = sum(part.length for part in plan.parts) >= LEAST_BYTES
        if not (is_long and file.id and follows_redirects(request.headers)):
            return None
        token = FileRedirect(
            exp=self._expiry,
            file_id=file.id,
            object_id=file.object_id,
            mime_type=file.mime_type,
            updated_at=file.updated_at,
            modified_at=file.modified_at,
            reader=reader,
            link_id=link_id,
        )
        return self._answer(request, REDIRECTED_FILE, token, str(file.object_id))

    def to_folder(
        self, request: web.Request, folder: Folder, viewer: Viewer, reader: str
    ) -> web.Response | None:
        """Leads to a gateway that sends a folder as an archive; None: the manager is to send it."""
        # A form may hold names without end, and the page waits for its answer.
        if request.method != "GET" or not follows_redirects(request.headers):
            return None
        token = FolderRedirect(
            exp=self._expiry,
            folder_id=folder.id,
            user_id=viewer.id,
            operation=viewer.operation,
            reader=reader,
        )
        return self._answer(request, REDIRECTED_ARCHIVE, token, str(folder.id))

    @property
    def _expiry(self) -> int:
        return int(self._signer.now() + REDIRECT_TOKEN_LIFE_S)

    def _answer(
        self, request: web.Request, path: str, token: ExpiringClaims, subject: str
    ) -> web.Response | None:
        # All ranges of one download go to the same gateway, which remembers URLs and chunks between them.
        url = self._gateways.choose(f"{subject} {self._addresses.of_request(request)}")
        if url is None:
            return None
        text = self._signer.sign_claims(msgspec.to_builtins(token))
        headers = {
            "Location": f"{url}{path}?token={text}",
            "Cache-Control": "no-store",
            # The address that was asked for may hold the token of a link.
            "Referrer-Policy": "no-referrer",
            REDIRECT_HEADER: REDIRECT_TAKEN,
        }
        return web.Response(status=307, headers=headers)

    def read(self, text: str, kind: type[_Token]) -> _Token:
        """A token that a client was led to a gateway with. Raises `InvalidDownloadToken`."""
        try:
            return self._signer.read_claims(text, kind)
        except jwt.InvalidTokenError as error:
            raise InvalidDownloadToken from error


def follows_redirects(headers: Mapping[str, str]) -> bool:
    """Whether the client follows to another origin."""
    if headers.get(REDIRECT_HEADER) == REDIRECT_TAKEN:
        return True
    is_navigation = headers.get("Sec-Fetch-Mode") == "navigate"
    return is_navigation and headers.get("Sec-Fetch-Dest") in _TO_THE_WINDOW


def preferred(urls: Mapping[str, bool], key: str) -> str | None:
    """One of the URLs that are ready; others than those of a gateway that is lost keep their keys.

    Rendezvous hashing (Thaler and Ravishankar, 1998).
    """
    ready = [url for url, is_ready in urls.items() if is_ready]
    return max(
        ready, key=lambda url: hashlib.sha256(f"{url} {key}".encode()).digest(), default=None
    )
