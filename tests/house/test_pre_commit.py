"""The pre-commit configuration and `make check` run the same commands."""

import subprocess
from pathlib import Path

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]


def test_hooks_run_what_make_check_runs():
    """A commit that passes the hooks passes `make check`: same commands, same order."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    # Told to take every prerequisite as made, `make` prints nothing but the recipe.
    made = ("--old-file=.venv/installed-dev", "--old-file=node_modules/installed")
    command = ["make", "--no-print-directory", "--dry-run", "--always-make", *made, "check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert [hook["entry"] for hook in hooks] == done.stdout.splitlines()
