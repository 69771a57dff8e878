"""Fixtures of the processing service's tests."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tests.processing_service.fake_manager import FakeManager, running_fake_manager


@pytest.fixture
async def manager() -> AsyncIterator[FakeManager]:
    """A manager with nothing to do yet."""
    async with running_fake_manager() as ready:
        yield ready


class Witness:
    """Observes processes: they connect, and the system disconnects them when they end.

    Attributes:
        port: where to connect on 127.0.0.1.
        come: set once a process has connected.
        gone: set once the connected process has ended.
    """

    def __init__(self) -> None:
        self.port = 0
        self.come = asyncio.Event()
        self.gone = asyncio.Event()

    async def watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle a connection."""
        self.come.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        self.gone.set()


@pytest.fixture
async def witness() -> AsyncIterator[Witness]:
    """A witness that listens."""
    seeing = Witness()
    async with await asyncio.start_server(seeing.watch, "127.0.0.1", 0) as server:
        seeing.port = server.sockets[0].getsockname()[1]
        yield seeing


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Installs a module as an extension, by the name of its view, for the length of the test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def add(name: str, code: str) -> None:
        module = f"extension_{name}"
        (site / f"{module}.py").write_text(dedent(code))
        metadata = site / f"{module}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        points = f"[discord_cloud.views]\n{name} = {module}\n"
        (metadata / "entry_points.txt").write_text(points)
        monkeypatch.delitem(sys.modules, module, raising=False)

    return add
