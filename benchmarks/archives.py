"""What sending a folder as an archive costs the manager, beside sending the same files one by one."""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aiohttp import ClientSession, ClientTimeout

from benchmarks.live_manager import LiveManager, claim, live_manager
from benchmarks.process import Child, child, cores
from benchmarks.storing import Store
from benchmarks.suite import GIB, MIB, Options, Suite
from catalog.sqlite.adapter import SqliteCatalog
from storage.discord.http import DiscordHttp
from storage.discord.routes import WebhookCredentials
from storage.pool import WebhookPool

LARGE_FILES = 4
SMALL_FILES = 1_000
SMALL_SIZE = 1_000
TARGET_RATIO = 1.35
TARGET_RSS_MIB = 160


@dataclass(frozen=True, slots=True)
class _Figures:
    """One run, or the medians of several."""

    taken_s: float
    cpu_s: float
    sent_bytes: float
    peak_rss_mib: float


async def _run(options: Options) -> str:
    server_cores, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    runs: dict[str, list[_Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "catalog.sqlite3"
        token = await claim(database)
        async with child("benchmarks.sink", other_cores, {"KEEPS_CONTENT": "1"}) as discord:
            await _fill(database, discord, options.mib * MIB // LARGE_FILES)
            for _ in range(options.rounds):
                for name, requests in _REQUESTS.items():
                    async with live_manager(database, token, discord, server_cores) as manager:
                        runs.setdefault(name, []).append(await _measure(manager, requests))
    return _report({name: _medians(figures) for name, figures in runs.items()})


_SINGLE, _LARGE, _SMALL = "files one by one", "archive of the same files", "archive of small files"
_REQUESTS: dict[str, list[str]] = {
    _SINGLE: [f"/download?path=/large&name={n}" for n in range(LARGE_FILES)],
    _LARGE: ["/bulk-download?path=/large"],
    _SMALL: ["/bulk-download?path=/small"],
}


async def _fill(database: Path, discord: Child, large_size: int) -> None:
    facts = discord.announcement
    async with (
        SqliteCatalog.open(database) as catalog,
        DiscordHttp(api_url=facts["api_url"]) as http,
    ):
        pool = WebhookPool(http, lambda _id, _reason: None)
        pool.set_webhooks(
            WebhookCredentials(int(id_), token, int(channel))
            for id_, token, channel in facts["webhooks"]
        )
        store = Store(catalog, pool)
        for number in range(LARGE_FILES):
            await store.put("large", str(number), large_size)
        for number in range(SMALL_FILES):
            await store.put("small", str(number), SMALL_SIZE)


async def _measure(manager: LiveManager, requests: Sequence[str]) -> _Figures:
    headers = {"Authorization": f"Bearer {manager.token}"}
    received = 0
    async with ClientSession(
        manager.url, headers=headers, timeout=ClientTimeout(), read_bufsize=MIB
    ) as http:
        cpu_s, began_at = manager.process.cpu_s(), time.monotonic()
        for request in requests:
            async with http.get(request) as response:
                assert response.status == 200, await response.text()
                async for piece in response.content.iter_any():
                    received += len(piece)
        taken_s, cpu_s = time.monotonic() - began_at, manager.process.cpu_s() - cpu_s
    return _Figures(taken_s, cpu_s, received, manager.process.peak_rss_mib())


def _medians(runs: list[_Figures]) -> _Figures:
    return _Figures(
        median(run.taken_s for run in runs),
        median(run.cpu_s for run in runs),
        median(run.sent_bytes for run in runs),
        median(run.peak_rss_mib for run in runs),
    )


def _report(medians: dict[str, _Figures]) -> str:
    head = f"{'':26}{'MB/s':>8}{'CPU s/GiB':>12}{'peak RSS MiB':>14}"
    lines = ["Downloads from the manager, decrypted and checked", "", head]
    single, archive, small = (medians[name] for name in _REQUESTS)
    for name, each in ((_SINGLE, single), (_LARGE, archive)):
        lines.append(
            f"{name:26}{each.sent_bytes / each.taken_s / 1e6:>8.0f}"
            f"{each.cpu_s * GIB / each.sent_bytes:>12.2f}{each.peak_rss_mib:>14.0f}"
        )
    lines.append(
        f"{_SMALL:26}{SMALL_FILES / small.taken_s:>8.0f} files/s, "
        f"{small.cpu_s / SMALL_FILES * 1000:.2f} ms of CPU each"
    )
    ratio = archive.cpu_s / single.cpu_s
    return "\n".join(
        [
            *lines,
            "",
            f"{_mark(ratio <= TARGET_RATIO)}: CPU of an archive at most {TARGET_RATIO} of its files",
            f"{_mark(archive.peak_rss_mib < TARGET_RSS_MIB)}: peak RSS below {TARGET_RSS_MIB} MiB",
        ]
    )


def _mark(reached: bool) -> str:
    return "reached" if reached else "MISSED"


ARCHIVES = Suite("archives", "folders sent as zip archives", _run)
