"""The worker side, run as `python -m processing_service.worker` by `processing_service.worker_pool`.

**The fork server** has no secrets, threads or event loop, and has loaded what most jobs need, so that
a worker starts within milliseconds. It reads the folders of jobs from its standard input, a line of
JSON each, one job at a time; forks a worker for each; and writes the exit status of the worker, a
line each, negative for a signal. Its first line says what restricts its workers, a `SandboxReport` in
JSON. What a worker leaves behind it kills. It ends when its input does.

**A worker** processes one job in a folder. It decodes files of untrusted users, with libraries in which
vulnerabilities are found every year; so it has no secrets in its environment, enters a sandbox
(`processing_service.sandbox`) before it reads the order, and a crash ends nothing but the worker.

**Limits** are set by the worker on itself before it reads a byte. Address space bounds memory, also that
of C libraries; processor time ends loops; the timer ends the process even when the
service is gone; without core files a crash costs no disk, and no user's picture ends in one.
"""

import errno
import gc
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from common.log_events import EventLogger
from processing_service.content_words import content_words
from processing_service.errors import ProcessingError
from processing_service.job_file import FileFamily
from processing_service.kernel_calls import adopt_orphans
from processing_service.metadata import sanitize_metadata
from processing_service.readers import ReaderOptions, ReaderResult, reader_of
from processing_service.sandbox import Sandbox
from processing_service.views import generate_view, load_extensions
from processing_service.work_order import (
    INPUT_FILE,
    LOG_FILE,
    ORDER_FILE,
    OUTCOME_FILE,
    OUTPUT_FOLDER,
    MadeView,
    WorkerFailure,
    WorkerLimits,
    WorkerOutcome,
    WorkerSuccess,
    WorkOrder,
    view_path,
)

OPEN_FILES: Final = 256
_PRELOADED: Final = (FileFamily.IMAGE, FileFamily.TEXT)
"""Compared with reading a video, importing the library for it costs nothing; and each loaded library
takes address space."""
_OUTPUTS: Final = (1, 2)
_NICENESS: Final = 10
"""Uploads and downloads that need the same processors come first."""
_FIRST_OTHER_FILE: Final = 3
"""The first descriptor after standard input, output and error."""
_OUT_OF_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_MIN_SIDE: Final = 64
"""Pixels of the longer side of a picture; a thumbhash needs some even where no view is made."""

# Not structlog: its import takes longer than that of everything else in a worker.
log = EventLogger(__name__)


def main() -> None:
    """Run the fork server until its input ends."""
    # uvloop leaves its own copies of the standard files open here, and whatever the service has
    # inherited: through them a worker could impersonate the fork server.
    os.closerange(_FIRST_OTHER_FILE, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.nice(_NICENESS)
    for family in _PRELOADED:
        reader_of(family)
    # Else the first collection in a worker would copy every page of memory that it shares.
    gc.freeze()
    temp_folder = Path(sys.argv[1])
    sandbox = Sandbox.prepare(temp_folder)
    adopt_orphans()
    _answer(msgspec.json.encode(sandbox.probe(temp_folder)).decode())
    for line in sys.stdin.buffer:
        folder = Path(msgspec.json.decode(line, type=str))
        process = os.fork()
        if process == 0:
            _become_worker(folder, sandbox)
        _, status = os.waitpid(process, 0)
        _kill_orphans()
        _answer(str(os.waitstatus_to_exitcode(status)))


def _answer(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _kill_orphans() -> None:
    """Kill what the worker has started, which may have left its process group."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while children.exists() and (orphans := children.read_text().split()):
        for orphan in map(int, orphans):
            os.kill(orphan, signal.SIGKILL)
            os.waitpid(orphan, 0)


def _become_worker(folder: Path, sandbox: Sandbox) -> NoReturn:
    status = 1
    try:
        _redirect_standard_files(folder)
        sandbox.enter(folder)
        process_order(folder)
        sys.stdout.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - it ends here, whatever it is
        traceback.print_exc()
    finally:
        # No exception may propagate to the loop of the fork server.
        os._exit(status)


def _redirect_standard_files(folder: Path) -> None:
    """Give the worker nothing to read and its log to write, in place of the fork server's pipes."""
    os.chdir(folder)
    os.environ["TMPDIR"] = str(folder / OUTPUT_FOLDER)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log_file = folder / OUTPUT_FOLDER / LOG_FILE
    output = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(nothing, sys.stdin.fileno())
    for descriptor in _OUTPUTS:
        os.dup2(output, descriptor)
    os.close(nothing)
    os.close(output)


def process_order(folder: Path) -> None:
    """Carry out the order in a folder, under its limits, and write the outcome there."""
    order = msgspec.json.decode((folder / ORDER_FILE).read_bytes(), type=WorkOrder)
    limit_this_process(order.limits)
    outcome = _outcome(folder, order)
    (folder / OUTPUT_FOLDER / OUTCOME_FILE).write_bytes(msgspec.json.encode(outcome))


def limit_this_process(limits: WorkerLimits) -> None:
    """Hold this process, and what it starts, to the limits from now on."""
    seconds = math.ceil(limits.timeout_s)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    # At the hard limit the system kills outright, and the service could not tell why.
    _limit(resource.RLIMIT_CPU, seconds, seconds + 1)
    _limit(resource.RLIMIT_FSIZE, limits.max_view_bytes)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.timeout_s)


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    _, most = resource.getrlimit(what)
    wanted = (soft, soft if hard is None else hard)
    if most != resource.RLIM_INFINITY:
        wanted = (min(wanted[0], most), min(wanted[1], most))
    resource.setrlimit(what, wanted)


def _outcome(folder: Path, order: WorkOrder) -> WorkerOutcome:
    try:
        return _carry_out(folder, order)
    except ProcessingError as error:
        return WorkerFailure(reason=str(error), retry=error.retry)
    except MemoryError:
        reason = "processing the file takes more memory than is allowed"
        return WorkerFailure(reason=reason, retry=False)
    except OSError as error:
        if error.errno in _OUT_OF_SPACE:
            return WorkerFailure(reason="no space is left for temporary files", retry=True)
        raise


def _carry_out(folder: Path, order: WorkOrder) -> WorkerSuccess:
    failed: dict[str, str] = {}
    family = order.file.family
    result = ReaderResult(metadata={})
    if family is not None:
        result = reader_of(family).read(folder / INPUT_FILE, _reader_options(order))
    metadata: dict[str, object] = {"kind": family, **result.metadata}
    made = [*_drawn_views(folder, order, result, failed), *_extension_views(folder, order, failed)]
    if result.picture is not None:
        from processing_service.readers.images import thumbhash_of  # noqa: PLC0415 - only with Pillow

        metadata["thumbhash"] = thumbhash_of(result.picture)
    if result.picture_error is not None:
        failed["picture"] = result.picture_error
    sanitized = sanitize_metadata(metadata | {"failed": failed})
    if words := content_words(result.text):
        sanitized["text"] = words
    return WorkerSuccess(metadata=sanitized, views=tuple(made))


def _reader_options(order: WorkOrder) -> ReaderOptions:
    return ReaderOptions(
        max_side=max(order.max_side, _MIN_SIDE),
        max_pixels=order.limits.max_pixels,
        keep_gps=order.keep_gps,
        size=order.file.size,
    )


def _drawn_views(
    folder: Path, order: WorkOrder, result: ReaderResult, failed: dict[str, str]
) -> Iterator[MadeView]:
    if result.picture is None:
        return
    from processing_service.readers.images import save_view  # noqa: PLC0415 - only with Pillow

    for view in order.views:
        if view.recipe not in {"picture", result.recipe}:
            continue
        try:
            mime_type = save_view(result.picture, view, view_path(folder, view.name))
        except (OSError, ValueError) as error:
            failed[view.name] = _shown_error(error)
        else:
            yield _made_view(folder, view.name, mime_type)


def _extension_views(folder: Path, order: WorkOrder, failed: dict[str, str]) -> Iterator[MadeView]:
    """Views of extensions. One that fails takes nothing else with it."""
    for name, extension in load_extensions(order.extensions).items():
        target = view_path(folder, name)
        try:
            mime_type = generate_view(extension, folder / INPUT_FILE, target, order.file)
        except MemoryError:
            raise
        except Exception as error:  # an extension may raise anything
            log.exception("extension-failed", extension=name)
            failed[name] = _shown_error(error)
        else:
            if mime_type is not None:
                yield _made_view(folder, name, mime_type)


def _made_view(folder: Path, name: str, mime_type: str) -> MadeView:
    return MadeView(name=name, type=mime_type, size=view_path(folder, name).stat().st_size)


def _shown_error(error: Exception) -> str:
    """Without the text, in which libraries put paths."""
    return type(error).__name__


if __name__ == "__main__":
    main()
