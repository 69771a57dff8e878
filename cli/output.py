"""How things are printed: plain lines, JSON, sizes for people."""

from typing import Any

import msgspec
from rich.console import Console

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP = 1024


def say(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no colours of its own, no line breaks.

    What a terminal or file cannot show (a file name that is no text) is written with escapes.
    """
    shown = text.encode("utf-8", "backslashreplace").decode()
    console.print(shown, markup=False, highlight=False, emoji=False, soft_wrap=True)


def say_json(console: Console, data: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    """Print data as one indented JSON document."""
    text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    say(console, text)


def human_size(size: int) -> str:
    """A size in bytes for people, in binary units: `0 B`, `1.5 KiB`, `12 MiB`."""
    value, unit = float(size), 0
    # Rounded, because 1023.7 would be shown as 1024 of its unit.
    while round(value) >= _STEP and unit + 1 < len(_UNITS):
        value, unit = value / _STEP, unit + 1
    has_fraction = unit > 0 and round(value, 1) < 10
    return f"{value:.{1 if has_fraction else 0}f} {_UNITS[unit]}"
