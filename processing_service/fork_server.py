"""The fork server: a process without secrets, threads or an event loop that workers are forked off.

Run as `python -m processing_service.fork_server` by `processing_service.workers`. It has loaded what
most jobs need, so that a worker begins within milliseconds. It reads the folders of jobs from its
standard input, a line of JSON each, one job at a time; forks a worker for each; and writes the status
with which that has ended, a line each, negative for a signal. It ends when its input does.
"""

import gc
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from processing_service import worker
from processing_service.facts import Family
from processing_service.order import LOG_FILE
from processing_service.reading import reader_of

_COMMON: Final = (Family.IMAGE, Family.TEXT)
"""Beside a film, the import of its library costs nothing, and each takes address space."""
_OUTPUTS: Final = (1, 2)
_NICENESS: Final = 10
"""Uploads and downloads that need the same processors come first."""
_FIRST_OTHER_FILE: Final = 3
"""The first descriptor after standard input, output and error."""


def main() -> None:
    """Have jobs done until there are no more orders."""
    # uvloop leaves its own copies of the standard files open here, and whatever the service has
    # inherited: over them a worker could speak to the service in the fork server's name.
    os.closerange(_FIRST_OTHER_FILE, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.nice(_NICENESS)
    for family in _COMMON:
        reader_of(family)
    # Else the first collection in a worker would copy every page of memory that it shares.
    gc.freeze()
    for line in sys.stdin.buffer:
        folder = Path(msgspec.json.decode(line, type=str))
        process = os.fork()
        if process == 0:
            _be_worker(folder)
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _be_worker(folder: Path) -> NoReturn:
    status = 1
    try:
        _settle(folder)
        worker.main(folder)
        sys.stdout.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - it ends here, whatever it is
        traceback.print_exc()
    finally:
        # Whatever was raised must not reach the loop of the fork server.
        os._exit(status)


def _settle(folder: Path) -> None:
    """Leave nothing of the fork server's input and output to the worker."""
    os.chdir(folder)
    os.environ["TMPDIR"] = str(folder)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(nothing, sys.stdin.fileno())
    for output in _OUTPUTS:
        os.dup2(log, output)
    os.close(nothing)
    os.close(log)


if __name__ == "__main__":
    main()
