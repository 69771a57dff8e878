"""What the service and a worker process tell each other: two files in the folder of a job.

The service writes the order and the input, the worker the views and the outcome.
"""

from pathlib import Path
from typing import Any, Final

import msgspec

from processing_service.facts import FileFacts
from processing_service.views import View
from protocol.values import MimeType, Positive, ViewName

ORDER_FILE: Final = "order.json"
INPUT_FILE: Final = "input"
OUTCOME_FILE: Final = "outcome.json"
LOG_FILE: Final = "log.txt"
MAX_OUTCOME_BYTES: Final = 1024 * 1024
"""A worker that writes more is not believed."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a worker may use.

    Attributes:
        timeout_s: seconds of the clock, and of each processor.
        memory_bytes: of address space.
        max_pixels: of a picture that is decoded.
        max_view_bytes: of a file that it writes.
    """

    timeout_s: float
    memory_bytes: int
    max_pixels: int
    max_view_bytes: int = 64 * 1024 * 1024


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is to do with the input.

    Attributes:
        facts: what is known of the file.
        views: those that are to be made.
        extensions: names of views that installed extensions are to make.
        keep_gps: whether places go into the metadata.
        limits: how much it may use.
    """

    facts: FileFacts
    views: tuple[View, ...]
    extensions: tuple[str, ...]
    keep_gps: bool
    limits: Limits

    @property
    def max_side(self) -> int:
        """The longest side, in pixels, that any of the views has."""
        return max((view.max_side for view in self.views), default=1)


class MadeView(msgspec.Struct, frozen=True, kw_only=True):
    """A view, in a file of its name in the folder of the job. The size is in bytes."""

    name: ViewName
    type: MimeType
    size: Positive


class Success(msgspec.Struct, frozen=True, kw_only=True, tag="success"):
    """The worker's work: metadata fit for JSON, and the views that came about."""

    metadata: dict[str, Any]
    views: tuple[MadeView, ...]


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """That nothing came of it, why, and whether another attempt may go better."""

    reason: str
    retry: bool


Outcome = Success | Failure


def view_path(folder: Path, name: str) -> Path:
    """Where a worker puts a view."""
    return folder / f"view-{name}"
