"""The end of connections, which a test has to wait for before its event loop is closed.

A TLS connection that is closed waits for its peer's last word, and no client waits for that. On a busy
machine it comes after the test, and what is left on a closed loop is an error.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

PATIENCE_S = 30.0


def open_connections() -> set[str]:
    """The connections of this process to other machines, or to this one by an address."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        # What has been closed by now is not there.
        with suppress(FileNotFoundError):
            name = str(descriptor.readlink())
            if name.startswith("socket:") and _has_an_address(int(descriptor.name)):
                found.add(name)
    return found


def _has_an_address(descriptor: int) -> bool:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return copy.family in {socket.AF_INET, socket.AF_INET6}


@asynccontextmanager
async def connections_closed() -> AsyncIterator[None]:
    """At the end, waits until what was opened within the block is closed."""
    before = open_connections()
    yield
    async with asyncio.timeout(PATIENCE_S):
        while open_connections() - before:  # noqa: ASYNC110 - nothing tells of their end
            await asyncio.sleep(0)
