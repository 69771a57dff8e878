"""Ends connections when the manager stops, or has lost track of what it has told."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

GOING_AWAY = 1001


class Closable(Protocol):
    """A connection."""

    async def close(self, code: int, reason: str) -> None:
        """Ends it with a closing handshake."""


class Peer(Protocol):
    """What is connected."""

    @property
    def connection(self) -> Closable:
        """Its connection."""


async def close_all(*registries: Iterable[Peer]) -> None:
    """Ends the connections of all peers: they connect again, to the next manager."""
    connections = [peer.connection for registry in registries for peer in registry]
    closing = (each.close(GOING_AWAY, "the manager stops") for each in connections)
    await asyncio.gather(*closing, return_exceptions=True)
