"""The memory of an idle `up`: when it is new, after many files went in, and with very many stored."""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.filling import fill_with_files
from benchmarks.harness import Options, Suite, verdict
from benchmarks.stores import DiscordCloud, discord_cloud

BATCHES = 5
SMALL_FILE_BYTES = 2048
STORED_FILES = 100_000
TARGET_GROWTH_MIB = 8
"""What may be kept more after the last batch than after the one before: caches are full by then."""
_SETTLE_S = 2.0


async def _run(options: Options) -> str:
    return await asyncio.to_thread(_measured, options)


def _measured(options: Options) -> str:
    rows: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-memory-") as name:
        folder = Path(name)
        with discord_cloud(folder / "up") as store:
            rows.append(("new, no file", _idle_mib(store)))
            for number in range(BATCHES):
                with _files(folder / f"batch-{number}", options.files // BATCHES) as batch:
                    store.put(batch)
                    store.get(batch.name, folder / "fetched")
                shutil.rmtree(folder / "fetched")
                count = options.files // BATCHES * (number + 1)
                rows.append((f"{count} files put and fetched", _idle_mib(store)))
        fill_with_files(folder / "up" / "data" / "catalog.sqlite3", "many", STORED_FILES)
        with discord_cloud(folder / "up") as store:
            rows.append((f"started with {STORED_FILES} more", _idle_mib(store)))
            store.list_folder("many")
            rows.append(("those listed once", _idle_mib(store)))
            store.list_folder("many")
            rows.append(("those listed twice", _idle_mib(store)))
    return _report(rows)


@contextlib.contextmanager
def _files(folder: Path, count: int) -> Iterator[Path]:
    folder.mkdir()
    for number in range(count):
        (folder / f"file-{number:06}.bin").write_bytes(os.urandom(SMALL_FILE_BYTES))
    yield folder
    shutil.rmtree(folder)


def _idle_mib(store: DiscordCloud) -> float:
    time.sleep(_SETTLE_S)
    return store.server.rss_mib()


def _report(rows: list[tuple[str, float]]) -> str:
    lines = ["Resident memory of an idle `up`, with its workers", "", f"{'':36}{'MiB':>8}"]
    lines += [f"{name:36}{mib:>8.0f}" for name, mib in rows]
    growth = rows[BATCHES][1] - rows[BATCHES - 1][1]
    claim = f"at most {TARGET_GROWTH_MIB} MiB more after the last batch than after the one before"
    return "\n".join([*lines, "", verdict(claim, reached=growth <= TARGET_GROWTH_MIB)])


MEMORY = Suite("memory", "memory of an idle `up`, and whether it grows with files", _run)
