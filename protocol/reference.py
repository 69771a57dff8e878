"""Generates the packet reference from the structs: `python -m protocol.reference docs/packets.md`."""

import sys
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path
from types import ModuleType

import msgspec
from msgspec import inspect

from protocol.codec import MODULES
from protocol.packet import Packet
from protocol.rules import fields_of, kind_of, requirement, without_null
from protocol.values import MAX_SAFE_INTEGER

_HEAD = """\
# Packets

Every packet that travels on a WebSocket of the manager. This page is generated from the structs in
`protocol/` by `make docs`.

A frame is one JSON object in one text message:

```text
{"id": "<packet>", "uuid": "<uuid>", "reply_uuid": "<uuid, only on a reply>", "data": {…}}
```

The tables describe `data`. An optional field is left out of the output, and may be left out or
null in the input; no other field may be missing, and no other field is allowed. Integers are within
±(2^53-1). One trailing `/` of a path is dropped. A peer sends the packets of its own namespace and
of `generic`.
"""
_SCALARS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "boolean",
    inspect.FloatType: "number",
    inspect.IntType: "integer",
    inspect.StrType: "string",
}


def render() -> str:
    """Return the whole page."""
    sections = [_HEAD, _values_section()]
    sections += [_namespace_section(name, module) for name, module in MODULES.items()]
    return "\n".join(sections)


def _values_section() -> str:
    rows = sorted({row for module in MODULES.values() for row in _kinds_in(module)})
    return _lines("## Values", "", *_table(("kind", "rule"), rows), "")


def _kinds_in(module: ModuleType) -> Iterator[tuple[str, ...]]:
    for struct in _structs_of(module):
        for field in fields_of(struct):
            for described in _parts(field.type):
                if kind := kind_of(described):
                    yield f"`{kind}`", requirement(described) or ""


def _parts(described: inspect.Type) -> Iterator[inspect.Type]:
    described, _ = without_null(described)
    yield described
    if isinstance(described, inspect.VarTupleType):
        yield from _parts(described.item_type)


def _namespace_section(namespace: str, module: ModuleType) -> str:
    structs = list(_structs_of(module))
    packets = [struct for struct in structs if issubclass(struct, Packet)]
    objects = [struct for struct in structs if not issubclass(struct, Packet)]
    parts = [f"## {namespace}\n\n{cleandoc(module.__doc__ or '')}\n"]
    parts += [_packet_section(packet) for packet in packets]
    parts += [_struct_section(struct.__name__, struct) for struct in objects]
    return "\n".join(parts)


def _packet_section(packet: type[Packet]) -> str:
    section = _struct_section(f"`{packet.id}`", packet)
    if packet.extension is None:
        return section
    return f"{section}\nOnly with the extension [`{packet.extension}`](extensions.md).\n"


def _struct_section(title: str, struct: type[msgspec.Struct]) -> str:
    rows = [_row(field) for field in fields_of(struct)]
    table = _table(("field", "type", "rule", "optional"), rows) if rows else ["No fields."]
    return _lines(f"### {title}", "", cleandoc(struct.__doc__ or ""), "", *table, "")


def _row(field: inspect.Field) -> tuple[str, ...]:
    described, nullable = without_null(field.type)
    null = " or null" if nullable and field.required else ""
    optional = "" if field.required else "yes"
    return f"`{field.encode_name}`", _type(described) + null, _rule(described), optional


def _type(described: inspect.Type) -> str:
    match described:
        case inspect.Metadata():
            return _type(described.type)
        case inspect.LiteralType():
            return "string" if isinstance(described.values[0], str) else "integer"
        case inspect.VarTupleType():
            return f"list of {_type(described.item_type)}"
        case inspect.DictType(value_type=inspect.AnyType()):
            return "object"
        case inspect.DictType():
            return f"map of {_type(described.key_type)} to {_type(described.value_type)}"
        case inspect.StructType():
            return f"[{described.cls.__name__}](#{described.cls.__name__.lower()})"
        case _:
            return _SCALARS[type(described)]


def _rule(described: inspect.Type) -> str:
    match described:
        case inspect.Metadata():
            return f"[{kind_of(described)}](#values)"
        case inspect.LiteralType():
            return " or ".join(f"`{value}`" for value in described.values)
        case inspect.VarTupleType():
            least = f"at least {described.min_length}" if described.min_length else ""
            item = _rule(described.item_type)
            return ", ".join(filter(None, (least, item and f"each {item}")))
        case inspect.DictType(value_type=inspect.AnyType()):
            return "any content"
        case inspect.DictType():
            return f"each {_rule(described.value_type)}"
        case inspect.IntType():
            return _range(described)
        case _:
            return ""


def _range(described: inspect.IntType) -> str:
    least = f"at least {described.ge}" if described.ge != -MAX_SAFE_INTEGER else ""
    most = f"at most {described.le}" if described.le != MAX_SAFE_INTEGER else ""
    return ", ".join(filter(None, (least, most)))


def _structs_of(module: ModuleType) -> Iterator[type[msgspec.Struct]]:
    for member in vars(module).values():
        if isinstance(member, type) and member.__module__ == module.__name__:
            yield member


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    every = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(row) + " |" for row in every]


def _lines(*lines: str) -> str:
    return "\n".join(lines)


def main(target: str) -> None:
    """Write the page to a file."""
    Path(target).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
