"""Fails unless the tests take every branch of the pure cores: `python -m tests.cores`.

The cores are the modules of which an import contract of pyproject.toml says that they do no I/O. What
they decide needs no server and no clock, so a branch that no test takes is one that is not needed, or
whose promise nobody has written down.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONTRACT = re.compile(r"\bdo(es)? no I/O\Z")

COVERING = (
    "common/test_base64url.py",
    "common/test_guesses.py",
    "common/test_key_derivation.py",
    "common/test_manager_urls.py",
    "common/test_nats_address.py",
    "common/test_secret_texts.py",
    "common/test_wording.py",
    "manager/broadcast/test_sequencer.py",
    "reading/test_ranges.py",
    "manager/cluster/test_election.py",
    "manager/cluster/test_membership.py",
    "manager/downloads/test_representation.py",
    "manager/files/test_conversion.py",
    "manager/files/test_destinations.py",
    "manager/files/test_rights.py",
    "manager/links/test_folder_states.py",
    "manager/services/test_allocation_pace.py",
    "manager/services/test_allocator.py",
    "manager/services/test_booking_ledger.py",
    "manager/services/test_channel_assignment.py",
    "manager/services/test_lease_terms.py",
    "manager/services/test_leases.py",
    "manager/test_scopes.py",
    "manager/test_space_views.py",
    "manager/tickets/test_issuing.py",
    "manager/uploads/test_overwrites.py",
    "manager/uploads/test_reference.py",
    "manager/uploads/test_state_machine.py",
    "protocol",
    "storage/test_answers.py",
    "storage/test_composing.py",
    "storage/test_envelope.py",
    "storage/test_keys.py",
    "storage/test_limits.py",
    "storage/test_routes.py",
    "storage/test_sizes.py",
    "upload_service/test_chunk_states.py",
    "upload_service/test_multipart.py",
    "upload_service/test_report_codec.py",
)
"""The tests of the cores, below `tests`."""


def cores(settings: dict[str, Any]) -> Iterator[str]:
    """Names of the modules and packages that are cores, from what pyproject.toml holds."""
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if CONTRACT.search(contract["name"]):
            yield from contract["source_modules"]


def pattern(module: str) -> str:
    """The files of a module or package, as coverage selects them."""
    path = module.replace(".", "/")
    return f"{path}/*" if (ROOT / path).is_dir() else f"{path}.py"


def main() -> int:
    """Runs the tests, and returns the exit code: 0 when they pass and take every branch."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    include = ",".join(map(pattern, cores(settings)))
    # Of random tests always the same examples: what only chance covers is not covered.
    tests = ["pytest", "-q", "-n", "2", "--hypothesis-seed=0", "--cov", "--cov-report="]
    report = ["coverage", "report", "--fail-under=100", "--skip-covered", "--show-missing"]
    with tempfile.TemporaryDirectory() as folder:
        data_file = f"{folder}/coverage"
        rooms = [f"tests/{each}" for each in COVERING]
        return run([*tests, *rooms], data_file) or run([*report, f"--include={include}"], data_file)


def run(command: list[str], data_file: str) -> int:
    """Runs a tool of Python, whose coverage is in that file, and returns its exit code."""
    environment = {**os.environ, "COVERAGE_FILE": data_file}
    python = [sys.executable, "-m"]
    return subprocess.run([*python, *command], cwd=ROOT, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
