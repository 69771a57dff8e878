"""`discord-cloud up`, or a manager alone, as a process of its own."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from client_sdk.client import Client
from discord_emulator.emulator import Emulator
from tests.manager.sockets.stage import KEY, PASSWORD, SERVICE_PASSWORD
from tests.system.whole import CHUNK_SIZE, User, visiting_user

START_S = 90.0
"""Bounds starting and stopping on a busy machine; how long either may take is not tested by it."""
COMMAND = (sys.executable, "-c", "from cli.main import main; main()")


@dataclass
class Server:
    """A running process and its address; `log` is all that it logs, once it has ended."""

    process: asyncio.subprocess.Process
    url: str
    log: asyncio.Task[bytes]

    async def kill(self) -> None:
        """Ends it without any chance to tidy up."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Asks it to stop; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(START_S):
            return await self.process.wait()

    def limit_files(self, size: int) -> None:
        """No file can grow beyond `size` bytes: what it writes fails as on a full disk."""
        pid = self.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))

    async def register(self) -> str:
        """Registers alice and logs her in."""
        async with Client(self.url) as cloud:
            await cloud.register("alice", PASSWORD)
            return await cloud.login("alice", PASSWORD)

    @asynccontextmanager
    async def user(self, token: str) -> AsyncIterator[User]:
        """Alice, with one service booked."""
        async with visiting_user(self.url, token) as user:
            if not await user.peer.book(1):
                await user.booking_changed(1)
            yield user


def up(data: Path, *options: str, **environment: str) -> AbstractAsyncContextManager[Server]:
    """`discord-cloud up` on a data folder, until the end of the context at the latest."""
    arguments = ("up", "--port", "0", "--data", str(data), "--slots", "1")
    return program(*arguments, *options, **environment)


def manager(emulator: Emulator, **environment: str) -> AbstractAsyncContextManager[Server]:
    """`discord-cloud manager` on an emulator, until the end of the context at the latest."""
    settings = {
        "MANAGER_PORT": "0",
        "SERVICE_PASSWORD": SERVICE_PASSWORD,
        "MESSAGE_ENCRYPTION_KEY": KEY,
        "DISCORD_WEBHOOKS": " ".join(emulator.webhook_urls()),
        "DISCORD_API_URL": f"{emulator.public_url}/api/v10",
        "GLOBAL_REQUESTS_PER_S": "100000",
    }
    return program("manager", **{**settings, **environment})


@asynccontextmanager
async def program(*arguments: str, **environment: str) -> AsyncIterator[Server]:
    """A server command, until the end of the context at the latest."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env={
            **os.environ,
            "CHUNK_SIZE": str(CHUNK_SIZE),
            "SETUP_CODE": "none",
            **environment,
        },
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    log = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(START_S):
            ready = (await process.stdout.readline()).decode().split()
        assert ready[:1] == ["ready"], ready
        yield Server(process, ready[1], log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await log
