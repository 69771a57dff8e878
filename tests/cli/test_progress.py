"""What a terminal shows during transfers, and how speed and remaining time are estimated."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from cli.output import TextOutput
from cli.progress import counting_down, transfer_display
from cli.progress_bars import MOST_FILES, SpeedEstimate, TransferBars
from client_sdk import FolderProgress, Outcome, Progress, Stage, TransferredFile


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """One that stands still."""
    return Clock()


@pytest.fixture
def estimate(clock: Clock) -> SpeedEstimate:
    """That of a transfer which has not begun."""
    return SpeedEstimate(clock)


def test_nothing_is_said_at_the_start(estimate: SpeedEstimate, clock: Clock) -> None:
    """Neither while the server is waited for, nor after the first bytes."""
    estimate.update(0)
    clock.now += 600
    estimate.update(64)
    clock.now += 1
    estimate.update(128)
    assert estimate.bytes_per_s() is None
    assert estimate.remaining_s(10**9) is None


def test_waiting_does_not_count(estimate: SpeedEstimate, clock: Clock) -> None:
    """The speed is that since the first byte, however long that took to come."""
    estimate.update(0)
    clock.now += 600
    for step in range(1, 12):
        estimate.update(step * 1000)
        clock.now += 1
    assert estimate.bytes_per_s() == pytest.approx(1000, rel=0.1)
    assert estimate.remaining_s(31_000) == pytest.approx(20, rel=0.1)


def test_the_last_seconds_count(estimate: SpeedEstimate, clock: Clock) -> None:
    """A transfer that becomes slower says so soon, and one that stands still promises nothing."""
    for step in range(1, 100):
        estimate.update(step * 1_000_000)
        clock.now += 1
    for step in range(1, 21):
        estimate.update(99_000_000 + step * 1000)
        clock.now += 1
    assert estimate.bytes_per_s() == pytest.approx(1000, rel=0.1)
    clock.now += 20
    assert estimate.bytes_per_s() == 0
    assert estimate.remaining_s(10**9) is None


def test_what_is_sent_again_takes_its_time(estimate: SpeedEstimate, clock: Clock) -> None:
    """Bytes that have to be sent twice are bytes that went through, and are left once more."""
    for transferred in (1000, 2000, 3000, 1000, 2000, 3000):
        estimate.update(transferred)
        clock.now += 1
    assert estimate.bytes_per_s() == pytest.approx(4000 / 6)
    assert estimate.remaining_s(5000) == pytest.approx(2000 / (4000 / 6))
    assert estimate.remaining_s(None) is None
    assert estimate.remaining_s(1000) == 0


def shown(stream: io.StringIO) -> str:
    """What was printed so far, without colours and cursor movements; then forget it."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    stream.truncate(0)
    stream.seek(0)
    return text


class _Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(stream: io.StringIO) -> Console:
    """A terminal that prints to a stream."""
    return Console(file=stream, force_terminal=True, width=100)


def report(
    name: str, progress: Progress, *, done: int = 0, failed: int = 0, files: int = 2
) -> FolderProgress:
    """A report about one of several files of the same size."""
    file = TransferredFile(local=Path(name), remote="/", size=3000, outcome=Outcome.STORED)
    return FolderProgress(
        local=Path(name),
        remote="/",
        progress=progress,
        finished=file if done or failed else None,
        done_count=done,
        failed_count=failed,
        file_count=files,
        transferred=progress.transferred,
        total=3000 * files,
    )


def test_files_under_way_and_the_whole_are_shown() -> None:
    """One bar per file under way and one for all; while nothing moves, that is said."""
    stream = io.StringIO()
    name = "[x]" + "y" * 50
    with TransferBars(terminal(stream)) as display:
        assert "waiting for the server" in shown(stream)
        display.show(report(name, Progress(Stage.WAITING, 0, 3000)))
        with display.paused():
            assert "0/2 files, waiting" in shown(stream)
        display.show(report(name, Progress(Stage.TRANSFERRING, 1024, 3000)))
        with display.paused():
            text = shown(stream)
            assert "…" + "y" * 25 in text
            assert "0/2 files " in text
            assert "1.0/2.9 KiB" in text
            assert "1.0/5.9 KiB" in text
        display.show(report(name, Progress(Stage.DONE, 3000, 3000), done=1))
        shown(stream)
        with display.paused():
            assert "1/2 files, waiting" in shown(stream)
        display.show(report("z", Progress(Stage.DONE, 3000, 3000), done=1, failed=1))
        with display.paused():
            text = shown(stream)
            assert "1/2 files, 1 failed" in text
            assert "yyy" not in text


def test_lines_fit_a_narrow_terminal() -> None:
    """Nothing is wrapped at 80 columns, whatever the numbers are."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    with TransferBars(console) as display:
        for number in range(3):
            half = Progress(Stage.TRANSFERRING, 5 * 2**30, 10**13)
            display.show(report("long" * 20 + str(number), half, files=123_456))
        shown(stream)
        with display.paused():
            lines = [line for line in shown(stream).splitlines() if line.strip()]
    assert len(lines) == 4
    assert all(len(line) <= 80 for line in lines)


def test_hundreds_of_files_fit_on_the_screen() -> None:
    """Some of them have a bar, the whole has one, and all are counted."""
    stream = io.StringIO()
    with TransferBars(terminal(stream)) as display:
        for number in range(300):
            half = Progress(Stage.TRANSFERRING, 1000, 3000)
            display.show(report(f"file-{number}", half, files=300))
        shown(stream)
        with display.paused():
            lines = [line for line in shown(stream).splitlines() if line.strip()]
    assert len(lines) == 1 + MOST_FILES
    assert "0/300 files" in lines[0]


def test_a_single_file_is_the_whole() -> None:
    """A file or an archive alone has one bar, with its name; a size that is unknown is no total."""
    for size, figures in ((3000, "1.0/2.9 KiB"), (None, "1.0 KiB")):
        stream = io.StringIO()
        one = Progress(Stage.TRANSFERRING, 1024, size)
        with TransferBars(terminal(stream)) as display:
            display.show_one("a.zip", one)
            display.show(report("a.zip", one, files=1))
            shown(stream)
            with display.paused():
                (line,) = (line for line in shown(stream).splitlines() if line.strip())
        assert re.search(rf"^a\.zip .* {figures}", line)


def test_nothing_is_shown_elsewhere() -> None:
    """Neither a file nor a pipe gets progress, nor a terminal that was told not to."""
    for stream, is_shown in ((io.StringIO(), True), (_Terminal(), False)):
        with transfer_display(TextOutput(stream), is_shown=is_shown) as display:
            display.show(report("name", Progress(Stage.TRANSFERRING, 5, 10)))
            display.show_one("name", Progress(Stage.TRANSFERRING, 5, 10))
            with display.paused():
                pass
        with counting_down(TextOutput(stream), "left", 3, is_shown=is_shown) as count:
            count(2)
        assert stream.getvalue() == ""


def test_a_terminal_shows_bars() -> None:
    """What a command prints to decides, not what the process has."""
    stream = _Terminal()
    with transfer_display(TextOutput(stream), is_shown=True) as display:
        display.show_one("a.zip", Progress(Stage.TRANSFERRING, 1024, 3000))
    assert "a.zip" in shown(stream)
    with counting_down(TextOutput(stream), "left", 3, is_shown=True) as count:
        count(2)
    assert "1/3" in shown(stream)
