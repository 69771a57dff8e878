"""Progress bars: one per file under way, one for the whole."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cli.output import shown
from client_sdk import FolderProgress, Stage
from client_sdk import Progress as Report

NAME_WIDTH = 30
ALL = "all"
WAITING = "waiting for the server"


class TransferDisplay:
    """Shows transfers on a terminal, and nothing elsewhere. Use it as a context manager.

    Args:
        console: Where to show them.
        is_shown: False shows nothing even on a terminal.
    """

    def __init__(self, console: Console, *, is_shown: bool) -> None:
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
        self._whole = self._progress.add_task(WAITING, total=None)
        self._bars: dict[Path, TaskID] = {}
        self._under_way: set[TaskID] = set()

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
        self._progress.update(self._whole, completed=report.transferred, total=report.total)
        if report.finished is None:
            self._show_file(report.local, report.local.name, report.progress)
        elif report.local in self._bars:
            bar = self._bars.pop(report.local)
            self._mark(bar, is_under_way=False)
            self._progress.remove_task(bar)

    def show_one(self, name: str, report: Report) -> None:
        """Show a report about the only file."""
        self._progress.update(self._whole, completed=report.transferred, total=report.total)
        self._show_file(Path(name), name, report)

    def _show_file(self, path: Path, name: str, report: Report) -> None:
        if path not in self._bars:
            self._bars[path] = self._progress.add_task(_label(name), total=None, visible=False)
        bar = self._bars[path]
        self._mark(bar, is_under_way=report.stage is not Stage.WAITING)
        self._progress.update(bar, completed=report.transferred, total=report.total)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to a question."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def _mark(self, bar: TaskID, *, is_under_way: bool) -> None:
        if is_under_way == (bar in self._under_way):
            return
        self._under_way ^= {bar}
        self._progress.update(bar, visible=is_under_way)
        self._progress.update(self._whole, description=ALL if self._under_way else WAITING)


@contextlib.contextmanager
def counting_down(
    console: Console, what: str, total: int, *, is_shown: bool
) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how much of something is done; yields who has to be told what remains."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not (is_shown and console.is_terminal),
    ) as shown_progress:
        bar = shown_progress.add_task(what, total=total)

        def report(remaining: int) -> None:
            # There may be more than in the beginning.
            whole = max(total, remaining)
            shown_progress.update(bar, completed=whole - remaining, total=whole)

        yield report


def _label(name: str) -> str:
    short = name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"
    return escape(shown(short))
