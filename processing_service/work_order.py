"""What the service and a worker process exchange: files in the folder of a job.

The service writes the order and the input, which the worker can only read, and the worker the views and
the outcome, into a folder for the output.
"""

import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from processing_service.errors import OutputInvalid
from processing_service.job_file import JobFile
from processing_service.views import ViewDefinition
from protocol.values import MimeType, Positive, ViewName

ORDER_FILE: Final = "order.json"
INPUT_FILE: Final = "input"
OUTPUT_FOLDER: Final = "output"
OUTCOME_FILE: Final = "outcome.json"
LOG_FILE: Final = "log.txt"
MAX_OUTCOME_BYTES: Final = 1024 * 1024
"""A larger outcome of a worker is rejected."""


class WorkerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The resource limits of a worker.

    Attributes:
        timeout_s: seconds of the clock, and of processor time.
        memory_bytes: bytes of address space.
        max_pixels: pixels of a picture that is decoded.
        max_view_bytes: bytes of a file that it writes.
    """

    timeout_s: float
    memory_bytes: int
    max_pixels: int
    max_view_bytes: int = 64 * 1024 * 1024


class WorkOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do with the input.

    Attributes:
        file: what is known of the file.
        views: those that are to be made.
        extensions: names of views that installed extensions are to make.
        keep_gps: whether coordinates go into the metadata.
        limits: the resources that it may use.
    """

    file: JobFile
    views: tuple[ViewDefinition, ...]
    extensions: tuple[str, ...]
    keep_gps: bool
    limits: WorkerLimits

    @property
    def max_side(self) -> int:
        """The longest side, in pixels, that any of the views has."""
        return max((view.max_side for view in self.views), default=1)


class MadeView(msgspec.Struct, frozen=True, kw_only=True):
    """A view, in a file of its name in the folder of the job. The size is in bytes."""

    name: ViewName
    type: MimeType
    size: Positive


class WorkerSuccess(msgspec.Struct, frozen=True, kw_only=True, tag="success"):
    """The metadata, fit for JSON, and the views that the worker has made."""

    metadata: dict[str, Any]
    views: tuple[MadeView, ...]


class WorkerFailure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """Why the worker has no result, and whether another attempt may succeed."""

    reason: str
    retry: bool


WorkerOutcome = WorkerSuccess | WorkerFailure


def view_path(folder: Path, name: str) -> Path:
    """Where a worker writes a view."""
    return folder / OUTPUT_FOLDER / view_file(name)


def view_file(name: str) -> str:
    """The name of the file with a view in the folder for the output."""
    return f"view-{name}"


def open_output(folder: Path, name: str) -> BinaryIO:
    """Open what a worker has written. Nothing in that folder is trusted.

    Neither a link, by which the service would send another of its files, nor a pipe, for which it would
    wait for ever, is followed.

    Args:
        folder: of the job.
        name: of a file in the folder for the output.

    Raises:
        OutputInvalid: there is no regular file of this name.
    """
    try:
        output = os.open(folder / OUTPUT_FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            file = os.fdopen(os.open(name, flags, dir_fd=output), "rb")
        finally:
            os.close(output)
    except OSError as error:
        raise OutputInvalid(f"the worker has left no file {name} ({error.strerror})") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OutputInvalid(f"the worker has left something else than a file {name}")
    return file
