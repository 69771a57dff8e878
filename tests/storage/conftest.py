"""A Discord for the tests, on a clock that jumps to wherever somebody sleeps until."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discord_emulator.emulator import Emulator
from discord_emulator.testing import VirtualClock, running_emulator
from storage.discord.http import DiscordHttp
from storage.discord.routes import WebhookCredentials
from storage.envelope import ENVELOPE_OVERHEAD, SEALING_SLACK, ChunkSealer
from storage.keys import KeyRing, MasterKey


@dataclass
class JumpingTime:
    """A clock and a sleep that ends at once, at the time at which it would have ended."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    slept_s: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Jumps."""
        wake_at = self.clock() + seconds
        self.slept_s.append(seconds)
        await asyncio.sleep(0)
        self.clock.now = max(self.clock.now, wake_at)


@pytest.fixture
def time() -> JumpingTime:
    """Virtual time, shared by the emulator and its clients."""
    return JumpingTime()


@pytest.fixture
async def emulator(tmp_path: Path, time: JumpingTime) -> AsyncIterator[Emulator]:
    """A Discord with two channels, one webhook in each, and a bot."""
    async with running_emulator(
        tmp_path, clock=time.clock, channels=2, bot_token="bot-token", strict_user_agent=True
    ) as running:
        yield running


@pytest.fixture
async def connect(time: JumpingTime) -> AsyncIterator[Callable[..., object]]:
    """Opens a `DiscordHttp` to any address, with virtual time and no luck in the jitter."""
    async with AsyncExitStack() as stack:

        async def open_http(base_url: str, **settings: object) -> DiscordHttp:
            chosen = {
                "give_up_after_s": 120.0,
                "clock": time.clock,
                "wall_clock": time.clock,
                "sleep": time.sleep,
                "rng": lambda: 1.0,
                **settings,
            }
            http = DiscordHttp(api_url=f"{base_url}/api/v10", **chosen)  # type: ignore[arg-type] # any setting
            return await stack.enter_async_context(http)

        yield open_http


@pytest.fixture
async def http(emulator: Emulator, connect: Callable[..., object]) -> DiscordHttp:
    """The way to the emulator."""
    return await connect(emulator.base_url)  # type: ignore[misc, no-any-return] # see `connect`


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., object]]:
    """Runs a handler as a server of its own, for what the emulator cannot stage."""
    async with AsyncExitStack() as stack:

        async def serve_all(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handler)
            server = await stack.enter_async_context(TestServer(app))
            return str(server.make_url("")).rstrip("/")

        yield serve_all


@pytest.fixture
def webhooks(emulator: Emulator) -> list[WebhookCredentials]:
    """The emulator's webhooks."""
    return [WebhookCredentials(*webhook) for webhook in emulator.webhooks]


@pytest.fixture
def keyring() -> KeyRing:
    """One master key."""
    return KeyRing(MasterKey(os.urandom(32)))


@dataclass(frozen=True)
class SealedChunk:
    """A chunk before and after sealing."""

    object_id: uuid.UUID
    index: int
    count: int
    plain: bytes
    content: memoryview


@pytest.fixture
def seal(keyring: KeyRing) -> Callable[..., SealedChunk]:
    """Seals bytes as a chunk."""

    def seal_chunk(plain: bytes, *, index: int = 0, count: int = 1) -> SealedChunk:
        object_id = uuid.uuid4()
        buffer = bytearray(len(plain) + ENVELOPE_OVERHEAD + SEALING_SLACK)
        sealer = ChunkSealer(
            keyring.primary.object_key(object_id), object_id, index, count, memoryview(buffer)
        )
        sealer.update(plain)
        return SealedChunk(object_id, index, count, plain, sealer.finish())

    return seal_chunk
