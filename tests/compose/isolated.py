"""Runs a command with a network, processes and mounts of its own: the tests with podman.

Podman makes devices, rules of netfilter and mounts, and detaches its containers. Those of a run that was
killed would stay on the machine, and send connections of other programs to a container that is gone. In
namespaces of its own the run takes all of that along, whatever ends it, and neither sees nor changes what
another use of podman does meanwhile.

    python -m tests.compose.isolated pytest -m compose tests/compose

Docker has a daemon, which does not live in the namespaces of the command; podman without root makes such
namespaces itself. With them the command runs as it is.
"""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.compose.engine import CACHE, MACHINE_NETWORK, RUN, find_engine

PRIVATE_FOLDERS = (RUN, Path("/dev/shm"), Path("/run/netns"), Path("/run/containers"))
"""Where podman keeps what is over with the run: its state, locks, networks, and names for its name server."""
ANNOUNCE_NEW_ADDRESSES = Path("/proc/sys/net/ipv4/conf/all/arp_notify")
"""A bridge takes the lowest hardware address of its ports unless it is given one, which netavark 1.4 does not
do. So its address may change with each container that comes or goes, and unless that is announced, all that
containers send to the machine is lost for some ten seconds: questions to the name server first of all."""
ENTER = f"""
if ! mountpoint --quiet {MACHINE_NETWORK}; then
    touch {MACHINE_NETWORK}
    mount --bind /proc/self/ns/net {MACHINE_NETWORK}
fi
exec unshare --net --pid --fork --kill-child --mount-proc "$@"
"""
INSIDE = "--inside"


def main() -> int:
    """Runs the command of the arguments; returns its exit code."""
    match sys.argv[1:]:
        case [first, *command] if first == INSIDE:
            return run_inside(command)
        case command:
            if not find_engine().is_podman or os.geteuid() != 0:
                os.execvp(command[0], command)  # noqa: S606
            with (CACHE / "lock").open("w") as lock:
                # Two runs would remove each other's containers.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return run_isolated(command)


def run_isolated(command: list[str]) -> int:
    """Runs a command in new namespaces, which end with it and with this process; returns its exit code."""
    inside = [sys.executable, "-m", "tests.compose.isolated", INSIDE, *command]
    unshared = ["unshare", "--mount", "/bin/sh", "-euc", ENTER, "sh", *inside]
    # The command gets an interrupt of the terminal as well, and ends by it in an orderly way.
    signal.signal(signal.SIGINT, lambda *_: None)
    # What ends this process otherwise ends everything at once.
    with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *unshared]) as process:  # noqa: S603, S607
        return process.wait()


def run_inside(command: list[str]) -> int:
    """Runs a command as the first process of its namespaces, which collects what has lost its parent."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607
    ANNOUNCE_NEW_ADDRESSES.write_text("1")
    for folder in PRIVATE_FOLDERS:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)  # noqa: S603, S607
    signal.signal(signal.SIGINT, lambda *_: None)
    with subprocess.Popen(command) as process:  # noqa: S603
        while True:
            ended, status = os.wait()
            if ended == process.pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return process.returncode


if __name__ == "__main__":
    sys.exit(main())
