"""Feeds random and mutated input to what strangers can reach: `python -m tests.fuzz --minutes 5`.

Every target is a test of this folder. `make test` runs a few examples of each; this runs hundreds, with
other random numbers in every round, until the time is up or a promise is broken. Hypothesis then shows the
smallest input that it has found, and keeps it in `.hypothesis`. It belongs into an `@example` of its target,
or into a test beside the code that it broke.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

from common.wording import counted

FOLDER = Path(__file__).parent
EXAMPLES = 500
"""Of each test in a round, which takes about a minute on two cores."""


def main() -> int:
    """Runs rounds; the exit code is that of the first one that fails, else 0."""
    options = _options()
    ends_at = time.monotonic() + options.minutes * 60
    rounds = 0
    while not rounds or time.monotonic() < ends_at:
        seed = secrets.randbelow(2**32)
        _tell(f"round {rounds + 1}, seed {seed}")
        if code := _run(options.targets, seed, options.examples):
            _tell(f"broken: repeat it with --hypothesis-seed={seed}")
            return code
        rounds += 1
    _tell(f"{counted(rounds, 'round')}, nothing broken")
    return 0


def _run(targets: list[str], seed: int, examples: int) -> int:
    files = [str(FOLDER / f"test_{target}.py") for target in targets] or [str(FOLDER)]
    python = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--timeout=1800"]
    command = [*python, f"--hypothesis-seed={seed}", *files]
    environment = {**os.environ, "FUZZ_EXAMPLES": str(examples)}
    return subprocess.run(command, env=environment, cwd=FOLDER.parents[1], check=False).returncode  # noqa: S603


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    known = sorted(path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"some of {', '.join(known)}; default: all")
    parser.add_argument("--minutes", type=float, default=5, help="default: %(default)s")
    parser.add_argument(
        "--examples", type=int, default=EXAMPLES, help="of each target in a round; %(default)s"
    )
    options = parser.parse_args()
    if unknown := set(options.targets) - set(known):
        parser.error(
            f"there is no target {', '.join(sorted(unknown))}: choose from {', '.join(known)}"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
