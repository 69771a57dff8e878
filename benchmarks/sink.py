"""A child process: the Discord emulator, which takes everything and keeps nothing."""

import asyncio
import tempfile
from pathlib import Path

import uvloop

from benchmarks.process import announce
from discord_emulator.testing import running_emulator

CHANNELS = 10


async def _serve() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running_emulator(
            Path(folder), limits="off", sink=True, channels=CHANNELS
        ) as emulator:
            webhooks = [(str(one.id), one.token, str(one.channel_id)) for one in emulator.webhooks]
            announce(api_url=f"{emulator.base_url}/api/v10", webhooks=webhooks)
            await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
