"""The connected clients, and sending to all of them.

A single request may change thousands of files, and each change is a frame or two for every client. Sent
at once they would stop the event loop for seconds and overflow the queues of clients that read as fast as
they can. So `PacedBroadcasts` sends a few at once and the rest in turns, between which clients may catch
up. What comes meanwhile waits behind them: a client that got a deletion before the file's arrival would
show the file for ever.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress

from common.tasks import BackgroundTasks
from manager.connections.clients import ClientSession
from protocol.codec import EncodedPacket, encode_data
from protocol.packet import Packet

FRAMES_PER_TURN = 2_000
"""Sent to all clients together before anything else may happen: some 50 ms of work."""

CATCHING_UP_S = 5.0
"""How long clients are waited for, in all, before a backlog goes on without regard for the slow ones."""

Broadcast = Callable[[], None]
"""Sends one packet to every client that may see it."""


class Hub:
    """Every connected client, by the id of its connection."""

    def __init__(self) -> None:
        self._clients: dict[str, ClientSession] = {}

    def __iter__(self) -> Iterator[ClientSession]:
        return iter(tuple(self._clients.values()))

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, client: ClientSession) -> None:
        """A client is connected: it is sent every broadcast from now on."""
        self._clients[client.id] = client

    def leave(self, client: ClientSession) -> None:
        """A client is gone."""
        self._clients.pop(client.id, None)

    def send_to(self, client_id: str, packet: Packet) -> None:
        """Sends to one client; nothing happens if it is gone."""
        client = self._clients.get(client_id)
        if client is not None:
            client.connection.send(packet)

    def broadcast(self, packet: Packet) -> None:
        """Sends the same packet to every client, encoded once."""
        encoded = encode_data(packet)
        for client in self:
            client.connection.send_encoded(encoded)

    def broadcast_views(
        self, view_of: Callable[[ClientSession], Hashable], packet_for: Callable[[Hashable], Packet]
    ) -> None:
        """Sends every client what it may see, encoded once per distinct view.

        Args:
            view_of: what distinguishes the packet of one client from another's; None: it gets none.
            packet_for: the packet that shows a view.
        """
        encoded: dict[Hashable, EncodedPacket] = {}
        for client in self:
            view = view_of(client)
            if view is None:
                continue
            if view not in encoded:
                encoded[view] = encode_data(packet_for(view))
            client.connection.send_encoded(encoded[view])

    async def caught_up(self, deadline: float) -> None:
        """Returns once every client has taken what was sent to it, or at that time of the loop."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                for client in self:
                    await client.connection.flushed()


class PacedBroadcasts:
    """Sends broadcasts in their order. The first turn of a backlog is sent at once."""

    def __init__(
        self,
        hub: Hub,
        tasks: BackgroundTasks,
        *,
        frames_per_turn: int = FRAMES_PER_TURN,
        catching_up_s: float = CATCHING_UP_S,
    ) -> None:
        """`frames_per_turn` counts those to all clients; `catching_up_s` is how long slow ones have."""
        self._hub = hub
        self._tasks = tasks
        self._frames_per_turn = frames_per_turn
        self._catching_up_s = catching_up_s
        self._waiting: deque[Broadcast] = deque()
        self._is_drained = asyncio.Event()
        self._is_drained.set()

    def add(self, broadcasts: Iterable[Broadcast]) -> None:
        """Sends these after everything that was added before."""
        self._waiting.extend(broadcasts)
        if not self._is_drained.is_set():
            return
        self._take_turn()
        if self._waiting:
            self._is_drained.clear()
            self._tasks.spawn(self._catch_up(), "broadcast many changes")

    async def drained(self) -> None:
        """Returns when nothing waits to be sent; for a caller that has much more to add."""
        await self._is_drained.wait()

    def _take_turn(self) -> None:
        for _ in range(max(1, self._frames_per_turn // max(1, len(self._hub)))):
            if not self._waiting:
                return
            self._waiting.popleft()()

    async def _catch_up(self) -> None:
        deadline = asyncio.get_running_loop().time() + self._catching_up_s
        try:
            while self._waiting:
                # A deadline that is over must not keep other tasks from running.
                await asyncio.sleep(0)
                await self._hub.caught_up(deadline)
                self._take_turn()
        finally:
            self._is_drained.set()
