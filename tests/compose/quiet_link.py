"""A client's WebSocket that is kept open without being used, for longer than one test.

So it has an event loop of its own. Threads would not do (websockets.sync): one of them reads while another
one writes, which an OpenSSL connection does not bear. What is written then is lost now and then.
"""

import asyncio
import json
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from tests.compose.deployment import Deployment

T = TypeVar("T")
ANSWER_S = 60.0
"""Bounds an answer, that to the handshake among them, on a busy machine."""


class QuietLink:
    """It sends no ping of its own, and answers those of the manager.

    Attributes:
        opened_at: of the monotonic clock, in seconds.
    """

    def __init__(self, socket: ClientConnection, loop: asyncio.AbstractEventLoop) -> None:
        self._socket = socket
        self._loop = loop
        self.opened_at = time.monotonic()

    def wait_until(self, age_s: float) -> None:
        """Returns when the connection has been open for so long, and fails if it ends before.

        Raises:
            websockets.exceptions.ConnectionClosed: it has ended.
        """
        run_in(self._loop, self._open_for(self.opened_at + age_s - time.monotonic()))

    def answers(self) -> bool:
        """Whether a question gets its answer."""
        return run_in(self._loop, self._answers())

    async def _open_for(self, duration_s: float) -> None:
        try:
            async with asyncio.timeout(duration_s):
                while True:
                    await self._socket.recv()
        except TimeoutError:
            return

    async def _answers(self) -> bool:
        uuid = str(uuid4())
        asked = {"id": "c2s:folder-status-request", "uuid": uuid, "data": {"path": "/"}}
        async with asyncio.timeout(ANSWER_S):
            await self._socket.send(json.dumps(asked))
            while json.loads(await self._socket.recv()).get("reply_uuid") != uuid:
                pass
        return True


def run_in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> T:
    """Runs something in the event loop of another thread."""
    return asyncio.run_coroutine_threadsafe(work, loop).result()


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="quiet link")
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def quiet_link_of(deployment: Deployment, token: str) -> Iterator[QuietLink]:
    """Connects a user."""
    query = urlencode({"type": "client", "key": token})
    url = f"wss://{deployment.url.removeprefix('https://')}/?{query}"

    async def opened() -> ClientConnection:
        # What nobody reads yet, news of what others do, must not keep it from answering pings.
        return await connect(
            url,
            ssl=deployment.trust,
            open_timeout=ANSWER_S,
            ping_interval=None,
            compression=None,
            max_queue=None,
        )

    with running_loop() as loop:
        socket = run_in(loop, opened())
        try:
            yield QuietLink(socket, loop)
        finally:
            run_in(loop, socket.close())
