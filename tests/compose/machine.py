"""Machines on which docs/deploy.md is followed: the commands of the page run there as they stand.

A machine is a folder with the files of a release, its `.env`, and programs on the PATH that take the place of
some that the page calls: `git`, which brings other files, and where there is podman only `docker`
(tests/compose/as_docker.py). Discord is an emulator, whose volume no machine owns.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from shlex import quote

from tests.compose.deployment import (
    Deployment,
    free_port,
    run_client,
    settings_in,
    webhooks_of,
)
from tests.compose.engine import ROOT, Engine, new_name
from tests.docs.blocks import blocks_of

DEPLOY = "docs/deploy.md"
COMMANDS_S = 580.0
"""Bounds the commands of one block."""
EMULATOR_VOLUME = """
volumes:
  discord:
    name: "{name}"
    external: true
"""
GIT = """\
#!/bin/sh
set -eu
case $* in
"rev-parse HEAD")
    echo "the release before"
    exit
    ;;
pull) files=$NEW_FILES ;;
"checkout the release before") files=$OLD_FILES ;;
esac
rm -rf deploy local_supabase supabase
cp -a "$files/." .
"""
DOCKER = """\
#!/bin/sh
# The PATH without this program, which would ask itself whether there is Docker.
PATH={path} PYTHONPATH={root} exec {python} -P -m tests.compose.as_docker "$@"
"""


def documented(page: str, step: str) -> str:
    """The commands of a page that its info string `bash compose: STEP` names."""
    found = [each.text for each in blocks_of(page) if each.noted("compose") == step]
    assert found, f"{page} has no commands for {step}"
    return "".join(found)


@dataclass
class Machine(Deployment):
    """A machine. `settings` is what `.env` said when it was made; `folder` is where its files are."""

    @property
    def url(self) -> str:
        """Where clients reach it: the gateway, without TLS."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env_file(self) -> Path:
        """Its `.env`."""
        return self.folder / ".env"

    def compose(self, *arguments: str) -> str:
        """Runs a command of Compose on its files."""
        return self.engine.run_command(*self.command_line(*arguments)).stdout

    def command_line(self, *arguments: str) -> list[str]:
        """The words of a command of Compose on its files."""
        names = self.env()["COMPOSE_FILE"].split(":")
        files = [f"--file={self.folder / name}" for name in names]
        return [*self.engine.compose, f"--env-file={self.env_file}", *files, *arguments]

    def env(self) -> dict[str, str]:
        """What its `.env` says."""
        return settings_in(self.env_file.read_text())

    def change_env(self, **settings: str) -> None:
        """Replaces lines of `.env`, or adds them."""
        known = self.env() if self.env_file.exists() else {}
        lines = [f"{name}={value}\n" for name, value in (known | settings).items()]
        self.env_file.write_text("".join(lines))

    def add_secrets(self) -> None:
        """Makes new secrets, as a new user does."""
        self.change_env(**settings_in(self.run("deploy/make-secrets.sh")))

    def start_discord(self) -> None:
        """Starts the emulator, and enters its webhooks."""
        self.start("discord")
        self.change_env(DISCORD_WEBHOOKS=",".join(webhooks_of(self)))

    def follow(self, page: str, step: str, **variables: str) -> str:
        """Runs commands of a page; returns what they printed."""
        commands = documented(page, step).replace("discord-cloud_", f"{self.project}_")
        return self.run(commands, **variables)

    def run(self, commands: str, **variables: str) -> str:
        """Runs commands in its folder with Bash, until one fails."""
        path = f"{self._programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(  # noqa: S603 - what the page says
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env={"HOME": str(self.folder), "PATH": path, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMANDS_S,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    @cached_property
    def _programs(self) -> Path:
        folder = self.folder / ".programs"
        folder.mkdir(exist_ok=True)
        scripts = {"git": GIT}
        if self.engine.is_podman:
            scripts["docker"] = DOCKER.format(
                path=quote(os.environ["PATH"]), root=quote(str(ROOT)), python=quote(sys.executable)
            )
        for name, text in scripts.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        return folder

    def up(self, *services: str, is_built: bool) -> None:
        """What `docker compose up --detach` does, with podman: in order, and anew with new images.

        Args:
            services: which ones; all if there is none.
            is_built: whether images may be others than those of the containers.
        """
        if is_built:
            self.end_all()
        for service in ("database", "migrate"):
            if self._has_database() and (not services or service in services):
                self.start(service)
                self.wait_healthy()
        self.start(*services)

    def end_all(self) -> None:
        """Stops everything in order, and removes the containers."""
        self.stop_all()
        for container in self.containers():
            self.engine.run("rm", container.id)

    def _has_database(self) -> bool:
        return "database" in self.env().get("COMPOSE_PROFILES", "").split(",")

    def user(self, name: str, *arguments: str | Path, stdin: str = "") -> str:
        """Runs `discord-cloud` of this release for a user, with a home of its own."""
        return run_client(self.url, self.folder / f"home-{name}", *arguments, stdin=stdin)


@contextmanager
def new_machine(
    engine: Engine, folder: Path, files: Path, volume: str, **settings: str
) -> Iterator[Machine]:
    """An empty machine with the files of a release, and all of `.env` but the secrets; gone at the end.

    Args:
        engine: runs the containers.
        folder: an empty folder.
        files: the release.
        volume: of the emulator.
        settings: further ones.
    """
    shutil.copytree(files, folder, dirs_exist_ok=True)
    (folder / "discord.yml").write_text(_emulator(volume))
    port = free_port()
    chosen = {
        "COMPOSE_FILE": "docker-compose.yml:discord.yml",
        "COMPOSE_PROJECT_NAME": new_name(),
        "DISCORD_WEBHOOKS": "none",
        "GLOBAL_REQUESTS_PER_S": "10000",
        "NETWORK": f"10.{secrets.randbelow(100) + 100}.{secrets.randbelow(250)}",
        "PUBLISH": f"127.0.0.1:{port}",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        **settings,
    }
    machine = Machine(engine, chosen, folder, port)
    machine.change_env(**settings_in((folder / ".env.example").read_text()) | chosen)
    try:
        yield machine
    finally:
        machine.remove()


def _emulator(volume: str) -> str:
    """The emulator for one manager, with a volume that is not this machine's."""
    text = (ROOT / "deploy" / "emulator.yml").read_text()
    # The release before knows no others.
    return text.partition("\n  manager-2:")[0] + EMULATOR_VOLUME.format(name=volume)


def exported(machine: Machine) -> bytes:
    """The catalog of a machine."""
    return machine.run("docker compose run --rm -T manager export -").encode()


def present_files(folder: Path) -> Path:
    """Makes a copy of this release: what git knows of this folder, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).exists():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
            target.chmod((ROOT / name).stat().st_mode)
    return folder


def files_of(commit: str, folder: Path) -> Path:
    """Makes a copy of an earlier release."""
    archive = subprocess.run(  # noqa: S603
        ["git", "archive", commit],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as opened:
        opened.extractall(folder, filter="data")
    return folder


@contextmanager
def discord_volume(engine: Engine) -> Iterator[str]:
    """The volume of an emulator, which outlives machines; its name."""
    name = new_name()
    engine.run("volume", "create", name)
    try:
        yield name
    finally:
        engine.run("volume", "rm", name)
