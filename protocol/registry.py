"""Every packet by its id, in the order of the modules."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType

from protocol import c2s, generic, s2c, s2t, s2u, t2s, u2s
from protocol.packet import Packet

MODULES: Mapping[str, ModuleType] = MappingProxyType(
    {
        "generic": generic,
        "c2s": c2s,
        "s2c": s2c,
        "s2u": s2u,
        "u2s": u2s,
        "s2t": s2t,
        "t2s": t2s,
    }
)
"""The module of every namespace."""


def _packets_of(module: ModuleType) -> Iterator[type[Packet]]:
    for member in vars(module).values():
        if isinstance(member, type) and issubclass(member, Packet) and member is not Packet:
            yield member


PACKETS: Mapping[str, type[Packet]] = MappingProxyType(
    {packet.id: packet for module in MODULES.values() for packet in _packets_of(module)}
)
"""The class of every packet, extensions included, by id."""

NAMESPACES = frozenset(MODULES)
"""Every namespace; a peer may send `generic` and one other."""


def namespace_of(packet_id: str) -> str:
    """Returns what stands before the colon of a packet's id."""
    return packet_id.partition(":")[0]
