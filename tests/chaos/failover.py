"""Clients that upload, and that only book, while the managers of a cluster are killed one after the other."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from signal import SIGKILL
from typing import Any, Self

from client_sdk import Client, ClientSettings, Progress
from client_sdk.connection import Connection
from client_sdk.endpoint import socket_url
from protocol import c2s, s2c
from storage.envelope import ENVELOPE_OVERHEAD
from tests.chaos.cluster import CHUNK_SIZE, SLOTS, Cluster
from tests.chaos.oracle import Broken
from tests.chaos.programs import LogEntry, Program, looks

PASSWORD = "a long enough password"
CHUNKS = 200
"""Of each file."""
CHUNKS_IN_FLIGHT = 2
"""Of each client."""
BOOKED = 3
"""Services of each client that only books: with those that upload, all that four upload services have."""
GOES_ON_AFTER = 3
"""Chunks after which an upload counts as going on."""


class Uploader:
    """Uploads one file after the other.

    Attributes:
        contents: What was stored, by path.
        link_changes: When the connection was lost (False) and was there again (True), by the time
            since the Unix epoch.
    """

    def __init__(self, cluster: Cluster, number: int, token: str) -> None:
        """It begins at the manager of that number."""
        settings = ClientSettings(
            parallel_uploads=1,
            chunks_in_flight=CHUNKS_IN_FLIGHT,
            retry_first_s=0.05,
            retry_cap_s=1.0,
            unavailable_patience_s=60.0,
        )
        self._client = Client(
            cluster.manager_urls(number),
            token,
            settings=settings,
            link_changed=self._link_changed,
        )
        self._folder = f"/u{number}"
        self._is_over = False
        self._stored = 0
        self._progressed = asyncio.Event()
        self.contents: dict[str, bytes] = {}
        self.link_changes: list[tuple[float, bool]] = []

    async def run(self) -> None:
        """Uploads until `stop`, and ends with the file that is under way."""
        rng = random.Random(self._folder)
        async with self._client:
            while not self._is_over:
                path = f"{self._folder}/f{len(self.contents)}"
                content = rng.randbytes(CHUNKS * CHUNK_SIZE)
                await self._client.upload(content, path, progress=self._note)
                self.contents[path] = content

    def stop(self) -> None:
        """Has it begin no other file."""
        self._is_over = True

    async def goes_on(self) -> None:
        """Returns once some chunks more have been stored than were on the way."""
        until = self._stored + CHUNKS_IN_FLIGHT + GOES_ON_AFTER
        while self._stored < until:
            self._progressed.clear()
            await self._progressed.wait()

    async def is_connected(self) -> None:
        """Returns once it has a connection."""
        async for _ in looks():
            if not self.link_changes or self.link_changes[-1][1]:
                return

    def _note(self, _: Progress) -> None:
        self._stored += 1
        self._progressed.set()

    def _link_changed(self, is_connected: bool) -> None:
        self.link_changes.append((time.time(), is_connected))


class Booker:
    """A client that books services, and uses none.

    Attributes:
        desired: What it wants.
        amount: What it has, by all that it was told.
        changes: How often it was told of a change.
    """

    def __init__(
        self, connection: Connection, cluster: Cluster, manager: Program, name: str, token: str
    ) -> None:
        self._connection = connection
        self._cluster = cluster
        self._manager = manager
        self._name = name
        self._token = token
        self.desired = self.amount = self.changes = 0

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, cluster: Cluster, manager: Program, name: str, token: str
    ) -> AsyncIterator[Self]:
        """One that is connected to that manager."""
        receives = frozenset({"s2c", "generic"})
        async with Connection.open(socket_url(manager.url, token), receives=receives) as connection:
            booker = cls(connection, cluster, manager, name, token)
            counting = asyncio.create_task(booker._count())
            try:
                yield booker
            finally:
                counting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await counting

    async def book(self, desired: int) -> bool:
        """Whether the booking was taken."""
        answer = await self._connection.request(
            c2s.UploadBookingRequest(desired_amount=desired), s2c.UploadBooking
        )
        if not isinstance(answer, s2c.UploadBooking):
            return False
        self.desired = desired
        self.amount = answer.amount
        return True

    async def holds_all(self) -> None:
        """Returns once it has what it wants, and the ledger says the same."""
        async for _ in looks():
            bookings = (await status_of(self._cluster, self._manager, self._token))["bookings"]
            held = sum(each["amount"] for each in bookings if each["user"] == self._name)
            if sum(each["amount"] for each in bookings) > SLOTS * len(self._cluster.services):
                raise Broken(f"more services are booked than there are: {bookings}")
            if held == self.amount == self.desired:
                return

    async def _count(self) -> None:
        async for frame in self._connection:
            if isinstance(frame.packet, s2c.UploadBookingModify):
                self.amount += frame.packet.effective_change
                self.changes += 1


async def register_users(cluster: Cluster) -> dict[str, str]:
    """Makes users, two for each manager; their tokens."""
    tokens: dict[str, str] = {}
    async with Client(cluster.manager_urls()) as client:
        for name in [f"user{number}" for number in range(2 * len(cluster.managers))]:
            admin = next(iter(tokens.values()), None)
            await client.register(name, PASSWORD, admin_token=admin)
            tokens[name] = await client.login(name, PASSWORD)
    return tokens


async def status_of(cluster: Cluster, manager: Program, token: str) -> Any:
    """What a manager says at `/status`."""
    headers = {"Authorization": f"Bearer {token}"}
    async with cluster.http.get(f"{manager.url}/status", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@dataclass(frozen=True)
class Failover:
    """What the death of a manager came to.

    Attributes:
        roles: What the manager was: "client", "service", "allocator", "maintenance".
        clients_s: Seconds after which the last of its clients was connected elsewhere.
        services_s: Seconds after which the last slot of its services was connected elsewhere.
    """

    roles: frozenset[str]
    clients_s: float
    services_s: float


async def fail_over(
    cluster: Cluster, victim: Program, uploaders: Sequence[Uploader], token: str
) -> Failover:
    """Kills a manager while clients upload; returns once all that it had goes on elsewhere."""
    survivors = [each for each in cluster.managers if each is not victim]
    services = [each for each in cluster.services if _home(each) == victim.url]
    roles = await _offices(cluster, victim, token)
    killed_at = time.time()
    await victim.end(SIGKILL)
    connected_at = [await _slots_elsewhere(service, victim, killed_at) for service in services]
    await asyncio.gather(*(each.goes_on() for each in uploaders))
    await asyncio.gather(*(each.is_connected() for each in uploaders))
    back_at = [
        max(at for at, is_connected in each.link_changes if is_connected)
        for each in uploaders
        if each.link_changes and each.link_changes[-1][0] > killed_at
    ]
    if "allocator" in roles:
        await _elected_after(killed_at, survivors)
    roles |= ({"client"} if back_at else set()) | ({"service"} if services else set())
    return Failover(
        frozenset(roles),
        max(back_at, default=killed_at) - killed_at,
        max(connected_at, default=killed_at) - killed_at,
    )


async def kill_each_manager(cluster: Cluster, tokens: dict[str, str]) -> list[Failover]:
    """Kills the managers in turn, and starts them again, while clients upload and book.

    Raises:
        Broken: Clients were told other amounts than they have, an acknowledged chunk was sent again, or
            two processes posted with one webhook at the same time.
    """
    names = list(tokens)
    count = len(cluster.managers)
    uploaders = [Uploader(cluster, number, tokens[names[number]]) for number in range(count)]
    bookers = {name: tokens[name] for name in names[count:]}
    failovers = []
    async with uploading(uploaders):
        for victim in cluster.managers:
            survivors = [each for each in cluster.managers if each is not victim]
            async with booking(cluster, survivors, bookers, BOOKED) as booked:
                failovers.append(await fail_over(cluster, victim, uploaders, tokens[names[0]]))
                await asyncio.gather(*(each.holds_all() for each in booked))
            await victim.start()
    places = (*cluster.gateways, *cluster.managers)
    for place, uploader, name in zip(places, uploaders, names, strict=False):
        await check_files(cluster, place, tokens[name], uploader.contents)
    await _check_posts(cluster, uploaders)
    return failovers


async def _check_posts(cluster: Cluster, uploaders: Sequence[Uploader]) -> None:
    """What was under way when a manager died may be there twice, and nothing else."""
    posts = await cluster.posts()
    if posts["clashes"]:
        raise Broken(f"processes shared webhooks: {posts['clashes']}")
    chunk = CHUNK_SIZE + ENVELOPE_OVERHEAD
    chunks = CHUNKS * sum(len(each.contents) for each in uploaders)
    twice = len(cluster.managers) * len(uploaders) * CHUNKS_IN_FLIGHT
    if not chunks * chunk <= posts["stored_bytes"] <= (chunks + twice) * chunk:
        raise Broken(f"{posts['stored_bytes']} bytes were posted for {chunks} chunks of {chunk}")


async def check_files(
    cluster: Cluster, place: Program, token: str, contents: dict[str, bytes]
) -> None:
    """Raises `Broken` unless these files can be read there."""
    headers = {"Authorization": f"Bearer {token}"}
    for path, content in contents.items():
        folder, _, name = path.rpartition("/")
        query = {"path": folder or "/", "name": name}
        url = f"{place.url}/download"
        async with cluster.http.get(url, params=query, headers=headers) as answer:
            if (answer.status, await answer.read()) != (200, content):
                raise Broken(f"{path} is not at {place.name}: status {answer.status}")


async def _offices(cluster: Cluster, victim: Program, token: str) -> set[str]:
    """What one manager does for all."""
    elections = [(each, entry.at) for each in cluster.managers for entry in _elections(each)]
    allocator, _ = max(elections, key=lambda each: each[1])
    maintenance = (await status_of(cluster, victim, token))["cluster"]["maintenance"]
    return {
        name
        for name, holder in (("allocator", allocator.name), ("maintenance", maintenance))
        if holder == victim.name
    }


def _elections(manager: Program) -> list[LogEntry]:
    return manager.logged("allocator-elected")


async def _elected_after(moment: float, managers: Sequence[Program]) -> None:
    async for _ in looks():
        if any(entry.at > moment for each in managers for entry in _elections(each)):
            return


def _home(service: Program) -> str:
    """The URL of the manager that a service is connected to."""
    home: str = service.logged("manager-connected")[-1].values["manager"]
    return home


async def _slots_elsewhere(service: Program, victim: Program, moment: float) -> float:
    """When the last slot of a service was connected to another manager, after that moment."""
    async for _ in looks():
        entries = [each for each in service.logged("manager-connected") if each.at > moment]
        if any(each.values["manager"] == victim.url for each in entries):
            raise Broken(f"{service.name} is connected to {victim.name}, which is dead")
        if len(entries) >= SLOTS:
            return entries[-1].at
    raise AssertionError


@asynccontextmanager
async def uploading(uploaders: Sequence[Uploader]) -> AsyncIterator[None]:
    """Uploaders at work; all of their files are stored in the end."""
    async with asyncio.TaskGroup() as tasks:
        for each in uploaders:
            tasks.create_task(each.run())
        await asyncio.gather(*(each.goes_on() for each in uploaders))
        yield
        for each in uploaders:
            each.stop()


@asynccontextmanager
async def booking(
    cluster: Cluster, managers: Sequence[Program], tokens: dict[str, str], amount: int
) -> AsyncIterator[list[Booker]]:
    """One client for each of these managers, and each has so many services."""
    async with AsyncExitStack() as stack:
        bookers = []
        for (name, token), manager in zip(tokens.items(), managers, strict=False):
            opening = Booker.connected(cluster, manager, name, token)
            bookers.append(await stack.enter_async_context(opening))
            while not await bookers[-1].book(amount):
                continue
        await asyncio.gather(*(each.holds_all() for each in bookers))
        yield bookers
