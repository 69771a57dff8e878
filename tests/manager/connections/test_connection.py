"""One connection by itself: dead peers, lost requests, what is said after the end."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Never

import aiohttp
import pytest
from aiohttp import web

from common.tasks import BackgroundTasks
from manager.connections.connection import (
    MAX_QUEUED_BYTES,
    STALL_S,
    PacketHandler,
    PeerConnection,
    PeerSocket,
    Reply,
)
from manager.connections.workload import MAX_ACTIVE, MAX_EXTERNAL_WAITS, MAX_WAITING_BYTES, Workload
from manager.errors import PeerGone, PeerSilent, UnexpectedReply
from manager.metrics import ManagerMetrics
from protocol import c2s, s2u
from protocol.codec import decode, encode
from protocol.generic import Boolean, Primitives
from protocol.packet import Packet
from tests.manager.sockets.stage import serving

ABORT = s2u.UploadAbort()
MEBIBYTE = Primitives(string_value="x" * 2**20)


async def _silent(_packet: Packet, _reply: Reply) -> Packet | None:
    return None


def small_socket(address: tuple[Any, ...]) -> socket.socket:
    """The socket of a peer whose system holds little of what it does not read."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
    return made


@asynccontextmanager
async def connection(
    handle: PacketHandler = _silent,
    *,
    metrics: ManagerMetrics | None = None,
    max_queued_bytes: int = MAX_QUEUED_BYTES,
    stall_s: float = STALL_S,
    ended: asyncio.Future[asyncio.Transport] | None = None,
    **socket_options: float,
) -> AsyncIterator[tuple[PeerConnection, aiohttp.ClientWebSocketResponse]]:
    """Both ends of a connection; `ended` gets its transport when the connection is not served any more."""
    tasks, made = BackgroundTasks(), asyncio.Queue[PeerConnection]()

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = PeerSocket(**socket_options)
        await socket.prepare(request)
        peer = PeerConnection(
            socket,
            request.transport,
            accepts=frozenset({"c2s", "generic"}),
            extensions=frozenset(),
            tasks=tasks,
            metrics=metrics or ManagerMetrics(),
            max_queued_bytes=max_queued_bytes,
            stall_s=stall_s,
        )
        transport = request.transport
        made.put_nowait(peer)
        await peer.serve(handle)
        if ended is not None and transport is not None:
            ended.set_result(transport)
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    async with (
        serving(app) as url,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=small_socket)) as http,
        http.ws_connect(url, autoping=False) as other_end,
    ):
        yield await made.get(), other_end
        await other_end.close()
    await tasks.close()


async def test_a_request_is_answered_by_its_reply():
    """Other frames in between are none of its business."""
    async with connection() as (peer, other):
        asking = asyncio.create_task(peer.request(ABORT, Boolean))
        frame = decode(await other.receive_str(), accepts=frozenset({"s2u"}))
        await other.send_str(encode(Boolean(success=False)))
        await other.send_str(encode(Boolean(success=True), reply_uuid=frame.uuid))
        assert (await asking).success


async def test_a_request_without_a_reply_ends_in_time():
    """The peer is silent; a reply that comes later is ignored."""
    async with connection() as (peer, other):
        with pytest.raises(PeerSilent, match="upload-abort"):
            await peer.request(ABORT, Boolean, timeout_s=0)
        frame = decode(await other.receive_str(), accepts=frozenset({"s2u"}))
        await other.send_str(encode(Boolean(success=True), reply_uuid=frame.uuid))
        asking = asyncio.create_task(peer.request(ABORT, Boolean))
        frame = decode(await other.receive_str(), accepts=frozenset({"s2u"}))
        await other.send_str(encode(Boolean(success=False), reply_uuid=frame.uuid))
        assert not (await asking).success


async def test_a_reply_of_another_kind_is_an_error():
    """It is never taken for the answer."""
    async with connection() as (peer, other):
        asking = asyncio.create_task(peer.request(ABORT, Boolean))
        frame = decode(await other.receive_str(), accepts=frozenset({"s2u"}))
        await other.send_str(encode(Primitives(integer_value=1), reply_uuid=frame.uuid))
        with pytest.raises(UnexpectedReply):
            await asking


async def test_open_requests_fail_when_the_connection_ends():
    """And later ones at once; what is sent then goes nowhere."""
    async with connection() as (peer, other):
        asking = asyncio.create_task(peer.request(ABORT, Boolean))
        await other.receive_str()
        await other.close()
        with pytest.raises(PeerGone):
            await asking
        with pytest.raises(PeerGone):
            await peer.request(ABORT, Boolean)
        peer.send(ABORT)


async def test_a_half_open_connection_is_dropped():
    """A peer that answers no ping is gone, whatever its socket says."""
    async with connection(heartbeat_s=0.02) as (peer, other):
        message = await other.receive()
        assert message.type is aiohttp.WSMsgType.PING
        with pytest.raises(PeerGone):
            await peer.request(ABORT, Boolean)


async def test_a_peer_that_takes_nothing_is_dropped_in_time():
    """Even if what it does not read is far less than what may be queued for it."""
    metrics, ended = ManagerMetrics(), asyncio.get_running_loop().create_future()
    async with connection(metrics=metrics, max_queued_bytes=2**30, stall_s=0.1, ended=ended) as (
        peer,
        _,
    ):
        for _ in range(32):
            peer.send(MEBIBYTE)
        await asyncio.wait_for(ended, 5)
        with pytest.raises(PeerGone):
            await peer.request(ABORT, Boolean)
    assert metrics.slow_peers_dropped._value.get() == 1  # noqa: SLF001 - prometheus has no other way


async def test_a_peer_that_reads_no_answers_to_its_pings_is_dropped():
    """They wait for nothing but its socket, and nothing else of it is read meanwhile."""
    ended = asyncio.get_running_loop().create_future()
    async with connection(stall_s=0.1, ended=ended) as (_, other):
        with pytest.raises(ConnectionError):
            await _ping_without_end(other)
        await asyncio.wait_for(ended, 5)


async def _ping_without_end(other: aiohttp.ClientWebSocketResponse) -> Never:
    while True:
        await other.ping(b"x" * 125)


async def test_what_a_dropped_peer_asked_for_is_not_done():
    """Frames that wait for a place are forgotten; those that are handled already go on."""
    handled, ended = 0, asyncio.get_running_loop().create_future()
    all_at_work, gate = asyncio.Event(), asyncio.Event()

    async def handle(_packet: Packet, _: object) -> Packet | None:
        nonlocal handled
        handled += 1
        if handled == MAX_ACTIVE:
            all_at_work.set()
        await gate.wait()
        return None

    async with connection(handle, ended=ended) as (peer, other):
        for _ in range(MAX_ACTIVE * 3):
            await other.send_str(encode(c2s.UploadBookingClear()))
        await other.ping()
        await all_at_work.wait()
        # The pong tells that the manager has read the frames before the ping.
        assert (await other.receive()).type is aiohttp.WSMsgType.PONG
        peer.abort()
        await asyncio.wait_for(ended, 5)
        gate.set()
    assert handled == MAX_ACTIVE


async def test_no_connection_outlives_its_peer(monkeypatch: pytest.MonkeyPatch):
    """A socket whose peer never reads what is left is closed, instead of waiting for it for ever."""
    monkeypatch.setattr("manager.connections.connection.CLOSE_TIMEOUT_S", 0.05)
    ended: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
    async with connection(heartbeat_s=0.05, max_queued_bytes=2**30, ended=ended) as (peer, _):
        for _ in range(32):
            peer.send(MEBIBYTE)
        transport = await asyncio.wait_for(ended, 5)
        assert transport.get_write_buffer_size() > 0
        async with asyncio.timeout(5):
            # A transport tells nobody that it has been cut off.
            while transport.get_write_buffer_size():  # noqa: ASYNC110
                await asyncio.sleep(0)


async def test_the_manager_waits_for_the_other_half_of_a_closing_handshake():
    """Its transport stays open until the peer has answered: else the peer takes the end for abnormal."""
    ended: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
    async with connection(ended=ended) as (peer, other):
        other._autoclose = False  # noqa: SLF001 - else it answers before anything can be seen
        closing = asyncio.create_task(peer.close(1008, "go away"))
        assert (await other.receive()).data == 1008
        transport = await asyncio.wait_for(ended, 5)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not transport.is_closing()
        await other.close(code=1008)
        await closing
        assert transport.is_closing()


async def test_a_defect_in_a_handler_is_a_refusal():
    """The peer learns nothing of its text, and the connection goes on."""

    async def broken(_packet: Packet, _reply: Reply) -> Packet | None:
        raise RuntimeError("a secret")

    async with connection(broken) as (_, other):
        for _ in range(2):
            uuid = "0b0e5f5c-3c5e-4b57-8a3d-1d6f3c7f5a11"
            await other.send_str(encode(c2s.UploadBookingClear(), uuid=uuid))
            text = await other.receive_str()
            frame = decode(text, accepts=frozenset({"generic"}))
            assert frame.reply_uuid == uuid
            assert isinstance(frame.packet, Boolean)
            assert not frame.packet.success
            assert "secret" not in text


async def test_a_handler_may_answer_before_it_says_more():
    """What it sends after that arrives after that, and returning None answers nothing more."""
    news = Primitives(string_value="news")
    peers: list[PeerConnection] = []

    async def handle(_packet: Packet, reply: Reply) -> Packet | None:
        reply(Boolean(success=True))
        peers[0].send(news)
        return None

    async with connection(handle) as (peer, other):
        peers.append(peer)
        uuid = "0b0e5f5c-3c5e-4b57-8a3d-1d6f3c7f5a11"
        await other.send_str(encode(c2s.UploadBookingClear(), uuid=uuid))
        await other.send_str('{"id": "c2s:upload-booking-clear", "data": {}}')
        texts = [await other.receive_str() for _ in range(3)]
        frames = [decode(text, accepts=frozenset({"generic"})) for text in texts]
        assert [frame.packet for frame in frames] == [Boolean(success=True), news, news]
        assert [frame.reply_uuid for frame in frames] == [uuid, None, None]


async def test_a_slow_handler_does_not_hold_up_the_next_frame():
    """Replies come as they are ready."""
    gate = asyncio.Event()

    async def handle(packet: Packet, _reply: Reply) -> Packet | None:
        if isinstance(packet, c2s.UploadBookingRequest):
            await gate.wait()
        return Boolean(success=True, message=packet.id)

    async with connection(handle) as (_, other):
        await other.send_str(encode(c2s.UploadBookingRequest(desired_amount=1)))
        await other.send_str(encode(c2s.UploadBookingClear()))
        assert "clear" in await other.receive_str()
        gate.set()
        assert "request" in await other.receive_str()


class Handler:
    """Answers at once, but requests for bookings only when the gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.peer: PeerConnection | None = None

    async def handle(self, packet: Packet, _: object) -> Packet | None:
        """With a peer, the work is done elsewhere."""
        if isinstance(packet, c2s.UploadBookingRequest):
            with self.peer.external_wait() if self.peer else contextlib.nullcontext():
                await self.gate.wait()
        return Boolean(success=True, message=packet.id)


async def answers(other: aiohttp.ClientWebSocketResponse, number: int) -> list[Boolean]:
    """So many answers, as they come."""
    texts = [await other.receive_str() for _ in range(number)]
    packets = [decode(text, accepts=frozenset({"generic"})).packet for text in texts]
    return [packet for packet in packets if isinstance(packet, Boolean)]


async def test_who_waits_for_others_keeps_nobody_waiting():
    """Many requests that wait for third parties do not hold up the ones behind them."""
    handler = Handler()
    async with connection(handler.handle) as (peer, other):
        handler.peer = peer
        for _ in range(MAX_EXTERNAL_WAITS):
            await other.send_str(encode(c2s.UploadBookingRequest(desired_amount=1)))
        await other.send_str(encode(c2s.UploadBookingClear()))
        (answer,) = await answers(other, 1)
        assert answer.message == c2s.UploadBookingClear.id
        handler.gate.set()
        assert all(answer.success for answer in await answers(other, MAX_EXTERNAL_WAITS))


async def test_too_many_that_wait_for_others_are_refused_at_once():
    """What waits already goes on, and when it has ended there is room again."""
    handler = Handler()
    request = encode(c2s.UploadBookingRequest(desired_amount=1))
    async with connection(handler.handle) as (peer, other):
        handler.peer = peer
        for _ in range(MAX_EXTERNAL_WAITS + 1):
            await other.send_str(request)
        (refused,) = await answers(other, 1)
        assert not refused.success
        assert "wait for services" in (refused.message or "")
        handler.gate.set()
        await other.send_str(request)
        assert all(answer.success for answer in await answers(other, MAX_EXTERNAL_WAITS + 1))


async def test_a_busy_peer_is_not_taken_for_a_silent_one():
    """Its pongs and its replies are read although its frames wait for a place."""
    handler = Handler()
    async with connection(handler.handle) as (peer, other):
        for _ in range(MAX_ACTIVE * 2):
            await other.send_str(encode(c2s.UploadBookingRequest(desired_amount=1)))
        pinging = asyncio.create_task(peer.ping(timeout_s=5))
        message = await other.receive()
        assert message.type is aiohttp.WSMsgType.PING
        await other.pong(message.data)
        await pinging
        asking = asyncio.create_task(peer.request(ABORT, Boolean, timeout_s=5))
        frame = decode(await other.receive_str(), accepts=frozenset({"s2u"}))
        await other.send_str(encode(Boolean(success=True), reply_uuid=frame.uuid))
        assert (await asking).success
        handler.gate.set()
        assert all(answer.success for answer in await answers(other, MAX_ACTIVE * 2))


async def test_what_was_asked_for_before_the_end_is_done():
    """A peer that says goodbye behind its requests need not wait for them."""
    handled, all_handled = 0, asyncio.Event()

    async def handle(_packet: Packet, _: object) -> Packet | None:
        nonlocal handled
        await asyncio.sleep(0)
        handled += 1
        if handled == MAX_ACTIVE * 3:
            all_handled.set()
        return None

    async with connection(handle) as (_, other):
        for _ in range(MAX_ACTIVE * 3):
            await other.send_str(encode(c2s.UploadBookingClear()))
        await other.close()
        async with asyncio.timeout(5):
            await all_handled.wait()


async def test_what_waits_is_bounded():
    """A peer of which very much waits is not read from, until some of it has its turn."""
    workload, begun = Workload(), 0

    def begin() -> None:
        nonlocal begun
        begun += 1

    for _ in range(MAX_ACTIVE):
        await workload.take(begin, MAX_WAITING_BYTES)
    await workload.take(begin, MAX_WAITING_BYTES)
    assert begun == MAX_ACTIVE
    taking = asyncio.create_task(workload.take(begin, 1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(taking), timeout=0)
    workload.done()
    await taking
    assert begun == MAX_ACTIVE + 1
