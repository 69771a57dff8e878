"""Fixtures of the processing service's tests."""

import asyncio
import os
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


class Witness(asyncio.Protocol):
    """Observes workers, which have no network: they open a pipe, and the system closes it when they end.

    Args:
        path: the pipe. A worker opens it for reading.

    Attributes:
        path: of the pipe.
        come: set once a process has opened it.
        gone: set once no process holds it any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.come = asyncio.Event()
        self.gone = asyncio.Event()

    async def watch(self) -> None:
        """Wait for a process that opens the pipe, and then for the end of all that hold it."""
        writing = await asyncio.to_thread(self.path.open, "wb", 0)
        self.come.set()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_write_pipe(lambda: self, writing)
        await self.gone.wait()
        transport.close()

    def connection_lost(self, _reason: Exception | None) -> None:
        """Called when the last process has ended."""
        self.gone.set()


@pytest.fixture
async def witness(tmp_path: Path, install: Callable[[str, str], None]) -> AsyncIterator[Witness]:
    """A witness that watches. Its pipe is among the extensions, which workers may read."""
    path = tmp_path / "site" / "pipe.py"
    os.mkfifo(path)
    seeing = Witness(path)
    watching = asyncio.create_task(seeing.watch())
    yield seeing
    # Lets go of a thread that still waits for a process.
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    seeing.gone.set()
    await watching


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
