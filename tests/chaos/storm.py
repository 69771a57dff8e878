"""Users who work while programs die, and what has to be true afterwards."""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM
from typing import Protocol

import aiohttp

from client_sdk.batches import FolderProgress, TransferredFile
from client_sdk.client import Client
from client_sdk.errors import CloudError, NotFound, Unreachable
from client_sdk.settings import ClientSettings
from client_sdk.transfers import OnConflict
from tests.chaos.cluster import CHUNK_SIZE, CHUNKS_IN_FLIGHT, HOLD_S, SLOTS, Cluster
from tests.chaos.oracle import Broken, Oracle
from tests.chaos.programs import Program
from tests.chaos.puts import CommandLineUser

USERS = 3
CALLS_PER_ROUND = 4
LARGEST_CHUNKS = 8
LARGEST_FOLDER = 20
"""Files of a folder that is put at once, most of them in bundles."""
MOST_SMALL = 0.9
"""How many files of a folder have one chunk at most, and so go in bundles."""
CANCELLED = 0.2
"""How often a folder's upload is cancelled on the way."""
LONGEST_CALM_S = 3.0
"""Longer than a command takes to start."""
LONGEST_OUTAGE_S = 6.0
"""Of NATS and PostgREST: long enough for leases of managers to lapse."""
AT_GATEWAYS = 0.5
"""How many reads go to a gateway, if there are any."""
QUIET_S = 4 * HOLD_S
"""How long everything that nobody needs may take to be gone."""
PASSWORD = "a long enough password"


class FailingCatalog(Protocol):
    """A catalog that can be made to fail."""

    def fail(self, rng: random.Random) -> str:
        """Makes some of its next calls fail; says how."""

    def heal(self) -> None:
        """Ends what `fail` has begun."""


@dataclass
class Tally:
    """What happened.

    Attributes:
        calls: calls by name and outcome.
        blows: by name.
        lost_posts: how many messages may lie on Discord that no program knows of (docs/storage.md).
    """

    calls: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    lost_posts: int = 0


class Storm:
    """Rounds of calls and blows, the same for the same seed as far as the machine allows."""

    def __init__(
        self,
        cluster: Cluster,
        seed: int,
        catalog: FailingCatalog | None,
        say: Callable[[str], None],
    ) -> None:
        """Nothing happens before `run`.

        Args:
            cluster: what runs.
            seed: of all decisions.
            catalog: a catalog that can fail; None for one that lies in the manager's process.
            say: takes a line about each round.
        """
        self._cluster = cluster
        self._rng = random.Random(seed)
        self._catalog = catalog
        self._say = say
        self._oracle = Oracle()
        self._tokens: list[str] = []
        self._names = iter(range(10**9))
        self._calls_over = asyncio.Event()
        self._progress, self._put_progress = asyncio.Event(), asyncio.Event()
        self._sources = Path()
        self.tally = Tally()

    async def run(self, rounds: int, folder: Path) -> None:
        """Runs so many rounds, and checks everything. Raises `Broken`.

        Args:
            rounds: how many.
            folder: where the sources and the log of the command line are written.
        """
        tokens = self._tokens
        for number in range(USERS + 1):
            tokens.append(await self._register(f"user{number}", *tokens[:1]))
        settings = ClientSettings(
            upload_attempts=3,
            chunk_attempts=4,
            retry_first_s=0.05,
            retry_cap_s=1.0,
            stall_timeout_s=10,
        )
        clients = [
            Client(self._cluster.manager_urls(number), token, settings=settings)
            for number, token in enumerate(tokens)
        ]
        async with AsyncExitStack() as connections:
            for client in clients:
                await connections.enter_async_context(client)
            commands = await self._at_command_line(clients[-1], tokens[-1], folder)
            self._sources = folder
            for number in range(rounds):
                before = Counter(self.tally.blows)
                await self._round(clients[:USERS], commands)
                await self._check_all(clients)
                blows = ", ".join((self.tally.blows - before).elements())
                self._say(
                    f"round {number + 1}: {blows or 'calm'}; {len(self._oracle.possible)} paths"
                )
            await commands.clear()
        await self._check_nothing_leaked()
        await self._check_webhooks()
        self._check_logs(commands)

    async def _at_command_line(self, client: Client, token: str, folder: Path) -> CommandLineUser:
        """The last user, who has the command instead of the library."""
        local, remote = folder / "command-line", f"/u{USERS}"
        local.mkdir()
        await client.make_folders(remote)
        return CommandLineUser(
            self._cluster,
            token,
            local,
            remote,
            oracle=self._oracle,
            tally=self.tally.calls,
            progressed=self._put_progress.set,
        )

    async def _register(self, name: str, admin_token: str | None = None) -> str:
        async with Client(self._cluster.manager_urls()) as client:
            await client.register(name, PASSWORD, admin_token=admin_token)
            return await client.login(name, PASSWORD)

    async def _round(self, clients: list[Client], commands: CommandLineUser) -> None:
        self._calls_over.clear()
        async with asyncio.TaskGroup() as tasks:
            blows = tasks.create_task(self._strike())
            async with asyncio.TaskGroup() as users:
                for number, client in enumerate(clients):
                    rng = random.Random(self._rng.random())
                    users.create_task(self._work(client, f"/u{number}", rng))
                users.create_task(commands.work(random.Random(self._rng.random())))
            self._calls_over.set()
            await blows
        await self._cluster.clear_faults()
        if self._catalog is not None:
            self._catalog.heal()

    async def _work(self, client: Client, folder: str, rng: random.Random) -> None:
        mine = [path for path in self._oracle.certain if path.startswith(f"{folder}/")]
        for _ in range(CALLS_PER_ROUND):
            call = rng.choice(
                [
                    self._put,
                    self._put_folder,
                    self._put_folder,
                    self._replace,
                    self._get,
                    self._rename,
                    self._delete,
                    self._delete,
                ]
            )
            path = mine.pop(rng.randrange(len(mine))) if mine else None
            if call == self._put_folder:
                # Half of them into a folder that has files already, which are replaced.
                known = path and path.count("/") == 3 and path.rpartition("/")[0]
                path = known or f"{folder}/d{next(self._names)}"
                mine = [each for each in mine if not each.startswith(f"{path}/")]
            elif path is None or call == self._put:
                call, path = self._put, f"{folder}/f{next(self._names)}"
            name = call.__name__.strip("_")
            try:
                await call(client, path, rng)
            except CloudError as error:
                self.tally.calls[f"{name}: {type(error).__name__}"] += 1
            else:
                self.tally.calls[f"{name}: done"] += 1

    async def _put(self, client: Client, path: str, rng: random.Random) -> None:
        content = rng.randbytes(rng.randint(1, LARGEST_CHUNKS * CHUNK_SIZE))
        try:
            result = await client.upload(
                content,
                path,
                on_conflict=OnConflict.OVERWRITE,
                progress=lambda _: self._progress.set(),
            )
        except CloudError:
            self._oracle.uncertain(path, content)
            raise
        if str(result.path) != path:
            raise Broken(f"an upload to {path} went to {result.path}")
        self._oracle.acknowledged(path, content)

    async def _put_folder(self, client: Client, path: str, rng: random.Random) -> None:
        """Puts a folder of files, and perhaps cancels that on the way."""
        contents = {
            f"{path}/b{number}": rng.randbytes(
                rng.randint(1, (1 if rng.random() < MOST_SMALL else LARGEST_CHUNKS) * CHUNK_SIZE)
            )
            for number in range(rng.randint(1, LARGEST_FOLDER))
        }
        # What an earlier call has left uncertain is left alone.
        contents = {
            name: content
            for name, content in contents.items()
            if len(self._oracle.known(name)) == 1
        }
        for name, content in contents.items():
            self._oracle.uncertain(name, content)

        def note(report: FolderProgress) -> None:
            self._progress.set()
            moved.set()
            if isinstance(report.finished, TransferredFile):
                name = report.finished.remote
                if name not in contents:
                    raise Broken(f"an upload to {path} went to {name}")
                self._oracle.acknowledged(name, contents[name])

        moved = asyncio.Event()
        with tempfile.TemporaryDirectory(dir=self._sources) as local:
            _write(Path(local), contents)
            upload = asyncio.create_task(
                client.upload_folder(local, path, on_conflict=OnConflict.OVERWRITE, progress=note)
            )
            if rng.random() < CANCELLED:
                waiting = asyncio.create_task(moved.wait())
                await asyncio.wait({upload, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                upload.cancel()
            await asyncio.wait({upload})
        if not upload.cancelled():
            upload.result().raise_for_failures()

    async def _replace(self, client: Client, path: str, rng: random.Random) -> None:
        await self._put(client, path, rng)

    async def _get(self, client: Client, path: str, rng: random.Random) -> None:
        gateways = self._cluster.gateways
        try:
            if gateways and rng.random() < AT_GATEWAYS:
                found = await self._read_at(rng.choice(gateways), path)
            else:
                found = await client.read(path)
        except NotFound:
            found = None
        self._oracle.check(path, found)

    async def _read_at(self, gateway: Program, path: str) -> bytes:
        """What a gateway sends."""
        folder, _, name = path.rpartition("/")
        query = {"path": folder, "name": name}
        headers = {"Authorization": f"Bearer {self._tokens[_owner(path)]}"}
        url = f"{gateway.url}/download"
        try:
            async with self._cluster.http.get(url, params=query, headers=headers) as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    raise NotFound(path)
                if answer.status != HTTPStatus.OK:
                    raise Unreachable(f"a gateway answers with {answer.status}")
                return await answer.read()
        except aiohttp.ClientError as error:
            raise Unreachable("a gateway does not answer") from error

    async def _delete(self, client: Client, path: str, _: random.Random) -> None:
        await self._remove(lambda: client.delete_file(path), path)

    async def _rename(self, client: Client, path: str, _: random.Random) -> None:
        folder = path.rpartition("/")[0]
        target = f"{folder}/r{next(self._names)}"
        (content,) = self._oracle.known(path)
        name = target.rpartition("/")[2]
        try:
            await self._remove(lambda: client.rename_file(path, name), path)
        except CloudError:
            self._oracle.uncertain(target, content)
            raise
        self._oracle.acknowledged(target, content)

    async def _remove(self, call: Callable[[], Awaitable[object]], path: str) -> None:
        """Carries out a call after which nothing is at the path any more."""
        try:
            await call()
        except CloudError:
            self._oracle.uncertain(path, None)
            raise
        self._oracle.acknowledged(path, None)

    async def _strike(self) -> None:
        """Lets a few blows fall, each after some more bytes have been stored."""
        for _ in range(self._rng.randint(1, 3)):
            progress = self._rng.choice([self._progress, self._put_progress])
            await self._within(self._rng.uniform(0.05, LONGEST_CALM_S), progress)
            progress.clear()
            blows = [self._end, self._end, self._freeze, self._discord, self._database]
            if self._cluster.servers:
                blows += [self._end, self._outage]
            await self._rng.choice(blows)()

    async def _within(self, seconds: float, event: asyncio.Event) -> None:
        """Waits for an event, but no longer than that."""
        waiting = [asyncio.create_task(each.wait()) for each in (event, self._calls_over)]
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    def _victim(self) -> Program:
        cluster = self._cluster
        return self._rng.choice([*cluster.managers, *cluster.services, *cluster.gateways])

    async def _end(self) -> None:
        """Kills or stops a program, and starts it again, at once or a while later."""
        victim, how = self._victim(), self._rng.choice([SIGKILL, SIGKILL, SIGTERM, SIGINT])
        self._struck(f"{how.name} {victim.name}")
        if victim in self._cluster.services and how is SIGKILL:
            self.tally.lost_posts += SLOTS * CHUNKS_IN_FLIGHT
        code = await victim.end(how)
        if how is not SIGKILL and code != 0:
            raise Broken(f"{victim.name} ended with {code} after {how.name}: see {victim.log}")
        if self._rng.random() < 0.5:
            await self._within(self._rng.uniform(0.1, 2.0), asyncio.Event())
        await victim.start()

    async def _outage(self) -> None:
        """Kills what several managers stand on, and starts it again a while later."""
        server = self._rng.choice(self._cluster.servers)
        self._struck(f"SIGKILL {server.name}")
        await server.kill()
        await self._within(self._rng.uniform(0.1, LONGEST_OUTAGE_S), asyncio.Event())
        await server.start()

    async def _freeze(self) -> None:
        """Stops a program's time for a while."""
        victim = self._victim()
        self._struck(f"freeze {victim.name}")
        victim.pause()
        await self._within(self._rng.uniform(0.1, 3.0), asyncio.Event())
        victim.go_on()

    async def _discord(self) -> None:
        """Has Discord fail some requests."""
        times = self._rng.randint(1, 6)
        fault: dict[str, object] = self._rng.choice(
            [
                {"kind": "rate_limit", "scope": "user", "retry_after_s": 0.2},
                {"kind": "error", "route": "execute", "status": 503},
                {"kind": "error", "route": "execute", "status": 500, "after_commit": True},
                {"kind": "reset", "route": "execute"},
                {"kind": "reset", "route": "execute", "after_commit": True},
                {"kind": "reset", "route": "cdn"},
                {"kind": "truncated", "route": "cdn"},
                {"kind": "error", "route": "delete", "status": 503},
            ]
        )
        if fault.get("after_commit"):
            self.tally.lost_posts += times
        self._struck(f"Discord: {fault['kind']} {fault.get('route', '')}".strip())
        await self._cluster.order_fault(**fault, times=times)

    async def _database(self) -> None:
        """Has the catalog fail, if it can."""
        if self._catalog is not None:
            self._struck(f"catalog: {self._catalog.fail(self._rng)}")

    def _struck(self, blow: str) -> None:
        self.tally.blows[blow] += 1

    async def _check_all(self, clients: list[Client]) -> None:
        """Reads every file; each has a content that it may have."""
        for path in self._oracle.possible:
            owner = clients[_owner(path)]
            try:
                found = await owner.read(path)
            except NotFound:
                found = None
            except CloudError as error:
                raise Broken(f"{path} cannot be read though everything works: {error}") from error
            self._oracle.check(path, found)

    async def _check_nothing_leaked(self) -> None:
        """In the end Discord has what the files need, and what docs/storage.md says may be left.

        Rather less, as files share messages. That nothing is missing shows when they are read.
        """
        needed = sum(self._messages_of(path) for path in self._oracle.possible)
        async with asyncio.timeout(QUIET_S + 60):
            deadline = asyncio.get_running_loop().time() + QUIET_S
            while (left := len(await self._cluster.messages())) > needed + self.tally.lost_posts:
                if asyncio.get_running_loop().time() > deadline:
                    raise Broken(
                        f"{left} messages lie on Discord; files need {needed}, and "
                        f"{self.tally.lost_posts} posts were lost at most"
                    )
                await self._within(1.0, asyncio.Event())

    async def _check_webhooks(self) -> None:
        """No two upload services have posted with one webhook at the same time."""
        clashes = (await self._cluster.posts())["clashes"]
        if clashes:
            raise Broken(f"processes shared webhooks: {clashes}")

    def _messages_of(self, path: str) -> int:
        largest = max(len(content or b"") for content in self._oracle.known(path))
        return -(-largest // CHUNK_SIZE)

    def _check_logs(self, commands: CommandLineUser) -> None:
        if commands.tracebacks():
            raise Broken(f"a command has printed an exception: see {commands.log}")
        for program in self._cluster.programs:
            if program.tracebacks():
                raise Broken(f"{program.name} has logged an exception: see {program.log}")


def _owner(path: str) -> int:
    """The number of the user to whom a path belongs."""
    return int(path[2 : path.index("/", 1)])


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes the sources of remote paths."""
    for path, content in contents.items():
        (folder / path.rpartition("/")[2]).write_bytes(content)
