"""The Python of the documentation runs; that of docs/sdk.md and the README does in tests/client_sdk."""

import ast
import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discord_emulator.app
import discord_emulator.emulator
import discord_emulator.faults
import discord_emulator.operations
import discord_emulator.settings
import discord_emulator.testing
from catalog.sqlite.adapter import SqliteCatalog
from processing_service.job_file import JobFile
from tests.docs.blocks import Block, blocks

Names = dict[str, Any]
HELD_TO_THE_CLIENT = {"README.md", "docs/sdk.md"}
BLOCKS = [
    block
    for block in blocks("python")
    if block.page not in HELD_TO_THE_CLIENT and block.noted("file") is None
]


@asynccontextmanager
async def of_the_catalog(_folder: Path) -> AsyncIterator[Names]:
    """What docs/catalog.md takes for granted."""
    yield {"SqliteCatalog": SqliteCatalog}


@asynccontextmanager
async def of_the_emulator(folder: Path) -> AsyncIterator[Names]:
    """What docs/emulator.md takes for granted: its names, an application, and somebody who posts."""
    names: Names = {}
    for module in (
        discord_emulator.app,
        discord_emulator.faults,
        discord_emulator.operations,
        discord_emulator.settings,
        discord_emulator.testing,
    ):
        names |= vars(module)
    async with (
        discord_emulator.testing.running_emulator(folder / "emulator") as emulator,
        aiohttp.ClientSession(headers={"User-Agent": "a test"}) as http,
    ):
        posting = asyncio.create_task(http.post(emulator.webhook_urls()[0], json={"content": "a"}))
        yield names | {"emulator": emulator, "root": web.Application(), "tmp_path": folder}
        (await posting).release()


@asynccontextmanager
async def of_processing(folder: Path) -> AsyncIterator[Names]:
    """What docs/processing.md takes for granted: nothing, but its functions are called."""
    source, target = folder / "notes.md", folder / "outline.txt"
    source.write_text("# A\ntext\n## B\n")
    file = JobFile(name=source.name, size=source.stat().st_size, type="text/markdown")
    names: Names = {}
    yield names
    assert names["test"](file)
    assert names["generate"](source, target, file) == "text/plain"
    assert target.read_text() == "A\n  B\n"


SCENES: dict[str, Callable[[Path], AbstractAsyncContextManager[Names]]] = {
    "docs/catalog.md": of_the_catalog,
    "docs/emulator.md": of_the_emulator,
    "docs/processing.md": of_processing,
}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.place for block in BLOCKS])
async def test_examples_run(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand, with the names that their page has explained."""
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    code = compile(block.text, block.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    async with asyncio.timeout(30), SCENES[block.page](tmp_path) as names:
        # Our own documentation.
        if code.co_flags & inspect.CO_COROUTINE:
            await eval(code, names)  # noqa: S307
        else:
            exec(code, names)  # noqa: S102
