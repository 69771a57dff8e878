"""Runs worker processes, watches them, and kills those that do not end themselves.

Each job has a process of its own. It is forked, but not from the service, which has secrets in its
memory, threads and an event loop: from a fork server that was started afresh.
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

from processing_service.errors import OutputInvalid, SandboxMissing
from processing_service.sandbox import SandboxReport
from processing_service.work_order import (
    LOG_FILE,
    MAX_OUTCOME_BYTES,
    ORDER_FILE,
    OUTCOME_FILE,
    OUTPUT_FOLDER,
    WorkerFailure,
    WorkerOutcome,
    WorkerSuccess,
    WorkOrder,
    open_output,
)

GRACE_S: Final = 2.0
"""Seconds beyond its time limit, for the fork server's start and the worker's own timer."""
_LOGGED: Final = 4000
_OUT_OF_TIME: Final = frozenset({signal.SIGXCPU, signal.SIGALRM})
_KILLED: Final = WorkerFailure(reason="the worker was killed by the system", retry=True)
"""The service did not do it: the machine ran out of memory, which depends little on the file."""

log = structlog.get_logger(__name__)


class WorkerPool:
    """Worker processes, as many at a time as there are callers.

    Args:
        temp_folder: where the folders of jobs are.
        require_sandbox: whether nothing is decoded where the sandbox is incomplete.
    """

    def __init__(self, temp_folder: Path, *, require_sandbox: bool = False) -> None:
        self._temp_folder = temp_folder
        self._require_sandbox = require_sandbox
        self._idle: list[_ForkServer] = []

    async def start(self) -> SandboxReport:
        """Start what the first job needs, and return what restricts workers.

        Raises:
            SandboxMissing: not all that is required does.
            OSError: no worker can be started.
        """
        async with self._fork_server() as server:
            return server.sandbox

    async def run(self, order: WorkOrder, folder: Path) -> WorkerOutcome:
        """Have a worker process carry out an order, and return the outcome.

        When this is cancelled the worker is killed.

        Args:
            order: what the worker has to do.
            folder: the folder of the job, with the input in it.

        Raises:
            OSError: no process can be started, or the folder cannot be used.
            SandboxMissing: the sandbox is required and incomplete.
        """
        (folder / OUTPUT_FOLDER).mkdir(mode=0o700, exist_ok=True)
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

    async def close(self) -> None:
        """Kill the fork servers that wait for another job."""
        for server in self._idle:
            if server.is_running:
                await server.kill()
        self._idle.clear()

    @asynccontextmanager
    async def _fork_server(self) -> AsyncIterator["_ForkServer"]:
        """A fork server for this job alone; it is killed with its worker when the job is cancelled."""
        server = await self._idle_or_new()
        try:
            yield server
        except BaseException:
            await server.kill()
            raise
        self._idle.append(server)

    async def _idle_or_new(self) -> "_ForkServer":
        while self._idle:
            server = self._idle.pop()
            if server.is_running:
                return server
        server = await _ForkServer.start(self._temp_folder)
        if self._require_sandbox and not server.sandbox.is_complete:
            await server.kill()
            lacking = ", ".join(server.sandbox.missing)
            raise SandboxMissing(f"the sandbox of workers is incomplete here: {lacking}")
        return server


class _ForkServerLost(Exception):
    """The fork server has ended, so that nothing watches its worker any more."""


@dataclass(frozen=True, slots=True)
class _ForkServer:
    process: asyncio.subprocess.Process
    folders: asyncio.StreamWriter
    statuses: asyncio.StreamReader
    sandbox: SandboxReport

    @classmethod
    async def start(cls, temp_folder: Path) -> "_ForkServer":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "processing_service.worker", str(temp_folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        if process.stdin is None or process.stdout is None:
            raise OSError("the fork server has no input and output")
        try:
            report = msgspec.json.decode(await process.stdout.readline(), type=SandboxReport)
        except BaseException as error:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, ValueError | RecursionError):
                raise OSError("the fork server did not start; the log has the reason") from error
            raise
        return cls(process, process.stdin, process.stdout, report)

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    async def fork(self, folder: Path) -> int:
        """Fork a worker for the job in a folder; return the exit status, negative for a signal.

        Raises:
            _ForkServerLost: the fork server has ended.
        """
        with suppress(ConnectionError):  # the end of its output shows that it has ended
            self.folders.write(msgspec.json.encode(str(folder)) + b"\n")
            await self.folders.drain()
        line = await self.statuses.readline()
        if not line:
            raise _ForkServerLost
        return int(line)

    async def kill(self) -> None:
        """Kill the process group: the fork server, its worker, and what that has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


def _environment() -> dict[str, str]:
    """Without any secret of the service; Python finds modules where the service does."""
    folders = (str(Path(folder).resolve()) for folder in sys.path)
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(folders),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Each arena reserves address space, which is limited.
        "MALLOC_ARENA_MAX": "2",
    }


def _outcome(status: int, order: WorkOrder, folder: Path) -> WorkerOutcome:
    output = _log_of(folder)
    if status == 0:
        if output:
            log.info("worker-output", output=output)
        return _read_outcome(folder)
    log.warning("worker-died", status=status, output=output)
    if status > 0:
        return WorkerFailure(reason="processing the file fails", retry=False)
    number = signal.Signals(-status)
    if number in _OUT_OF_TIME:
        return _out_of_time(order)
    if number is signal.SIGKILL:
        return _KILLED
    return WorkerFailure(
        reason=f"processing the file crashes the worker ({number.name})", retry=False
    )


def _read_outcome(folder: Path) -> WorkerOutcome:
    try:
        with open_output(folder, OUTCOME_FILE) as file:
            written = file.read(MAX_OUTCOME_BYTES + 1)
        if len(written) > MAX_OUTCOME_BYTES:
            return WorkerFailure(reason="the worker found out more than is taken", retry=False)
        return msgspec.json.decode(written, type=WorkerSuccess | WorkerFailure)
    except (OutputInvalid, OSError, ValueError, RecursionError):
        return WorkerFailure(reason="the worker ended without an outcome", retry=False)


def _out_of_time(order: WorkOrder) -> WorkerFailure:
    seconds = f"{order.limits.timeout_s:g}"
    return WorkerFailure(reason=f"processing the file takes longer than {seconds} s", retry=False)


def _log_of(folder: Path) -> str:
    """The end of what the worker has printed."""
    try:
        with open_output(folder, LOG_FILE) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOGGED))
            return file.read(_LOGGED).decode("utf-8", "replace")
    except (OutputInvalid, OSError):
        return ""
