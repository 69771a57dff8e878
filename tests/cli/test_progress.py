"""What a terminal shows during transfers."""

import io
import re

from rich.console import Console

from cli.progress import TransferDisplay
from client_sdk import Progress, Stage


def shown(stream: io.StringIO) -> str:
    """What was printed so far, without colours and cursor movements; then forget it."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    stream.truncate(0)
    stream.seek(0)
    return text


def terminal(stream: io.StringIO) -> Console:
    """A terminal that prints to a stream."""
    return Console(file=stream, force_terminal=True, width=100)


def test_files_under_way_and_the_whole_are_shown() -> None:
    """One bar per file under way and one for all; while nothing moves, that is said."""
    stream = io.StringIO()
    console = terminal(stream)
    with TransferDisplay(console, 3000, is_shown=True) as display:
        assert "waiting for the server" in shown(stream)
        with display.file("[x]" + "y" * 50, 3000) as report:
            report(Progress(Stage.WAITING, 0, 3000))
            report(Progress(Stage.TRANSFERRING, 1024, 3000))
            with display.paused():
                text = shown(stream)
                assert "…" + "y" * 29 in text
                assert "all" in text
                assert "1.0/2.9 KiB" in text
            report(Progress(Stage.DONE, 3000, 3000))
        shown(stream)
    assert "yyy" not in shown(stream)


def test_nothing_is_shown_elsewhere() -> None:
    """Neither a file nor a pipe gets progress, nor a terminal that was told not to."""
    for console, is_shown in (
        (Console(file=io.StringIO()), True),
        (terminal(io.StringIO()), False),
    ):
        with (
            TransferDisplay(console, 10, is_shown=is_shown) as display,
            display.file("name", 10) as report,
        ):
            report(Progress(Stage.TRANSFERRING, 5, 10))
        assert isinstance(console.file, io.StringIO)
        assert console.file.getvalue() == ""
