"""Requests of a gateway to its manager."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
import structlog
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    web,
)
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from common.log_events import correlation_header
from gateway.errors import ManagerAway, ManagerRefused, ManagerUnusable
from reading.manifest import CLIENT_HEADER, GATEWAY_HEADER, MEDIA_TYPE

log = structlog.get_logger(__name__)

FORWARDED: Final = (
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Range",
    "User-Agent",
)
"""The headers of clients that the manager goes by."""
CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 60.0
"""Seconds without a byte of the manager's answer, whose catalog may be slow."""
MOST_CONNECTIONS: Final = 256
MAX_ANSWER_BYTES: Final = 1024 * 1024
"""Of what the manager answers the gateway itself: a window of chunks has about 20 KiB."""

_Answer = TypeVar("_Answer", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class DownloadClient:
    """Who downloads: the address, and what media types are accepted."""

    address: str
    accepts: str


class ManagerClient:
    """The manager, as a gateway sees it. An async context manager, which owns the connections.

    Args:
        url: Where the manager's routes are, without a slash at the end.
        credential: The gateway's.
        failed: Called for each request that the manager does not answer.
    """

    def __init__(self, url: str, credential: str, failed: Callable[[], None]) -> None:
        self._url = url
        self._credential = credential
        self._failed = failed
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=TCPConnector(limit=MOST_CONNECTIONS),
            timeout=ClientTimeout(
                total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=ANSWER_TIMEOUT_S
            ),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.close()
        self._session = None

    @property
    def _opened(self) -> ClientSession:
        if self._session is None:
            raise RuntimeError("ManagerClient is used outside of its context")
        return self._session

    @contextlib.asynccontextmanager
    async def forwarded(self, request: web.Request, address: str) -> AsyncIterator[ClientResponse]:
        """Passes a client's request on; its answer, for the length of the context.

        `address`: of the client. Raises `ManagerAway`.
        """
        headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        headers |= {GATEWAY_HEADER: self._credential, CLIENT_HEADER: address}
        path, query = request.rel_url.raw_path, request.rel_url.raw_query_string
        url = URL(f"{self._url}{path}{'?' if query else ''}{query}", encoded=True)
        body = request.content if request.body_exists else None
        with self._errors():
            response = await self._opened.request(
                request.method,
                url,
                headers=headers | correlation_header(),
                data=body,
                allow_redirects=False,
            )
        async with response:
            yield response

    async def ask(
        self, path: str, question: msgspec.Struct, kind: type[_Answer], client: "DownloadClient"
    ) -> _Answer:
        """Asks for something about a download, for a client. Raises as `tell`."""
        return unpacked(await self.tell(path, question, client), kind)

    async def tell(self, path: str, question: msgspec.Struct, client: "DownloadClient") -> bytes:
        """Says something about a download; the body of the answer.

        Raises:
            ManagerUnusable: It answers what a manager does not.
            ManagerAway: The manager does not answer, or not now.
            ManagerRefused: It says no.
        """
        headers = {
            "Authorization": f"Bearer {self._credential}",
            CLIENT_HEADER: client.address,
            "Content-Type": MEDIA_TYPE,
            "Accept": client.accepts,
        }
        with self._errors():
            async with self._opened.post(
                f"{self._url}{path}",
                headers=headers | correlation_header(),
                data=msgspec.msgpack.encode(question),
            ) as response:
                answer = await limited(response)
        if response.status >= 400:
            raise ManagerRefused(response.status, passed_on(response.headers), answer)
        return answer

    async def is_reachable(self) -> bool:
        """Whether the manager says that it works."""
        try:
            with self._errors():
                async with self._opened.get(f"{self._url}/health") as response:
                    return response.status < 300
        except ManagerAway:
            return False

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, TimeoutError, OSError) as error:
            self._failed()
            log.warning("manager-away", reason=type(error).__name__)
            raise ManagerAway from error


async def limited(response: ClientResponse) -> bytes:
    """The body of an answer to the gateway itself. Raises `ManagerUnusable`, `ClientError`."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise ManagerUnusable("an answer is too long")
    return bytes(body)


def unpacked(body: bytes, kind: type[_Answer]) -> _Answer:
    """What the manager has answered the gateway. Raises `ManagerUnusable`."""
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ManagerUnusable(f"an answer is no {kind.__name__}") from error


_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are about one connection (RFC 9110 section 7.6.1), or that each server adds itself."""


def passed_on(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Those headers of the manager's answer that are for the client."""
    kept = ((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)
    return CIMultiDict(kept)
