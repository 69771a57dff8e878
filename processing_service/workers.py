"""Has jobs done by worker processes, watches them, and ends those that do not end themselves.

Each job has a process of its own. It is forked, but not off the service, which has secrets in its
memory, threads and an event loop: off a fork server that was started afresh.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from processing_service.order import (
    LOG_FILE,
    MAX_OUTCOME_BYTES,
    ORDER_FILE,
    OUTCOME_FILE,
    Failure,
    Order,
    Outcome,
    Success,
)

GRACE_S: Final = 2.0
"""Seconds beyond its time limit, for the fork server's start and the worker's own timer."""
_LOGGED: Final = 4000
_OUT_OF_TIME: Final = frozenset({signal.SIGXCPU, signal.SIGALRM})
_KILLED: Final = Failure(reason="the worker was killed by the system", retry=True)
"""Nobody here did it: the machine ran out of memory, which says little about the file."""

log = structlog.get_logger(__name__)


class Workers:
    """Worker processes, as many at a time as there are callers."""

    def __init__(self) -> None:
        self._idle: list[_ForkServer] = []

    async def work(self, order: Order, folder: Path) -> Outcome:
        """Have a worker process carry out an order.

        When this is cancelled the worker is killed.

        Args:
            order: What is to be done.
            folder: The folder of the job, with the input in it.

        Raises:
            OSError: No process can be started, or the folder not be used.
        """
        (folder / ORDER_FILE).write_bytes(msgspec.json.encode(order))
        try:
            async with self._fork_server() as server:
                async with asyncio.timeout(order.limits.timeout_s + GRACE_S):
                    status = await server.fork(folder)
        except TimeoutError:
            return _out_of_time(order)
        except _ForkServerLost:
            return _KILLED
        return _outcome(status, order, folder)

    async def end(self) -> None:
        """Ends what waits for another job."""
        for server in self._idle:
            if server.is_running:
                await server.kill()
        self._idle.clear()

    @asynccontextmanager
    async def _fork_server(self) -> AsyncIterator["_ForkServer"]:
        """One that is nobody else's, and that is ended with its worker when a job is broken off."""
        server = await self._next()
        try:
            yield server
        except BaseException:
            await server.kill()
            raise
        self._idle.append(server)

    async def _next(self) -> "_ForkServer":
        while self._idle:
            server = self._idle.pop()
            if server.is_running:
                return server
        return await _ForkServer.start()


class _ForkServerLost(Exception):
    """It has ended, and its worker is not watched any more."""


@dataclass(frozen=True, slots=True)
class _ForkServer:
    process: asyncio.subprocess.Process
    orders: asyncio.StreamWriter
    statuses: asyncio.StreamReader

    @classmethod
    async def start(cls) -> "_ForkServer":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "processing_service.fork_server"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("the fork server has no input and output")
        return cls(process, process.stdin, process.stdout)

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    async def fork(self, folder: Path) -> int:
        """Have a worker do the job in a folder; gives the status with which it has ended.

        Raises:
            _ForkServerLost: The fork server has ended.
        """
        with suppress(ConnectionError):  # its output tells
            self.orders.write(msgspec.json.encode(str(folder)) + b"\n")
            await self.orders.drain()
        line = await self.statuses.readline()
        if not line:
            raise _ForkServerLost
        return int(line)

    async def kill(self) -> None:
        """End it, its worker, and what that has started: they are a group of processes."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


def _environment() -> dict[str, str]:
    """No secret of the service is in it; modules are found where the service finds them."""
    places = (str(Path(place).resolve()) for place in sys.path)
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Each arena reserves address space, which is limited.
        "MALLOC_ARENA_MAX": "2",
    }


def _outcome(status: int, order: Order, folder: Path) -> Outcome:
    said = _tail(folder / LOG_FILE)
    if status == 0:
        if said:
            log.info("worker-said", output=said)
        return _written(folder)
    log.warning("worker-died", status=status, output=said)
    if status > 0:
        return Failure(reason="processing the file fails", retry=False)
    number = signal.Signals(-status)
    if number in _OUT_OF_TIME:
        return _out_of_time(order)
    if number is signal.SIGKILL:
        return _KILLED
    return Failure(reason=f"processing the file crashes the worker ({number.name})", retry=False)


def _written(folder: Path) -> Outcome:
    path = folder / OUTCOME_FILE
    try:
        if path.stat().st_size > MAX_OUTCOME_BYTES:
            return Failure(reason="the worker found out more than is taken", retry=False)
        return msgspec.json.decode(path.read_bytes(), type=Success | Failure)
    except (OSError, ValueError, RecursionError):
        return Failure(reason="the worker ended without an outcome", retry=False)


def _out_of_time(order: Order) -> Failure:
    seconds = f"{order.limits.timeout_s:g}"
    return Failure(reason=f"processing the file takes longer than {seconds} s", retry=False)


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-_LOGGED:].decode("utf-8", "replace")
    except OSError:
        return ""
