"""The engine that runs the containers: Docker with Compose, or podman with podman-compose.

Docker takes the images that docker-compose.yml names from their registries. Podman is for machines that
reach none: its store, below `.venv/containers`, has stand-ins of the same names (tests/compose/images.py),
and nothing of it is shared with other uses of podman on the machine.
"""

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".venv" / "containers"
"""What `make clean` removes: images, podman-compose, podman's configuration."""
RUN = CACHE / "run"
"""Podman's state, which is over with the run."""
MACHINE_NETWORK = CACHE / "machine-network"
"""The network namespace of the machine, mounted where the tests have one of their own (`isolated.py`)."""
NAME = f"discord-cloud-test-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}"
"""What the names of all containers, networks and volumes begin with that the tests of this folder make."""
COMMAND_S = 590.0
"""Bounds one command of an engine, a build among them, on a busy machine."""

# The kernel may have hybrid cgroups, which crun refuses, and lower limits than podman's default asks for.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{run}/libpod"
helper_binaries_dir = [{places}]
[network]
network_backend = "netavark"
network_config_dir = "{cache}/networks"
"""
HELPERS = CACHE / "helpers"
PLACES_OF_HELPERS = ("/usr/local/libexec/podman", "/usr/libexec/podman", "/usr/lib/podman")
"""Where distributions have what podman starts."""
NAME_SERVER = """\
#!/bin/sh
PYTHONPATH={root} exec {python} -P -m tests.compose.name_server "$@"
"""
STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{cache}/storage"
runroot = "{run}/storage"
"""


class EngineMissing(Exception):
    """Neither Docker with Compose nor podman with podman-compose can be run."""


@dataclass(frozen=True)
class Engine:
    """The command lines of an engine.

    Attributes:
        program: `docker` or `podman`, and the command line that starts it.
        compose: the command line that starts its Compose.
        environment: what both find in their environment.
    """

    program: str
    compose: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def is_podman(self) -> bool:
        """Whether images are stand-ins, and health checks are not run by the engine."""
        return self.program == "podman"

    def run(
        self, *arguments: str | Path, is_checked: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command of the engine, with its output as text.

        Raises:
            subprocess.CalledProcessError: it failed, and `is_checked`.
        """
        return self.run_command(self.program, *map(str, arguments), is_checked=is_checked)

    def remove(self, name: str) -> None:
        """Removes all containers, networks and volumes whose names begin like that."""
        containers = self._named("container", name, "--all")
        if containers:
            # What is removed while it runs is given time to end.
            self.run("kill", "--signal=KILL", *containers, is_checked=False)
            self.run("rm", "--force", "--volumes", *containers)
        self.remove_networks(name)
        volumes = self._named("volume", name)
        if volumes:
            self.run("volume", "rm", *volumes)

    def remove_networks(self, name: str) -> None:
        """Removes the networks whose names begin like that, in which no container is left."""
        networks = self._named("network", name)
        if networks:
            self.run("network", "rm", *networks)

    def _named(self, kind: str, name: str, *options: str) -> list[str]:
        return self.run(kind, "ls", "--quiet", f"--filter=name={name}", *options).stdout.split()

    def run_command(
        self, *command: str, is_checked: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs any command in the engine's environment.

        Raises:
            subprocess.CalledProcessError: it failed, and `is_checked`.
        """
        done = subprocess.run(  # noqa: S603 - commands of the tests
            command,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
            # There conmon leaves the file `oom` when a process of a container has taken too much memory.
            cwd=CACHE,
        )
        if is_checked and done.returncode != 0:
            output = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{output}")
        return done

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine says about a container."""
        (described,) = json.loads(self.run("inspect", "--type=container", container).stdout)
        return dict(described)


def new_name() -> str:
    """A name of a project of Compose, or of a volume."""
    return f"{NAME}-{secrets.token_hex(3)}"


def is_isolated() -> bool:
    """Whether this process has a network of its own (tests/compose/isolated.py)."""
    return os.path.ismount(MACHINE_NETWORK)


def online(*command: str) -> tuple[str, ...]:
    """The words of a command that reaches the internet, to which the tests' own network has no way."""
    return ("nsenter", f"--net={MACHINE_NETWORK}", *command) if is_isolated() else command


def find_engine() -> Engine:
    """Docker if its daemon answers and Compose is there, else podman.

    Raises:
        EngineMissing: there is neither.
    """
    if (
        shutil.which("docker")
        and _works("docker", "info")
        and _works("docker", "compose", "version")
    ):
        return Engine("docker", ("docker", "compose"), os.environ)
    podman_compose = CACHE / "podman-compose" / "bin" / "podman-compose"
    if not shutil.which("podman") or not podman_compose.exists():
        raise EngineMissing(
            "run `make test-compose`, which installs podman where there is no Docker"
        )
    # Otherwise podman lets a container with a read-only root write to /run, /var/tmp and more.
    options = ("--in-pod=false", "--podman-run-args=--read-only-tmpfs=false")
    return Engine("podman", (str(podman_compose), *options), os.environ | _configured())


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _configured() -> dict[str, str]:
    """Writes podman's configuration; returns the variables that name it."""
    for folder in (RUN, HELPERS):
        folder.mkdir(parents=True, exist_ok=True)
    name_server = HELPERS / "aardvark-dns"
    _write(name_server, NAME_SERVER.format(root=quote(str(ROOT)), python=quote(sys.executable)))
    name_server.chmod(0o755)
    places = ", ".join(f'"{place}"' for place in (HELPERS, *PLACES_OF_HELPERS))
    variables = {}
    for name, text in {
        "CONTAINERS_CONF": CONTAINERS_CONF,
        "CONTAINERS_STORAGE_CONF": STORAGE_CONF,
    }.items():
        path = CACHE / f"{name.lower()}.toml"
        _write(path, text.format(cache=CACHE, run=RUN, places=places))
        variables[name] = str(path)
    return variables


def _write(path: Path, text: str) -> None:
    """Another process may read what is there already."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
