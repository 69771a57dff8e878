"""Starts clouds without loading modules for each, which takes ten times as long as all the rest.

It prints the path of its socket. Each connection sends a line of JSON,
`{"arguments": [...], "environment": {...}}`, gets what `discord-cloud` with these arguments prints, and at
last a line `exited <code>`. A connection that is closed ends its cloud, and the end of the standard input
ends the server.
"""

import contextlib
import gc
import json
import os
import select
import signal
import sys
from functools import partial
from socketserver import ForkingMixIn, StreamRequestHandler, UnixStreamServer
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from argon2 import PasswordHasher

import cli.servers.up  # noqa: F401 - this is what takes long
from cli.main import main as run_command
from manager.accounts import credentials

CHEAP = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
"""Guessing passwords of tests may be quick, and so may be logging in."""


class _Starter(StreamRequestHandler):
    """Runs in a process of its own, beside the cloud that it starts."""

    def handle(self) -> None:
        request = json.loads(self.rfile.readline())
        cloud = os.fork()
        if cloud == 0:
            _become(request, self.connection.fileno())
        ended = os.pidfd_open(cloud)
        readable, _, _ = select.select([self.connection, ended], [], [])
        if self.connection in readable:
            os.kill(cloud, signal.SIGTERM)
        _, status = os.waitpid(cloud, 0)
        # Who started it may be gone.
        with contextlib.suppress(ConnectionError):
            self.connection.sendall(f"\nexited {os.waitstatus_to_exitcode(status)}\n".encode())


class _Server(ForkingMixIn, UnixStreamServer):
    block_on_close = False


def _become(request: dict[str, Any], output: int) -> None:
    """Be the command, with that output and no input."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["discord-cloud", *request["arguments"]]
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        gc.disable()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run_command()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Serve until the standard input ends."""
    gc.freeze()
    # Ctrl-C ends clouds and Node.js, and with that this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with (
        patch.object(credentials, "PasswordHasher", CHEAP),
        TemporaryDirectory(prefix="discord-cloud-fork-") as folder,
        _Server(f"{folder}/socket", _Starter) as server,
    ):
        sys.stdout.write(f"{server.server_address}\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            server.handle_request()
            server.service_actions()


if __name__ == "__main__":
    main()
