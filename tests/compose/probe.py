"""Whether containers can be run on this machine at all: what the tests need, and nothing of the product.

    python -m tests.compose.isolated python -m tests.compose.probe

It takes or builds the images that do not depend on the product, and starts two containers confined as those
of docker-compose.yml are. One of them is reached by its name and by a published port, and is within limits.
"""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from tests.compose import images
from tests.compose.deployment import SERVICES, free_port
from tests.compose.engine import Engine, find_engine, new_name

BASE_OF_THE_IMAGE = "docker.io/library/python:3.11-slim"
PATIENCE_S = 120.0
MEMORY, PROCESSES = 64 * 2**20, 32
READ_LIMITS = """
cd /sys/fs/cgroup
cat memory/memory.limit_in_bytes 2> /dev/null || cat memory.max
cat pids/pids.max 2> /dev/null || cat pids.max
"""
"""Of control groups of the first version, or of the second."""
SERVER = ("python3", "-m", "http.server", "--directory", "/usr/share", "8000")
READ = "import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=5)"


class CannotRun(Exception):
    """Containers cannot be run here; the text says why."""


def find_out() -> None:
    """Returns if containers can be run here.

    Raises:
        CannotRun: they cannot.
    """
    try:
        engine = find_engine()
        image = image_of(engine)
        network = new_name()
        try:
            engine.run("network", "create", network)
            try_containers(engine, image, network)
        finally:
            engine.remove(network)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise CannotRun(str(error)) from error


def image_of(engine: Engine) -> str:
    """An image with Python, once all are there that the product's are built upon or run beside."""
    if engine.is_podman:
        images.build_stand_ins(engine)
        return images.base_image(engine)
    for name in [BASE_OF_THE_IMAGE, *(each["image"] for each in SERVICES.values())]:
        if name != "discord-cloud":
            engine.run("pull", "--quiet", name)
    return BASE_OF_THE_IMAGE


def try_containers(engine: Engine, image: str, network: str) -> None:
    """Starts a server, and reaches it from this machine and from another container."""
    server, port = f"{network}-server", free_port()
    confined = (
        *("--init", "--read-only", "--tmpfs=/tmp", "--cap-drop=all"),
        *("--security-opt=no-new-privileges", f"--memory={MEMORY}", f"--pids-limit={PROCESSES}"),
        f"--network={network}",
    )
    published = f"--publish=127.0.0.1:{port}:8000"
    engine.run("run", "--detach", f"--name={server}", published, *confined, image, *SERVER)
    wait_until(lambda: _answers(f"http://127.0.0.1:{port}/"), "its published port")
    client = (f"--name={network}-client", "--rm", *confined, image, "python3", "-c", READ)
    engine.run("run", *client, f"http://{server}:8000/")
    limits = engine.run("exec", server, "sh", "-c", READ_LIMITS).stdout.split()
    if limits != [str(MEMORY), str(PROCESSES)]:
        raise RuntimeError(f"the kernel limits neither memory nor processes: {limits}")


def wait_until(is_so: Callable[[], bool], name: str) -> None:
    """Returns when something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"a container does not answer at {name}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - of this machine
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    try:
        find_out()
    except CannotRun as why:
        sys.exit(f"containers cannot be run here: {why}")
