"""How long a page of a folder takes, as a client sees it, and how that grows with the folder."""

import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks.filling import fill_with_files, fill_with_folders
from benchmarks.harness import ChildName, Options, Suite, child, cores, verdict
from benchmarks.live_manager import LiveManager, claim, live_manager
from client_sdk.connection import Connection
from protocol import c2s, s2c
from protocol.packet import Packet
from protocol.values import PAGE_SIZE

SIZES = (1_000, 10_000, 100_000)
MIN_REPEATS = 15
TARGET_MS = 20.0
ORDERS: tuple[c2s.SortKey, ...] = ("name", "size", "updated_at")


class _ListingFigures:
    """Milliseconds of one kind of request, by size."""

    def __init__(self) -> None:
        self.by_name: dict[str, dict[int, float]] = {}

    def note(self, name: str, size: int, milliseconds: float) -> None:
        self.by_name.setdefault(name, {})[size] = milliseconds


async def _run(options: Options) -> str:
    figures = _ListingFigures()
    for size in SIZES:
        async with _manager_with(size) as manager, manager.client() as client:
            await _measure(client, size, max(MIN_REPEATS, options.rounds), figures)
    return _report(figures)


@asynccontextmanager
async def _manager_with(size: int) -> AsyncIterator[LiveManager]:
    """A manager with a folder of `size` files, a folder of `size` folders, and a tree of as many."""
    server_cores, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "catalog.sqlite3"
        token = await claim(database)
        fill_with_files(database, "files", size)
        fill_with_folders(database, size)
        async with (
            child(ChildName.DISCORD, other_cores, {}) as discord,
            live_manager(database, token, discord.announcement, server_cores) as manager,
        ):
            yield manager


async def _measure(client: Connection, size: int, repeats: int, figures: _ListingFigures) -> None:
    async def note(name: str, packet: Packet, answer: type[Packet]) -> None:
        figures.note(name, size, await _timed(client, packet, answer, repeats))

    last = size // PAGE_SIZE - 1
    for position, page in (("first", 0), ("middle", last // 2), ("last", last)):
        for order in ORDERS:
            files = c2s.ListRequest(
                path="/files", type="files", page=page, sort_by=order, ascending_sort=True
            )
            await note(f"files by {order}, {position} page", files, s2c.ListFiles)
        folders = c2s.ListRequest(path="/wide", type="subfolders", page=page, ascending_sort=True)
        await note(f"subfolders, {position} page", folders, s2c.ListFolders)
    deep = c2s.ListRequest(path="/tree/folder 0/folder 0", type="subfolders", page=0)
    await note("folder within the tree", deep, s2c.ListFolders)
    status = c2s.FolderStatusRequest(path="/files")
    await note("folder status", status, s2c.FolderStatus)
    whole = c2s.FolderSizeRequest(folder_id=None)
    await note("size of the root", whole, s2c.FolderSize)


async def _timed(client: Connection, packet: Packet, answer: type[Packet], repeats: int) -> float:
    """The median of several round trips in milliseconds; the first is not counted."""
    taken_ms = []
    for _ in range(repeats + 1):
        began_at = time.perf_counter()
        assert isinstance(await client.request(packet, answer), answer)
        taken_ms.append((time.perf_counter() - began_at) * 1000)
    return median(taken_ms[1:])


def _report(figures: _ListingFigures) -> str:
    columns = "".join(f"{size:>12,}" for size in SIZES)
    lines = [
        "Listings over a client's connection: milliseconds of a round trip, 100 entries a page",
        "",
        f"{'entries':34}{columns}{'growth':>9}",
    ]
    for name, by_size in figures.by_name.items():
        values = "".join(f"{by_size[size]:>12.2f}" for size in SIZES)
        lines.append(f"{name:34}{values}{by_size[SIZES[-1]] / by_size[SIZES[0]]:>8.1f}x")
    slowest = max(max(by_size.values()) for by_size in figures.by_name.values())
    target = f"every page within {TARGET_MS:.0f} ms"
    return "\n".join([*lines, "", verdict(target, reached=slowest <= TARGET_MS)])


LISTINGS = Suite("listings", "pages of folders with up to 100 000 entries", _run)
