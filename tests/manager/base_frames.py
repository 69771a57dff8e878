"""Whether a frame is one that a peer of the base protocol takes, by the table of the protocol's tests.

Field names are compared with that table, which was transcribed by hand. Of values it holds samples, so
their JSON types are compared with those; the patterns of strings are the codec's to check.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from protocol.codec import decode
from tests.protocol.table import EXTENSIONS, TABLE, TYPES, Kind

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def base_packets(namespace: str) -> set[str]:
    """Names of the base packets of a namespace."""
    extended = {name for names in EXTENSIONS.values() for name in names}
    return {name for name in TABLE if name.startswith(namespace + ":")} - extended


def checked(text: str, *, namespace: str, extension: str | None = None) -> dict[str, Any]:
    """The frame, which must be of the namespace, generic, or the extension's.

    Raises `AssertionError`.
    """
    known = (
        base_packets(namespace) | base_packets("generic") | EXTENSIONS.get(extension or "", set())
    )
    frame: dict[str, Any] = json.loads(text)
    assert frame.keys() - {"reply_uuid"} == {"id", "uuid", "data"}, text
    assert all(UUID.fullmatch(frame[key]) for key in frame.keys() & {"uuid", "reply_uuid"}), text
    assert frame["id"] in known, text
    fields = TABLE[frame["id"]]
    required = {name for name, kind in fields.items() if not kind.optional}
    assert required <= frame["data"].keys() <= fields.keys(), text
    for name, value in frame["data"].items():
        assert _fits(value, fields[name]), f"{name} in {text}"
    granted = frozenset({extension} if extension else ())
    decode(text, accepts=frozenset({namespace, "generic"}), extensions=granted)
    return frame


def _fits(value: Any, kind: Kind) -> bool:
    if kind is TYPES:
        return all(type(size) is int for size in value.values())
    is_invalid = any(type(bad) is type(value) and bad == value for bad in kind.invalid)
    return not is_invalid and _resembles(value, kind.valid)


def _resembles(value: Any, samples: Iterable[Any]) -> bool:
    """Whether one of the samples has the same keys, down to the innermost, and the same types."""
    alike = [sample for sample in samples if type(sample) is type(value)]
    if isinstance(value, dict):
        return any(sample.keys() == value.keys() for sample in alike) and all(
            _resembles(inner, [sample[key] for sample in alike if key in sample])
            for key, inner in value.items()
        )
    if isinstance(value, list):
        items = [item for sample in alike for item in sample]
        return all(_resembles(inner, items) for inner in value)
    return bool(alike)
