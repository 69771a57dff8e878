"""The chunk path of the upload service, compared with a naive service and with the floor.

The floor is what the same bytes cost when they are received, hashed, sealed and sent by bare sockets and
OpenSSL calls: `floor.c`, compiled with the system's compiler. Without one, or without OpenSSL's headers,
there is no floor; one in Python would not be a floor.

Chunks are as large as what is documented allows, and as large as the manager learns that Discord takes: the
size of new uploads with `CHUNK_SIZE=auto`.
"""

import asyncio
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from benchmarks.harness import (
    GIB,
    MIB,
    ChildName,
    ChildProcess,
    Options,
    Suite,
    announcing_program,
    child,
    cores,
    verdict,
)
from benchmarks.upload_peers import ChunkLoad, send_all, stub_manager
from protocol.values import CHUNK_SIZE, LARGEST_CHUNK_SIZE

CHUNK_SIZES = (CHUNK_SIZE, LARGEST_CHUNK_SIZE)
CONCURRENCIES = (1, 5)
TARGET_RATIO = {1: 0.42, 5: 0.50}
TARGET_FLOOR_RATIO = 1.15
TARGET_RSS_MIB = 130
_PIECE_BYTES = 256 * 1024


_Measure = Callable[
    [ChildProcess, frozenset[int], "_Shape"], Coroutine[None, None, "_UploadFigures"]
]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What one run sends: so many chunks of a size in bytes, so many at a time."""

    count: int
    chunk_size: int
    concurrency: int

    def load(self, server: ChildProcess, upload_id: str) -> ChunkLoad:
        """Return what is sent to a server."""
        url = server.announcement["url"]
        return ChunkLoad(url, upload_id, self.count, self.chunk_size, self.concurrency)


@dataclass(frozen=True, slots=True)
class _UploadFigures:
    """One run, or the medians of several."""

    mb_per_s: float
    cpu_s_per_gib: float
    peak_rss_mib: float


async def _run(options: Options) -> str:
    _, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    servers: dict[str, _Measure] = {"naive": _naive, "service": _service}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "floor"
        if await _compiled(program):
            servers["floor"] = partial(_floor, program)
        async with child(ChildName.DISCORD, other_cores, {}) as discord:
            reports = [await _compared(discord, servers, options, size) for size in CHUNK_SIZES]
    return "\n\n".join(reports)


async def _compared(
    discord: ChildProcess, servers: dict[str, _Measure], options: Options, chunk_size: int
) -> str:
    """Measure all servers with chunks of one size."""
    server_cores, other_cores = cores()
    count = max(1, options.mib * MIB // chunk_size)
    runs: dict[tuple[str, int], list[_UploadFigures]] = {}
    crypto: list[float] = []
    for _ in range(options.rounds):
        crypto.append(_crypto(count, chunk_size, server_cores, other_cores))
        for concurrency in CONCURRENCIES:
            shape = _Shape(count, chunk_size, concurrency)
            for name, measure in servers.items():
                figures = await measure(discord, server_cores, shape)
                runs.setdefault((name, concurrency), []).append(figures)
    medians = {key: _medians(figures) for key, figures in runs.items()}
    head = f"Chunk path, {count} chunks of {chunk_size} bytes in each run"
    return _report(head, medians, median(crypto))


def _crypto(count: int, chunk_size: int, server: frozenset[int], others: frozenset[int]) -> float:
    os.sched_setaffinity(0, server)
    try:
        return _bare_cpu_s(count, chunk_size) * GIB / (count * chunk_size)
    finally:
        os.sched_setaffinity(0, others)


async def _compiled(program: Path) -> bool:
    """Compile the floor; returns whether there is what that needs."""
    compiler, source = shutil.which("cc"), Path(__file__).with_name("floor.c")
    if compiler is None:
        return False
    compiling = await asyncio.create_subprocess_exec(
        compiler, "-O2", "-o", program, source, "-lcrypto", "-pthread"
    )
    return await compiling.wait() == 0


async def _floor(
    program: Path, discord: ChildProcess, pinned: frozenset[int], shape: _Shape
) -> _UploadFigures:
    api = urlsplit(discord.announcement["api_url"])
    id_, token, _ = discord.announcement["webhooks"][0]
    command = (str(program), str(api.port), f"{api.path}/webhooks/{id_}/{token}")
    async with announcing_program(command, pinned, {}) as server:
        return await _measured(server, shape.load(server, "any"))


async def _naive(discord: ChildProcess, pinned: frozenset[int], shape: _Shape) -> _UploadFigures:
    urls = [
        f"{discord.announcement['api_url']}/webhooks/{id_}/{token}"
        for id_, token, _ in discord.announcement["webhooks"]
    ]
    async with child(ChildName.NAIVE_SERVICE, pinned, {"WEBHOOK_URLS": json.dumps(urls)}) as server:
        return await _measured(server, shape.load(server, "any"))


async def _service(discord: ChildProcess, pinned: frozenset[int], shape: _Shape) -> _UploadFigures:
    announced = discord.announcement
    environment = {
        "SERVICE_PASSWORD": "benchmark",
        "OWN_ADDRESS": "http://127.0.0.1",
        "PORT": "0",
        "SLOTS": "1",
    }
    async with stub_manager(announced["api_url"], announced["webhooks"]) as manager:
        environment["MANAGER_ADDRESS"] = manager.url
        with tempfile.TemporaryDirectory() as environment["REPORTS_FOLDER"]:
            async with child(ChildName.UPLOAD_SERVICE, pinned, environment) as server:
                size = shape.count * shape.chunk_size
                upload_id = await manager.start_upload(size, shape.chunk_size)
                figures = await _measured(server, shape.load(server, upload_id))
                assert (await manager.finished()).success
                return figures


async def _measured(server: ChildProcess, load: ChunkLoad) -> _UploadFigures:
    cpu_s, began_at = server.cpu_s(), time.monotonic()
    await asyncio.to_thread(send_all, load)
    taken_s, cpu_s = time.monotonic() - began_at, server.cpu_s() - cpu_s
    sent = load.count * load.chunk_size
    return _UploadFigures(sent / taken_s / 1e6, cpu_s * GIB / sent, server.peak_rss_mib())


def _medians(runs: list[_UploadFigures]) -> _UploadFigures:
    return _UploadFigures(
        median(run.mb_per_s for run in runs),
        median(run.cpu_s_per_gib for run in runs),
        median(run.peak_rss_mib for run in runs),
    )


def _report(head: str, medians: dict[tuple[str, int], _UploadFigures], crypto: float) -> str:
    lines = [
        head,
        "",
        f"{'':22}{'MB/s':>8}{'CPU s/GiB':>12}{'of naive':>10}{'of floor':>10}{'peak RSS MiB':>14}",
        f"{'bare cryptography':22}{'':>8}{crypto:>12.2f}",
    ]
    for concurrency in CONCURRENCIES:
        shown = [name for name in ("naive", "floor", "service") if (name, concurrency) in medians]
        lines += [_line(name, concurrency, medians) for name in shown]
    return "\n".join([*lines, "", *_verdicts(medians)])


def _ratio(
    medians: dict[tuple[str, int], _UploadFigures], name: str, to: str, concurrency: int
) -> float | None:
    """Return how much CPU time one server takes of another's; None if that one was not measured."""
    other = medians.get((to, concurrency))
    if other is None:
        return None
    return medians[name, concurrency].cpu_s_per_gib / other.cpu_s_per_gib


def _line(name: str, concurrency: int, medians: dict[tuple[str, int], _UploadFigures]) -> str:
    figures = medians[name, concurrency]
    ratios = (_ratio(medians, name, to, concurrency) for to in ("naive", "floor"))
    return (
        f"{f'{name}, {concurrency} in flight':22}{figures.mb_per_s:>8.0f}{figures.cpu_s_per_gib:>12.2f}"
        + "".join(f"{'-' if ratio is None else f'{ratio:.2f}':>10}" for ratio in ratios)
        + f"{figures.peak_rss_mib:>14.0f}"
    )


def _verdicts(medians: dict[tuple[str, int], _UploadFigures]) -> list[str]:
    verdicts = []
    for concurrency, naive_target in TARGET_RATIO.items():
        for to, target in (("naive", naive_target), ("floor", TARGET_FLOOR_RATIO)):
            ratio = _ratio(medians, "service", to, concurrency)
            if ratio is None:
                verdicts.append("not measured: the floor, which needs cc and OpenSSL's headers")
                continue
            claim = f"CPU at {concurrency} in flight at most {target} of {to}"
            verdicts.append(verdict(claim, reached=ratio <= target))
        peak = medians["service", concurrency].peak_rss_mib
        claim = f"peak RSS at {concurrency} in flight below {TARGET_RSS_MIB} MiB"
        verdicts.append(verdict(claim, reached=peak < TARGET_RSS_MIB))
    return verdicts


def _bare_cpu_s(count: int, chunk_size: int) -> float:
    """Return the CPU seconds for hashing and encrypting `count` chunks in memory."""
    plain = memoryview(os.urandom(chunk_size))
    sealed = memoryview(bytearray(chunk_size + 64))
    before = time.process_time()
    for _ in range(count):
        digest = hashlib.sha256()
        encryptor = Cipher(algorithms.AES256(os.urandom(32)), modes.GCM(os.urandom(12))).encryptor()
        for start in range(0, chunk_size, _PIECE_BYTES):
            piece = plain[start : start + _PIECE_BYTES]
            digest.update(piece)
            encryptor.update_into(piece, sealed[start:])
        encryptor.finalize()
        digest.digest()
    return time.process_time() - before


UPLOADS = Suite("uploads", "CPU, speed and memory of the chunk path", _run)
