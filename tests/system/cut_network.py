"""A network between a client and a server that a test holds up, cuts and mends: a proxy on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

PIECE = 64 * 1024


class Network:
    """Forwards connections to `target`, and counts the bytes that clients send.

    Attributes:
        url: Where clients connect to.
        target: Port of the server.
        sent: Bytes that clients have sent.
        refused: Connections that were not let through.
        recorded: All that has passed, either way, each connection's pieces in order; None: nothing is
            recorded.
    """

    def __init__(self) -> None:
        self.url = ""
        self.target = 0
        self.sent = self.refused = 0
        self.recorded: list[bytearray] | None = None
        self._limit: int | None = None
        self._is_cut = False
        self._connections: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Condition()

    def lead_to(self, url: str) -> None:
        """Connections go to this server from now on."""
        self.target = urlsplit(url).port or 0

    def hold_at(self, sent: int) -> None:
        """Let no more than about so many bytes of clients through, until `release`."""
        self._limit = self.sent + sent

    async def held(self) -> None:
        """Wait until it holds up what clients send."""
        async with self._news:
            await self._news.wait_for(lambda: self._limit is not None and self.sent >= self._limit)

    async def release(self) -> None:
        """Let everything through."""
        self._limit = None
        await self._tell()

    def cut(self) -> None:
        """End all connections, and let none through until `mend`."""
        self._is_cut = True
        self.drop()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def drop(self) -> None:
        """End all connections."""
        for writer in self._connections:
            writer.transport.abort()

    async def has_refused(self, count: int) -> None:
        """Wait until so many connections were not let through."""
        async with self._news:
            await self._news.wait_for(lambda: self.refused >= count)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        if self._is_cut:
            self.refused += 1
            writer.transport.abort()
            await self._tell()
            return
        with contextlib.suppress(OSError):
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self._connections |= {writer, to_writer}
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._forward(reader, to_writer, is_counted=True))
                    group.create_task(self._forward(to_reader, writer, is_counted=False))
            finally:
                self._connections -= {writer, to_writer}
        writer.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_counted: bool
    ) -> None:
        record = bytearray()
        if self.recorded is not None:
            self.recorded.append(record)
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if self.recorded is not None:
                    record += piece
                if is_counted:
                    self.sent += len(piece)
                    await self._pass()
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()

    async def _pass(self) -> None:
        async with self._news:
            self._news.notify_all()
            await self._news.wait_for(lambda: self._limit is None or self.sent < self._limit)


@asynccontextmanager
async def cut_network() -> AsyncIterator[Network]:
    """A network that leads nowhere yet."""
    network = Network()
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    network.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield network
    finally:
        server.close()
        await network.release()
        network.drop()
