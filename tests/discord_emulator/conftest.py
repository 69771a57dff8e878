"""An emulator that runs, and the few calls that most tests make."""

import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from discord_emulator.emulator import Emulator
from discord_emulator.testing import VirtualClock, running_emulator

USER_AGENT = "DiscordBot (https://example.org/discord-cloud, 1.0)"


class Caller:
    """Talks to one webhook of an emulator as a client would."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url

    async def post(self, *contents: bytes, wait: str = "true", **options: Any) -> tuple[int, Any]:
        """Posts files; returns status and JSON (None for an empty answer)."""
        form = aiohttp.FormData()
        for index, content in enumerate(contents):
            form.add_field(f"files[{index}]", io.BytesIO(content), filename=f"{index}.bin")
        return await self.call("POST", "", data=form, params={"wait": wait}, **options)

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Sends a request below the webhook's URL; returns status and JSON."""
        async with self.http.request(method, self.url + path, **options) as response:
            body = await response.read()
            return response.status, (await response.json() if body else None)

    async def get(self, url: str, **headers: str) -> tuple[int, bytes]:
        """Fetches a URL; returns status and body."""
        async with self.http.get(url, headers=headers) as response:
            return response.status, await response.read()


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still."""
    return VirtualClock()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the User-Agent that Discord asks for."""
    async with aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}) as session:
        yield session


@pytest.fixture
async def emulator(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[Emulator]:
    """An emulator without limits."""
    async with running_emulator(tmp_path, clock=clock, limits="off", bot_token="bot") as running:
        yield running


@pytest.fixture
async def limited(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[Emulator]:
    """An emulator with Discord's limits."""
    async with running_emulator(tmp_path, clock=clock, bot_token="bot") as running:
        yield running


@pytest.fixture
def caller(emulator: Emulator, http: aiohttp.ClientSession) -> Caller:
    """A client of the unlimited emulator's webhook."""
    return Caller(http, emulator.webhook_urls()[0])


@pytest.fixture
def calling(http: aiohttp.ClientSession) -> Callable[..., Caller]:
    """Makes clients of any emulator's webhook."""

    def make(emulator: Emulator, index: int = 0) -> Caller:
        return Caller(http, emulator.webhook_urls()[index])

    return make
