"""Prints plain lines and JSON, and formats times and durations."""

import math
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec
import typer

from cli.standard_output import BROKEN_PIPE, discard
from client_sdk.errors import TargetUnwritable

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
"""C0, DEL and C1: a terminal would act on them."""


class TextOutput:
    """Where a command prints: standard output, standard error, or another text file.

    Args:
        file: Another text file; None for one of the two, whatever those are at the moment.
        is_error: Whether it is standard error: nothing can be reported if printing there fails.
    """

    def __init__(self, file: TextIO | None = None, *, is_error: bool = False) -> None:
        self._file = file
        self.is_error = is_error

    @property
    def file(self) -> TextIO:
        """What is written to."""
        return self._file or (sys.stderr if self.is_error else sys.stdout)

    @property
    def is_terminal(self) -> bool:
        """Whether a terminal shows it."""
        return self.file.isatty()


def print_line(output: TextOutput, text: str) -> None:
    """Print one line without markup, colours or wrapping.

    Control characters, and file names that are not valid Unicode, are written with escapes.
    """
    _print(output, printable(text))


def print_question(output: TextOutput, text: str) -> None:
    """Print a text that is answered on the same line."""
    _print(output, printable(text), end="")


def print_json(output: TextOutput, data: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    """Print data as one indented JSON document.

    Names that are not valid Unicode are written with escapes, times as ISO 8601 in UTC with
    milliseconds.
    """
    builtins = msgspec.to_builtins(data, builtin_types=(datetime,))
    encoded = msgspec.json.encode(_as_text(builtins))
    _print(output, msgspec.json.format(encoded, indent=2).decode())


def printable(text: str) -> str:
    """The text with escapes for control characters and for what is no valid Unicode."""
    return _encodable(text).translate(_CONTROLS)


def _print(output: TextOutput, text: str, *, end: str = "\n") -> None:
    """Raises `TargetUnwritable`, or `typer.Exit` when the reader of standard output has closed it.

    An error about standard error is ignored, since there is no place left to report it.
    """
    try:
        print(text, end=end, file=output.file, flush=True)
    except BrokenPipeError:
        discard(output.file)
        if not output.is_error:
            raise typer.Exit(BROKEN_PIPE) from None
    except OSError as error:
        discard(output.file)
        if output.is_error:
            return
        raise TargetUnwritable(f"standard output: {error.strerror}") from error


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _as_text(data: Any) -> Any:  # noqa: ANN401 - anything that JSON can hold
    """The same data with times as text and every string encodable as UTF-8."""
    match data:
        case str():
            return _encodable(data)
        case datetime():
            text = data.astimezone(UTC).isoformat(timespec="milliseconds")
            return text.replace("+00:00", "Z")
        case dict():
            return {_as_text(key): _as_text(value) for key, value in data.items()}
        case list() | tuple():
            return [_as_text(item) for item in data]
        case _:
            return data


def human_time(moment: datetime) -> str:
    """A time in UTC: `2026-01-31 12:00:00`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def human_duration(seconds: float) -> str:
    """A duration, rounded up: `12 s`, `3 min`, `2 h 5 min`, `4 d 1 h`."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = math.ceil(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = math.ceil(minutes / 60)
    if hours <= 24:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours // 24} d {hours % 24} h" if hours < 100 * 24 else "over 99 d"
