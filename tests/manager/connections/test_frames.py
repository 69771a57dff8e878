"""Bad frames, huge frames, unexpected replies: the connection survives, and others notice nothing."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Never
from uuid import uuid4

import aiohttp
import pytest

from protocol import c2s, s2c
from protocol.codec import Frame, decode, encode
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.values import MAX_FRAME_BYTES
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import Stage

UUID = "0b0e5f5c-3c5e-4b57-8a3d-1d6f3c7f5a11"


class RawClient:
    """A client's WebSocket, on which anything can be sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, **frame: Any) -> None:
        """Sends a frame of these fields."""
        await self.socket.send_str(json.dumps(frame))

    async def receive(self) -> Frame:
        """The next frame."""
        text = await self.socket.receive_str(timeout=10)
        return decode(text, accepts=frozenset({"s2c", "generic"}))

    async def ask(self, packet: Packet) -> Packet:
        """Sends a packet and returns what comes next, which has to be its answer."""
        uuid = str(uuid4())
        await self.socket.send_str(encode(packet, uuid=uuid))
        frame = await self.receive()
        assert frame.reply_uuid == uuid
        return frame.packet

    async def still_works(self) -> None:
        """The next frame that comes answers a question that is asked now."""
        answer = await self.ask(c2s.FolderStatusRequest(path="/"))
        assert isinstance(answer, s2c.FolderStatus)


@asynccontextmanager
async def raw_client(stage: Stage, name: str = "alice") -> AsyncIterator[RawClient]:
    """Connects a client."""
    query = client_query(await stage.token(name))
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(stage.url, params=query, max_msg_size=0) as socket,
    ):
        yield RawClient(socket)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"c2s:list-request"',
        "{}",
        '{"id": 5, "data": {}}',
        '{"id": "c2s:list-request"}',
        '{"id": "c2s:list-request", "data": []}',
        '{"id": "c2s:list-request", "uuid": "ABC", "data": {}}',
        "[" * 100_000,
        '{"id": "c2s:upload-booking-request", "data": {"desired_amount": 1e999}}',
        '{"id": "c2s:upload-booking-request", "data": {"desired_amount": NaN}}',
        "\x00",
    ],
)
async def test_broken_frames_are_ignored(stage: Stage, text: str):
    """A frame that cannot be answered gets no answer, and the next one is handled."""
    async with raw_client(stage) as client:
        await client.socket.send_str(text)
        await client.still_works()


async def test_a_binary_frame_is_read_like_text(stage: Stage):
    """What counts is what it says."""
    async with raw_client(stage) as client:
        await client.socket.send_bytes(b"\xff\xfe\x00")
        text = encode(c2s.FolderStatusRequest(path="/"), uuid=UUID)
        await client.socket.send_bytes(text.encode())
        assert (await client.receive()).reply_uuid == UUID


@pytest.mark.parametrize(
    ("packet_id", "data", "named"),
    [
        ("c2s:unheard-of", {}, "unheard-of"),
        ("c2s:upload-booking-request", {"desired_amount": 0}, "desired_amount"),
        ("c2s:upload-booking-request", {"desired_amount": True}, "desired_amount"),
        ("c2s:upload-booking-request", {"desired_amount": 2**53}, "desired_amount"),
        ("c2s:upload-booking-request", {}, "desired_amount"),
        ("c2s:upload-booking-request", {"desired_amount": 1, "more": 1}, "more"),
        ("c2s:upload-abort-request", {"upload_id": "x"}, "upload_id"),
        ("c2s:list-request", {"path": "/..", "type": "files", "page": 0}, "path"),
    ],
)
async def test_an_invalid_frame_with_a_uuid_is_answered(
    stage: Stage, packet_id: str, data: dict[str, Any], named: str
):
    """The answer is a refusal that names what is wrong."""
    async with raw_client(stage) as client:
        await client.send(id=packet_id, uuid=UUID, data=data)
        frame = await client.receive()
        assert frame.reply_uuid == UUID
        assert isinstance(frame.packet, Boolean)
        assert not frame.packet.success
        assert named in (frame.packet.message or "")
        await client.still_works()


@pytest.mark.parametrize(
    "packet_id", ["s2c:upload-booking", "u2s:upload-finish", "s2u:upload-abort", "foo:bar"]
)
async def test_frames_of_a_wrong_namespace_are_ignored(stage: Stage, packet_id: str):
    """A client cannot speak as a service or as the manager, and what others speak is not for us."""
    async with raw_client(stage) as client:
        await client.send(id=packet_id, uuid=UUID, data={"success": False, "amount": 1})
        await client.still_works()


async def test_packets_that_are_not_served_are_refused(stage: Stage):
    """They are of the protocol, so the refusal says that this manager does not serve them."""
    async with raw_client(stage) as client:
        answer = await client.ask(c2s.MoveFiles(files=("a",)))
        assert isinstance(answer, Boolean)
        assert not answer.success


async def test_a_frame_that_is_too_large_is_refused(stage: Stage):
    """More than 1 MiB is not looked at; the connection goes on."""
    async with raw_client(stage) as client:
        await client.socket.send_str("x" * (MAX_FRAME_BYTES + 1))
        await client.still_works()


async def test_a_huge_frame_ends_its_own_connection_alone(stage: Stage):
    """It is not taken into memory as a whole; others go on."""
    other = await stage.client("bob")
    async with raw_client(stage) as client:
        # The end may come while the frame is still on its way.
        with contextlib.suppress(ConnectionError):
            await client.socket.send_str("x" * (17 * 2**20))
        while not client.socket.closed:
            await client.socket.receive(timeout=10)
    await other.caught_up()


@pytest.mark.parametrize("packet", [Boolean(success=True), s2c.UploadBooking(amount=1)])
async def test_replies_that_nobody_waits_for_are_ignored(stage: Stage, packet: Packet):
    """A made-up reply_uuid does nothing."""
    async with raw_client(stage) as client:
        await client.socket.send_str(encode(packet, reply_uuid=str(uuid4())))
        await client.still_works()


async def test_a_frame_without_uuid_is_carried_out_without_an_answer(stage: Stage):
    """It cannot be answered, but it is valid."""
    other = await stage.client("bob")
    async with raw_client(stage) as client:
        await client.send(id="c2s:create-folder", data={"path": "/made"})
        await other.next(s2c.FolderModify, path="/made")
        frame = await client.receive()
        assert (frame.reply_uuid, type(frame.packet)) == (None, s2c.FolderModify)


async def test_many_requests_at_once_are_all_answered(stage: Stage):
    """More than are handled at the same time wait their turn."""
    client = await stage.client()
    requests = [client.folder_status(f"/{number}") for number in range(300)]
    answers = await asyncio.gather(*requests)
    assert [answer.path for answer in answers] == [f"/{number}" for number in range(300)]


async def test_a_slow_reader_is_dropped_and_others_go_on(stage: Stage):
    """It is disconnected instead of filling the memory, and what it has booked is free again."""
    await stage.service()
    other = await stage.client("bob")
    for number in range(100):
        await other.order(c2s.CreateFolder(path=f"/{number:03d}" + "x" * 120))
    reader, writer = await _stalled_client(stage)
    writer.write(_masked(c2s.UploadBookingRequest(desired_amount=1)))
    await reader.readuntil(b'"amount":1')
    assert await other.book(1) == 0
    request = _masked(c2s.ListRequest(path="/", type="subfolders", page=0, sort_by="name"))
    try:
        with pytest.raises(ConnectionError):
            await _ask_without_end(writer, request, other)
    finally:
        writer.close()
    await other.next(s2c.UploadBookingModify, effective_change=1)
    assert reader.at_eof() or reader.exception() is not None


async def _ask_without_end(
    writer: asyncio.StreamWriter, request: bytes, other: ClientPeer
) -> Never:
    while True:
        writer.write(request * 50)
        await writer.drain()
        await other.caught_up()


async def _stalled_client(stage: Stage) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that has connected and reads nothing; its stream takes 64 KiB and then pauses."""
    host, _, port = stage.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = await stage.token("alice")
    writer.write(
        f"GET /?type=client&key={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readline()
    return reader, writer


def _masked(packet: Packet) -> bytes:
    """A packet in a frame as RFC 6455 wants it of clients, with a mask that changes nothing."""
    text = encode(packet, uuid=UUID).encode()
    length = len(text)
    assert length < 2**16
    return bytes([0x81, 0x80 | 126]) + length.to_bytes(2, "big") + bytes(4) + text


async def test_a_stop_does_not_wait_for_a_stalled_reader(stage: Stage):
    """Its connection is cut when it does not take the goodbye."""
    other = await stage.client("bob")
    for number in range(100):
        await other.order(c2s.CreateFolder(path=f"/{number:03d}" + "x" * 120))
    _, writer = await _stalled_client(stage)
    packet = c2s.ListRequest(path="/", type="subfolders", page=0, sort_by="name")
    writer.write(_masked(packet) * 400)
    await writer.drain()
    for _ in range(100):
        await other.caught_up()
    async with asyncio.timeout(8):
        await stage.stop()
    writer.close()
