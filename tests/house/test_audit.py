"""`make audit` asks about everything that is pinned. Nothing is asked here: only what would be."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands() -> list[list[str]]:
    """What the target runs."""
    rule = re.search(r"^audit:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rule is not None
    return [shlex.split(line) for line in rule[1].splitlines()]


def test_every_pinned_package_is_audited():
    """pip-audit takes the command and the file, and leaves no line out; a gap would fail it."""
    (command,) = [each for each in commands() if each[0].endswith("pip-audit")]
    assert "--strict" in command
    program = [str(Path(sys.executable).with_name("pip-audit")), *command[1:], "--dry-run"]
    done = subprocess.run(  # noqa: S603 - what the Makefile runs
        program, cwd=ROOT, capture_output=True, text=True, check=True
    )
    pinned = (ROOT / "constraints.txt").read_text().split()
    assert f"would have audited {len(pinned)} packages" in done.stderr


def test_every_lock_file_of_npm_is_audited():
    """Each folder with a lock file is named, the root by naming none."""
    told = {
        command[command.index("--prefix") + 1] if "--prefix" in command else "."
        for command in commands()
        if command[0] == "npm"
    }
    listing = ["git", "ls-files", "package-lock.json", "*/package-lock.json"]
    found = subprocess.run(  # noqa: S603
        listing, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert told == {str(Path(path).parent) for path in found}
