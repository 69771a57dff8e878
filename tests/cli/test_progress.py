"""What a terminal shows during transfers."""

import io
import re
from pathlib import Path

from rich.console import Console

from cli.progress import TransferDisplay
from client_sdk import FolderProgress, Outcome, Progress, Stage, TransferredFile


def shown(stream: io.StringIO) -> str:
    """What was printed so far, without colours and cursor movements; then forget it."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    stream.truncate(0)
    stream.seek(0)
    return text


def terminal(stream: io.StringIO) -> Console:
    """A terminal that prints to a stream."""
    return Console(file=stream, force_terminal=True, width=100)


def report(name: str, progress: Progress, *, is_finished: bool = False) -> FolderProgress:
    """A report about one of two files of the same size."""
    file = TransferredFile(local=Path(name), remote="/", size=3000, outcome=Outcome.STORED)
    return FolderProgress(
        local=Path(name),
        remote="/",
        progress=progress,
        finished=file if is_finished else None,
        done_count=int(is_finished),
        failed_count=0,
        file_count=2,
        transferred=progress.transferred,
        total=6000,
    )


def test_files_under_way_and_the_whole_are_shown() -> None:
    """One bar per file under way and one for all; while nothing moves, that is said."""
    stream = io.StringIO()
    console = terminal(stream)
    name = "[x]" + "y" * 50
    with TransferDisplay(console, is_shown=True) as display:
        assert "waiting for the server" in shown(stream)
        display.show(report(name, Progress(Stage.WAITING, 0, 3000)))
        display.show(report(name, Progress(Stage.TRANSFERRING, 1024, 3000)))
        with display.paused():
            text = shown(stream)
            assert "…" + "y" * 29 in text
            assert "all" in text
            assert "1.0/2.9 KiB" in text
            assert "1.0/5.9 KiB" in text
        display.show(report(name, Progress(Stage.DONE, 3000, 3000), is_finished=True))
        shown(stream)
    assert "yyy" not in shown(stream)


def test_a_single_file_is_the_whole() -> None:
    """An archive has a bar of its own, and is all that there is."""
    stream = io.StringIO()
    with TransferDisplay(terminal(stream), is_shown=True) as display:
        display.show_one("a.zip", Progress(Stage.TRANSFERRING, 1024, 3000))
        with display.paused():
            text = shown(stream)
    assert re.search(r"a\.zip .* 1\.0/2\.9 KiB", text)


def test_nothing_is_shown_elsewhere() -> None:
    """Neither a file nor a pipe gets progress, nor a terminal that was told not to."""
    for console, is_shown in (
        (Console(file=io.StringIO()), True),
        (terminal(io.StringIO()), False),
    ):
        with TransferDisplay(console, is_shown=is_shown) as display:
            display.show(report("name", Progress(Stage.TRANSFERRING, 5, 10)))
        assert isinstance(console.file, io.StringIO)
        assert console.file.getvalue() == ""
