"""Names for entries whose wished-for name is taken: `name (1).ext`, then `name (2).ext`."""

from collections.abc import Iterator

MAX_NAME_LENGTH = 127
"""Longest name of a file or folder, in Unicode code points."""

_FIRST_BATCH = 8
_LARGEST_BATCH = 4096


def numbered_name(name: str, number: int, *, keep_extension: bool = True) -> str:
    """The name with a number: `("a.tar.gz", 1)` gives `a.tar (1).gz`.

    The extension is what follows the last dot, unless it holds a blank or nothing stands before the
    dot (`.profile` has none). Where the result would be too long, the stem is shortened; if nothing
    of it were left, the extension is taken for a part of the stem.

    Args:
        name: A valid name.
        number: From 1 on.
        keep_extension: False for folders, whose names have no extensions.
    """
    mark = f" ({number})"
    stem, extension = _split(name) if keep_extension else (name, "")
    room = MAX_NAME_LENGTH - len(mark) - len(extension)
    if room < 1:
        return name[: MAX_NAME_LENGTH - len(mark)] + mark
    return stem[:room] + mark + extension


def candidate_batches(name: str, *, keep_extension: bool = True) -> Iterator[list[str]]:
    """The name itself, then its numbered forms in order, in batches that grow.

    The search for the first free name asks about one batch at a time: one question where the
    name is free, few where thousands of numbers are taken.
    """
    yield [name]
    number, size = 1, _FIRST_BATCH
    while True:
        numbers = range(number, number + size)
        yield [numbered_name(name, each, keep_extension=keep_extension) for each in numbers]
        number, size = number + size, min(size * 2, _LARGEST_BATCH)


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if not stem.strip(".") or " " in extension:
        return name, ""
    return stem, dot + extension
