"""Starts a worker process for a job, watches it, and ends it when it does not end itself.

Each job has a process of its own. It is started afresh rather than forked off the service, which has
secrets in its memory, threads and an event loop; its start takes about a quarter of a second.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from processing_service.order import (
    LOG_FILE,
    MAX_OUTCOME_BYTES,
    ORDER_FILE,
    OUTCOME_FILE,
    Failure,
    Order,
    Outcome,
    Success,
)

GRACE_S: Final = 2.0
"""Seconds beyond its time limit, for the interpreter's start and the worker's own timer."""
_LOGGED: Final = 4000
_OUT_OF_TIME: Final = frozenset({signal.SIGXCPU, signal.SIGALRM})

log = structlog.get_logger(__name__)


async def work(order: Order, folder: Path) -> Outcome:
    """Have a worker process carry out an order.

    When this is cancelled the worker is killed.

    Args:
        order: What is to be done.
        folder: The folder of the job, with the input in it.

    Raises:
        OSError: The process cannot be started, or the folder not be used.
    """
    (folder / ORDER_FILE).write_bytes(msgspec.json.encode(order))
    with (folder / LOG_FILE).open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "processing_service.worker", str(folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(order.limits.timeout_s + GRACE_S):
            status = await process.wait()
    except TimeoutError:
        return _out_of_time(order)
    finally:
        if process.returncode is None:
            # The worker leads a group of its own, which holds what it started. It may have ended
            # this moment.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return _outcome(status, order, folder)


def _environment(folder: Path) -> dict[str, str]:
    """No secret of the service is in it; modules are found where the service finds them."""
    places = (str(Path(place).resolve()) for place in sys.path)
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder),
        # Each arena reserves address space, which is limited.
        "MALLOC_ARENA_MAX": "2",
    }


def _outcome(status: int, order: Order, folder: Path) -> Outcome:
    said = _tail(folder / LOG_FILE)
    if status == 0:
        if said:
            log.info("worker-said", output=said)
        return _written(folder)
    log.warning("worker-died", status=status, output=said)
    if status > 0:
        return Failure(reason="processing the file fails", retry=False)
    number = signal.Signals(-status)
    if number in _OUT_OF_TIME:
        return _out_of_time(order)
    if number is signal.SIGKILL:
        # Nobody here sent it: the machine ran out of memory, which says little about the file.
        return Failure(reason="the worker was killed by the system", retry=True)
    return Failure(reason=f"processing the file crashes the worker ({number.name})", retry=False)


def _written(folder: Path) -> Outcome:
    path = folder / OUTCOME_FILE
    try:
        if path.stat().st_size > MAX_OUTCOME_BYTES:
            return Failure(reason="the worker found out more than is taken", retry=False)
        return msgspec.json.decode(path.read_bytes(), type=Success | Failure)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return Failure(reason="the worker ended without an outcome", retry=False)


def _out_of_time(order: Order) -> Failure:
    seconds = f"{order.limits.timeout_s:g}"
    return Failure(reason=f"processing the file takes longer than {seconds} s", retry=False)


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-_LOGGED:].decode("utf-8", "replace")
    except OSError:
        return ""
