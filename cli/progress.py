"""Progress on a terminal, and none elsewhere.

rich draws it, and is only imported where somebody sees it: that takes longer than many a command.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol

from cli.output import TextOutput
from client_sdk import FolderProgress, Progress


class TransferDisplay(Protocol):
    """Shows transfers."""

    def show(self, report: FolderProgress) -> None:
        """Show a report about one of several files, and about all of them."""

    def show_one(self, name: str, report: Progress) -> None:
        """Show a report about the only file."""

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Hide the display while a question is asked."""


class _HiddenDisplay:
    """Shows nothing."""

    def show(self, report: FolderProgress) -> None:
        """See `TransferDisplay.show`."""

    def show_one(self, name: str, report: Progress) -> None:
        """See `TransferDisplay.show_one`."""

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """See `TransferDisplay.paused`."""
        return contextlib.nullcontext()


@contextlib.contextmanager
def transfer_display(output: TextOutput, *, is_shown: bool) -> Iterator[TransferDisplay]:
    """Show transfers on a terminal, and nothing elsewhere, for the length of the context.

    Args:
        output: Where to show them.
        is_shown: False shows nothing even on a terminal.
    """
    if not (is_shown and output.is_terminal):
        yield _HiddenDisplay()
        return
    from rich.console import Console

    from cli.progress_bars import TransferBars

    with TransferBars(Console(file=output.file)) as bars:
        yield bars


@contextlib.contextmanager
def counting_down(
    output: TextOutput, what: str, total: int, *, is_shown: bool
) -> Iterator[Callable[[int], None]]:
    """Show a countdown on a terminal; yields the function to call with the number that remains."""
    if not (is_shown and output.is_terminal):
        yield lambda _remaining: None
        return
    from rich.console import Console

    from cli.progress_bars import countdown_bar

    with countdown_bar(Console(file=output.file), what, total) as report:
        yield report
