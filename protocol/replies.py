"""Awaiting replies on asyncio, at both ends of a WebSocket: `protocol.exchange` with futures and timers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from common.log_events import EventLogger, bound_ids
from protocol.exchange import Answered, Arrived, Exchange, Request, UnreadableFrame
from protocol.packet import Packet

log = EventLogger(__name__)


class OpenRequests:
    """The requests of one end of a connection that wait for their replies.

    Args:
        exchange: matches replies to them.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._waiting: dict[str, asyncio.Future[Packet]] = {}

    def __len__(self) -> int:
        """Return how many requests wait."""
        return len(self._waiting)

    async def ask(
        self, packet: Packet, *, timeout_s: float, send: Callable[[str], Awaitable[None]]
    ) -> Packet:
        """Send a request and return its reply.

        Args:
            packet: the request.
            timeout_s: seconds to wait for the reply.
            send: sends the text of a frame; its errors are passed on.

        Raises:
            TimeoutError: no reply came in time. One that comes later is passed on.
            ExchangeClosed: the connection had ended already.
            Exception: the error given to `close`, when the connection ends meanwhile.
        """
        loop = asyncio.get_running_loop()
        request = self._exchange.request(packet, deadline=loop.time() + timeout_s)
        reply: asyncio.Future[Packet] = loop.create_future()
        self._waiting[request.uuid] = reply
        timer = loop.call_at(request.deadline, self._expire, request.deadline)
        try:
            with bound_ids(request=request.uuid):
                log.debug("packet-sent", packet=request.packet_id)
                await send(request.text)
            return await reply
        finally:
            timer.cancel()
            self._exchange.withdraw(request)
            del self._waiting[request.uuid]
            if not reply.cancel() and not reply.cancelled():
                reply.exception()  # retrieved, so that asyncio does not report it as lost

    def receive(self, data: str | bytes) -> Arrived | UnreadableFrame | None:
        """Match one message; None when it was the reply to a request that waits."""
        incoming = self._exchange.receive(data)
        if not isinstance(incoming, Answered):
            return incoming
        reply = self._waiting[incoming.uuid]
        if not reply.done():
            reply.set_result(incoming.packet)
        return None

    def close(self, error: Exception) -> None:
        """Fail every request that waits with this error, and refuse further ones."""
        self._fail(self._exchange.close(), error)

    def _expire(self, now: float) -> None:
        self._fail(self._exchange.expire(now), TimeoutError())

    def _fail(self, requests: Iterable[Request], error: Exception) -> None:
        for request in requests:
            reply = self._waiting[request.uuid]
            # The task that waits may be cancelled already, and not have run since.
            if not reply.done():
                reply.set_exception(error)
