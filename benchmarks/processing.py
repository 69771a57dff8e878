"""What a job costs the processing service: a worker process, from the order to the outcome."""

import io
import resource
import tempfile
import time
from pathlib import Path
from statistics import median

from PIL import Image

from benchmarks.harness import MIB, Options, Suite
from processing_service.job_file import JobFile
from processing_service.views import ViewDefinitions, load_views
from processing_service.work_order import INPUT_FILE, WorkerLimits, WorkerSuccess, WorkOrder
from processing_service.worker_pool import WorkerPool

JOBS = 50
TEXT = b"a line of a small text\n" * 100
PHOTO_SIZE = (4000, 3000)
LIMITS = WorkerLimits(timeout_s=60, memory_bytes=1024 * MIB, max_pixels=10**8)


async def _run(options: Options) -> str:
    samples = {"text/plain": TEXT, "image/jpeg": _photo()}
    lines = [f"{'ms a job, one at a time':26}{'wall':>8}{'CPU':>8}"]
    for kind, content in samples.items():
        runs = [await _measure(content, kind) for _ in range(options.rounds)]
        wall, cpu = (median(figures) * 1000 for figures in zip(*runs, strict=True))
        lines.append(f"{kind:26}{wall:>8.1f}{cpu:>8.1f}")
    return "\n".join(["Worker processes", "", *lines])


async def _measure(content: bytes, kind: str) -> tuple[float, float]:
    """Seconds of the clock and of the processor for each job, the start of everything included."""
    order = _order(content, kind, load_views(None))
    workers = WorkerPool(Path(tempfile.gettempdir()))
    began_at, cpu_s = time.monotonic(), _children_cpu_s()
    for _ in range(JOBS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / INPUT_FILE).write_bytes(content)
            assert isinstance(await workers.run(order, folder), WorkerSuccess)
    taken_s = time.monotonic() - began_at
    # Only what has ended is counted.
    await workers.close()
    return taken_s / JOBS, (_children_cpu_s() - cpu_s) / JOBS


def _order(content: bytes, kind: str, views: ViewDefinitions) -> WorkOrder:
    return WorkOrder(
        file=JobFile(name=None, size=len(content), type=kind),
        views=views.wanted(kind, frozenset()),
        extensions=(),
        keep_gps=False,
        limits=LIMITS,
    )


def _photo() -> bytes:
    picture = Image.effect_noise((PHOTO_SIZE[0] // 8, PHOTO_SIZE[1] // 8), 40).resize(PHOTO_SIZE)
    encoded = io.BytesIO()
    picture.convert("RGB").save(encoded, "JPEG")
    return encoded.getvalue()


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


PROCESSING = Suite("processing", "worker processes for small texts and photos", _run)
