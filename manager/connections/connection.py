"""One WebSocket of a peer: frames in, frames out, replies matched.

What is sent goes through a bounded queue that one task drains, so that no sender waits for a slow peer. The
manager drops a peer whose queue overflows, and one that takes nothing of it for too long. Each incoming
frame is handled by a task of its own, so that a request which waits for a third party does not hold up the
ones behind it; how many are at work is bounded (`manager.connections.workload`). No content of a frame
can end the connection.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from catalog.errors import CatalogError
from common.log_events import bind_ids
from common.tasks import BackgroundTasks, cancel_and_wait
from manager.connections.workload import Workload
from manager.error_texts import log_level, public_text, retry_of
from manager.errors import ManagerError, PeerGone, PeerSilent, UnexpectedReply
from manager.metrics import ManagerMetrics
from protocol import generic
from protocol.codec import EncodedPacket, Frame, encode
from protocol.exchange import Exchange, UnreadableFrame
from protocol.extensions import REJECTIONS
from protocol.packet import Packet
from protocol.replies import OpenRequests
from protocol.values import REPLY_TIMEOUT_S

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer", bound=Packet)
Reply = Callable[[Packet], None]
"""Sends the answer to one frame, at once; to a frame that cannot be answered it does nothing."""

PacketHandler = Callable[[Packet, Reply], Awaitable[Packet | None]]
"""Returns the answer, or None: then there is none, or another task sends it."""

MAX_QUEUED_BYTES = 8 * 2**20
"""A peer that lets more than this pile up is not reading any more."""

STALL_S = 30.0
"""How long one frame may wait for a peer to read the frames before it."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""Messages between the codec's limit and this one are refused; longer ones end the connection (1009)."""

HEARTBEAT_S = 20.0
"""Time between two pings; a peer that leaves one unanswered for half of it is dropped."""

POLICY_VIOLATION = 1008
"""Code of RFC 6455 with which the manager closes a connection that it does not let go on."""

CLOSE_TIMEOUT_S = 2.0
"""Time for a closing handshake; with a peer that reads nothing it would wait for ever."""


class PeerSocket(web.WebSocketResponse):
    """A WebSocket of aiohttp that is open until its closing handshake is over.

    aiohttp closes the transport once the handler has returned, which happens as soon as another task has sent
    a Close frame. RFC 6455, section 7.1.1, has a server wait for the peer's Close frame before: a peer that
    cannot send it any more takes the end for abnormal (1006), and never learns the code.
    """

    def __init__(self, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        """Has this protocol's limits; `heartbeat_s`: seconds between two pings."""
        # Pings are answered by `PeerConnection`, because aiohttp keeps pongs to itself otherwise.
        super().__init__(
            heartbeat=heartbeat_s, max_msg_size=MAX_MESSAGE_BYTES, compress=False, autoping=False
        )
        self._one_close = asyncio.Lock()

    async def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> bool:
        """Closes it as aiohttp does; while another task does, waits until that is over.

        aiohttp calls this at the end of the handler.
        """
        async with self._one_close:
            return await super().close(code=code, message=message, drain=drain)


class PeerConnection:
    """An open connection of a client or a service."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        accepts: frozenset[str],
        extensions: frozenset[str],
        tasks: BackgroundTasks,
        metrics: ManagerMetrics,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
        stall_s: float = STALL_S,
    ) -> None:
        """Wraps a prepared socket.

        Args:
            socket: the socket, after its handshake.
            transport: what the socket runs on, to cut it off; None when it has ended already.
            accepts: namespaces that the peer may send.
            extensions: what the peer was granted.
            tasks: runs the handlers of frames, which may outlive the connection.
            metrics: counts what is ignored.
            max_queued_bytes: how much may wait to be sent before the peer is dropped.
            stall_s: how many seconds a frame may wait for the peer to read before it is dropped.
        """
        self._socket = socket
        self._transport = transport
        self._tasks = tasks
        self._metrics = metrics
        self._extensions = extensions
        self._max_queued_bytes = max_queued_bytes
        self._stall_s = stall_s
        self._outgoing: deque[str] = deque()
        self._queued_bytes = 0
        self._has_outgoing = asyncio.Event()
        self._is_flushed = asyncio.Event()
        self._is_flushed.set()
        self._requests = OpenRequests(Exchange(accepts=accepts, extensions=extensions))
        self._workload = Workload()
        self._is_open = True
        self._pong = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    def send(self, packet: Packet, *, reply_uuid: str | None = None) -> None:
        """Queues a packet. After the end of the connection it does nothing."""
        self._enqueue(encode(packet, reply_uuid=reply_uuid))

    def send_encoded(self, packet: EncodedPacket) -> None:
        """Queues a packet whose data was encoded once for many receivers."""
        self._enqueue(packet.frame())

    async def request(
        self, packet: Packet, answer: type[Answer], *, timeout_s: float = REPLY_TIMEOUT_S
    ) -> Answer:
        """Sends a packet and waits for its reply.

        Raises:
            PeerGone: the connection ended before the reply.
            PeerSilent: no reply came within `timeout_s` seconds.
            UnexpectedReply: the reply was another packet.
        """
        if not self._is_open:
            raise PeerGone
        try:
            reply = await self._requests.ask(packet, timeout_s=timeout_s, send=self._send_text)
        except TimeoutError:
            raise PeerSilent(packet.id, timeout_s) from None
        if not isinstance(reply, answer):
            raise UnexpectedReply(packet.id, reply.id)
        return reply

    async def ping(self, *, timeout_s: float) -> None:
        """Returns once the peer has answered a ping.

        Raises:
            PeerGone: the connection has ended.
            PeerSilent: no answer came within `timeout_s` seconds.
        """
        self._pong.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.ping()
                await self._pong.wait()
        except TimeoutError:
            raise PeerSilent("a ping", timeout_s) from None
        except ConnectionError as error:
            raise PeerGone from error
        if not self._is_open:
            raise PeerGone

    def external_wait(self) -> AbstractContextManager[None]:
        """Around what a handler of this peer's frames waits for, when third parties do it.

        The peer's other frames are handled meanwhile. Raises `Overloaded` when very many of them wait
        like that.
        """
        return self._workload.external_wait()

    async def flushed(self) -> None:
        """Returns once all that was sent has gone out, or nothing can go out any more."""
        await self._is_flushed.wait()

    async def serve(self, handle: PacketHandler) -> None:
        """Handles what the peer sends until the connection ends; then open requests fail.

        A peer that ends the connection itself has all of its frames handled; of one that the manager
        drops, those that have not been begun are forgotten.
        """
        writer = asyncio.create_task(self._write(), name="write to peer")
        self._reader = asyncio.create_task(self._read(handle), name="read from peer")
        try:
            # `close` cancels it, and reads the rest itself.
            await asyncio.wait({self._reader})
            if not self._reader.cancelled():
                self._reader.result()
            # All that came before the end was asked for while the peer was there.
            await self._workload.all_begun()
        finally:
            self._is_open = False
            self._is_flushed.set()
            self._pong.set()
            self._requests.close(PeerGone())
            self._cut_off_later()
            await cancel_and_wait(self._reader, writer)

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection with a closing handshake; a peer that does not take part is cut off."""
        if self._reader is not None:
            self._reader.cancel()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code=code, message=reason.encode())
        except TimeoutError:
            self.abort()

    async def _send_text(self, text: str) -> None:
        self._enqueue(text)

    def _enqueue(self, text: str) -> None:
        if not self._is_open:
            return
        self._outgoing.append(text)
        self._queued_bytes += len(text)
        self._has_outgoing.set()
        self._is_flushed.clear()
        if self._queued_bytes > self._max_queued_bytes:
            self._drop()

    def _drop(self) -> None:
        """Ends the connection of a peer that does not read."""
        self._metrics.slow_peers_dropped.inc()
        log.warning("slow-peer-dropped", queued_bytes=self._queued_bytes)
        self.abort()

    def abort(self) -> None:
        """Ends the connection at once, without waiting for the peer or for frames of it."""
        self._is_open = False
        self._is_flushed.set()
        self._outgoing.clear()
        self._workload.forget()
        if self._transport is not None:
            self._transport.abort()

    def _cut_off_later(self) -> None:
        """Cuts off a peer that does not read what the connection still has to send at its end.

        The server closes the transport then, which waits for that; a peer that vanished
        never reads it.
        """
        if self._transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self._transport.abort)

    async def _read(self, handle: PacketHandler) -> None:
        async for message in self._socket:
            if not self._is_open:
                return
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    await self._receive(message.data, handle)
                case WSMsgType.PING:
                    with contextlib.suppress(ConnectionError):
                        await self._within_stall(self._socket.pong(message.data))
                case WSMsgType.PONG:
                    self._pong.set()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._has_outgoing.wait()
                while self._outgoing:
                    text = self._outgoing.popleft()
                    self._queued_bytes -= len(text)
                    await self._within_stall(self._socket.send_str(text))
                self._has_outgoing.clear()
                self._is_flushed.set()

    async def _within_stall(self, sending: Coroutine[Any, Any, None]) -> None:
        """Sends something, and drops a peer that does not take it. Raises `ConnectionError`."""
        try:
            async with asyncio.timeout(self._stall_s):
                await sending
        except TimeoutError:
            self._drop()

    async def _receive(self, data: str | bytes, handle: PacketHandler) -> None:
        incoming = self._requests.receive(data)
        if incoming is None:
            return
        if isinstance(incoming, UnreadableFrame):
            self._refuse(incoming)
            return
        frame = incoming.frame
        if frame.reply_uuid is not None or isinstance(
            frame.packet, generic.Boolean | generic.Primitives
        ):
            self._metrics.ignored_frames.labels("unsolicited").inc()
            return
        await self._workload.take(partial(self._begin, frame, handle), len(data))

    def _begin(self, frame: Frame, handle: PacketHandler) -> None:
        self._tasks.spawn(self._answer(frame, handle), f"handle {frame.packet.id}")

    def _refuse(self, refused: UnreadableFrame) -> None:
        error = refused.error
        self._metrics.ignored_frames.labels(error.code).inc()
        log.debug("frame-refused", code=error.code, reason=str(error))
        if refused.answer is not None:
            self._enqueue(refused.answer)

    async def _answer(self, frame: Frame, handle: PacketHandler) -> None:
        """Handles a frame; answers with the error when that fails."""
        bind_ids(request=frame.uuid, upload=getattr(frame.packet, "upload_id", None))
        log.debug("packet-received", packet=frame.packet.id)
        packet, reply = frame.packet, partial(self._reply, frame.uuid)
        answer: Packet | None
        try:
            answer = await handle(packet, reply)
        except ManagerError as error:
            answer = generic.Boolean(success=False, message=str(error))
        except CatalogError as error:
            level = log_level(error)
            log.log(level, "catalog-failed", packet=packet.id, code=error.code, reason=str(error))
            retry = retry_of(error) if REJECTIONS in self._extensions else None
            answer = generic.Boolean(success=False, message=public_text(error), retry=retry)
        except Exception:
            log.exception("packet-failed", packet=packet.id)
            answer = generic.Boolean(
                success=False, message="the manager failed at this: try again, or ask its operator"
            )
        finally:
            self._workload.done()
        if answer is not None:
            reply(answer)

    def _reply(self, uuid: str | None, answer: Packet) -> None:
        if uuid is not None:
            self.send(answer, reply_uuid=uuid)
