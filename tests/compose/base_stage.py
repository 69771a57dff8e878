"""Peers of the base protocol that stand outside, before Caddy and the gateway."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from client_sdk import Client, FileInfo
from tests.base_protocol.peers import PeerStage
from tests.compose.deployment import PASSWORD, Deployment
from tests.compose.open_connections import connections_closed


@dataclass
class DeployedStage(PeerStage):
    """The manager of a deployment.

    Attributes:
        deployment: where everything is.
        administrator: a token of the administrator, who makes the users.
    """

    deployment: Deployment
    administrator: str
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def api_url(self) -> str:
        """Where the emulator is."""
        return f"{self.deployment.discord_url}/api/v10"

    async def token(self, name: str) -> str:
        """A user's token, as a frontend gets it; registers the user before, unless an earlier test has."""
        account = {"username": name, "password": PASSWORD}
        if name not in self._tokens:
            await self.fetch("/register", **account, adminToken=self.administrator)
            status, body = await self.fetch("/login", **account)
            assert status == 200, body
            self._tokens[name] = body["token"]
        return self._tokens[name]

    async def our_service(self) -> None:
        """Upload services are there: those of the deployment."""

    async def empty(self) -> None:
        """Deletes what the users have stored, and then the folders, which are everybody's."""
        for token in self._tokens.values():
            async with self.deployment.cloud(token) as cloud:
                await delete_files(cloud, "/")
        async with self.deployment.cloud(self.administrator) as cloud:
            for entry in [each async for each in cloud.list("/")]:
                await cloud.delete_folder(entry.path)


async def delete_files(cloud: Client, folder: str) -> None:
    """Deletes the files in a folder, and below it, that a user may delete."""
    for entry in [each async for each in cloud.list(folder)]:
        if not isinstance(entry, FileInfo):
            await delete_files(cloud, str(entry.path))
        elif entry.can_write:
            await cloud.delete_file(entry.path)


@asynccontextmanager
async def deployed_stage(
    deployment: Deployment, administrator: str
) -> AsyncIterator[DeployedStage]:
    """The deployment for one test, at the end of which its peers leave."""
    async with connections_closed(), AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(ssl=deployment.trust)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        peers = await stack.enter_async_context(AsyncExitStack())
        yield DeployedStage(deployment.url, http, peers, deployment, administrator)
