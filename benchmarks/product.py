"""The whole product beside the reference: many small files and a large one, there and back.

Both servers run during the whole round. Each step is done by one and then by the other, and the one that
begins changes with the round, so that what the machine does beside this meets both. Before each step the
disk is idle: what was written is on it.
"""

import asyncio
import filecmp
import http.client
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks.harness import GIB, MIB, Options, Suite, verdict
from benchmarks.process_figures import CommandFigures
from benchmarks.stores import (
    DiscordCloud,
    DownloadAddress,
    SeaweedFs,
    Store,
    discord_cloud,
    seaweed_fs,
)

SMALL_FILE_BYTES = 2048
RANGE_BYTES = 1 * MIB
NEXT_RANGES = 16
_SMALL, _LARGE = "small", "large.bin"
_HEAD = (
    f"{'':34}{'wall s':>9}{'ratio':>7}{'server CPU':>13}{'client CPU':>13}"
    f"{'server RSS':>12}{'client RSS':>12}"
)
MIDDLE_TARGET = 1.5
"""The first byte in the middle takes at most so much of the first byte of the file: one chunk's time."""
NEXT_TARGET = 0.5
"""Each range after it, which is in memory, takes at most so much of that."""
TARGETS = {"put small": 1.0, "get small": 1.0, "put large": 1.0, "get large": 1.0}
"""At most this part of the reference's time."""


@dataclass(frozen=True, slots=True)
class _StepFigures:
    """One step of one product, or the medians of several rounds."""

    wall_s: float
    server_cpu_s: float
    client_cpu_s: float
    server_rss_mib: float
    client_rss_mib: float


@dataclass(frozen=True, slots=True)
class _RangeFigures:
    """Milliseconds: first byte of the file, of a range in its middle; the median of ranges after it."""

    start_ms: float
    first_byte_ms: float
    next_ms: float


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round has measured, by the name of the step and of the product."""

    steps: dict[tuple[str, str], _StepFigures]
    ranges: dict[str, _RangeFigures]


async def _run(options: Options) -> str:
    return await asyncio.to_thread(_measured, options)


def _measured(options: Options) -> str:
    with tempfile.TemporaryDirectory(prefix="benchmark-product-") as name:
        folder = Path(name)
        sources = folder / "sources"
        _make_sources(sources, options)
        rounds = [_round(folder / f"round-{n}", sources, n) for n in range(options.rounds)]
    return _report(rounds, options)


def _make_sources(folder: Path, options: Options) -> None:
    (folder / _SMALL).mkdir(parents=True)
    for number in range(options.files):
        content = os.urandom(SMALL_FILE_BYTES)
        (folder / _SMALL / f"file-{number:06}.bin").write_bytes(content)
    with (folder / _LARGE).open("wb") as large:
        for _ in range(options.mib):
            large.write(os.urandom(MIB))


def _round(folder: Path, sources: Path, number: int) -> _Round:
    folder.mkdir()
    steps: dict[tuple[str, str], _StepFigures] = {}
    with discord_cloud(folder / "own") as own, seaweed_fs(folder / "reference") as reference:
        stores: list[Store] = [own, reference]
        if number % 2:
            stores.reverse()
        for size, name in (("small", _SMALL), ("large", _LARGE)):
            for store in stores:
                figures = _step(store, partial(store.put, sources / name))
                steps[f"put {size}", store.name] = figures
            _touch_memory(folder / "touched", sources / name)
            for store in stores:
                fetched = folder / "fetched"
                figures = _step(store, partial(store.get, name, fetched))
                steps[f"get {size}", store.name] = figures
                _check(sources / name, fetched / name)
                shutil.rmtree(fetched)
        ranges = {store.name: _ranges(store.download(_LARGE)) for store in stores}
    shutil.rmtree(folder)
    return _Round(steps, ranges)


def _touch_memory(file: Path, source: Path) -> None:
    """Let the kernel have used as much memory as what is fetched needs, and have it free again.

    A virtual machine is given memory when it is touched. That of what the first one fetches was never
    touched, and the second one would get it back: two seconds of difference for 1 GiB.
    """
    size = 0 if source.is_dir() else source.stat().st_size
    with file.open("wb") as touched:
        for _ in range(size // MIB):
            touched.write(bytes(MIB))
    file.unlink()


def _step(store: Store, work: Callable[[], CommandFigures]) -> _StepFigures:
    os.sync()
    store.server.forget_peak()
    before_s = store.server.cpu_s()
    command = work()
    return _StepFigures(
        command.wall_s,
        store.server.cpu_s() - before_s,
        command.cpu_s,
        store.server.peak_rss_mib(),
        command.peak_rss_mib,
    )


def _check(source: Path, fetched: Path) -> None:
    """Compare what came back with what was sent."""
    names = [each.name for each in source.iterdir()] if source.is_dir() else []
    if names:
        same, _, _ = filecmp.cmpfiles(source, fetched, names, shallow=False)
        assert len(same) == len(names), f"{len(names) - len(same)} files did not come back"
        return
    # rclone makes a folder of a file that it copies into a place that does not exist.
    file = fetched / source.name if fetched.is_dir() else fetched
    assert filecmp.cmp(source, file, shallow=False), "the large file did not come back"


def _ranges(download: DownloadAddress) -> _RangeFigures:
    """Open the file in the middle as a player does: one connection, one range after the other."""
    parts = urlsplit(download.address)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    with closing(connection):
        target = f"{parts.path}?{parts.query}"
        middle = _size(connection, target, download) // 2
        start_s, _ = _fetch_range(connection, target, download, 0)
        first_byte_s, _ = _fetch_range(connection, target, download, middle)
        following = [
            _fetch_range(connection, target, download, middle + number * RANGE_BYTES)[1]
            for number in range(1, NEXT_RANGES + 1)
        ]
    return _RangeFigures(start_s * 1000, first_byte_s * 1000, median(following) * 1000)


def _fetch_range(
    connection: http.client.HTTPConnection, target: str, download: DownloadAddress, first: int
) -> tuple[float, float]:
    """Fetch a range; returns the seconds until its first byte, and until its last."""
    headers = {**download.headers, "Range": f"bytes={first}-{first + RANGE_BYTES - 1}"}
    began_at = time.perf_counter()
    connection.request("GET", target, headers=headers)
    response = connection.getresponse()
    response.read(1)
    first_byte_s = time.perf_counter() - began_at
    assert response.status == http.client.PARTIAL_CONTENT
    response.read()
    return first_byte_s, time.perf_counter() - began_at


def _size(connection: http.client.HTTPConnection, target: str, download: DownloadAddress) -> int:
    connection.request("HEAD", target, headers=dict(download.headers))
    response = connection.getresponse()
    response.read()
    return int(response.headers["Content-Length"])


def _medians(runs: list[_StepFigures]) -> _StepFigures:
    return _StepFigures(
        *(median(getattr(run, each.name) for run in runs) for each in fields(_StepFigures))
    )


def _report(rounds: list[_Round], options: Options) -> str:
    steps = {key: _medians([each.steps[key] for each in rounds]) for key in rounds[0].steps}
    lines = [
        f"Whole product: {options.files} files of {SMALL_FILE_BYTES} bytes, one of {options.mib} MiB",
        f"Medians of {len(rounds)}; CPU in ms a file, or s a GiB; peak RSS in MiB",
        "",
        _HEAD,
    ]
    verdicts = []
    for step, target in TARGETS.items():
        own, reference = steps[step, DiscordCloud.name], steps[step, SeaweedFs.name]
        ratio = own.wall_s / reference.wall_s
        lines.append(_line(f"{step}, {DiscordCloud.name}", own, ratio, step, options))
        lines.append(_line(f"{step}, {SeaweedFs.name}", reference, 1.0, step, options))
        verdicts.append(
            verdict(f"{step} in at most {target} of the reference's time", reached=ratio <= target)
        )
    lines += ["", *_range_lines(rounds)]
    return "\n".join([*lines, "", *verdicts, *_range_verdicts(rounds)])


def _line(name: str, figures: _StepFigures, ratio: float, step: str, options: Options) -> str:
    is_small = step.endswith("small")
    factor = 1000 / options.files if is_small else GIB / (options.mib * MIB)
    unit = "ms" if is_small else "s"
    server = f"{figures.server_cpu_s * factor:.2f} {unit}"
    client = f"{figures.client_cpu_s * factor:.2f} {unit}"
    return (
        f"{name:34}{figures.wall_s:>9.2f}{ratio:>7.2f}{server:>13}{client:>13}"
        f"{figures.server_rss_mib:>12.0f}{figures.client_rss_mib:>12.0f}"
    )


def _range_lines(rounds: list[_Round]) -> list[str]:
    lines = [
        f"{'the large file by Range, ms':34}{'at its start':>14}{'in the middle':>15}{'next MiB':>10}"
    ]
    for name in rounds[0].ranges:
        figures = _range_medians(rounds, name)
        lines.append(
            f"{name:34}{figures.start_ms:>14.1f}{figures.first_byte_ms:>15.1f}{figures.next_ms:>10.1f}"
        )
    return lines


def _range_medians(rounds: list[_Round], name: str) -> _RangeFigures:
    runs = [each.ranges[name] for each in rounds]
    return _RangeFigures(
        *(median(getattr(run, each.name) for run in runs) for each in fields(_RangeFigures))
    )


def _range_verdicts(rounds: list[_Round]) -> list[str]:
    own = _range_medians(rounds, DiscordCloud.name)
    middle, following = own.first_byte_ms / own.start_ms, own.next_ms / own.first_byte_ms
    return [
        verdict(
            f"the first byte in the middle in at most {MIDDLE_TARGET} of that at the start",
            reached=middle <= MIDDLE_TARGET,
        ),
        verdict(
            f"each MiB after it in at most {NEXT_TARGET} of that", reached=following <= NEXT_TARGET
        ),
    ]


PRODUCT = Suite("product", "the whole product beside rclone with SeaweedFS", _run)
