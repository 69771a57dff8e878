"""The base of all packets: an immutable struct with its name on the wire."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An object inside a packet. Optional fields are None and left out of the output.

    Constructing a record checks nothing, `protocol.codec.decode` checks everything. Fields
    named in `secrets` are hidden in a repr.
    """

    secrets: ClassVar[frozenset[str]] = frozenset()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, self._shown(name)) for name in self.__struct_fields__]

    def _shown(self, name: str) -> object:
        value = getattr(self, name)
        return "<hidden>" if name in self.secrets and value is not None else value

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"


class Packet(Record, frozen=True):
    """A message between two peers."""

    id: ClassVar[str]
    """`<namespace>:<kebab-name>`, as in a frame's `id`."""
    extension: ClassVar[str | None] = None
    """The extension that a connection must have been granted, or None for the base protocol."""
    extension_fields: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Optional fields that exist with an extension alone, by name; without it they are unknown."""
    extension_values: ClassVar[Mapping[tuple[str, str], str]] = MappingProxyType({})
    """Values of fields that exist with an extension alone, by field and value."""
