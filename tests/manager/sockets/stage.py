"""A manager that runs for a test, on SQLite and the Discord emulator, and peers to play with it."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher
from pydantic import SecretStr

from catalog.port import Catalog
from catalog.records import ServiceKind
from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault
from discord_emulator.testing import running_emulator
from manager.accounts.credentials import Passwords
from manager.app import create_app
from manager.app_keys import ACCOUNTS, CATALOG
from manager.services.credentials import add_credential, new_credential_text
from manager.settings import ManagerSettings
from protocol import s2c
from tests.manager.sockets.peers import (
    SERVICE_EXTENSIONS,
    ClientPeer,
    Peer,
    ServicePeer,
    client_query,
    service_query,
)
from tests.manager.sockets.watching import WatchedCounters, messages_left

AnyPeer = TypeVar("AnyPeer", bound=Peer)

SERVICE_PASSWORD = "password of services"
PASSWORD = "correct horse"
KEY = "Cw0PEwUICQ4HAwIBAAoMBgQLDQ8TBQgJDgcDAgEACgw="
CHUNK_SIZE = 100


def cheap_passwords() -> Passwords:
    """Passwords whose hashes take no time; its semaphore belongs to the event loop of one test."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Stage:
    """A running manager. Peers that are let in leave at the end of the test."""

    app: web.Application
    url: str
    emulator: Emulator
    settings: ManagerSettings
    peers: AsyncExitStack
    stop: Callable[[], Awaitable[None]]

    def __post_init__(self) -> None:
        self._addresses = count(1)
        self._observer: ClientPeer | None = None

    @property
    def catalog(self) -> Catalog:
        """The manager's catalog."""
        return self.app[CATALOG]

    @property
    def socket_url(self) -> str:
        """Where WebSockets go."""
        return self.url.replace("http", "ws", 1)

    async def token(self, name: str) -> str:
        """A user's token; registers the user before."""
        if await self.catalog.user_by_name(name) is None:
            hashed = await cheap_passwords().hash(PASSWORD)
            await self.catalog.create_user(name, hashed)
        return (await self.app[ACCOUNTS].login(name, PASSWORD)).token

    async def client(self, name: str = "alice", *, extensions: Sequence[str] = ()) -> ClientPeer:
        """Lets a client in, with extensions if it asks for any."""
        return await self.peers.enter_async_context(
            self.visiting_client(name, extensions=extensions)
        )

    @asynccontextmanager
    async def visiting_client(
        self, name: str = "alice", *, extensions: Sequence[str] = ()
    ) -> AsyncIterator[ClientPeer]:
        """A client for the length of the context."""
        query = client_query(await self.token(name))
        async with ClientPeer.connected(
            self.socket_url, "s2c", query, extensions=extensions
        ) as client:
            yield client

    async def credential(self, name: str, kind: ServiceKind) -> str:
        """A new credential for services of that kind."""
        text = new_credential_text()
        await add_credential(self.catalog, name, kind, text, now=time.time())
        return text

    async def service(
        self,
        process: str | None = None,
        *,
        key: str = SERVICE_PASSWORD,
        extensions: Sequence[str] = SERVICE_EXTENSIONS,
    ) -> ServicePeer:
        """Lets an upload service in; returns when it can be booked."""
        return await self.peers.enter_async_context(
            self.visiting_service(process, key=key, extensions=extensions)
        )

    @asynccontextmanager
    async def visiting_service(
        self,
        process: str | None = None,
        *,
        key: str = SERVICE_PASSWORD,
        extensions: Sequence[str] = SERVICE_EXTENSIONS,
    ) -> AsyncIterator[ServicePeer]:
        """An upload service for the length of the context, once it can be booked."""
        observer = await self._observing()
        async with self.linked_service(process, key=key, extensions=extensions) as service:
            await observer.next(s2c.ServiceRegistry, action="added", address=service.address)
            yield service

    @asynccontextmanager
    async def linked_service(
        self,
        process: str | None = None,
        *,
        key: str = SERVICE_PASSWORD,
        extensions: Sequence[str] = SERVICE_EXTENSIONS,
    ) -> AsyncIterator[ServicePeer]:
        """The link of an upload service, which may not be in service yet."""
        address = f"http://service-{next(self._addresses)}.test/chunks"
        query = service_query(key, address, process)
        async with ServicePeer.connected(
            self.socket_url, "s2u", query, extensions=extensions
        ) as service:
            service.address = address
            yield service

    async def gone(self, service: ServicePeer) -> None:
        """Returns when clients have heard that a service is gone."""
        observer = await self._observing()
        service_id = await self.id_of(service)
        await observer.next(s2c.ServiceRegistry, action="removed", service_uuid=service_id)

    async def id_of(self, service: ServicePeer) -> str:
        """The id under which clients know a service that is in service."""
        async with self.visiting_client("observer") as visitor:
            listed = await visitor.next(s2c.ServiceRegistry, address=service.address)
        return listed.service_uuid

    async def raw(self, kind: type[AnyPeer], namespace: str, query: dict[str, str]) -> AnyPeer:
        """Lets in a peer with that query."""
        return await self.peers.enter_async_context(
            kind.connected(self.socket_url, namespace, query)
        )

    async def status(self) -> dict[str, Any]:
        """What people are shown."""
        headers = {"Authorization": f"Bearer {await self.token('observer')}"}
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.url}/status", headers=headers) as response,
        ):
            shown: dict[str, Any] = await response.json()
        return shown

    async def no_messages_left(self) -> None:
        """Returns once the reaper has deleted all that lies on Discord."""
        await self.messages_left(0)

    async def messages_left(self, number: int) -> None:
        """Returns once so many messages lie on Discord."""
        await messages_left(self.emulator, number)

    async def _observing(self) -> ClientPeer:
        if self._observer is None:
            self._observer = await self.client("observer")
        return self._observer


def settings_for(emulator: Emulator, folder: Path, **chosen: object) -> ManagerSettings:
    """Settings of a manager on an emulator, with small chunks. What is deleted or replaced is not kept."""
    return ManagerSettings.model_validate(
        {
            "service_password": SecretStr(SERVICE_PASSWORD),
            "message_encryption_key": SecretStr(KEY),
            "discord_webhooks": SecretStr(" ".join(emulator.webhook_urls())),
            "discord_api_url": f"{emulator.public_url}/api/v10",
            "database_path": folder / "catalog.sqlite3",
            "global_requests_per_s": 100_000,
            "gc_grace_s": 0,
            "trash_days": 0,
            "versions": 0,
            "chunk_size": CHUNK_SIZE,
            **chosen,
        }
    )


@asynccontextmanager
async def running_stage(
    folder: Path,
    *,
    channels: int = 4,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    faults: Sequence[Fault] = (),
    discord: dict[str, Any] | None = None,
    **chosen: object,
) -> AsyncIterator[Stage]:
    """Runs an emulator and a manager on it; a second run on the folder finds everything again.

    Args:
        folder: where both keep their data.
        channels: channels on Discord, each with a webhook.
        clock: seconds since the epoch.
        monotonic: seconds that never jump.
        faults: what goes wrong on Discord from before the manager starts.
        discord: settings of the emulator.
        chosen: settings of the manager.
    """
    of_discord = {"limits": "off", "channels": channels, **(discord or {})}
    async with running_emulator(folder / "discord", **of_discord) as emulator:
        emulator.requests = WatchedCounters()
        for fault in faults:
            emulator.faults.add(fault)
        settings = settings_for(emulator, folder, **chosen)
        app = create_app(settings, clock=clock, monotonic=monotonic, passwords=cheap_passwords())
        async with AsyncExitStack() as server, AsyncExitStack() as peers:
            url = await server.enter_async_context(serving(app))
            yield Stage(app, url, emulator, settings, peers, stop=server.aclose)


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serves an application on a free port; yields its URL."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
