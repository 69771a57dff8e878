"""How long it takes until the last of many clients has received a change."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.harness import ChildName, ChildProcess, Options, Suite, child, cores, verdict
from benchmarks.live_manager import LiveManager, claim, live_manager
from client_sdk.connection import Connection
from protocol import c2s, generic

CLIENTS = ((10, 0), (100, 0), (1_000, 0), (1_000, 50))
"""How many clients count a change, and how many more are connected that read nothing."""
LARGEST = 1_000
CHANGES = 20
TARGET_MS = 250.0


@dataclass(frozen=True, slots=True)
class _BroadcastFigures:
    """Medians of several changes, in milliseconds; `cpu_ms` is the manager's for one change."""

    first_ms: float
    last_ms: float
    cpu_ms: float
    rss_mib: float


async def _run(options: Options) -> str:
    server_cores, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    figures: dict[tuple[int, int], _BroadcastFigures] = {}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "catalog.sqlite3"
        token = await claim(database)
        async with child(ChildName.DISCORD, other_cores, {}) as discord:
            for clients, silent in CLIENTS:
                async with live_manager(
                    database, token, discord.announcement, server_cores
                ) as manager:
                    environment = {
                        "CLIENT_URL": manager.client_url(),
                        "CLIENTS": str(clients),
                        "SILENT": str(silent),
                    }
                    async with child(ChildName.LISTENERS, other_cores, environment) as crowd:
                        figures[clients, silent] = await _measure(
                            manager, crowd, f"{clients}-{silent}", options.rounds * CHANGES
                        )
    return _report(figures)


async def _measure(
    manager: LiveManager, crowd: ChildProcess, name: str, changes: int
) -> _BroadcastFigures:
    first_ms, last_ms = [], []
    async with manager.client() as actor:
        cpu_s = manager.process.cpu_s()
        for change in range(changes):
            first_at, last_at = await _change(actor, crowd, f"/{name}-{change}")
            first_ms.append(first_at)
            last_ms.append(last_at)
        cpu_s = manager.process.cpu_s() - cpu_s
    return _BroadcastFigures(
        median(first_ms),
        median(last_ms),
        cpu_s * 1000 / changes,
        manager.process.peak_rss_mib(),
    )


async def _change(actor: Connection, crowd: ChildProcess, path: str) -> tuple[float, float]:
    """Make a folder; return the milliseconds until the first and the last client know of it."""
    began_at = time.monotonic()
    made = await actor.request(c2s.CreateFolder(path=path), generic.Boolean)
    assert isinstance(made, generic.Boolean)
    assert made.success, made.message
    # Both clocks are the machine's own.
    first, last = await crowd.announced(), await crowd.announced()
    assert first["path"] == last["path"] == path
    return (first["first_at"] - began_at) * 1000, (last["last_at"] - began_at) * 1000


def _report(figures: dict[tuple[int, int], _BroadcastFigures]) -> str:
    lines = [
        "Broadcasts: from create-folder until all clients have received it, medians",
        "",
        (
            f"{'clients':>8}{'silent':>8}{'first ms':>11}{'last ms':>11}{'manager CPU ms':>17}"
            f"{'µs a client':>13}{'peak RSS MiB':>14}"
        ),
    ]
    for (clients, silent), each in figures.items():
        lines.append(
            f"{clients:>8,}{silent:>8}{each.first_ms:>11.1f}{each.last_ms:>11.1f}{each.cpu_ms:>17.1f}"
            f"{each.cpu_ms * 1000 / clients:>13.0f}{each.rss_mib:>14.0f}"
        )
    slowest_ms = max(figures[each].last_ms for each in CLIENTS if each[0] == LARGEST)
    target = f"the last of {LARGEST:,} clients within {TARGET_MS:.0f} ms, silent ones or not"
    return "\n".join([*lines, "", verdict(target, reached=slowest_ms <= TARGET_MS)])


BROADCASTS = Suite("broadcasts", "a change sent to up to 1 000 clients", _run)
