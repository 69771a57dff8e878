"""A whole discord-cloud of real processes that are killed, stopped, frozen and started again."""

import asyncio
import base64
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from cli.main import main; main()")
START_S = 180.0
"""Bounds a start on a busy machine."""
END_S = 90.0
"""Bounds an end: far beyond the grace after which a program that hangs ends itself and prints its stack."""
GRACE_S = 30.0
"""Bounds a stop on a busy machine; one that has nothing to wait for takes a moment."""
CHANNELS = 8
SLOTS = 3
CHUNKS_IN_FLIGHT = 2
CHUNK_SIZE = 20_000
HOLD_S = 20.0
"""How long the manager keeps what nobody finishes, and waits for a catalog that is away."""
BOT_TOKEN = "bot"


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


@dataclass
class Program:
    """One server command: always on the same port, each start a new process.

    Attributes:
        url: where it serves.
        starts: how often it was started.
        is_up: whether it was started and not ended since.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    log: Path
    starts: int = 0
    process: asyncio.subprocess.Process | None = None
    is_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """What the log of the run calls it."""
        return self.log.stem

    async def start(self) -> None:
        """Starts it, and returns once it is ready. It appends to its log."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *COMMAND,
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


@dataclass
class Cluster:
    """One Discord, one manager and two upload services."""

    discord: Program
    manager: Program
    services: tuple[Program, ...]
    http: aiohttp.ClientSession

    @property
    def programs(self) -> tuple[Program, ...]:
        """All of them, in the order of their starts."""
        return (self.discord, self.manager, *self.services)

    async def order_fault(self, **fault: object) -> None:
        """Has the emulated Discord fail."""
        url = f"{self.discord.url}/emulator/faults"
        async with self.http.post(url, json=fault) as answer:
            assert answer.status < 300, await answer.text()

    async def clear_faults(self) -> None:
        """Has the emulated Discord work again; requests that wait at a fault go on."""
        async with self.http.delete(f"{self.discord.url}/emulator/faults") as answer:
            assert answer.status < 300, await answer.text()

    async def messages(self) -> set[int]:
        """The ids of all messages that lie on the emulated Discord."""
        webhooks = (Path(self.discord.environment["EMULATOR_DATA"]) / "webhook-urls").read_text()
        found: set[int] = set()
        for webhook in webhooks.split():
            channel = (await self._ask_discord(webhook))["channel_id"]
            found |= await self._messages_of(channel)
        return found

    async def _messages_of(self, channel: str) -> set[int]:
        url = f"{self.discord.url}/api/v10/channels/{channel}/messages"
        headers = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (test, 1)"}
        found: set[int] = set()
        while True:
            after = str(max(found, default=0))
            query = {"limit": "100", "after": after}
            page = await self._ask_discord(url, params=query, headers=headers)
            if not page:
                return found
            found |= {int(message["id"]) for message in page}

    async def _ask_discord(self, url: str, **options: Any) -> Any:
        """What the emulated Discord answers, within its rate limits."""
        while True:
            async with self.http.get(url, **options) as answer:
                told = await answer.json()
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                assert answer.status == HTTPStatus.OK, told
                return told
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), told["retry_after"])


@asynccontextmanager
async def running_cluster(
    folder: Path, catalog: Mapping[str, str], *, has_rate_limits: bool = False
) -> AsyncIterator[Cluster]:
    """Starts everything; what still runs at the end is killed.

    Args:
        folder: for data and logs.
        catalog: the manager's settings of its catalog.
        has_rate_limits: whether Discord has its own; then chunks that wait for them share messages.
    """
    password, key = secrets.token_urlsafe(), base64.b64encode(secrets.token_bytes(32)).decode()
    common = {"STOP_GRACE_S": str(GRACE_S), "LOG_FORMAT": "json", "HOME": str(folder)}
    port = free_port()
    discord = Program(
        ("emulator",),
        common
        | {
            "EMULATOR_PORT": str(port),
            "EMULATOR_DATA": str(folder / "discord"),
            "EMULATOR_LIMITS": "real" if has_rate_limits else "off",
            "EMULATOR_CHANNELS": str(CHANNELS),
            "EMULATOR_FAULT_CONTROL": "true",
            "EMULATOR_BOT_TOKEN": BOT_TOKEN,
        },
        f"http://127.0.0.1:{port}",
        folder / "discord.log",
    )
    port = free_port()
    manager = Program(
        ("manager",),
        common
        | {
            "MANAGER_PORT": str(port),
            "SERVICE_PASSWORD": password,
            "MESSAGE_ENCRYPTION_KEY": key,
            "DISCORD_API_URL": f"{discord.url}/api/v10",
            "GLOBAL_REQUESTS_PER_S": "50" if has_rate_limits else "100000",
            "CHUNK_SIZE": str(CHUNK_SIZE),
            "SETUP_CODE": "none",
            "UPLOAD_HOLD_S": str(HOLD_S),
            "REAPER_INTERVAL_S": "1",
            "GC_GRACE_S": "0",
            # What no file has goes at once, so that what has leaked is seen.
            "TRASH_DAYS": "0",
            "VERSIONS": "0",
            **catalog,
        },
        f"http://127.0.0.1:{port}",
        folder / "manager.log",
    )
    services = tuple(_service(folder, number, common, manager.url, password) for number in (1, 2))
    async with aiohttp.ClientSession() as http:
        cluster = Cluster(discord, manager, services, http)
        try:
            await discord.start()
            webhooks = (folder / "discord" / "webhook-urls").read_text()
            manager.environment = {**manager.environment, "DISCORD_WEBHOOKS": webhooks}
            for program in (manager, *services):
                await program.start()
            yield cluster
        finally:
            for program in cluster.programs:
                await program.kill()


def _service(
    folder: Path, number: int, common: Mapping[str, str], manager_url: str, password: str
) -> Program:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **common,
        "MANAGER_ADDRESS": manager_url,
        "SERVICE_PASSWORD": password,
        "OWN_ADDRESS": f"{url}/",
        "PORT": str(port),
        "SLOTS": str(SLOTS),
        "CHUNKS_IN_FLIGHT": str(CHUNKS_IN_FLIGHT),
        "DRAIN_GRACE_S": str(GRACE_S),
        "REPORTS_FOLDER": str(folder / f"reports-{number}"),
    }
    return Program(("upload-service",), environment, url, folder / f"service-{number}.log")
