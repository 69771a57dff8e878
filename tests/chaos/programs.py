"""Server commands as processes of their own, which are killed, frozen and started again."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from cli.main import main; main()")
START_S = 180.0
"""Bounds a start on a busy machine."""
END_S = 90.0
"""Bounds an end: far beyond the grace after which a program that hangs ends itself and prints its stack."""
_LOOK_AGAIN_S = 0.02


def tracebacks_in(log: Path) -> list[str]:
    """The lines of a log at which an exception was printed."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [line for line in lines if "Traceback (most recent call last)" in line]


def free_port() -> int:
    """A port of the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def looks() -> AsyncIterator[None]:
    """Yields again and again, for what can only be looked at; the test's own time limit ends it."""
    never = asyncio.Event()
    while True:
        yield
        with suppress(TimeoutError):
            await asyncio.wait_for(never.wait(), _LOOK_AGAIN_S)


@dataclass(frozen=True)
class LogEntry:
    """What a program has logged.

    Attributes:
        at: When, in seconds since the Unix epoch.
        event: Its name.
        values: What else it says.
    """

    at: float
    event: str
    values: Mapping[str, Any]


@dataclass
class Program:
    """One server command: always on the same port, each start a new process.

    Attributes:
        url: where it serves.
        starts: how often it was started.
        is_up: whether it was started and not ended since.
        command: what runs the arguments.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    log: Path
    starts: int = 0
    process: asyncio.subprocess.Process | None = None
    is_up: asyncio.Event = field(default_factory=asyncio.Event)
    command: tuple[str, ...] = COMMAND

    @property
    def name(self) -> str:
        """What the log of the run calls it."""
        return self.log.stem

    async def start(self) -> None:
        """Starts it, and returns once it is ready. It appends to its log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                *self.arguments,
                env={"PATH": os.environ["PATH"], **self.environment},
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        self.starts += 1
        assert self.process.stdout is not None
        async with asyncio.timeout(START_S):
            ready = await self.process.stdout.readline()
        assert ready.startswith(b"ready"), f"{self.name} does not start: see {self.log}"
        self.is_up.set()

    async def end(self, how: signal.Signals) -> int:
        """Ends it by a signal; returns its exit code."""
        assert self.process is not None
        self.is_up.clear()
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        async with asyncio.timeout(END_S):
            return await self.process.wait()

    def pause(self) -> None:
        """Freezes it: its sockets stay open, and it answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Ends a freeze."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """Ends it at once, if it runs."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def tracebacks(self) -> list[str]:
        """The lines of its logs at which an exception was printed."""
        return tracebacks_in(self.log)

    def logged(self, event: str) -> list[LogEntry]:
        """What it has logged under that name, if `LOG_FORMAT` is `json`."""
        return list(_entries(self.log, event))


@dataclass(frozen=True)
class Server:
    """Something else that is stopped and started again, such as a database.

    Attributes:
        stop: Stops it as a failing machine does; blocks.
        start_again: Starts it; blocks.
    """

    name: str
    stop: Callable[[], None]
    start_again: Callable[[], None]

    async def kill(self) -> None:
        """Ends it."""
        await asyncio.to_thread(self.stop)

    async def start(self) -> None:
        """Starts it again, and returns once it is ready."""
        await asyncio.to_thread(self.start_again)


def _entries(log: Path, event: str) -> Iterator[LogEntry]:
    if not log.exists():
        return
    for line in log.read_text(errors="replace").splitlines():
        # Not a line of the log: what the interpreter prints, or the beginning of one just being written.
        if f'"{event}"' not in line or not (line.startswith("{") and line.endswith("}")):
            continue
        values = json.loads(line)
        if values.get("event") == event:
            at = datetime.fromisoformat(values["timestamp"]).timestamp()
            yield LogEntry(at, event, values)
