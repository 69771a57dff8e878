"""How long it takes until the last of many clients has heard of a change."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.live_manager import LiveManager, claim, live_manager
from benchmarks.process import Child, child, cores
from benchmarks.suite import Options, Suite
from client_sdk.connection import Connection
from protocol import c2s, generic

CLIENTS = (10, 100, 1_000)
CHANGES = 20
TARGET_MS = 250.0


@dataclass(frozen=True, slots=True)
class _Figures:
    """Medians of several changes, in milliseconds; `cpu_ms` is the manager's for one change."""

    first_ms: float
    last_ms: float
    cpu_ms: float
    rss_mib: float


async def _run(options: Options) -> str:
    server_cores, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    figures: dict[int, _Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "catalog.sqlite3"
        token = await claim(database)
        async with child("benchmarks.sink", other_cores, {}) as discord:
            for clients in CLIENTS:
                async with live_manager(database, token, discord, server_cores) as manager:
                    environment = {"CLIENT_URL": manager.client_url(), "CLIENTS": str(clients)}
                    async with child("benchmarks.listeners", other_cores, environment) as crowd:
                        figures[clients] = await _measure(
                            manager, crowd, clients, options.rounds * CHANGES
                        )
    return _report(figures)


async def _measure(manager: LiveManager, crowd: Child, clients: int, changes: int) -> _Figures:
    first_ms, last_ms = [], []
    async with manager.client() as actor:
        cpu_s = manager.process.cpu_s()
        for change in range(changes):
            first_at, last_at = await _change(actor, crowd, f"/{clients}-{change}")
            first_ms.append(first_at)
            last_ms.append(last_at)
        cpu_s = manager.process.cpu_s() - cpu_s
    return _Figures(
        median(first_ms),
        median(last_ms),
        cpu_s * 1000 / changes,
        manager.process.peak_rss_mib(),
    )


async def _change(actor: Connection, crowd: Child, path: str) -> tuple[float, float]:
    """Makes a folder; milliseconds until the first and the last client have heard of it."""
    began_at = time.monotonic()
    made = await actor.request(c2s.CreateFolder(path=path), generic.Boolean)
    assert isinstance(made, generic.Boolean)
    assert made.success, made.message
    # Both clocks are the machine's own.
    first, last = await crowd.announced(), await crowd.announced()
    assert first["path"] == last["path"] == path
    return (first["first_at"] - began_at) * 1000, (last["last_at"] - began_at) * 1000


def _report(figures: dict[int, _Figures]) -> str:
    lines = [
        "Broadcasts: from create-folder until everybody has heard of it, medians",
        "",
        (
            f"{'clients':>8}{'first ms':>11}{'last ms':>11}{'manager CPU ms':>17}"
            f"{'µs a client':>13}{'peak RSS MiB':>14}"
        ),
    ]
    for clients, each in figures.items():
        lines.append(
            f"{clients:>8,}{each.first_ms:>11.1f}{each.last_ms:>11.1f}{each.cpu_ms:>17.1f}"
            f"{each.cpu_ms * 1000 / clients:>13.0f}{each.rss_mib:>14.0f}"
        )
    largest = max(figures)
    reached = "reached" if figures[largest].last_ms <= TARGET_MS else "MISSED"
    verdict = f"{reached}: the last of {largest:,} clients within {TARGET_MS:.0f} ms"
    return "\n".join([*lines, "", verdict])


BROADCASTS = Suite("broadcasts", "a change told to up to 1 000 clients", _run)
