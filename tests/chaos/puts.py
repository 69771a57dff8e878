"""A user of `discord-cloud put` whose process is killed, interrupted and frozen, and run again."""

import asyncio
import itertools
import json
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGINT, SIGKILL, SIGSTOP, Signals

from tests.chaos.cluster import CHUNK_SIZE, Cluster
from tests.chaos.oracle import Broken, Oracle
from tests.chaos.programs import ROOT, tracebacks_in

COMMAND = (sys.executable, "-m", "cli")
FILES = 4
LARGEST_CHUNKS = 120
"""So many that most blows fall in the middle: a command that sends a few is done before they do."""
MOST_BLOWS = 3
RUN_S = 600.0
"""Bounds one command on a busy machine."""
FROZEN_S = (0.1, 3.0)
GIVEN_UP = CHANGED = 0.2
"""How often a put that was ended is given up, and how often its source changes."""
SENDING, RESUMED = b"chunk-sending", b"upload-resumed"
"""What the client logs before each chunk that it sends, and when it goes on with a kept upload."""
BLOWS = (None, SIGKILL, SIGKILL, SIGINT, SIGSTOP)
PASSING = frozenset({os.EX_UNAVAILABLE, os.EX_TEMPFAIL})
"""Exit codes by which the command says that it is to be run again."""


@dataclass
class PutFile:
    """A source, where it goes, and its content."""

    local: Path
    remote: str
    content: bytes = b""

    def write(self, rng: random.Random) -> None:
        """Gives the source a new content."""
        self.content = rng.randbytes(rng.randint(1, LARGEST_CHUNKS * CHUNK_SIZE))
        self.local.write_bytes(self.content)


class CommandLineUser:
    """Puts files until they are stored, whatever happens to the command.

    Args:
        cluster: Where to.
        token: The user's.
        local: An existing folder for sources, and for the log.
        remote: An existing folder of the user's own.
        oracle: Hears of what was acknowledged.
        tally: Hears of exit codes and blows.
        progressed: Called with every chunk that is sent.
    """

    def __init__(
        self,
        cluster: Cluster,
        token: str,
        local: Path,
        remote: str,
        *,
        oracle: Oracle,
        tally: Counter[str],
        progressed: Callable[[], None],
    ) -> None:
        self.log = local / "commands.log"
        self._environment: Mapping[str, str] = {
            "PATH": os.environ["PATH"],
            "HOME": str(local),
            "DISCORD_CLOUD_URL": cluster.manager_urls(),
            "DISCORD_CLOUD_TOKEN": token,
            "DISCORD_CLOUD_DEBUG": "1",
        }
        self._cluster = cluster
        self._local = local
        self._remote = remote
        self._oracle = oracle
        self._tally = tally
        self._progressed = progressed

    async def work(self, rng: random.Random) -> None:
        """Puts a file until it is stored, or gives it up. Raises `Broken`."""
        name = f"f{rng.randrange(FILES)}"
        file = PutFile(self._local / name, f"{self._remote}/{name}")
        file.write(rng)
        for _ in range(rng.randint(0, MOST_BLOWS)):
            before = self._oracle.known(file.remote)
            self._oracle.uncertain(file.remote, file.content)
            if await self._put(file, rng, rng.choice(BLOWS)) == 0:
                break
            if rng.random() < GIVEN_UP and await self._give_up(file.remote):
                self._oracle.possible[file.remote] = before
                return
            if rng.random() < CHANGED:
                file.write(rng)
        else:
            await self._finish(file, rng)
        self._oracle.acknowledged(file.remote, file.content)

    async def clear(self) -> None:
        """Drops what is still kept, as a changed source may leave it. Raises `Broken`."""
        if await self._kept_ids():
            await self._done("uploads", "drop", "--all")
        if await self._kept_ids():
            raise Broken(f"uploads are kept that were dropped: see {self.log}")

    def tracebacks(self) -> list[str]:
        """The lines of the log at which an exception was printed."""
        return tracebacks_in(self.log)

    async def _finish(self, file: PutFile, rng: random.Random) -> None:
        deadline = asyncio.get_running_loop().time() + RUN_S
        code = os.EX_TEMPFAIL
        while code in PASSING and asyncio.get_running_loop().time() < deadline:
            await self._cluster.manager_is_up()
            code = await self._put(file, rng, None)
        if code != 0:
            raise Broken(f"put to {file.remote} ends with {code}: see {self.log}")

    async def _give_up(self, path: str) -> bool:
        """Drops the kept upload to a path; whether there was one, and that is acknowledged."""
        try:
            ids = await self._kept_ids(path)
            await self._done("uploads", "drop", *ids)
        except Broken:
            return False
        return True

    async def _kept_ids(self, path: str | None = None) -> list[str]:
        """The ids of what the user keeps, to one path or to all. Raises `Broken`."""
        listed = json.loads(await self._done("uploads", "list", "--json"))
        return [kept["id"] for kept in listed if path in {None, kept["path"]}]

    async def _done(self, *arguments: str) -> bytes:
        """Runs a command; returns its output. Raises `Broken` unless it succeeds."""
        process = await self._start(*arguments)
        async with asyncio.timeout(RUN_S):
            out, log = await process.communicate()
        self._write_log(log)
        if process.returncode != 0:
            raise Broken(f"{' '.join(arguments)} ends with {process.returncode}: see {self.log}")
        return out

    async def _put(self, file: PutFile, rng: random.Random, blow: Signals | None) -> int:
        """Runs the command, and strikes it once it sends some chunk; returns its exit code."""
        struck_at = rng.randint(1, -(-len(file.content) // CHUNK_SIZE))
        process = await self._start(
            "put", "--json", "--on-conflict", "overwrite", str(file.local), file.remote
        )
        async with asyncio.timeout(RUN_S):
            async for number in self._sent_chunks(process):
                if blow is not None and number == struck_at:
                    await self._strike(process, blow, rng)
            code = await process.wait()
        self._tally[f"put: exit {code}"] += 1
        return code

    async def _sent_chunks(self, process: asyncio.subprocess.Process) -> AsyncIterator[int]:
        """Numbers each chunk that a command begins to send, until the command ends."""
        assert process.stderr is not None
        numbers = itertools.count(1)
        async for line in process.stderr:
            self._write_log(line)
            if SENDING in line:
                self._progressed()
                yield next(numbers)
            elif RESUMED in line:
                self._tally["put: went on"] += 1

    async def _strike(
        self, process: asyncio.subprocess.Process, blow: Signals, rng: random.Random
    ) -> None:
        self._tally[f"put: {blow.name}"] += 1
        process.send_signal(blow)
        if blow is SIGSTOP:
            pause_s = rng.uniform(*FROZEN_S)
            await asyncio.wait({asyncio.ensure_future(process.wait())}, timeout=pause_s)
            process.send_signal(SIGCONT)

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            env=self._environment,
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def _write_log(self, lines: bytes) -> None:
        with self.log.open("ab") as log:
            log.write(lines)
