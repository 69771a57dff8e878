"""What is installed on the machine of whoever runs the tests, and who is asked before."""

import os
import pty
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest

SCRIPT = Path(__file__).parents[1] / "need-tools.sh"
SYSTEM = "/usr/bin:/bin"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs for a machine on which everything is recorded that changes it."""
    programs = {
        "id": "echo ${TEST_UID}",
        "sudo": 'echo "sudo $*" >> ${0%/*}/log',
        "apt-get": 'echo "apt-get $*" >> ${0%/*}/log',
        "env": 'echo "env $*" >> ${0%/*}/log; touch ${0%/*}/tool; chmod +x ${0%/*}/tool',
    }
    for name, text in programs.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/bash\n{text}\n")
        program.chmod(0o755)
    return tmp_path


def need_tool(machine: Path, uid: int, stdin: int, stderr: int, **more: str) -> int:
    """Ask for a missing tool; returns the exit code."""
    environment = {"PATH": f"{machine}:{SYSTEM}", "TEST_UID": str(uid), **more}
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", SCRIPT, "tool"], stdin=stdin, stderr=stderr, env=environment, check=False
    ).returncode


def log(machine: Path) -> str:
    """What was run of the programs that change the machine."""
    file = machine / "log"
    return file.read_text() if file.exists() else ""


def test_nobody_is_made_root_without_being_asked(machine: Path, tmp_path: Path) -> None:
    """Without a terminal it fails, and says which command would install what is missing."""
    told = tmp_path / "told"
    with told.open("wb") as stderr:
        assert need_tool(machine, 1000, subprocess.DEVNULL, stderr.fileno()) == 1
    assert told.read_text() == "tool must be installed: sudo apt-get install tool\n"
    assert log(machine) == ""


def shown_on(screen: BinaryIO) -> bytes:
    """All that was written to a terminal that nobody has open any more."""
    shown = b""
    with suppress(OSError):  # Linux reports the end as EIO; a read need not return all at once
        while piece := screen.read(1000):
            shown += piece
    return shown


@pytest.mark.parametrize("uid", [0, 1000])
def test_a_person_is_asked(machine: Path, uid: int) -> None:
    """On a terminal nothing is installed for whoever does not say yes."""
    controller, terminal = pty.openpty()
    os.write(controller, b"n\n")
    try:
        assert need_tool(machine, uid, terminal, terminal) == 1
    finally:
        os.close(terminal)
    with os.fdopen(controller, "rb", buffering=0) as screen:
        assert b"apt-get install tool` now? [y/N]" in shown_on(screen)
    assert log(machine) == ""


def test_root_installs_where_nobody_can_be_asked(machine: Path) -> None:
    """In CI the tests install what they need."""
    assert need_tool(machine, 0, subprocess.DEVNULL, subprocess.DEVNULL, CI="true") == 0
    assert re.search(
        r"apt-get install -y -qq .*--no-install-recommends tool$", log(machine), re.MULTILINE
    )
