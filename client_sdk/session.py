"""The client's session: the HTTP and WebSocket connections that all its parts share, opened and closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Self

import aiohttp

from client_sdk.booked_services import BookedServices
from client_sdk.bundles import Bundles
from client_sdk.endpoint import base_url, socket_url, tls_context
from client_sdk.errors import CloudError, NotFound, NotLoggedIn, Refused, ServerFailed, Unreachable
from client_sdk.events import EventHub
from client_sdk.file_download import ConnectionPermits
from client_sdk.http import ManagerHttp
from client_sdk.link import Link
from client_sdk.paths import RemotePath, split_remote
from client_sdk.rate_limit import RateLimit
from client_sdk.renewal import RenewableLogin
from client_sdk.settings import ClientSettings
from client_sdk.transfers import ConflictResolver
from client_sdk.uploads import Uploads
from common.manager_urls import ManagerUrls, split_urls
from common.tasks import TaskScope
from protocol import s2c
from protocol.codec import Frame
from protocol.packet import Packet

LinkCallback = Callable[[bool], None]
"""Called with False when the connection is lost, and with True when it is back."""


class UserSession:
    """One user's connection and all that goes over it. Made by `UserSession.open`."""

    def __init__(
        self,
        url: Callable[[], Awaitable[str]],
        next_manager: Callable[[], bool],
        http: aiohttp.ClientSession,
        settings: ClientSettings,
        rate: RateLimit,
        scope: TaskScope,
        link_changed: LinkCallback | None,
    ) -> None:
        self._link_changed = link_changed
        self._is_away = self._is_over = False
        self.link = Link(url, settings, self, next_manager)
        self.events = EventHub()
        self.conflicts = ConflictResolver()
        self._services = BookedServices(self.link, settings, scope)
        shared = (self.link, self._services, self.conflicts, http, settings, rate, scope)
        self.uploads = Uploads(*shared)
        self.bundles = Bundles(*shared)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: Callable[[], Awaitable[str]],
        next_manager: Callable[[], bool],
        http: aiohttp.ClientSession,
        settings: ClientSettings,
        rate: RateLimit,
        link_changed: LinkCallback | None = None,
    ) -> AsyncIterator[Self]:
        """Connect, and stay connected until it is left.

        Raises:
            NotLoggedIn, Unreachable, Unavailable, LastingFailure: The first connection did not come about.
        """
        async with TaskScope() as scope:
            session = cls(url, next_manager, http, settings, rate, scope, link_changed)
            scope.spawn(session.link.run(), "link")
            try:
                await session.link.ready()
                yield session
            finally:
                session.failed(Unreachable("the client is closed"))

    def connected(self) -> None:
        """The link has a connection."""
        self.events.connected()
        self._services.connected()
        self._report(is_away=False)

    def disconnected(self) -> None:
        """The link lost its connection."""
        self.events.disconnected()
        self._services.disconnected()
        self.uploads.disconnected()
        self.bundles.disconnected()
        self._report(is_away=True)

    def unavailable(self) -> None:
        """The link waits for a manager that cannot serve now."""
        self._report(is_away=True)

    def failed(self, error: CloudError) -> None:
        """The link gave up."""
        self._is_over = True
        self.events.failed(error)
        self._services.failed(error)

    def outlasts_manager(self) -> bool:
        """Whether a kept upload waits, which has a patience of its own."""
        return self.uploads.has_kept

    def received(self, frame: Frame) -> None:
        """A frame came in that answers no request of `Link.ask`."""
        if isinstance(frame.packet, s2c.FileModify | s2c.FilesModify | s2c.FolderModify):
            self.events.publish(frame.packet)
        else:
            self._services.received(frame)
            self.uploads.received(frame)
            self.bundles.received(frame)

    def _report(self, *, is_away: bool) -> None:
        """Report a change, but neither a first connection that comes at once nor the client's end."""
        is_news, self._is_away = is_away != self._is_away, is_away
        if is_news and not self._is_over and self._link_changed is not None:
            self._link_changed(not is_away)


class ClientCore:
    """Opens and closes the way to a manager. `Client` has the documentation."""

    def __init__(
        self,
        url: str,
        token: str | RenewableLogin | None = None,
        *,
        settings: ClientSettings | None = None,
        link_changed: LinkCallback | None = None,
    ) -> None:
        self._managers = ManagerUrls(split_urls(base_url(url)))
        self._linked_to = self._managers.current
        self._token = token
        self._settings = settings or ClientSettings()
        self._rate = self._settings.rate()
        self._connection_permits = ConnectionPermits(self._settings.parallel_ranges - 1)
        self._link_changed = link_changed
        self._search_turn = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()
        self._http: ManagerHttp | None = None
        self._session: UserSession | None = None

    def __repr__(self) -> str:
        return f"Client({self._managers.current!r})"

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            http = await stack.enter_async_context(await self._http_session())
            self._http = ManagerHttp(http, self._managers, self._token, self._settings, self._rate)
            if self._token is not None:
                opening = UserSession.open(
                    self._socket_url,
                    self._next_manager,
                    http,
                    self._settings,
                    self._rate,
                    self._link_changed,
                )
                self._session = await stack.enter_async_context(opening)
            self._stack = stack.pop_all()
        return self

    async def _socket_url(self) -> str:
        token = await self._api.token()
        self._linked_to = self._managers.current
        return socket_url(self._linked_to, token)

    def _next_manager(self) -> bool:
        """The link did not come about. True: another manager is worth a try at once."""
        return self._managers.failed(self._linked_to)

    async def _http_session(self) -> aiohttp.ClientSession:
        tls = await asyncio.to_thread(tls_context, self._settings.ca_cert)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=tls or True), trust_env=True
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def _api(self) -> ManagerHttp:
        if self._http is None:
            raise RuntimeError("use the client as `async with Client(…) as cloud`")
        return self._http

    @property
    def _open_session(self) -> UserSession:
        if self._http is None:
            raise RuntimeError("use the client as `async with Client(…) as cloud`")
        if self._session is None:
            raise NotLoggedIn("log in first")
        return self._session

    @property
    def _link(self) -> Link:
        return self._open_session.link

    async def _order_for_file(self, remote: RemotePath, packet: Packet) -> str | None:
        """Order something for a file. Raises `NotFound` or `Refused`."""
        async with self._about_file(remote):
            return await self._link.order(packet)

    @contextlib.asynccontextmanager
    async def _about_file(self, remote: RemotePath) -> AsyncIterator[None]:
        """A refusal has no code, so it is looked up whether the file is there."""
        try:
            yield
        except Refused as error:
            if await self._is_surely_missing(remote):
                raise NotFound(f"{remote}: there is no such file") from error
            raise

    async def _is_surely_missing(self, remote: RemotePath) -> bool:
        """Whether there is no such file; False in doubt."""
        with contextlib.suppress(Unreachable, ServerFailed, Refused, NotLoggedIn):
            return not await self._api.file_exists(*split_remote(remote), is_patient=False)
        return False
