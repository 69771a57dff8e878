"""The connected clients, and how all of them are told something."""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress

from manager.connections.clients import ClientSession
from protocol.codec import EncodedPacket, encode_data
from protocol.packet import Packet


class Hub:
    """Every connected client, by the id of its connection."""

    def __init__(self) -> None:
        self._clients: dict[str, ClientSession] = {}

    def __iter__(self) -> Iterator[ClientSession]:
        return iter(tuple(self._clients.values()))

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, client: ClientSession) -> None:
        """A client is connected and hears of everything from now on."""
        self._clients[client.id] = client

    def leave(self, client: ClientSession) -> None:
        """A client is gone."""
        self._clients.pop(client.id, None)

    def send_to(self, client_id: str, packet: Packet) -> None:
        """Sends to one client; to one that is gone it goes nowhere."""
        client = self._clients.get(client_id)
        if client is not None:
            client.connection.send(packet)

    def broadcast(self, packet: Packet) -> None:
        """Sends the same to everybody, encoded once."""
        encoded = encode_data(packet)
        for client in self:
            client.connection.send_encoded(encoded)

    def broadcast_views(
        self, view_of: Callable[[ClientSession], Hashable], packet_for: Callable[[Hashable], Packet]
    ) -> None:
        """Sends everybody what it may see, encoded once per distinct view.

        Args:
            view_of: what distinguishes the packet of one client from another's.
            packet_for: the packet that shows a view.
        """
        encoded: dict[Hashable, EncodedPacket] = {}
        for client in self:
            view = view_of(client)
            if view not in encoded:
                encoded[view] = encode_data(packet_for(view))
            client.connection.send_encoded(encoded[view])

    async def caught_up(self, deadline: float) -> None:
        """Returns once all that was sent has gone out to everybody, or at that time of the loop."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                for client in self:
                    await client.connection.flushed()
