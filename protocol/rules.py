"""The rules in the types of packets, as text: for error messages and for the packet reference.

msgspec checks values against a struct's annotations and reports an error in its own terms. This module
translates the report into a field and a rule of the protocol. The report has a path such as
`$.files[0].name`; where it would only show a regular expression, the rule comes from the type at
that path.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import cast

import msgspec
from msgspec import inspect

from protocol.errors import quote
from protocol.packet import Packet

_KINDS = {
    "int": "an integer",
    "str": "a string",
    "bool": "a boolean",
    "float": "a number",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FIELD = re.compile(
    r"Object (missing required|contains unknown) field `(.*?)`(?: - at `\$([\w.\[\]]*)`)?\Z",
    re.DOTALL,
)
_STEP = re.compile(r"\.(\w+)|\[.*?\]")


def explain(error: msgspec.ValidationError, packet: type[Packet]) -> tuple[str, str]:
    """Return the field (a path from the frame, as `data.files[0]`) and the rule that it breaks.

    Of the peer's text only the name of an unknown field is quoted, shortened.
    """
    if about_field := _FIELD.match(str(error)):
        rule = "is missing" if about_field[1] == "missing required" else "is not a known field"
        # A peer can send a key that looks like a location, so the location is quoted as well.
        return f"data{quote(about_field[3] or '')}.{quote(about_field[2])}", rule
    what, path = _located(str(error))
    for pattern, translate in _TRANSLATIONS:
        if match := pattern.match(what):
            return f"data{path}", translate(match)
    wanted = _requirement_at(packet, path) if _HIDES_RULE.match(what) else None
    return f"data{path}", what if wanted is None else f"must be {wanted}"


def _located(message: str) -> tuple[str, str]:
    # The last location is msgspec's own, an earlier one would be part of a value that it quotes.
    what, found, path = message.rpartition(" - at `$")
    return (what, path.removesuffix("`")) if found else (message, "")


def _kind_rule(match: re.Match[str]) -> str:
    wanted = " or ".join(_KINDS.get(kind, kind) for kind in match[1].split(" | "))
    return f"must be {wanted}, not {_KINDS.get(match[2], match[2])}"


def _limit_rule(match: re.Match[str]) -> str:
    return f"must be {'at least' if match[1] == '>=' else 'at most'} {match[2]}"


_TRANSLATIONS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"Expected `([^`]+)`, got `([^`]+)`\Z"), _kind_rule),
    (re.compile(r"Expected `(?:int|float)` (>=|<=) (\S+)\Z"), _limit_rule),
    (re.compile(r"Expected `array` of length >= 1\Z"), lambda _: "must hold at least 1 entry"),
    (re.compile(r"Number out of range\Z"), lambda _: "is out of range"),
)
_HIDES_RULE = re.compile(r"Expected `str` (matching regex|of length)|Invalid enum value ")


@cache
def _described(packet: type[msgspec.Struct]) -> inspect.StructType:
    return cast("inspect.StructType", inspect.type_info(packet))


def fields_of(packet: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    """Return the fields of a packet or of an object in one."""
    return _described(packet).fields


def without_null(described: inspect.Type) -> tuple[inspect.Type, bool]:
    """Return the type without its null, and whether it had one."""
    if not isinstance(described, inspect.UnionType):
        return described, False
    (only,) = (kind for kind in described.types if not isinstance(kind, inspect.NoneType))
    return only, True


def kind_of(described: inspect.Type) -> str | None:
    """Return the name of a kind of value in `protocol.values`, or None for a plain type."""
    if not isinstance(described, inspect.Metadata):
        return None
    return (described.extra_json_schema or {}).get("title")


def requirement(described: inspect.Type) -> str | None:
    """Return what a value must be, to be put after "must be"; None if its kind says it all."""
    if isinstance(described, inspect.Metadata):
        schema = described.extra_json_schema or {}
        return schema.get("description")
    if isinstance(described, inspect.LiteralType):
        return "one of " + ", ".join(str(value) for value in described.values)
    return None


def _requirement_at(packet: type[Packet], path: str) -> str | None:
    described: inspect.Type = _described(packet)
    for step in _STEP.finditer(path):
        described, _ = without_null(_inside(described, step[1]))
    return requirement(described)


def _inside(described: inspect.Type, field_name: str | None) -> inspect.Type:
    if isinstance(described, inspect.StructType):
        return next(f.type for f in described.fields if f.encode_name == field_name)
    if isinstance(described, inspect.DictType):
        return described.value_type
    return cast("inspect.VarTupleType", described).item_type
