"""`docker`, for the commands of docs/deploy.md where there is podman only: run in the folder of a machine.

podman-compose knows the options that the page uses, but waits for nothing, and leaves containers of
earlier images as they are.
"""

import os
import sys
from pathlib import Path

from tests.compose.deployment import settings_in
from tests.compose.engine import find_engine
from tests.compose.machine import Machine

BUILDS, WAITS = "--build", "--wait"
OPTIONS = {"--detach", "--remove-orphans", BUILDS, WAITS}


def machine_here() -> Machine:
    """The machine whose folder this is."""
    folder = Path.cwd()
    settings = settings_in((folder / ".env").read_text())
    return Machine(find_engine(), settings, folder, port=0)


def main() -> None:
    """Does what `docker` with these arguments would."""
    machine = machine_here()
    match sys.argv[1:]:
        case ["compose", command, *words] if command in COMMANDS:
            COMMANDS[command](machine, words)
        case ["compose", *words]:
            run(machine, *machine.command_line(*words))
        case words:
            run(machine, "podman", *words)


def up(machine: Machine, words: list[str]) -> None:
    """Makes and starts services."""
    services = [word for word in words if word not in OPTIONS]
    machine.up(*services, is_built=BUILDS in words)
    if WAITS in words:
        machine.wait_healthy()


def down(machine: Machine, _words: list[str]) -> None:
    """Removes all but the volumes."""
    machine.end_all()
    machine.engine.remove_networks(machine.project)


def stop(machine: Machine, services: list[str]) -> None:
    """Stops services."""
    for container in machine.containers(*services):
        machine.stop(container)


def logs(machine: Machine, services: list[str]) -> None:
    """Prints what services have logged."""
    for container in machine.containers(*services):
        print(machine.logs(container))  # noqa: T201


def execute(machine: Machine, words: list[str]) -> None:
    """Runs a command in a container."""
    service, *command = [word for word in words if word != "-T"]
    run(machine, "podman", "exec", machine.container(service).id, *command)


def build(_machine: Machine, _words: list[str]) -> None:
    """Does nothing: the tests have built the images."""


def run_once(machine: Machine, words: list[str]) -> None:
    """Runs a command in a new container of a service, and none that it depends on."""
    run(machine, *machine.command_line("run", "--no-deps", *words))


def run(machine: Machine, *command: str) -> None:
    """Runs a command in the place of this process."""
    os.execvpe(command[0], command, dict(machine.engine.environment))  # noqa: S606


COMMANDS = {
    "build": build,
    "down": down,
    "exec": execute,
    "logs": logs,
    "run": run_once,
    "stop": stop,
    "up": up,
}

if __name__ == "__main__":
    main()
