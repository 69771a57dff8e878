"""Finds the handler of a packet by its type.

Each subject offers a table of the packets that it handles; a dispatcher joins the tables of one kind of
peer.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from protocol.codec import PACKETS, namespace_of
from protocol.packet import Packet

Handler = Callable[[Any, Any], Awaitable[Packet | None]]
"""Takes the peer (of a client, its `ClientRequest`) and a packet. Returns the reply; None: there is none,
or the handler sends it itself."""

PacketTable = Mapping[type[Packet], Handler]
"""The packets that one subject handles, and how."""


class Handlers(Protocol):
    """The handlers of one subject."""

    @property
    def packets(self) -> PacketTable:
        """What they handle."""


class Dispatcher:
    """The handlers of all packets that one kind of peer may send."""

    def __init__(
        self, namespace: str, extensions: Iterable[str | None], *subjects: Handlers
    ) -> None:
        """Joins the tables of all subjects.

        Args:
            namespace: That of the packets.
            extensions: Those whose packets are handled; None stands for the base protocol.
            subjects: Handle each of these packets exactly once, and no others.

        Raises:
            ValueError: They do not.
        """
        tables = [subject.packets for subject in subjects]
        wanted = frozenset(extensions)
        expected = {
            packet
            for packet in PACKETS.values()
            if namespace_of(packet.id) == namespace and packet.extension in wanted
        }
        handled = Counter(packet for table in tables for packet in table)
        wrong = {each.id for each in expected ^ handled.keys()}
        wrong |= {packet.id for packet, number in handled.items() if number > 1}
        if wrong:
            raise ValueError(f"not handled exactly once: {', '.join(sorted(wrong))}")
        self._handlers = {packet: handler for table in tables for packet, handler in table.items()}

    @property
    def packets(self) -> PacketTable:
        """Every packet with its handler."""
        return self._handlers

    async def handle(self, peer: object, packet: Packet) -> Packet | None:
        """The reply to a packet, or None. A packet of another extension is ignored.

        Raises what the handler raises.
        """
        handler = self._handlers.get(type(packet))
        return await handler(peer, packet) if handler else None
