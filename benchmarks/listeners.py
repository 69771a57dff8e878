"""A child process: many clients of a manager, that tell when the last of them has heard something.

Others are connected as well and read nothing: they are there to hold up the rest, if they can.
"""

import asyncio
import os
import time

import uvloop
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType

from benchmarks.process import announce

AT_ONCE = 50


class _Listeners:
    """Counts who has heard of each new folder; its names are numbers."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heard: dict[str, int] = {}

    async def listen(self, socket: ClientWebSocketResponse) -> None:
        """Hears what is sent to one client."""
        async for message in socket:
            if message.type is WSMsgType.TEXT and '"s2c:folder-modify"' in message.data:
                self._count_in(message.json()["data"]["path"])

    def _count_in(self, path: str) -> None:
        self._heard[path] = self._heard.get(path, 0) + 1
        if self._heard[path] == 1:
            announce(path=path, first_at=time.monotonic())
        if self._heard[path] == self._count:
            announce(path=path, last_at=time.monotonic())


async def _serve(url: str, count: int, silent: int) -> None:
    listeners = _Listeners(count)
    turns = asyncio.Semaphore(AT_ONCE)
    async with ClientSession(connector=TCPConnector(limit=0)) as http:

        async def connected() -> ClientWebSocketResponse:
            async with turns:
                return await http.ws_connect(url)

        sockets = await asyncio.gather(*(connected() for _ in range(count + silent)))
        announce(connected=count)
        await asyncio.gather(*(listeners.listen(socket) for socket in sockets[silent:]))


if __name__ == "__main__":
    facts = os.environ
    uvloop.run(_serve(facts["CLIENT_URL"], int(facts["CLIENTS"]), int(facts["SILENT"])))
