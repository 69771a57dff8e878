"""What works without the extras of pyproject.toml, and what is said where one of them is missing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
IMPORTS = """
import importlib, pkgutil
import cli.commands, client_sdk
for package in (cli.commands, client_sdk):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""
SUPABASE = {"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_KEY": "key"}


def needed(name: str, extras: frozenset[str]) -> Iterator[str]:
    """The distributions that installing one with some extras installs, itself included."""
    yield name
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": e}) for e in extras or {""}):
            yield from needed(requirement.name, frozenset(requirement.extras))


def installed(folder: Path, *extras: str) -> dict[str, str]:
    """Make an installation with these extras alone; the environment in which it is what Python finds."""
    for room in ROOT.glob("*/py.typed"):
        (folder / room.parent.name).symlink_to(room.parent)
    ours = distribution("discord-cloud")
    metadata = folder / f"discord_cloud-{ours.version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(ours.read_text("METADATA") or ours.read_text("PKG-INFO") or "")
    libraries = [distribution(name) for name in needed("discord-cloud", frozenset({"", *extras}))]
    tops = {
        Path(str(file)).parts[0]: library
        for library in libraries[1:]
        for file in library.files or ()
    }
    for top in tops.keys() - {"..", "__pycache__"}:
        (folder / top).symlink_to(Path(str(tops[top].locate_file(top))))
    return {**os.environ, "PYTHONPATH": str(folder)}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python without what is installed in this environment."""
    return subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-S", *arguments],
        env=environment,
        cwd=environment["PYTHONPATH"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def client_only(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An installation without extras."""
    return installed(tmp_path_factory.mktemp("client"))


def test_the_client_needs_no_extra(client_only: dict[str, str]) -> None:
    """All client commands, and the Python client, can be imported."""
    done = run(client_only, "-c", IMPORTS)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_client_is_small(client_only: dict[str, str]) -> None:
    """Neither decoders nor databases are installed for people who only upload."""
    names = {path.name for path in Path(client_only["PYTHONPATH"]).iterdir()}
    assert "aiohttp" in names
    assert not names & {"av", "cryptography", "PIL", "strawberry", "supabase"}


@pytest.mark.parametrize(
    ("command", "extras"),
    [
        ("up", "server,processing"),
        ("manager", "server"),
        ("upload-service", "server"),
        ("processing-service", "server,processing"),
        ("emulator", "server"),
        ("migrate", "server"),
        ("export file", "server"),
        ("import file", "server"),
    ],
)
def test_a_missing_extra_is_named(client_only: dict[str, str], command: str, extras: str) -> None:
    """One line says what has to be installed, and the exit code that it is no use to try again."""
    done = run(client_only, "-m", "cli", *command.split())
    told = (
        f"discord-cloud: this needs more than is installed: pip install 'discord-cloud[{extras}]'\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (78, "", told)


def test_only_a_catalog_on_supabase_needs_its_extra(tmp_path: Path) -> None:
    """Servers work on SQLite with `server` alone; with a Supabase address the extra is asked for."""
    environment = installed(tmp_path, "server")
    for command in (["migrate", "--apply"], ["export", "file"], ["import", "file"]):
        assert run(environment, "-m", "cli", *command).returncode == 0
    done = run({**environment, **SUPABASE}, "-m", "cli", "migrate")
    assert done.returncode == 78
    assert done.stderr.endswith("pip install 'discord-cloud[server,supabase]'\n")
