"""A real OpenID provider on loopback: npm's `oidc-provider`, in a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession

SCRIPT = Path(__file__).parent / "provider.js"
CLIENT_ID = "discord-cloud"
CLIENT_SECRET = "a secret+of/the client"


@dataclass(frozen=True)
class RunningProvider:
    """The provider, and what tests change about it."""

    url: str
    http: ClientSession

    async def change(self, **wanted: object) -> None:
        """Changes `redirect_uri` (and all keys), `account` or `failing`."""
        async with self.http.post(f"{self.url}/control", json=wanted) as response:
            assert response.status == 204


@asynccontextmanager
async def running_provider() -> AsyncIterator[RunningProvider]:
    """Runs the provider, until the context is left."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        assert url, "the provider did not start: run `npm ci`"
        async with ClientSession() as http:
            yield RunningProvider(url, http)
    finally:
        process.stdin.close()
        await process.wait()
