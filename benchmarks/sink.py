"""A child process: the Discord emulator, which keeps nothing unless `KEEPS_CONTENT` is set."""

import asyncio
import os
import tempfile
from pathlib import Path

import uvloop

from benchmarks.process import announce
from discord_emulator.testing import running_emulator

CHANNELS = 10


async def _serve() -> None:
    sink = "KEEPS_CONTENT" not in os.environ
    with tempfile.TemporaryDirectory() as folder:
        async with running_emulator(
            Path(folder), limits="off", sink=sink, channels=CHANNELS
        ) as emulator:
            webhooks = [(str(one.id), one.token, str(one.channel_id)) for one in emulator.webhooks]
            announce(api_url=f"{emulator.base_url}/api/v10", webhooks=webhooks)
            await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
