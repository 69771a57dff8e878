"""Requests that wait for their reply. Keeps futures only: sending and timeouts are the caller's."""

import asyncio

from protocol.codec import Frame
from protocol.packet import Packet


class PendingReplies:
    """Brings each reply to whoever asked, by the uuid of the request."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Packet]] = {}

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def register(self, uuid: str) -> asyncio.Future[Packet]:
        """Returns the future of the reply to the frame `uuid`; call it before the frame is sent.

        A future that is cancelled (so also one that timed out in `asyncio.timeout`) is forgotten.

        Raises:
            ValueError: a request with this uuid waits already.
        """
        if uuid in self._waiting:
            raise ValueError("a request with this uuid waits already")
        future: asyncio.Future[Packet] = asyncio.get_running_loop().create_future()
        self._waiting[uuid] = future
        future.add_done_callback(lambda done: self._forget(uuid, done))
        return future

    def _forget(self, uuid: str, done: asyncio.Future[Packet]) -> None:
        # The uuid may wait anew by the time that the loop calls back.
        if self._waiting.get(uuid) is done:
            del self._waiting[uuid]

    def resolve(self, frame: Frame) -> bool:
        """Hands a reply over; false if nothing waits for it: it is no reply, or too late."""
        future = self._waiting.pop(frame.reply_uuid, None) if frame.reply_uuid else None
        if future is None or future.done():
            return False
        future.set_result(frame.packet)
        return True

    def fail_all(self, error: BaseException) -> None:
        """Ends every request that waits with this error, as when the connection is lost."""
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)
