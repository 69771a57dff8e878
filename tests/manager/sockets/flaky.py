"""A manager on a catalog that goes away when the test says so."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from aiohttp import web

from catalog.errors import CatalogUnavailable
from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from common.retry import RetryPolicy
from discord_emulator.testing import running_emulator
from manager.app import create_app
from manager.app_keys import ACCOUNTS
from manager.retrying import FIRST_DELAY_S, LONGEST_DELAY_S, CatalogRetry
from protocol import s2c
from protocol.extensions import format_extensions
from tests.manager.sockets.peers import (
    SERVICE_EXTENSIONS,
    ClientPeer,
    ServicePeer,
    client_query,
    service_query,
)
from tests.manager.sockets.stage import (
    PASSWORD,
    SERVICE_PASSWORD,
    cheap_passwords,
    serving,
    settings_for,
)

HOLD_S = 60
"""How long holds live when the settings do not say."""


class VirtualTime:
    """Monotonic time that passes while somebody pauses between two tries, and when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def monotonic(self) -> float:
        """The time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds
        for wakes_at, event in self._sleepers:
            if wakes_at <= self.now:
                event.set()

    async def pause(self, seconds: float) -> None:
        """Passes the time itself."""
        await asyncio.sleep(0)
        self.advance(seconds)

    async def sleep(self, seconds: float) -> None:
        """Waits until the time has passed."""
        sleeper = (self.now + seconds, asyncio.Event())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)


class FlakyCatalog:
    """A catalog whose calls raise `CatalogUnavailable` when told to.

    Attributes:
        before: how many calls of a method fail before they have done anything.
        after: how many calls of a method are carried out and fail then.
        defects: how many calls of a method meet a defect in our own code.
        failed: how many calls have failed.
        calls: how many calls were made.
        held: what the answers of a method wait for, after it was carried out.
        error: what calls that fail raise.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.before: Counter[str] = Counter()
        self.after: Counter[str] = Counter()
        self.defects: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.held: dict[str, asyncio.Event] = {}
        self.error: type[CatalogUnavailable] = CatalogUnavailable
        self._catalog = catalog
        self._waiting: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    async def has_failed(self, method: str, times: int) -> None:
        """Returns once so many calls of a method have failed."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.failed[method] >= times)

    def waiting(self, method: str) -> int:
        """How many answers of a method are held."""
        return self._waiting[method]

    async def is_holding(self, method: str) -> None:
        """Returns once an answer of a method is held."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self._waiting[method] > 0)

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        real = getattr(self._catalog, method)

        async def call(*args: object, **kwargs: object) -> object:
            self.calls[method] += 1
            if self.defects[method] > 0:
                self.defects[method] -= 1
                raise RuntimeError("a defect")
            if self.before[method] > 0:
                self.before[method] -= 1
                await self._fail(method)
            result = await real(*args, **kwargs)
            if self.after[method] > 0:
                self.after[method] -= 1
                await self._fail(method)
            if method in self.held:
                await self._hold(method)
            return result

        return call

    async def _hold(self, method: str) -> None:
        async with self._changed:
            self._waiting[method] += 1
            self._changed.notify_all()
        await self.held[method].wait()

    async def _fail(self, method: str) -> None:
        async with self._changed:
            self.failed[method] += 1
            self._changed.notify_all()
        raise self.error("the test has switched it off")


@dataclass
class FlakyStage:
    """A running manager with its catalog."""

    url: str
    app: web.Application
    catalog: FlakyCatalog
    real_catalog: Catalog
    peers: AsyncExitStack
    time: VirtualTime
    _addresses: "count[int]" = field(default_factory=lambda: count(1))

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
        if await self.real_catalog.user_by_name(name) is None:
            hashed = await cheap_passwords().hash(PASSWORD)
            await self.real_catalog.create_user(name, hashed)
        query = client_query((await self.app[ACCOUNTS].login(name, PASSWORD)).token)
        if extensions:
            query["extensions"] = format_extensions(extensions)
        async with ClientPeer.connected(self.url, "s2c", query, extensions=extensions) as client:
            yield client

    async def service(self) -> ServicePeer:
        """Lets an upload service in; returns when it can be booked."""
        return await self.peers.enter_async_context(self.visiting_service())

    @asynccontextmanager
    async def visiting_service(self) -> AsyncIterator[ServicePeer]:
        """An upload service for the length of the context, once it can be booked."""
        address = f"http://service-{next(self._addresses)}.test/"
        query = service_query(SERVICE_PASSWORD, address)
        async with (
            self.visiting_client("observer") as observer,
            ServicePeer.connected(self.url, "s2u", query, extensions=SERVICE_EXTENSIONS) as service,
        ):
            service.address = address
            await observer.next(s2c.ServiceRegistry, address=address)
            yield service

    async def is_kept(self, upload_id: str) -> bool:
        """Whether the content of an upload survives the collection of garbage."""
        await self.real_catalog.collect_objects(limit=100)
        return await self.real_catalog.object_by_id(UUID(upload_id)) is not None


@asynccontextmanager
async def running_flaky_stage(
    folder: Path,
    *,
    channels: int = 2,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    **chosen: object,
) -> AsyncIterator[FlakyStage]:
    """Runs a manager, with settings chosen, whose retries follow one another at once.

    Each service needs one of the `channels`.
    """
    virtual = VirtualTime()
    async with (
        running_emulator(folder / "discord", limits="off", channels=channels) as emulator,
        SqliteCatalog.open(folder / "catalog.sqlite3", clock=clock) as real,
    ):
        flaky = FlakyCatalog(real)

        @asynccontextmanager
        async def open_catalog() -> AsyncIterator[Catalog]:
            yield cast("Catalog", flaky)

        app = create_app(
            settings_for(emulator, folder, **{"upload_hold_s": HOLD_S, **chosen}),
            clock=clock,
            monotonic=monotonic,
            passwords=cheap_passwords(),
            open_catalog=open_catalog,
            retry=CatalogRetry(
                sleep=virtual.sleep,
                policy=RetryPolicy(
                    first_s=FIRST_DELAY_S,
                    cap_s=LONGEST_DELAY_S,
                    monotonic=virtual.monotonic,
                    sleep=virtual.pause,
                ),
            ),
        )
        async with serving(app) as url, AsyncExitStack() as peers:
            socket_url = url.replace("http", "ws", 1)
            yield FlakyStage(socket_url, app, flaky, real, peers, virtual)
