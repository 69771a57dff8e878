"""A real NATS server on loopback, which can be killed and started again."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_supabase.programs import ChildFailed

PROGRAM = Path(sys.executable).parent / "nats-server"


class NatsServer:
    """A server with JetStream. It keeps its port when it is started again, and nothing else."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._runs = 0
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.port: int = listening.getsockname()[1]
        self.start()

    def url(self, namespace: str = "") -> str:
        """What managers are given as `CLUSTER_URL`."""
        return f"nats://127.0.0.1:{self.port}/{namespace}"

    def start(self) -> None:
        """Starts it with an empty store, and waits until it is ready."""
        self._runs += 1
        command = [
            "setpriv",
            "--pdeathsig=KILL",
            str(PROGRAM),
            "-a",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        store = ["-js", "-sd", str(self._folder / str(self._runs))]
        self._process = subprocess.Popen(  # noqa: S603 - programs and arguments are our own
            [*command, *store, *self._options], stderr=subprocess.PIPE, text=True
        )
        lines = []
        for line in self._process.stderr or ():
            lines.append(line)
            if "Server is ready" in line:
                return
        raise ChildFailed("nats-server did not start:\n" + "".join(lines))

    def kill(self) -> None:
        """Ends it as a failing machine does."""
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


@contextmanager
def running_nats(folder: Path, *options: str) -> Iterator[NatsServer]:
    """Runs a server."""
    server = NatsServer(folder, *options)
    try:
        yield server
    finally:
        server.kill()
