"""Numbers for people: sizes, and nouns in singular or plural.

Sizes have binary units everywhere, as the limits of Discord and the settings do.
"""

from typing import Final

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP: Final = 1024


def counted(number: int, noun: str, more: str = "") -> str:
    """`1 file`, `2 files`; `more` stands behind the number, as in `100 or more files`."""
    return f"{number}{more} {noun}{'' if number == 1 and not more else 's'}"


def human_size(size: int) -> str:
    """A size in bytes for people, in binary units: `0 B`, `1.5 KiB`, `12 MiB`."""
    unit = _unit_of(size)
    value = size / _STEP**unit
    has_fraction = unit > 0 and round(value, 1) < 10
    return f"{value:.{1 if has_fraction else 0}f} {_UNITS[unit]}"


def human_part(size: int, total: int | None) -> str:
    """How much of a whole is there: `1.5/12.0 MiB`; without a whole its size alone."""
    if total is None:
        return human_size(size)
    unit = _unit_of(max(size, total))
    digits = 1 if unit else 0
    return f"{size / _STEP**unit:.{digits}f}/{total / _STEP**unit:.{digits}f} {_UNITS[unit]}"


def _unit_of(size: int) -> int:
    unit = 0
    # Rounded, because 1023.7 would be shown as 1024 of its unit.
    while round(size / _STEP**unit) >= _STEP and unit + 1 < len(_UNITS):
        unit += 1
    return unit
