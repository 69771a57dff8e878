"""One upload alone, while Discord limits its channels: how many it gets, and how much of them it uses.

Ten channels and four upload processes. The chunks are small, so that Discord's limits decide and not the
machine. Chunks that wait share messages, so messages are what is counted.
"""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.children import CHANNELS as CHANNEL_COUNT
from benchmarks.children import announcement_of
from benchmarks.harness import Options, Suite, verdict
from benchmarks.live_manager import CATALOG, claim, fleet
from client_sdk import Client
from client_sdk.settings import ClientSettings
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator

PROCESSES = 4
SECONDS = 60
CHUNK_BYTES = 64 * 1024
ALLOWED = CHANNEL_COUNT * 30
"""Messages that Discord lets ten channels have in a minute."""
TARGET_PART = 0.9


async def _run(_options: Options) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = await claim(folder / CATALOG)
        async with running_emulator(
            folder / "discord", limits="real", sink=True, channels=CHANNEL_COUNT
        ) as emulator:
            announced = announcement_of(emulator)
            settings = {"CHUNK_SIZE": str(CHUNK_BYTES)}
            async with fleet(
                folder, token, announced, processes=PROCESSES, settings=settings
            ) as url:
                return _report(await _upload(url, token, folder, emulator))


async def _upload(url: str, token: str, folder: Path, emulator: Emulator) -> Counter[int]:
    """Upload for a minute; returns how many messages each channel got meanwhile."""
    source = folder / "large.bin"
    with source.open("wb") as file:
        file.truncate(1024 * CHUNK_BYTES * SECONDS)
    settings = ClientSettings(parallel_uploads=1, chunks_in_flight=8)
    async with Client(url, token, settings=settings) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/large.bin"))
        done, _ = await asyncio.wait({upload}, timeout=SECONDS)
        messages = Counter(message.channel_id for message in emulator.messages())
        if done:
            raise RuntimeError("the upload ended too early to be measured") from upload.exception()
        upload.cancel()
        await asyncio.wait({upload})
    return messages


def _report(messages: Counter[int]) -> str:
    part = messages.total() / ALLOWED
    lines = [
        f"One upload alone for {SECONDS} s, {CHANNEL_COUNT} channels, {PROCESSES} processes",
        "",
        f"channels used          {len(messages):>6}",
        f"messages               {messages.total():>6}",
        f"of what Discord allows {part:>6.0%}",
        "",
        verdict(f"all {CHANNEL_COUNT} channels", reached=len(messages) == CHANNEL_COUNT),
        verdict(f"at least {TARGET_PART:.0%} of the messages", reached=part >= TARGET_PART),
    ]
    return "\n".join(lines)


CHANNELS = Suite("channels", "one upload alone, within Discord's limits", _run)
