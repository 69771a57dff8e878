"""The chunk path of the upload service, compared with a naive service and the bare cryptography."""

import asyncio
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from statistics import median

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from benchmarks.harness import (
    GIB,
    MIB,
    ChildName,
    ChildProcess,
    Options,
    Suite,
    child,
    cores,
    verdict,
)
from benchmarks.upload_peers import ChunkLoad, send_all, stub_manager
from protocol.values import CHUNK_SIZE

CONCURRENCIES = (1, 5)
TARGET_RATIO = {1: 0.42, 5: 0.50}
TARGET_RSS_MIB = 130
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class _UploadFigures:
    """One run, or the medians of several."""

    mb_per_s: float
    cpu_s_per_gib: float
    peak_rss_mib: float


async def _run(options: Options) -> str:
    count = max(1, options.mib * MIB // CHUNK_SIZE)
    server_cores, other_cores = cores()
    os.sched_setaffinity(0, other_cores)
    runs: dict[tuple[str, int], list[_UploadFigures]] = {}
    crypto: list[float] = []
    async with child(ChildName.DISCORD, other_cores, {}) as discord:
        for _ in range(options.rounds):
            crypto.append(_crypto(count, server_cores, other_cores))
            for concurrency in CONCURRENCIES:
                for name, measure in (("naive", _naive), ("service", _service)):
                    figures = await measure(discord, server_cores, count, concurrency)
                    runs.setdefault((name, concurrency), []).append(figures)
    medians = {key: _medians(figures) for key, figures in runs.items()}
    return _report(medians, median(crypto), count)


def _crypto(count: int, server: frozenset[int], others: frozenset[int]) -> float:
    os.sched_setaffinity(0, server)
    try:
        return _bare_cpu_s(count, CHUNK_SIZE) * GIB / (count * CHUNK_SIZE)
    finally:
        os.sched_setaffinity(0, others)


async def _naive(
    discord: ChildProcess, pinned: frozenset[int], count: int, concurrency: int
) -> _UploadFigures:
    urls = [
        f"{discord.announcement['api_url']}/webhooks/{id_}/{token}"
        for id_, token, _ in discord.announcement["webhooks"]
    ]
    async with child(ChildName.NAIVE_SERVICE, pinned, {"WEBHOOK_URLS": json.dumps(urls)}) as server:
        load = ChunkLoad(server.announcement["url"], "any", count, CHUNK_SIZE, concurrency)
        return await _measured(server, load)


async def _service(
    discord: ChildProcess, pinned: frozenset[int], count: int, concurrency: int
) -> _UploadFigures:
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
                upload_id = await manager.start_upload(count * CHUNK_SIZE, CHUNK_SIZE)
                load = ChunkLoad(
                    server.announcement["url"], upload_id, count, CHUNK_SIZE, concurrency
                )
                figures = await _measured(server, load)
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


def _report(medians: dict[tuple[str, int], _UploadFigures], crypto: float, count: int) -> str:
    lines = [
        f"Chunk path, {count} chunks of {CHUNK_SIZE} bytes in each run",
        "",
        f"{'':22}{'MB/s':>8}{'CPU s/GiB':>12}{'of naive':>10}{'peak RSS MiB':>14}",
        f"{'bare cryptography':22}{'':>8}{crypto:>12.2f}",
    ]
    for concurrency in CONCURRENCIES:
        naive, service = medians["naive", concurrency], medians["service", concurrency]
        lines += [
            _line(f"naive, {concurrency} in flight", naive, 1.0),
            _line(
                f"service, {concurrency} in flight",
                service,
                service.cpu_s_per_gib / naive.cpu_s_per_gib,
            ),
        ]
    return "\n".join([*lines, "", *_verdicts(medians)])


def _line(name: str, figures: _UploadFigures, ratio: float) -> str:
    return (
        f"{name:22}{figures.mb_per_s:>8.0f}{figures.cpu_s_per_gib:>12.2f}"
        f"{ratio:>10.2f}{figures.peak_rss_mib:>14.0f}"
    )


def _verdicts(medians: dict[tuple[str, int], _UploadFigures]) -> list[str]:
    verdicts = []
    for concurrency, target in TARGET_RATIO.items():
        naive, service = medians["naive", concurrency], medians["service", concurrency]
        ratio = service.cpu_s_per_gib / naive.cpu_s_per_gib
        verdicts.append(
            verdict(
                f"CPU at {concurrency} in flight at most {target} of naive",
                reached=ratio <= target,
            )
        )
    peak = medians["service", max(CONCURRENCIES)].peak_rss_mib
    verdicts.append(verdict(f"peak RSS below {TARGET_RSS_MIB} MiB", reached=peak < TARGET_RSS_MIB))
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
