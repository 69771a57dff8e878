"""Many small files within Discord's limits: the command, the manager, an upload service and an emulator.

Ten channels with Discord's rate limits, in real time. The command sends the files in bundles, as it does by
itself. `messages` has the same in virtual time, for clients that send each file alone as well.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from benchmarks.children import CHANNELS, announcement_of
from benchmarks.harness import Options, Suite, verdict
from benchmarks.live_manager import CATALOG, claim, fleet
from benchmarks.messages import SMALL_FILES, SMALL_SIZE, TARGET_S
from benchmarks.process_figures import CommandFigures
from benchmarks.stores import run_own_command
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator

SLOTS = 4


async def _run(_options: Options) -> str:
    with tempfile.TemporaryDirectory(prefix="benchmark-bundles-") as name:
        folder = Path(name)
        source = folder / "files"
        await asyncio.to_thread(_make_files, source)
        token = await claim(folder / CATALOG)
        async with running_emulator(
            folder / "discord", limits="real", sink=True, channels=CHANNELS
        ) as emulator:
            announced = announcement_of(emulator)
            settings = {"GLOBAL_REQUESTS_PER_S": "50", "SIZE_PROBE_INTERVAL_S": "0"}
            async with fleet(folder, token, announced, slots=SLOTS, settings=settings) as url:
                put = await asyncio.to_thread(
                    run_own_command, url, token, folder, "put", str(source), "/"
                )
            return _report(put, emulator)


def _make_files(folder: Path) -> None:
    folder.mkdir()
    for number in range(SMALL_FILES):
        (folder / f"file-{number:06}.bin").write_bytes(os.urandom(SMALL_SIZE))


def _report(put: CommandFigures, emulator: Emulator) -> str:
    refused = emulator.requests.rate_limited.total()
    lines = [
        f"{SMALL_FILES} files of {SMALL_SIZE // 1024} KiB by `discord-cloud put`, {CHANNELS} channels",
        "",
        f"seconds                {put.wall_s:>6.1f}",
        f"messages               {len(emulator.messages()):>6}",
        f"refused with 429       {refused:>6}",
        f"CPU ms/file of the command {put.cpu_s / SMALL_FILES * 1000:>6.2f}",
        "",
        verdict(f"at most {TARGET_S:g} s", reached=put.wall_s <= TARGET_S),
        verdict("no refusal", reached=not refused),
    ]
    return "\n".join(lines)


BUNDLES = Suite("bundles", "many small files by the command, within Discord's limits", _run)
