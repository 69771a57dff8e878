"""Kills, stops, freezes and fails everything for a while: `python -m tests.chaos --rounds 100`."""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_supabase.gateway import GatewayFault
from local_supabase.stack import LocalSupabase, running_supabase
from tests.chaos.cluster import ClusterShape, running_cluster
from tests.chaos.oracle import Broken
from tests.chaos.storm import FailingCatalog, Storm, Tally

_FAULTS = (
    GatewayFault.HANG,
    GatewayFault.HANG_AFTER,
    GatewayFault.RESET_BEFORE,
    GatewayFault.RESET_AFTER,
    GatewayFault.UNAVAILABLE,
)


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


@contextmanager
def running_catalog(
    kind: str, folder: Path
) -> Iterator[tuple[dict[str, str], FailingCatalog | None]]:
    """The manager's settings of a catalog, and what makes it fail."""
    if kind == "sqlite":
        yield {"DATABASE_PATH": str(folder / "catalog.sqlite3")}, None
        return
    with running_supabase() as supabase:
        settings = {"SUPABASE_URL": supabase.url, "SUPABASE_KEY": supabase.service_key}
        yield settings, FailingSupabase(supabase)


async def weather(
    kind: str, seed: int, rounds: int, folder: Path, shape: ClusterShape | None = None
) -> Tally:
    """Runs one storm on a cluster of its own, with its data and logs in the folder. Raises `Broken`."""
    with running_catalog(kind, folder) as (settings, failing):
        async with running_cluster(folder, settings, shape or ClusterShape()) as cluster:
            storm = Storm(cluster, seed, failing, say)
            await storm.run(rounds, folder)
            return storm.tally


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


def main() -> None:
    """Runs storms, one on each catalog; exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="rounds on each catalog (50)")
    parser.add_argument("--seed", type=int, default=None, help="repeats the decisions of a run")
    parser.add_argument("--catalog", choices=["sqlite", "supabase"], help="only this one")
    parser.add_argument(
        "--limits", choices=["real", "off"], default="real", help="of Discord's rates"
    )
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    for kind in [arguments.catalog] if arguments.catalog else ["sqlite", "supabase"]:
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{kind}-"))
        began = time.monotonic()
        say(f"{kind}: seed {seed}, {arguments.rounds} rounds, logs in {folder}")
        shape = ClusterShape(has_rate_limits=arguments.limits == "real")
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
