"""Progress bars: one per file under way, one for the whole."""

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from client_sdk import Progress as Report
from client_sdk import Stage
from client_sdk.progress import ProgressCallback

NAME_WIDTH = 30


class TransferDisplay:
    """Shows transfers on a terminal, and nothing elsewhere. Use it as a context manager.

    Args:
        console: Where to show them.
        total: Bytes of all files.
        is_shown: False shows nothing even on a terminal.
    """

    def __init__(self, console: Console, total: int, *, is_shown: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not (is_shown and console.is_terminal),
        )
        self._whole = self._progress.add_task("all", total=total)

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

    @contextlib.contextmanager
    def file(self, name: str, size: int) -> Iterator[ProgressCallback]:
        """Show one file for the length of the context; yields who has to be told."""
        bar = _FileBar(self._progress, self._whole, name, size)
        try:
            yield bar.report
        finally:
            bar.close()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class _FileBar:
    def __init__(self, progress: Progress, whole: TaskID, name: str, size: int) -> None:
        self._progress = progress
        self._whole = whole
        self._counted = 0
        label = name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"
        self._label = escape(label.encode("utf-8", "backslashreplace").decode())
        self._bar = progress.add_task(self._label, total=size, visible=False)

    def report(self, report: Report) -> None:
        self._progress.advance(self._whole, report.transferred - self._counted)
        self._counted = report.transferred
        self._progress.update(
            self._bar,
            completed=report.transferred,
            total=report.total,
            visible=report.stage is not Stage.WAITING,
        )

    def close(self) -> None:
        self._progress.remove_task(self._bar)
