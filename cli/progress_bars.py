"""Progress bars: one for all files, and with several files one for each file in progress.

The speed is that of the last seconds, so that the remaining time follows a connection that slows down.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from cli.output import human_duration, printable
from client_sdk import FolderProgress, Stage
from client_sdk import Progress as Report
from common.wording import counted, human_part, human_size

PERIOD_S = 15.0
"""Seconds over which the speed is averaged."""
SETTLING_S = 2.0
"""Seconds before the first estimate: the first bytes only fill buffers, or waited for a service."""
_STEP_S = 0.25
"""Shortest time in seconds between two samples."""
NAME_WIDTH = 26
MOST_FILES = 8
"""Files with a bar of their own: each new one has all drawn anew, and hundreds may be under way together."""
WAITING = "waiting for the server"


class SpeedEstimate:
    """Estimates speed and remaining time of one transfer, or of several together.

    Args:
        clock: The current time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reached = 0
        self._moved = 0
        self._steps: deque[tuple[float, int]] = deque()

    def update(self, transferred: int) -> None:
        """Take the number of transferred bytes; it decreases when something is sent again."""
        self._moved += max(0, transferred - self._reached)
        self._reached = transferred
        now = self._clock()
        if self._moved and not (self._steps and now - self._steps[-1][0] < _STEP_S):
            self._steps.append((now, self._moved))

    def bytes_per_s(self) -> float | None:
        """The average of the last `PERIOD_S`; None while it cannot be estimated."""
        now = self._clock()
        while len(self._steps) > 1 and self._steps[1][0] <= now - PERIOD_S:
            self._steps.popleft()
        if not self._steps or now - self._steps[0][0] < SETTLING_S:
            return None
        since, moved = self._steps[0]
        return (self._moved - moved) / (now - since)

    def remaining_s(self, total: int | None) -> float | None:
        """Seconds until `total` bytes are transferred; None while that cannot be estimated."""
        per_s = self.bytes_per_s()
        if total is None or not per_s:
            return None
        return max(0, total - self._reached) / per_s


class TransferBars:
    """Shows transfers on a terminal. Use it as a context manager.

    Args:
        console: Where to show them.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            _Figures(),
            console=console,
            expand=True,
            transient=True,
        )
        self._whole = self._add(WAITING)
        self._files: dict[Path, TaskID] = {}
        self._under_way: set[Path] = set()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, report: FolderProgress) -> None:
        """Show a report about one of several files, and about all of them."""
        self._mark(report.local, report.progress, is_finished=report.finished is not None)
        if report.file_count == 1:
            self._update(self._whole, report.progress, self._label(report.local.name))
            return
        self._show_file(report)
        whole = Report(report.progress.stage, report.transferred, report.total)
        self._update(self._whole, whole, self._summary(report))

    def show_one(self, name: str, report: Report) -> None:
        """Show a report about the only file."""
        self._mark(Path(name), report, is_finished=False)
        self._update(self._whole, report, self._label(name))

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Hide the bars while a question is asked."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def _show_file(self, report: FolderProgress) -> None:
        path = report.local
        if path in self._under_way:
            if path not in self._files and len(self._files) < MOST_FILES:
                self._files[path] = self._add(_short(path.name))
            if path in self._files:
                self._update(self._files[path], report.progress)
        elif path in self._files:
            self._progress.remove_task(self._files.pop(path))

    def _add(self, description: str) -> TaskID:
        return self._progress.add_task(description, total=None, estimate=SpeedEstimate())

    def _update(self, bar: TaskID, report: Report, description: str | None = None) -> None:
        estimate: SpeedEstimate = self._progress.tasks[self._progress.task_ids.index(bar)].fields[
            "estimate"
        ]
        estimate.update(report.transferred)
        self._progress.update(
            bar, completed=report.transferred, total=report.total, description=description
        )

    def _mark(self, path: Path, report: Report, *, is_finished: bool) -> None:
        if is_finished or report.stage is Stage.WAITING:
            self._under_way.discard(path)
        else:
            self._under_way.add(path)

    def _label(self, name: str) -> str:
        return _short(name) if self._under_way else WAITING

    def _summary(self, report: FolderProgress) -> str:
        failed = f", {report.failed_count} failed" if report.failed_count else ""
        waiting = "" if self._under_way else ", waiting"
        return f"{report.done_count}/{counted(report.file_count, 'file')}{failed}{waiting}"


class _Figures(ProgressColumn):
    """Transferred bytes, speed and remaining time of a transfer."""

    def render(self, task: Task) -> Text:
        """One line of three columns."""
        estimate: SpeedEstimate = task.fields["estimate"]
        total = None if task.total is None else int(task.total)
        per_s, left_s = estimate.bytes_per_s(), estimate.remaining_s(total)
        speed = "" if per_s is None else f"{human_size(int(per_s))}/s"
        left = "" if left_s is None else f"{human_duration(left_s)} left"
        return Text(f"{human_part(int(task.completed), total):>16}  {speed:>10}  {left:>13}")


@contextlib.contextmanager
def countdown_bar(console: Console, what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a countdown; yields the function to call with the number that remains."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
    ) as shown_progress:
        bar = shown_progress.add_task(what, total=total)

        def report(remaining: int) -> None:
            # More may have been added since the start.
            whole = max(total, remaining)
            shown_progress.update(bar, completed=whole - remaining, total=whole)

        yield report


def _short(name: str) -> str:
    short = name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"
    return escape(printable(short))
