"""Runs the benchmarks: `python -m benchmarks [suite …] [options]`. Without a suite, all of them."""

import argparse
import asyncio

from benchmarks.archives import ARCHIVES
from benchmarks.bookings import BOOKINGS
from benchmarks.broadcasts import BROADCASTS
from benchmarks.bundles import BUNDLES
from benchmarks.catalogs import CATALOGS
from benchmarks.channels import CHANNELS
from benchmarks.clusters import CLUSTER
from benchmarks.gateways import GATEWAYS
from benchmarks.harness import Options, Suite
from benchmarks.limiter import LIMITER
from benchmarks.listings import LISTINGS
from benchmarks.memory import MEMORY
from benchmarks.messages import MESSAGES
from benchmarks.processing import PROCESSING
from benchmarks.product import PRODUCT
from benchmarks.searches import SEARCHES
from benchmarks.simulation import SIMULATION
from benchmarks.uploads import UPLOADS
from cli.servers.process import LogSettings, load, logging_to_stderr

SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        UPLOADS,
        LIMITER,
        MESSAGES,
        BUNDLES,
        ARCHIVES,
        GATEWAYS,
        CATALOGS,
        LISTINGS,
        SEARCHES,
        BROADCASTS,
        BOOKINGS,
        CLUSTER,
        SIMULATION,
        PROCESSING,
        PRODUCT,
        MEMORY,
        CHANNELS,
    )
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "suites",
        nargs="*",
        metavar="suite",
        help="; ".join(f"{suite.name}: {suite.about}" for suite in SUITES.values()),
    )
    parser.add_argument("--mib", type=int, default=1024, help="data per run in MiB (default 1024)")
    parser.add_argument("--files", type=int, default=2000, help="small files (default 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; medians are shown")
    arguments = parser.parse_args()
    unknown = set(arguments.suites) - SUITES.keys()
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    if min(arguments.mib, arguments.rounds, arguments.files) < 1:
        parser.error("--mib, --rounds and --files must be at least 1")
    return arguments


def main() -> None:
    """Run what the command line asks for."""
    arguments = _arguments()
    options = Options(mib=arguments.mib, rounds=arguments.rounds, files=arguments.files)
    with logging_to_stderr(load(LogSettings)):
        for name in arguments.suites or SUITES:
            print(asyncio.run(SUITES[name].run(options)))


if __name__ == "__main__":
    main()
