"""What all suites run on: their options and verdicts, and measured child processes.

A child is pinned to a core.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.process_figures import ServerProcess

MIB = 1024 * 1024
GIB = 1024 * MIB
_STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says: data per run in MiB, small files, and how often everything is run."""

    mib: int
    rounds: int
    files: int = 2000


@dataclass(frozen=True, slots=True)
class Suite:
    """A named set of measurements; `run` returns the report that is printed."""

    name: str
    about: str
    run: Callable[[Options], Coroutine[None, None, str]]


def verdict(target: str, *, reached: bool) -> str:
    """Return the line of a report that says whether a target was reached."""
    return f"{'reached' if reached else 'MISSED'}: {target}"


def cores() -> tuple[frozenset[int], frozenset[int]]:
    """Return the cores for the measured process and for all others; the same if there is one only."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) == 1:
        return frozenset(usable), frozenset(usable)
    return frozenset(usable[:1]), frozenset(usable[1:])


class ChildName(StrEnum):
    """The programs of `benchmarks.children`."""

    MANAGER = "manager"
    UPLOAD_SERVICE = "upload-service"
    DISCORD = "discord"
    NAIVE_SERVICE = "naive-service"
    LISTENERS = "listeners"
    GATEWAY = "gateway"


class ChildProcess(ServerProcess):
    """A running child process."""

    def __init__(
        self, pid: int, announcement: dict[str, Any], output: asyncio.StreamReader
    ) -> None:
        super().__init__(pid)
        self.announcement = announcement
        self._output = output

    async def announced(self) -> dict[str, Any]:
        """Return the next announcement."""
        announced: dict[str, Any] = json.loads(await self._output.readline())
        return announced


@asynccontextmanager
async def child(
    name: ChildName, pinned_to: frozenset[int], environment: Mapping[str, str]
) -> AsyncIterator[ChildProcess]:
    """Run a child until the end of the block; its announcement says that it is ready.

    Args:
        name: which child.
        pinned_to: the cores that it may use.
        environment: variables beside those of this process.
    """
    command = (sys.executable, "-m", "benchmarks.children", name)
    async with announcing_program(command, pinned_to, environment) as process:
        yield process


@asynccontextmanager
async def announcing_program(
    command: Sequence[str], pinned_to: frozenset[int], environment: Mapping[str, str]
) -> AsyncIterator[ChildProcess]:
    """Run any program that announces itself until the end of the block.

    Args:
        command: the program and its arguments.
        pinned_to: the cores that it may use.
        environment: variables beside those of this process.
    """
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    try:
        os.sched_setaffinity(process.pid, pinned_to)
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"{' '.join(command)} did not start")
        yield ChildProcess(process.pid, json.loads(line), process.stdout)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def announce(**values: object) -> None:
    """Send the parent one line of JSON: first of all that this process is ready."""
    print(json.dumps(values), flush=True)
