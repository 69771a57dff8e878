"""Peers of the base protocol that tests connect to a manager, wherever that runs."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from tests.base_protocol.frontend import Frontend
from tests.base_protocol.thumbnailer import Thumbnailer
from tests.base_protocol.upload_service import UploadService
from tests.base_protocol.wire import Link
from tests.manager.sockets.stage import SERVICE_PASSWORD, serving

L = TypeVar("L", bound=Link)


@dataclass
class PeerStage(ABC):
    """A manager, and the peers that are connected to it until the end of a test.

    Attributes:
        url: of the manager, for clients.
        http: how peers connect.
        peers: closes what has been connected.
    """

    url: str
    http: aiohttp.ClientSession
    peers: AsyncExitStack

    @property
    @abstractmethod
    def api_url(self) -> str:
        """Where services reach Discord."""

    @property
    def services_url(self) -> str:
        """Of the manager that upload services connect to."""
        return self.url

    def client_url(self, name: str) -> str:
        """Of the manager that this user's clients connect to."""
        del name
        return self.url

    @abstractmethod
    async def token(self, name: str) -> str:
        """A user's token, as a frontend gets it; the user exists afterwards."""

    @abstractmethod
    async def our_service(self) -> None:
        """Returns when an upload service of the product can be booked."""

    async def fetch(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a GET."""
        async with self.http.get(f"{self.url}{path}", params=query) as response:
            return response.status, await response.json()

    async def connect(
        self, make: Callable[..., L], *arguments: object, url: str | None = None, **query: str
    ) -> L:
        """Connects a peer to the manager, or to another one, until the end of the test."""
        socket = await self.http.ws_connect(url or self.url, params=query)
        peer = make(socket, *arguments)
        self.peers.push_async_callback(peer.close)
        return peer

    async def frontend(self, name: str = "alice", *, booked: int = 0) -> Frontend:
        """Lets a user in, with services booked."""
        token, url = await self.token(name), self.client_url(name)
        frontend = await self.connect(
            Frontend, self.http, url, token, url=url, type="client", key=token
        )
        if booked:
            await frontend.book(booked)
        return frontend

    async def service(self, *, in_service: bool = True, **changed: Any) -> UploadService:
        """Lets a base-protocol upload service in; returns when it can be booked."""
        served: list[UploadService] = []

        async def take(request: web.Request) -> web.Response:
            return await served[0].take(request)

        routes = web.Application()
        routes.router.add_route("*", "/{path:.*}", take)
        address = await self.peers.enter_async_context(serving(routes))
        watching = await self.frontend("observer")
        query = {"type": "upload", "key": SERVICE_PASSWORD, "address": address}
        service = await self.connect(UploadService, self.api_url, url=self.services_url, **query)
        served.append(service)
        for name, value in changed.items():
            setattr(service, name, value)
        if in_service:
            await watching.next("s2c:service-registry", action="added", address=address)
        return service

    async def thumbnailer(self, *, in_service: bool = True, **changed: Any) -> Thumbnailer:
        """Lets a thumbnail service in; returns when it is in service."""
        watching = await self.frontend("observer")
        query = {"type": "thumbnail", "key": SERVICE_PASSWORD}
        service = await self.connect(Thumbnailer, self.api_url, **query)
        for name, value in changed.items():
            setattr(service, name, value)
        if in_service:
            await watching.next("s2c:service-registry", action="added", service_type="thumbnail")
        return service
