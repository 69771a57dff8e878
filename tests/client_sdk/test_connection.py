"""The WebSocket to a manager."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Never

import pytest
from aiohttp import web

from client_sdk.connection import QUEUE_LIMIT, Connection
from client_sdk.endpoint import LASTING_HEADER
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    InvalidInput,
    LastingFailure,
    NotLoggedIn,
    ReplyTimeout,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from protocol import c2s, codec, generic, s2c

RECEIVES = frozenset({"s2c", "generic"})
Script = Callable[[web.WebSocketResponse], Awaitable[None]]
Serve = Callable[[Script | web.Response], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers whose only route plays a script to whoever connects, or lets nobody in."""
    runners: list[web.AppRunner] = []

    async def start(script: Script | web.Response) -> str:
        async def handle(request: web.Request) -> web.StreamResponse:
            if isinstance(script, web.Response):
                return script
            if "refuse" in request.query:
                raise web.HTTPUnauthorized
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await script(socket)
            return socket

        app = web.Application()
        app.router.add_get("/", handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"ws://127.0.0.1:{runner.addresses[0][1]}/"

    yield start
    for runner in runners:
        await runner.cleanup()


async def _next_uuid(socket: web.WebSocketResponse) -> str:
    frame = codec.decode(await socket.receive_str(), accepts=frozenset({"c2s", "generic"}))
    assert frame.uuid is not None
    return frame.uuid


async def test_a_reply_reaches_whoever_asked(serve: Serve) -> None:
    """Answers are matched to requests by uuid, in whichever order they come."""

    async def script(socket: web.WebSocketResponse) -> None:
        first, second = await _next_uuid(socket), await _next_uuid(socket)
        await socket.send_str(codec.encode(s2c.UploadBooking(amount=2), reply_uuid=second))
        await socket.send_str(codec.encode(s2c.UploadBooking(amount=1), reply_uuid=first))

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        one = connection.request(c2s.UploadBookingRequest(desired_amount=1), s2c.UploadBooking)
        two = connection.request(c2s.UploadBookingRequest(desired_amount=2), s2c.UploadBooking)
        answers = list(await asyncio.gather(one, two))
    assert answers == [s2c.UploadBooking(amount=1), s2c.UploadBooking(amount=2)]


async def test_a_refusal_is_returned(serve: Serve) -> None:
    """generic:boolean may answer every request and is handed to the caller."""

    async def script(socket: web.WebSocketResponse) -> None:
        refusal = generic.Boolean(success=False, message="no")
        await socket.send_str(codec.encode(refusal, reply_uuid=await _next_uuid(socket)))

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        answer = await connection.request(c2s.FolderStatusRequest(path="/"), s2c.FolderStatus)
    assert answer == generic.Boolean(success=False, message="no")


async def test_an_answer_of_another_type_is_an_error(serve: Serve) -> None:
    """A packet that cannot be the answer is not handed out as one."""

    async def script(socket: web.WebSocketResponse) -> None:
        wrong = s2c.UploadBooking(amount=1)
        await socket.send_str(codec.encode(wrong, reply_uuid=await _next_uuid(socket)))

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        with pytest.raises(UnexpectedAnswer):
            await connection.request(c2s.FolderStatusRequest(path="/"), s2c.FolderStatus)


async def test_a_late_answer_comes_out_of_the_iteration(serve: Serve) -> None:
    """An answer that comes after its time limit is not lost."""
    is_late = asyncio.Event()

    async def script(socket: web.WebSocketResponse) -> None:
        uuid = await _next_uuid(socket)
        await is_late.wait()
        await socket.send_str(codec.encode(s2c.UploadBooking(amount=1), reply_uuid=uuid))

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        with pytest.raises(ReplyTimeout, match="upload-booking-request"):
            await connection.request(c2s.UploadBookingRequest(desired_amount=1), timeout_s=0.01)
        is_late.set()
        frame = await anext(connection)
    assert frame.packet == s2c.UploadBooking(amount=1)


async def test_bad_frames_are_skipped(serve: Serve) -> None:
    """What the codec refuses neither ends the connection nor reaches the iteration."""

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_str("{")
        await socket.send_str(codec.encode(c2s.PingServices()))
        await socket.send_str(codec.encode(s2c.UploadBookingModify(effective_change=1)))

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        packets = [frame.packet async for frame in connection]
    assert packets == [s2c.UploadBookingModify(effective_change=1)]


async def test_a_bad_frame_is_answered_with_what_is_wrong(serve: Serve) -> None:
    """The manager hears which field is wrong; what it may not send at all is passed over."""
    answers: asyncio.Future[list[codec.Frame]] = asyncio.get_running_loop().create_future()
    ids = [f"{number}bf8e7ba-6f0c-4a3b-9d9e-0123456789ab" for number in range(4)]
    bad: tuple[tuple[str, dict[str, object]], ...] = (
        ("s2c:upload-booking", {"amount": -1}),
        ("c2s:ping-services", {}),
        ("s2c:nothing", {}),
        ("generic:boolean", {"success": "no"}),
    )

    async def script(socket: web.WebSocketResponse) -> None:
        for uuid, (packet_id, data) in zip(ids, bad, strict=True):
            await socket.send_json({"id": packet_id, "uuid": uuid, "data": data})
        await socket.send_json({"id": "s2c:upload-booking", "data": {}})
        texts = [await socket.receive_str() for _ in range(3)]
        answers.set_result([codec.decode(text, accepts=frozenset({"generic"})) for text in texts])

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        assert [frame async for frame in connection] == []
    told = {frame.reply_uuid: frame.packet for frame in await answers}
    assert told.keys() == {ids[0], ids[2], ids[3]}
    for uuid, wrong in ((ids[0], "data.amount"), (ids[2], "id"), (ids[3], "data.success")):
        packet = told[uuid]
        assert isinstance(packet, generic.Boolean)
        assert not packet.success
        assert packet.message is not None
        assert packet.message.startswith(f"{wrong}: ")


async def test_the_end_of_the_connection_fails_open_requests(serve: Serve) -> None:
    """A request whose connection ends is told so, and so is the next one."""

    async def script(socket: web.WebSocketResponse) -> None:
        await _next_uuid(socket)

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        for _ in range(2):
            with pytest.raises(ConnectionLost):
                await connection.request(c2s.FolderStatusRequest(path="/"), s2c.FolderStatus)
        assert [frame async for frame in connection] == []
        assert [frame async for frame in connection] == []


async def test_extensions_are_asked_for_and_granted(serve: Serve) -> None:
    """`granted` holds what the manager grants of what was asked for, and nothing else."""

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_str(codec.encode(generic.Primitives(string_value="webhooks,other")))

    url = await serve(script)
    asked = frozenset({"webhooks", "unknown"})
    async with Connection.open(url, receives=RECEIVES, extensions=asked) as connection:
        assert connection.granted == frozenset({"webhooks"})


async def test_a_manager_that_knows_no_extensions_is_named(serve: Serve) -> None:
    """Without a grant, a connection that needs an extension does not come about."""

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_str(codec.encode(s2c.UploadBooking(amount=1)))

    opening = Connection.open(
        await serve(script), receives=RECEIVES, extensions=frozenset({"webhooks"})
    )
    with pytest.raises(Unreachable, match="extension"):
        await opening.__aenter__()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ws://127.0.0.1:1/?key=secret", Unreachable),
        ("nonsense://secret", InvalidInput),
        ("", InvalidInput),
    ],
)
async def test_unreachable_urls_are_typed_errors_without_secrets(
    url: str, error: type[CloudError]
) -> None:
    """No address, wrong or dead, ends in anything but a typed error, and none shows the URL."""
    with pytest.raises(error) as caught:
        await Connection.open(url, receives=RECEIVES).__aenter__()
    assert "secret" not in str(caught.value)


async def test_refused_credentials_are_their_own_error(serve: Serve) -> None:
    """HTTP 401 means that the credentials are no good."""

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.close()

    with pytest.raises(NotLoggedIn):
        await Connection.open(f"{await serve(script)}?refuse=1", receives=RECEIVES).__aenter__()


@pytest.mark.parametrize(
    ("headers", "body", "error", "words"),
    [
        ({"Retry-After": "7"}, '{"error_details": "no catalog"}', Unavailable, "no catalog"),
        ({"Retry-After": "7"}, "<html>", Unavailable, "Service Unavailable"),
        ({}, '{"error_details": "no catalog"}', Unreachable, "HTTP 503"),
        ({LASTING_HEADER: "x"}, '{"error_details": "disk full"}', LastingFailure, "disk full"),
    ],
)
async def test_a_manager_that_cannot_serve_now_says_why(
    serve: Serve, headers: dict[str, str], body: str, error: type[CloudError], words: str
) -> None:
    """If it says when to try again, that is an error of its own, with the manager's reason."""
    url = await serve(web.Response(status=503, headers=headers, text=body))
    with pytest.raises(error, match=words):
        await Connection.open(url, receives=RECEIVES).__aenter__()


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ('{"error_details": "extensions: object-keys is needed"}', InvalidInput, "object-keys"),
        ("<html>", Unreachable, "HTTP 400"),
    ],
)
async def test_a_manager_that_refuses_what_a_peer_says_of_itself_is_quoted(
    serve: Serve, body: str, error: type[CloudError], words: str
) -> None:
    """HTTP 400 has the reason if it is a manager's, and is that of another program otherwise."""
    url = await serve(web.Response(status=400, text=body))
    with pytest.raises(error, match=words):
        await Connection.open(url, receives=RECEIVES).__aenter__()


async def test_a_receiver_that_stands_still_loses_its_connection(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames that nobody takes fill a bounded queue, and then end the connection."""
    monkeypatch.setattr("client_sdk.connection.STALL_S", 0.01)
    monkeypatch.setattr("client_sdk.connection.CLOSE_TIMEOUT_S", 0.1)
    is_closed = asyncio.Event()

    async def script(socket: web.WebSocketResponse) -> None:
        for _ in range(QUEUE_LIMIT + 100):
            await socket.send_str(codec.encode(s2c.UploadBookingModify(effective_change=1)))
        async for _ in socket:
            pass
        is_closed.set()

    async with Connection.open(await serve(script), receives=RECEIVES) as connection:
        await is_closed.wait()
        assert len([frame async for frame in connection]) <= QUEUE_LIMIT


LARGE = generic.Primitives(string_value="x" * 500_000)


async def _read_nothing(_socket: web.WebSocketResponse) -> None:
    await asyncio.Event().wait()


async def _send_without_end(connection: Connection) -> Never:
    while True:
        await connection.send(LARGE)


async def test_a_manager_that_reads_nothing_is_lost(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame that it does not take ends the connection, so that another one can be made."""
    monkeypatch.setattr("client_sdk.connection.SEND_STALL_S", 0.1)
    async with Connection.open(await serve(_read_nothing), receives=RECEIVES) as connection:
        with pytest.raises(ConnectionLost):
            await _send_without_end(connection)
        async with asyncio.timeout(5):
            assert [frame async for frame in connection] == []


async def test_leaving_a_manager_that_reads_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The goodbye gets as little through as anything else, and nobody waits for it."""
    monkeypatch.setattr("client_sdk.connection.CLOSE_TIMEOUT_S", 0.1)
    url = await serve(_read_nothing)
    async with asyncio.timeout(5), Connection.open(url, receives=RECEIVES) as connection:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(_send_without_end(connection), 0.5)


async def test_an_end_before_the_grant_is_an_error(serve: Serve) -> None:
    """A manager that hangs up instead of granting extensions is unreachable."""

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.close()

    asked = frozenset({"webhooks"})
    opening = Connection.open(await serve(script), receives=RECEIVES, extensions=asked)
    with pytest.raises(Unreachable, match="extensions"):
        await opening.__aenter__()
