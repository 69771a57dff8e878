"""Frontends of the base protocol that stand outside, before Caddy and the gateway."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp

from client_sdk import FileInfo
from tests.base_protocol.frontend import Frontend
from tests.compose.deployment import PASSWORD, Deployment


class DeployedStage:
    """The deployment, as the tests of the base protocol use their manager.

    Args:
        deployment: where everything is.
        administrator: a token of the administrator, who makes the users.
    """

    def __init__(
        self,
        deployment: Deployment,
        administrator: str,
        http: aiohttp.ClientSession,
        peers: AsyncExitStack,
    ) -> None:
        self.url = deployment.url
        self.http = http
        self._deployment = deployment
        self._administrator = administrator
        self._peers = peers
        self._tokens: dict[str, str] = {}

    async def fetch(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a GET."""
        async with self.http.get(f"{self.url}{path}", params=query) as response:
            return response.status, await response.json()

    async def token(self, name: str) -> str:
        """A user's token, as a frontend gets it; registers the user before, unless an earlier test has."""
        account = {"username": name, "password": PASSWORD}
        if name not in self._tokens:
            await self.fetch("/register", **account, adminToken=self._administrator)
            status, body = await self.fetch("/login", **account)
            assert status == 200, body
            self._tokens[name] = body["token"]
        return self._tokens[name]

    async def connect(self, make: type[Frontend], *arguments: Any, **query: str) -> Frontend:
        """Connects a peer, until the end of the test."""
        peer = make(await self.http.ws_connect(self.url, params=query), *arguments)
        self._peers.push_async_callback(peer.close)
        return peer

    async def frontend(self, name: str = "alice", *, booked: int = 0) -> Frontend:
        """Lets a user in, with services booked."""
        token = await self.token(name)
        frontend = await self.connect(
            Frontend, self.http, self.url, token, type="client", key=token
        )
        if booked:
            await frontend.book(booked)
        return frontend

    async def our_service(self) -> None:
        """Upload services are there: those of the deployment."""

    async def empty(self) -> None:
        """Deletes what the users have stored."""
        for token in self._tokens.values():
            async with self._deployment.cloud(token) as cloud:
                for entry in [each async for each in cloud.list("/")]:
                    is_file = isinstance(entry, FileInfo)
                    delete = cloud.delete_file if is_file else cloud.delete_folder
                    await delete(entry.path)


@asynccontextmanager
async def deployed_stage(
    deployment: Deployment, administrator: str
) -> AsyncIterator[DeployedStage]:
    """The deployment for one test, at the end of which its frontends leave."""
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(ssl=deployment.trust)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        peers = await stack.enter_async_context(AsyncExitStack())
        yield DeployedStage(deployment, administrator, http, peers)
