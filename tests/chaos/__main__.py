"""Kills, stops, freezes and fails everything for a while: `python -m tests.chaos --rounds 100`."""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from local_supabase.gateway import GatewayFault
from local_supabase.stack import LocalSupabase, Postgrest, running_supabase
from tests.chaos.cluster import ClusterShape, running_cluster
from tests.chaos.failover import kill_each_manager, register_users
from tests.chaos.oracle import Broken
from tests.chaos.storm import FailingCatalog, Storm, Tally

_FAULTS = (
    GatewayFault.HANG,
    GatewayFault.HANG_AFTER,
    GatewayFault.RESET_BEFORE,
    GatewayFault.RESET_AFTER,
    GatewayFault.UNAVAILABLE,
)

CONNECTED_WITHIN_S = 5.0
"""After the death of a manager its clients and services are connected to another one."""


class FailingSupabase:
    """The gateway in front of PostgREST fails some calls."""

    def __init__(self, supabase: LocalSupabase) -> None:
        self._faults = supabase.gateway.faults

    def fail(self, rng: random.Random) -> str:
        """Has the next calls fail."""
        fault = rng.choice(_FAULTS)
        self._faults.extend([fault] * rng.randint(1, 4))
        return fault.name

    def heal(self) -> None:
        """Every call is served again."""
        self._faults.clear()


@dataclass(frozen=True)
class RunningCatalog:
    """The managers' settings of a catalog, what makes it fail, and its PostgREST, if it has one."""

    settings: Mapping[str, str]
    failing: FailingCatalog | None = None
    postgrest: Postgrest | None = None


@contextmanager
def running_catalog(kind: str, folder: Path) -> Iterator[RunningCatalog]:
    """A catalog without files."""
    if kind == "sqlite":
        yield RunningCatalog({"DATABASE_PATH": str(folder / "catalog.sqlite3")})
        return
    with running_supabase() as supabase:
        settings = {"SUPABASE_URL": supabase.url, "SUPABASE_KEY": supabase.service_key}
        yield RunningCatalog(settings, FailingSupabase(supabase), supabase.postgrest)


async def weather(
    kind: str, seed: int, rounds: int, folder: Path, shape: ClusterShape | None = None
) -> Tally:
    """Runs one storm on a cluster of its own, with its data and logs in the folder. Raises `Broken`."""
    shape = shape or ClusterShape()
    if shape.managers > 1:
        (folder / "drill").mkdir()
        await drill(folder / "drill", replace(shape, has_rate_limits=False))
    with running_catalog(kind, folder) as catalog:
        postgrest = catalog.postgrest if shape.managers > 1 else None
        running = running_cluster(folder, catalog.settings, shape, postgrest=postgrest)
        async with running as cluster:
            storm = Storm(cluster, seed, catalog.failing, say)
            await storm.run(rounds, folder)
            return storm.tally


async def drill(folder: Path, shape: ClusterShape) -> None:
    """Kills each of several managers in calm weather. Raises `Broken`, also if that takes too long."""
    with running_catalog("supabase", folder) as catalog:
        async with running_cluster(folder, catalog.settings, shape) as cluster:
            failovers = await kill_each_manager(cluster, await register_users(cluster))
    for number, each in enumerate(failovers):
        say(
            f"manager-{number} ({', '.join(sorted(each.roles))}) killed: connected elsewhere after "
            f"{each.clients_s:.2f} s (clients) and {each.services_s:.2f} s (upload services)"
        )
        if max(each.clients_s, each.services_s) > CONNECTED_WITHIN_S:
            raise Broken(f"that is more than {CONNECTED_WITHIN_S} s")


def say(line: str) -> None:
    """Prints a line at once: a run may take hours."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    """The errors of a group, and of all groups within it."""
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from leaves(error)
        else:
            yield error


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="rounds on each catalog (50)")
    parser.add_argument("--seed", type=int, default=None, help="repeats the decisions of a run")
    parser.add_argument("--catalog", choices=["sqlite", "supabase"], help="only this one")
    parser.add_argument(
        "--managers",
        type=int,
        default=1,
        help="several: on Supabase, with NATS, four upload services and two gateways",
    )
    parser.add_argument(
        "--limits", choices=["real", "off"], default="real", help="of Discord's rates"
    )
    return parser.parse_args()


def _shape(arguments: argparse.Namespace) -> ClusterShape:
    limited = arguments.limits == "real"
    if arguments.managers == 1:
        return ClusterShape(has_rate_limits=limited)
    return ClusterShape(
        managers=arguments.managers, services=4, gateways=2, has_rate_limits=limited
    )


def main() -> None:
    """Runs storms, one on each catalog; exit code 1 when a promise was broken."""
    arguments = _parsed()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    shape = _shape(arguments)
    all_kinds = ["sqlite", "supabase"] if shape.managers == 1 else ["supabase"]
    kinds = [arguments.catalog] if arguments.catalog else all_kinds
    for kind in kinds:
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{kind}-"))
        began = time.monotonic()
        say(f"{kind}: seed {seed}, {arguments.rounds} rounds, logs in {folder}")
        storm = weather(kind, seed, arguments.rounds, folder, shape)
        broken: list[Exception] = []
        try:
            tally = asyncio.run(storm)
        except* Broken as group:
            broken += leaves(group)
        if broken:
            sys.exit(f"BROKEN with seed {seed} on {kind}: {'; '.join(map(str, broken))}")
        say(f"{kind}: every promise was kept in {time.monotonic() - began:.0f} s")
        for what in (tally.blows, tally.calls):
            say("  " + ", ".join(f"{name}: {times}" for name, times in sorted(what.items())))
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
