"""Requests of a gateway to its manager."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
import structlog
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
    web,
)
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from common.log_events import correlation_header
from common.manager_urls import ManagerUrls
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
MAX_ANSWER_BYTES: Final = 2 * 1024 * 1024
"""Of what the manager answers the gateway itself: a thousand small files have about 700 KiB."""

_NOTHING_SENT: Final = (ClientConnectorError, ConnectionTimeoutError)
_Answer = TypeVar("_Answer", bound=msgspec.Struct)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class DownloadClient:
    """Who downloads: the address, and what media types are accepted."""

    address: str
    accepts: str


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer to the gateway itself."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class ManagerClient:
    """The managers of one cloud, as a gateway sees them. An async context manager that owns the connections.

    Each of them answers for what another one has signed, so that a running download goes on at the next one.

    Args:
        managers: Where the managers' routes are, URLs without a slash at the end.
        credential: The gateway's.
        failed: Called for each request that a manager does not answer.
    """

    def __init__(self, managers: ManagerUrls, credential: str, failed: Callable[[], None]) -> None:
        self._managers = managers
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
        target = f"{path}{'?' if query else ''}{query}"
        body = request.content if request.body_exists else None

        async def ask(url: str) -> ClientResponse:
            return await self._opened.request(
                request.method,
                URL(f"{url}{target}", encoded=True),
                headers=headers | correlation_header(),
                data=body,
                allow_redirects=False,
            )

        # A body that was begun to be passed on is not there any more.
        async with await self._first_answer(ask, is_repeatable=body is None) as response:
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
        body = msgspec.msgpack.encode(question)

        async def post(url: str) -> _Answered:
            async with self._opened.post(
                f"{url}{path}", headers=headers | correlation_header(), data=body
            ) as response:
                return _Answered(response.status, response.headers, await limited(response))

        answer = await self._first_answer(post)
        if answer.status >= 400:
            raise ManagerRefused(answer.status, passed_on(answer.headers), answer.body)
        return answer.body

    async def is_reachable(self) -> bool:
        """Whether a manager says that it works; others are left for the next one."""

        async def look(url: str) -> None:
            async with self._opened.get(f"{url}/health") as response:
                response.raise_for_status()

        try:
            await self._first_answer(look)
        except ManagerAway:
            return False
        return True

    async def _first_answer(
        self, ask: Callable[[str], Awaitable[_Result]], *, is_repeatable: bool = True
    ) -> _Result:
        """Asks the present manager, and the next ones as long as none answers. Raises `ManagerAway`.

        `is_repeatable`: whether another one may be asked for what was sent, in part perhaps, to one before.
        """
        while True:
            url = self._managers.current
            try:
                answer = await ask(url)
            except (ClientError, TimeoutError, OSError) as error:
                self._failed()
                log.warning("manager-away", reason=type(error).__name__)
                is_another = self._managers.failed(url)
                if not is_another or not (is_repeatable or isinstance(error, _NOTHING_SENT)):
                    raise ManagerAway from error
            else:
                self._managers.reached()
                return answer


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
