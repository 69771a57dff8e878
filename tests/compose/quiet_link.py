"""A client's WebSocket that is kept open without being used."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode
from uuid import uuid4

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.compose.deployment import Deployment

ANSWER_S = 60.0
"""Bounds an answer, that to the handshake among them, on a busy machine."""


class QuietLink:
    """It sends no ping of its own, and answers those of the manager.

    Attributes:
        opened_at: of the monotonic clock, in seconds.
    """

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self.opened_at = time.monotonic()

    def wait_until(self, age_s: float) -> None:
        """Returns when the connection has been open for so long, and fails if it ends before.

        Raises:
            websockets.exceptions.ConnectionClosed: it has ended.
        """
        while (left_s := self.opened_at + age_s - time.monotonic()) > 0:
            try:
                self._socket.recv(timeout=left_s)
            except TimeoutError:
                return

    def answers(self) -> bool:
        """Whether a question gets its answer."""
        uuid = str(uuid4())
        asked = {"id": "c2s:folder-status-request", "uuid": uuid, "data": {"path": "/"}}
        self._socket.send(json.dumps(asked))
        while True:
            if json.loads(self._socket.recv(timeout=ANSWER_S)).get("reply_uuid") == uuid:
                return True


@contextmanager
def quiet_link_of(deployment: Deployment, token: str) -> Iterator[QuietLink]:
    """Connects a user."""
    query = urlencode({"type": "client", "key": token})
    url = f"wss://{deployment.url.removeprefix('https://')}/?{query}"
    # What nobody reads yet, news of what others do, must not keep it from answering pings.
    options = {"ping_interval": None, "compression": None, "max_queue": None}
    with connect(url, ssl=deployment.trust, open_timeout=ANSWER_S, **options) as socket:
        yield QuietLink(socket)
