"""What downloads cost that gateways send, beside those that the manager sends itself."""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median

from aiohttp import ClientSession, ClientTimeout

from benchmarks.archives import file_writer
from benchmarks.harness import GIB, MIB, ChildName, Options, Suite, child, cores, verdict
from benchmarks.live_manager import claim, live_manager
from benchmarks.stores import free_ports
from protocol.redirects import REDIRECT_HEADER, REDIRECT_TAKEN

DOWNLOADS = 4
"""How many run at the same time, each of a file of its own."""
_LOOK_AGAIN_S = 0.1
TARGET_RATIO = 1.15
TARGET_PART = 0.1


@dataclass(frozen=True, slots=True)
class _Way:
    """How content gets to clients: by so many gateways, and whether the manager leads there."""

    gateways: int
    is_redirected: bool = False

    def __str__(self) -> str:
        return (
            f"{self.gateways}, redirected" if self.is_redirected else str(self.gateways or "none")
        )


_ALONE, _BY_ONE = _Way(0), _Way(1)
_WAYS = (_ALONE, _BY_ONE, _Way(2), _Way(4), _Way(2, is_redirected=True))


@dataclass(frozen=True, slots=True)
class _GatewayFigures:
    """One run, or the medians of several: seconds, and CPU seconds for each GiB."""

    taken_s: float
    manager_cpu_s: float
    gateways_cpu_s: float

    @property
    def cpu_s(self) -> float:
        return self.manager_cpu_s + self.gateways_cpu_s


async def _run(options: Options) -> str:
    _, other_cores = cores()
    size = options.mib * MIB // DOWNLOADS
    runs: dict[_Way, list[_GatewayFigures]] = {way: [] for way in _WAYS}
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "catalog.sqlite3"
        token = await claim(database)
        async with child(ChildName.DISCORD, other_cores, {"KEEPS_CONTENT": "1"}) as discord:
            async with file_writer(database, discord.announcement) as store:
                for number in range(DOWNLOADS):
                    await store.put("large", str(number), size)
            for _ in range(options.rounds):
                for way in _WAYS:
                    runs[way].append(
                        await _measured(database, token, discord.announcement, way, size)
                    )
    return _report({way: _medians(figures) for way, figures in runs.items()}, options)


async def _measured(
    database: Path, token: str, announced: dict[str, object], way: _Way, size: int
) -> _GatewayFigures:
    """Download all files at the same time, from all gateways in turn, or from the manager."""
    usable = frozenset(os.sched_getaffinity(0))
    async with AsyncExitStack() as stack:
        ports = free_ports(way.gateways)
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        known = ",".join(addresses) if way.is_redirected else ""
        manager = await stack.enter_async_context(
            live_manager(database, token, announced, usable, GATEWAY_URLS=known)
        )
        environment = {"MANAGER_ADDRESS": manager.url, "SERVICE_PASSWORD": "benchmark"}
        gateways = [
            await stack.enter_async_context(
                child(ChildName.GATEWAY, usable, {**environment, "PORT": str(port)})
            )
            for port in ports
        ]
        urls = [manager.url] if way.is_redirected or not gateways else addresses
        # A process that has just begun takes its memory from the system, which costs as much as sending.
        await _download(addresses or urls, token, size)
        if way.is_redirected:
            await _until_led(manager.url, token)
        before = [process.cpu_s() for process in (manager.process, *gateways)]
        began_at = time.monotonic()
        await _download(urls, token, size)
        taken_s = time.monotonic() - began_at
        after = [process.cpu_s() for process in (manager.process, *gateways)]
    spent = [later - earlier for later, earlier in zip(after, before, strict=True)]
    part = GIB / (size * DOWNLOADS)
    return _GatewayFigures(taken_s, spent[0] * part, sum(spent[1:]) * part)


async def _until_led(url: str, token: str) -> None:
    """Wait until the manager knows that its gateways are ready."""
    headers = {"Authorization": f"Bearer {token}", REDIRECT_HEADER: REDIRECT_TAKEN}
    async with ClientSession(headers=headers) as http:
        while True:
            path = f"{url}/download?path=/large&name=0"
            async with http.get(path, allow_redirects=False) as response:
                if response.status == 307:
                    return
            await asyncio.sleep(_LOOK_AGAIN_S)


async def _download(urls: Sequence[str], token: str, size: int) -> None:
    headers = {"Authorization": f"Bearer {token}", REDIRECT_HEADER: REDIRECT_TAKEN}
    async with ClientSession(headers=headers, timeout=ClientTimeout(), read_bufsize=MIB) as http:

        async def one(url: str, number: int) -> None:
            received = 0
            async with http.get(f"{url}/download?path=/large&name={number}") as response:
                assert response.status == 200, await response.text()
                async for piece in response.content.iter_any():
                    received += len(piece)
            assert received == size

        turns = zip(cycle(urls), range(DOWNLOADS), strict=False)
        await asyncio.gather(*(one(url, number) for url, number in turns))


def _medians(runs: list[_GatewayFigures]) -> _GatewayFigures:
    return _GatewayFigures(
        median(run.taken_s for run in runs),
        median(run.manager_cpu_s for run in runs),
        median(run.gateways_cpu_s for run in runs),
    )


def _report(medians: dict[_Way, _GatewayFigures], options: Options) -> str:
    lines = [
        f"{DOWNLOADS} downloads at the same time, {options.mib} MiB together, CPU s for each GiB",
        "",
        f"{'gateways':14}{'s':>8}{'manager':>10}{'gateways':>10}{'together':>10}",
    ]
    lines += [
        f"{way!s:<14}{each.taken_s:>8.2f}{each.manager_cpu_s:>10.2f}"
        f"{each.gateways_cpu_s:>10.2f}{each.cpu_s:>10.2f}"
        for way, each in medians.items()
    ]
    alone, one = medians[_ALONE], medians[_BY_ONE]
    manager_cpu_s = max(each.manager_cpu_s for way, each in medians.items() if way.gateways)
    together = f"one gateway and the manager at most {TARGET_RATIO} of the manager alone"
    relieved = f"with gateways the manager at most {TARGET_PART} of what it takes alone"
    return "\n".join(
        [
            *lines,
            "",
            verdict(together, reached=one.cpu_s <= TARGET_RATIO * alone.cpu_s),
            verdict(relieved, reached=manager_cpu_s <= TARGET_PART * alone.cpu_s),
        ]
    )


GATEWAYS = Suite("gateways", "downloads that gateways send, beside those of the manager", _run)
