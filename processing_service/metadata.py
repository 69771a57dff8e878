"""Sanitizes metadata: makes what a library found in a file fit for JSON, and bounds its size."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

import msgspec

MAX_TEXT: Final = 500
MAX_ENTRIES: Final = 64
MAX_DEPTH: Final = 6
MAX_BYTES: Final = 64 * 1024
"""Bytes of the whole as JSON; a frame of the protocol holds more."""
MAX_INTEGER: Final = 2**53 - 1
"""The largest that JavaScript holds exactly."""


def sanitize_metadata(found: Mapping[str, object]) -> dict[str, Any]:
    """Return the same metadata as a JSON object: what is empty is left out, what is long is cut.

    When that is not enough, the largest values are left out as well.

    Args:
        found: values by name; they may be anything.
    """
    sanitized = _object(found, MAX_DEPTH)
    sizes = {name: len(msgspec.json.encode({name: value})) for name, value in sanitized.items()}
    while sum(sizes.values()) > MAX_BYTES:
        largest = max(sizes, key=sizes.__getitem__)
        del sizes[largest], sanitized[largest]
    return sanitized


def _object(found: Mapping[Any, object], depth: int) -> dict[str, Any]:
    pairs = ((_text(str(key)), _value(value, depth - 1)) for key, value in found.items())
    kept = [(key, value) for key, value in pairs if key and value not in (None, "", {}, [])]
    return dict(kept[:MAX_ENTRIES])


def _value(value: object, depth: int) -> object:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= MAX_INTEGER else None
        case float() | Fraction():
            return _number(value)
        case str():
            return _text(value)
        case bytes() | bytearray():
            return _text(bytes(value[:MAX_TEXT]).decode("utf-8", "replace"))
        case date():
            return value.isoformat()
        case _:
            return _many(value, depth)


def _many(value: object, depth: int) -> object:
    if depth <= 0:
        return None
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, Iterable):
        return [_value(each, depth - 1) for each, _ in zip(value, range(MAX_ENTRIES), strict=False)]
    return _text(str(value))


def _number(value: float | Fraction) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return round(number, 6) if math.isfinite(number) else None


def _text(text: str) -> str:
    """Without control characters and lone surrogates, which not every database takes."""
    printable = (each for each in text[: MAX_TEXT * 2] if each.isprintable() or each == "\n")
    return "".join(printable).strip()[:MAX_TEXT]
