"""The backup of docs/deploy.md brings everything back on an empty machine.

It is the drill that the page asks its readers for: the export as a cron job makes it, then a machine
with new volumes, on which only the encryption key and the webhooks are those of the old one.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.contents import Contents, fill
from tests.compose.engine import Engine
from tests.compose.machine import (
    DEPLOY,
    discord_volume,
    exported,
    new_machine,
    present_files,
)
from tests.docs.blocks import blocks_of

pytestmark = pytest.mark.compose_long

KEPT = ("DISCORD_WEBHOOKS", "MESSAGE_ENCRYPTION_KEY")
CATALOG = "catalog-3-12.jsonl"


def cron_job() -> str:
    """The command of the page's cron job."""
    [block] = [each for each in blocks_of(DEPLOY) if each.language == "crontab"]
    command = re.sub(r"^(\S+\s+){5}", "", block.text)
    return command.replace(r"\%", "%")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this release."""
    return present_files(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def volume(engine: Engine) -> Iterator[str]:
    """What is on Discord stays there, whatever becomes of the machines."""
    with discord_volume(engine) as name:
        yield name


@pytest.fixture(scope="module")
def backup(
    engine: Engine, release: Path, volume: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Contents, Path, dict[str, str]]:
    """What a machine that is gone had stored, the folder of its backup, and what was kept of its .env."""
    folder = tmp_path_factory.mktemp("backup")
    with new_machine(engine, tmp_path_factory.mktemp("lost"), release, volume) as lost:
        lost.add_secrets()
        lost.start_discord()
        lost.follow(DEPLOY, "start")
        lost.wait_healthy()
        contents = fill(lost, lost.setup_code(), tmp_path_factory.mktemp("sources"))
        job = cron_job().replace("/srv/discord-cloud", str(lost.folder))
        lost.run(job.replace("/backup/", f"{folder}/"))
        return contents, folder, {name: lost.env()[name] for name in KEPT}


def test_an_empty_machine_is_restored(
    backup: tuple[Contents, Path, dict[str, str]],
    engine: Engine,
    release: Path,
    volume: str,
    tmp_path: Path,
):
    """With other passwords of everything else; users, files, shares, links, keys are as they were."""
    contents, folder, kept = backup
    [export] = folder.iterdir()
    assert export.stat().st_mode & 0o077 == 0
    with new_machine(engine, tmp_path / "machine", release, volume) as machine:
        machine.add_secrets()
        machine.change_env(**kept)
        (machine.folder / CATALOG).write_bytes(export.read_bytes())
        machine.start("discord")
        started = time.monotonic()
        machine.follow(DEPLOY, "restore")
        assert exported(machine) == export.read_bytes()
        machine.follow(DEPLOY, "restore start")
        machine.wait_healthy()
        print(f"restored within {time.monotonic() - started:.0f} s")  # noqa: T201
        contents.check(machine, tmp_path)
        source = tmp_path / "new.bin"
        source.write_bytes(b"new")
        machine.user("ada", "put", source, "/holiday")
