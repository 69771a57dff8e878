"""`discord-cloud up` moves to docker-compose.yml, as docs/backup.md says: from SQLite to PostgreSQL."""

import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.compose.contents import fill
from tests.compose.deployment import free_port, run_client
from tests.compose.engine import Engine
from tests.compose.machine import discord_volume, exported, new_machine, present_files
from tests.compose.many_files import add_files

pytestmark = pytest.mark.compose_long

BACKUP = "docs/backup.md"
MANY = 50_000
PROGRAM = str(Path(sys.executable).with_name("discord-cloud"))


@dataclass(frozen=True)
class Standalone:
    """A running `discord-cloud up`."""

    url: str
    homes: Path
    setup_code: str

    def user(self, name: str, *arguments: str | Path, stdin: str = "") -> str:
        """Runs `discord-cloud` for a user; returns its standard output."""
        return run_client(self.url, self.homes / name, *arguments, stdin=stdin)


@contextmanager
def running_standalone(data: Path, homes: Path) -> Iterator[Standalone]:
    """`discord-cloud up` with a data folder; ended well afterwards."""
    port = free_port()
    command = [PROGRAM, "up", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        printed = ""
        while not (code := re.search(r"setup=([\w-]+)", printed)):
            line = process.stderr.readline()
            assert line, printed
            printed += line
        # Else it would wait once the pipe is full.
        draining = threading.Thread(target=process.stderr.read)
        draining.start()
        try:
            yield Standalone(f"http://127.0.0.1:{port}", homes, code[1])
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
            draining.join()


def enlarge(data: Path, folder: Path) -> None:
    """Adds many files to the catalog of a data folder."""
    database = data / "catalog.sqlite3"
    few, many = folder / "few.jsonl", folder / "many.jsonl"
    larger = folder / "larger.sqlite3"
    catalog_command(database, "export", few)
    add_files(few, many, MANY)
    catalog_command(larger, "import", many)
    shutil.copyfile(larger, database)


def catalog_command(database: Path, *arguments: str | Path) -> None:
    """Runs a command on a catalog in SQLite."""
    subprocess.run(  # noqa: S603
        [PROGRAM, *map(str, arguments)],
        env={"DATABASE_PATH": str(database)},
        check=True,
        capture_output=True,
        timeout=300,
    )


def test_up_moves_to_compose(engine: Engine, tmp_path: Path):
    """Everything that an export has: every file, user, share, link, key and reference, with its bytes."""
    release = present_files(tmp_path / "release")
    homes = tmp_path / "homes"
    homes.mkdir()
    with (
        discord_volume(engine) as volume,
        new_machine(engine, tmp_path / "machine", release, volume) as machine,
    ):
        data = machine.folder / "data"
        with running_standalone(data, homes) as standalone:
            contents = fill(standalone, standalone.setup_code, tmp_path)
        enlarge(data, tmp_path)
        machine.env_file.unlink()
        started = time.monotonic()
        machine.follow(BACKUP, "move settings")
        # What keeps it apart from other projects, and from real users.
        machine.change_env(**machine.settings)
        machine.follow(BACKUP, "move bytes")
        machine.follow("docs/deploy.md", "emulator")
        machine.follow(BACKUP, "move catalog")
        assert exported(machine) == (machine.folder / "catalog.jsonl").read_bytes()
        machine.follow(BACKUP, "move start")
        machine.wait_healthy()
        print(f"moved within {time.monotonic() - started:.0f} s")  # noqa: T201
        contents.check(machine, tmp_path / "found")
