"""How long it takes until the clients of three managers have all received a change that one of them made.

Supabase is the local one, NATS runs beside it; everything shares the cores of this machine.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.harness import ChildName, ChildProcess, Options, Suite, child, verdict
from benchmarks.live_manager import LiveManager, claim_catalog, live_manager
from catalog.supabase.adapter import SupabaseCatalog
from client_sdk.connection import Connection
from local_supabase.nats_server import running_nats
from local_supabase.stack import LocalSupabase, running_supabase
from protocol import c2s, generic

MANAGERS = 3
CLIENTS = 10_002
CHANGES = 10
TARGET_MS = 1000.0


@dataclass(frozen=True, slots=True)
class _ClusterFigures:
    """Of one change: milliseconds until the last client of each manager has it, and CPU of all managers."""

    last_ms: Sequence[float]
    cpu_ms: float


async def _run(options: Options) -> str:
    every_core = frozenset(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory() as folder,
        running_nats(Path(folder)) as nats,
        running_supabase() as supabase,
    ):
        async with AsyncExitStack() as stack:
            discord = await stack.enter_async_context(child(ChildName.DISCORD, every_core, {}))
            async with SupabaseCatalog.open(supabase.url, supabase.service_key) as catalog:
                token = await claim_catalog(catalog)
            opening = _managers(supabase, nats.url(), token, discord, every_core)
            managers = await stack.enter_async_context(opening)
            began_at = time.monotonic()
            crowds = await asyncio.gather(
                *(stack.enter_async_context(_crowd(manager, every_core)) for manager in managers)
            )
            connected_s = time.monotonic() - began_at
            changes = [
                await _change(managers, crowds, number)
                for number in range(CHANGES * options.rounds)
            ]
    return _report(changes, connected_s)


@asynccontextmanager
async def _managers(
    supabase: LocalSupabase,
    cluster_url: str,
    token: str,
    discord: ChildProcess,
    every_core: frozenset[int],
) -> AsyncIterator[list[LiveManager]]:
    settings = {
        "SUPABASE_URL": supabase.url,
        "SUPABASE_KEY": supabase.service_key,
        "CLUSTER_URL": cluster_url,
    }
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                live_manager(Path(os.devnull), token, discord.announcement, every_core, **settings)
            )
            for _ in range(MANAGERS)
        ]


def _crowd(
    manager: LiveManager, every_core: frozenset[int]
) -> AbstractAsyncContextManager[ChildProcess]:
    environment = {
        "CLIENT_URL": manager.client_url(),
        "CLIENTS": str(CLIENTS // MANAGERS),
        "SILENT": "0",
    }
    return child(ChildName.LISTENERS, every_core, environment)


async def _change(
    managers: Sequence[LiveManager], crowds: Sequence[ChildProcess], number: int
) -> _ClusterFigures:
    """Make a folder at one of the managers."""
    async with managers[number % MANAGERS].client() as actor:
        cpu_s = sum(manager.process.cpu_s() for manager in managers)
        began_at = time.monotonic()
        last_at = await asyncio.gather(
            _made(actor, f"/{number}"), *(_received(crowd, f"/{number}") for crowd in crowds)
        )
        cpu_s = sum(manager.process.cpu_s() for manager in managers) - cpu_s
    return _ClusterFigures([(each - began_at) * 1000 for each in last_at[1:]], cpu_s * 1000)


async def _made(actor: Connection, path: str) -> float:
    made = await actor.request(c2s.CreateFolder(path=path), generic.Boolean)
    assert isinstance(made, generic.Boolean)
    assert made.success, made.message
    return time.monotonic()


async def _received(crowd: ChildProcess, path: str) -> float:
    """When the last client of one manager has received the change."""
    first, last = await crowd.announced(), await crowd.announced()
    assert first["path"] == last["path"] == path
    last_at: float = last["last_at"]
    return last_at


def _report(changes: Sequence[_ClusterFigures], connected_s: float) -> str:
    slowest_ms = [max(change.last_ms) for change in changes]
    lines = [
        f"Cluster: from create-folder until {CLIENTS:,} clients of {MANAGERS} managers have received it",
        "",
        f"{'changes':>8}{'median ms':>11}{'slowest ms':>12}{'managers CPU ms':>17}{'connected in s':>16}",
        (
            f"{len(changes):>8}{median(slowest_ms):>11.0f}{max(slowest_ms):>12.0f}"
            f"{median(change.cpu_ms for change in changes):>17.0f}{connected_s:>16.0f}"
        ),
    ]
    target = f"{CLIENTS:,} clients within {TARGET_MS:.0f} ms"
    return "\n".join([*lines, "", verdict(target, reached=median(slowest_ms) < TARGET_MS)])


CLUSTER = Suite("cluster", "a change sent to 10 000 clients of three managers", _run)
