"""What every part of the client stands on: the way to the manager, opened and closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiohttp

from client_sdk.errors import NotFound, NotLoggedIn, Refused, ServerFailed, Unreachable
from client_sdk.http import ManagerHttp
from client_sdk.link import Link
from client_sdk.paths import RemotePath, split_remote
from client_sdk.session import LinkCallback, Session
from client_sdk.settings import ClientSettings
from client_sdk.trust import tls_context
from client_sdk.urls import base_url, socket_url
from protocol.packet import Packet


class ClientCore:
    """Opens and closes the way to a manager. `Client` has the documentation."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        settings: ClientSettings | None = None,
        link_changed: LinkCallback | None = None,
    ) -> None:
        self._base = base_url(url)
        self._token = token
        self._settings = settings or ClientSettings()
        self._link_changed = link_changed
        self._stack = contextlib.AsyncExitStack()
        self._http: ManagerHttp | None = None
        self._session: Session | None = None

    def __repr__(self) -> str:
        return f"Client({self._base!r})"

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            http = await stack.enter_async_context(await self._http_session())
            self._http = ManagerHttp(http, self._base, self._token, self._settings)
            if self._token is not None:
                url = socket_url(self._base, self._token)
                opening = Session.open(url, http, self._settings, self._link_changed)
                self._session = await stack.enter_async_context(opening)
            self._stack = stack.pop_all()
        return self

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
    def _open_session(self) -> Session:
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
        """A refusal has words only, so it is looked up whether the file is there."""
        try:
            yield
        except Refused as error:
            if await self._is_surely_missing(remote):
                raise NotFound(f"{remote}: there is no such file") from error
            raise

    async def _is_surely_missing(self, remote: RemotePath) -> bool:
        """Whether there is no such file; in doubt, what was said of it before counts."""
        with contextlib.suppress(Unreachable, ServerFailed, Refused, NotLoggedIn):
            return not await self._api.file_exists(*split_remote(remote), is_patient=False)
        return False
