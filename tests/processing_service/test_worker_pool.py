"""Worker processes: what they may use, and that nothing but themselves ends with them."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from processing_service.job_file import JobFile
from processing_service.views import load_views
from processing_service.work_order import (
    INPUT_FILE,
    OUTPUT_FOLDER,
    WorkerFailure,
    WorkerLimits,
    WorkerOutcome,
    WorkerSuccess,
    WorkOrder,
)
from processing_service.worker_pool import WorkerPool
from tests.processing_service import samples

MIB = 1024**2


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[WorkerPool]:
    """WorkerPool that end with the test."""
    made = WorkerPool(tmp_path)
    yield made
    await made.close()


async def outcome(
    workers: WorkerPool, folder: Path, content: bytes, kind: str, *extensions: str, **limits: Any
) -> WorkerOutcome:
    """What a worker says of a file of this content and type."""
    (folder / INPUT_FILE).write_bytes(content)
    usual = {"timeout_s": 30.0, "memory_bytes": 1024 * MIB, "max_pixels": 10**8}
    order = WorkOrder(
        file=JobFile(name=None, size=len(content), type=kind),
        views=load_views(None).wanted(kind, frozenset()),
        extensions=extensions,
        keep_gps=False,
        limits=WorkerLimits(**(usual | limits)),
    )
    return await workers.run(order, folder)


def failure(reason: str) -> WorkerFailure:
    """The outcome of a file that is given up."""
    return WorkerFailure(reason=reason, retry=False)


@pytest.fixture
def misbehaving(workers, tmp_path, install):
    """Installs an extension that does something; gives a function that runs it in a worker."""
    folder = tmp_path / "work"
    folder.mkdir()

    async def run(code: str, **limits: Any) -> WorkerOutcome:
        body = code.replace("\n", "\n    ")
        install(
            "bad",
            f"import ctypes, os, resource, signal, sys\n"
            f"from pathlib import Path\n\n"
            f"def generate(source, target, file):\n    {body}\n",
        )
        return await outcome(workers, folder, b"words", "text/plain", "bad", **limits)

    return run


async def test_a_worker_that_hangs_is_ended(misbehaving):
    """Its own timer ends it."""
    done = await misbehaving("signal.pause()", timeout_s=0.7)
    assert done == failure("processing the file takes longer than 0.7 s")


async def test_a_worker_that_ignores_its_timer_is_killed(misbehaving, monkeypatch):
    """The service has a clock of its own."""
    monkeypatch.setattr("processing_service.worker_pool.GRACE_S", 0.1)
    code = "signal.setitimer(signal.ITIMER_REAL, 0)\nsignal.pause()"
    done = await misbehaving(code, timeout_s=0.7)
    assert done == failure("processing the file takes longer than 0.7 s")


async def test_a_worker_that_computes_for_ever_is_ended(misbehaving):
    """Time of the processor is limited as well."""
    code = "signal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"
    done = await misbehaving(code, timeout_s=1.0)
    assert done == failure("processing the file takes longer than 1 s")


async def test_a_worker_that_eats_memory_is_refused_more(misbehaving):
    """The limit holds for every part of the process that asks for memory."""
    done = await misbehaving(
        "keep = [bytearray(2**24) for _ in range(10**6)]", memory_bytes=400 * MIB
    )
    assert done == failure("processing the file takes more memory than is allowed")


async def test_a_worker_that_crashes_takes_nothing_along(misbehaving):
    """A wild pointer in a library ends the worker; the file is given up."""
    done = await misbehaving("ctypes.string_at(0)")
    assert done == failure("processing the file crashes the worker (SIGSEGV)")


async def test_a_worker_killed_from_outside_says_nothing_about_the_file(misbehaving):
    """The system kills when its memory runs out: another attempt may go better."""
    done = await misbehaving("os.kill(os.getpid(), signal.SIGKILL)")
    assert done == WorkerFailure(reason="the worker was killed by the system", retry=True)


@pytest.mark.parametrize("code", ["os._exit(0)", "os._exit(3)"])
async def test_a_worker_that_just_ends_has_failed(misbehaving, code):
    """Without an outcome there is no success, whatever the status."""
    done = await misbehaving(code)
    assert isinstance(done, WorkerFailure)
    assert done.retry is False


@pytest.mark.parametrize("written", ["{", '{"type": "\xff"}', "{" + '"a":[' * 5000])
async def test_an_outcome_that_makes_no_sense_is_none(misbehaving, written):
    """A decoder that was taken over cannot end the service with what it writes."""
    code = (
        f"(target.parent / 'outcome.json').write_bytes({written!r}.encode('latin-1'))\nos._exit(0)"
    )
    done = await misbehaving(code)
    assert isinstance(done, WorkerFailure)
    assert done.retry is False


async def test_a_worker_cannot_fill_the_disk(misbehaving):
    """A view of endless size is cut off, and the rest of the job is kept."""
    code = "target.write_bytes(bytes(2**20))\nreturn 'text/plain'"
    done = await misbehaving(code, max_view_bytes=2**18)
    assert isinstance(done, WorkerSuccess)
    assert done.metadata["failed"] == {"bad": "OSError"}
    assert done.views == ()


async def test_a_worker_has_no_secrets(misbehaving, monkeypatch, tmp_path):
    """Neither environment nor open files of the service are visible to it, and it leaves no core."""
    monkeypatch.setenv("SERVICE_CREDENTIAL", "a secret")
    code = (
        "core = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "files = [os.readlink(f'/proc/self/fd/{n}') for n in range(3, 50)\n"
        "         if os.path.exists(f'/proc/self/fd/{n}')]\n"
        "import json\n"
        "target.write_text(json.dumps([dict(os.environ), core, files]))\n"
        "return 'application/json'"
    )
    done = await misbehaving(code)
    assert isinstance(done, WorkerSuccess)
    environment, core, files = json.loads(
        (tmp_path / "work" / OUTPUT_FOLDER / "view-bad").read_text()
    )
    assert "SERVICE_CREDENTIAL" not in environment
    assert core == [0, 0]
    assert not files


async def test_a_worker_gives_way(misbehaving, tmp_path):
    """On a busy machine what people wait for comes first."""
    await misbehaving("target.write_text(str(os.nice(0)))\nreturn 'text/plain'")
    assert int((tmp_path / "work" / OUTPUT_FOLDER / "view-bad").read_text()) > os.nice(0)


async def test_the_children_of_a_worker_end_with_it(misbehaving, witness):
    """What a worker started is killed with it, here by a cancellation."""
    code = f"keep = open({str(witness.path)!r}, 'rb', 0)\nos.fork()\nsignal.pause()"
    working = asyncio.create_task(misbehaving(code))
    await witness.come.wait()
    working.cancel()
    # The pipe ends when no process holds it any more: neither the worker nor its child.
    await witness.gone.wait()
    done = await asyncio.gather(working, return_exceptions=True)
    assert done[0].__class__ is asyncio.CancelledError


async def test_nothing_that_a_worker_started_outlives_its_job(misbehaving, witness):
    """Not even what has left the worker itself, which otherwise did what it should."""
    code = (
        f"keep = open({str(witness.path)!r}, 'rb', 0)\n"
        "if os.fork() == 0:\n    if os.fork() == 0: signal.pause()\n    os._exit(0)\n"
        "target.write_text('made')\nreturn 'text/plain'"
    )
    done = await misbehaving(code)
    assert isinstance(done, WorkerSuccess)
    await witness.gone.wait()


@pytest.fixture
def reporting(workers, tmp_path, install):
    """Installs an extension that reports on its process; gives a function that runs it in a worker."""
    code = "target.write_text(f'{os.getppid()} {hasattr(sys, \"seen\")}')\n    sys.seen = True"
    install(
        "environment",
        "import os, signal, sys\n\n"
        f"def generate(source, target, file):\n    {code}\n"
        "    if source.read_bytes() == b'crash': os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    if source.read_bytes() == b'orphan':\n"
        f"        keep = open({str(tmp_path / 'site' / 'pipe.py')!r}, 'rb', 0)\n"
        "        signal.pause()\n"
        "    return 'text/plain'\n",
    )

    async def run(content: bytes) -> tuple[WorkerOutcome, int, bool]:
        done = await outcome(workers, tmp_path, content, "text/plain", "environment")
        server, has_seen = (tmp_path / OUTPUT_FOLDER / "view-environment").read_text().split()
        return done, int(server), has_seen == "True"

    return run


async def test_a_worker_has_no_access_to_those_before_it(reporting):
    """They are forked from one process, in which none of them leaves anything, not even by a crash."""
    first, server, _ = await reporting(b"words")
    crashed, *_ = await reporting(b"crash")
    last, *others = await reporting(b"words")
    assert isinstance(first, WorkerSuccess)
    assert isinstance(last, WorkerSuccess)
    assert crashed == failure("processing the file crashes the worker (SIGSEGV)")
    assert others == [server, False]


async def test_a_fork_server_that_is_killed_is_replaced(reporting, witness):
    """The machine may run out of memory; the job gets another attempt, and the next one runs."""
    _, server, _ = await reporting(b"words")
    working = asyncio.create_task(reporting(b"orphan"))
    await witness.come.wait()
    os.killpg(server, signal.SIGKILL)
    done, *_ = await working
    assert done == WorkerFailure(reason="the worker was killed by the system", retry=True)
    done, other, _ = await reporting(b"words")
    assert isinstance(done, WorkerSuccess)
    assert other != server


async def test_at_the_end_no_process_is_left(workers, reporting):
    """A service that stops takes its fork servers along."""
    _, server, _ = await reporting(b"words")
    await workers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


async def test_hostile_and_usual_files_fit_the_limits(workers, tmp_path):
    """The default limits are enough for a large photo, in all its views."""
    photo = samples.encoded(samples.halves(6000, 4000), "JPEG")
    done = await outcome(workers, tmp_path, photo, "image/jpeg")
    assert isinstance(done, WorkerSuccess)
    assert {view.name for view in done.views} == {"thumbnail", "preview"}


async def test_a_picture_beyond_the_memory_is_given_up(workers, tmp_path):
    """What passes the limit of pixels may still be too much for the memory."""
    done = await outcome(
        workers,
        tmp_path,
        samples.bomb(20_000),
        "image/png",
        max_pixels=10**9,
        memory_bytes=500 * MIB,
    )
    assert done == failure("processing the file takes more memory than is allowed")
