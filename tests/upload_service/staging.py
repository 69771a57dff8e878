"""A running service between a real emulator and a stand-in for the manager's end of the links."""

import asyncio
import base64
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from aiohttp import web
from msgspec.structs import asdict, replace
from pydantic import SecretStr

from common.retry import Backoff
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator
from protocol import codec, s2u, u2s
from protocol.generic import Boolean, ChunkRange, Primitives
from protocol.packet import Packet
from storage.envelope import open_chunk
from storage.keys import KeyRing, MasterKey
from upload_service.app import UploadService
from upload_service.report_codec import single_reports
from upload_service.settings import UploadServiceSettings
from upload_service.zero_copy import listen

MASTER_KEY = MasterKey(bytes(range(32)))
PASSWORD = "a service password"
CHUNK = 256 * 1024
GRANTS = "webhooks,messages,message-limits,object-keys,resume,bundle"
GRANTS_OF_0_2 = "webhooks,object-keys,resume"
"""What a manager of release 0.2 grants at most."""
BOUNDARY = "----boundary-of-a-test"


def object_key(upload_id: str) -> s2u.EncodedObjectKey:
    """The key that seals an upload, as the manager sends it."""
    key = MASTER_KEY.object_key(UUID(upload_id))
    return s2u.EncodedObjectKey(key=base64.b64encode(key.secret).decode(), key_id=key.key_id.hex())


class ManagerLink:
    """The manager's end of one slot's link."""

    def __init__(self, socket: web.WebSocketResponse, query: dict[str, str]) -> None:
        self.query = query
        self.finishes: asyncio.Queue[u2s.UploadFinish] = asyncio.Queue()
        self.bundles: asyncio.Queue[u2s.BundleFinish] = asyncio.Queue()
        self.lost_webhooks: asyncio.Queue[u2s.WebhookLost] = asyncio.Queue()
        self.uncertain_posts: asyncio.Queue[int] = asyncio.Queue()
        self._socket = socket
        self.too_large: asyncio.Queue[u2s.MessageTooLarge] = asyncio.Queue()
        self._noted: dict[type[Packet], asyncio.Queue[Any]] = {
            u2s.UploadFinish: self.finishes,
            u2s.BundleFinish: self.bundles,
            u2s.MessageTooLarge: self.too_large,
            u2s.WebhookLost: self.lost_webhooks,
        }
        self._replies: dict[str, asyncio.Future[Packet]] = {}

    async def ask(self, packet: Packet) -> Boolean:
        """Send a packet and wait for its answer, which says yes or no."""
        answer = await self.call(packet)
        assert isinstance(answer, Boolean)
        return answer

    async def call(self, packet: Packet) -> Packet:
        """Send a packet and wait for its answer."""
        uuid = str(uuid4())
        reply: asyncio.Future[Packet]
        reply = self._replies[uuid] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(codec.encode(packet, uuid=uuid))
        return await reply

    async def send_text(self, text: str) -> None:
        """Send a frame as it is."""
        await self._socket.send_str(text)

    async def cut(self) -> None:
        """End the connection."""
        await self._socket.close()

    async def serve(
        self,
        on_stored: Callable[[u2s.ChunkStored], Packet | None],
        on_message: Callable[[u2s.MessageStored], Packet | None],
    ) -> None:
        """Take what the service sends until the connection ends."""
        async for message in self._socket:
            frame = codec.decode(
                message.data,
                accepts=frozenset({"u2s", "generic"}),
                extensions=frozenset(GRANTS.split(",")),
            )
            match frame.packet:
                case Boolean() | Primitives() as answer:
                    self._replies.pop(str(frame.reply_uuid)).set_result(answer)
                case u2s.UncertainPosts() as uncertain:
                    self.uncertain_posts.put_nowait(uncertain.total)
                case (
                    u2s.UploadFinish()
                    | u2s.BundleFinish()
                    | u2s.MessageTooLarge()
                    | u2s.WebhookLost() as noted
                ):
                    self._noted[type(noted)].put_nowait(noted)
                case u2s.ChunkStored() as stored:
                    await self._reply(frame, on_stored(stored))
                case u2s.MessageStored() as report:
                    await self._reply(frame, on_message(report))

    async def _reply(self, frame: codec.Frame, answer: Packet | None) -> None:
        if answer is not None:
            await self._socket.send_str(codec.encode(answer, reply_uuid=frame.uuid))


class Manager:
    """A stand-in manager: takes links, grants some extensions and journals what is reported.

    Attributes:
        journal: the chunks that were reported, one by one or with others of their message.
        messages: the reports of messages.
        answer: what becomes of a chunk: true, false, deferred, or no answer.
    """

    def __init__(self, grants: str = GRANTS) -> None:
        self.grants = grants
        self.links: asyncio.Queue[ManagerLink] = asyncio.Queue()
        self.journal: list[u2s.ChunkStored] = []
        self.messages: list[u2s.MessageStored] = []
        self.reported = asyncio.Event()
        self.answer: Callable[[u2s.ChunkStored], Packet | None] = lambda _: Boolean(success=True)
        self.url = ""
        self.is_away = False

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        """Handle a service's connection."""
        if self.is_away:
            raise web.HTTPServiceUnavailable
        if request.query.get("key") != PASSWORD:
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(codec.encode(Primitives(string_value=self.grants)))
        link = ManagerLink(socket, dict(request.query))
        self.links.put_nowait(link)
        await link.serve(self._stored, self._message_stored)
        return socket

    def _stored(self, stored: u2s.ChunkStored) -> Packet | None:
        self.journal.append(stored)
        self.reported.set()
        return self.answer(stored)

    def _message_stored(self, message: u2s.MessageStored) -> Packet | None:
        self.messages.append(message)
        named = (
            replace(chunk, attachment_id=chunk.attachment_id or message.message_id)
            for chunk in message.chunks
        )
        whole = replace(message, chunks=tuple(named))
        answers = [self._stored(single) for single in single_reports(whole)]
        verdicts = [each for each in answers if isinstance(each, Boolean)]
        if len(verdicts) < len(answers):
            return next(each for each in answers if not isinstance(each, Boolean))
        reasons = (each.message for each in verdicts if not each.success)
        accepted = tuple(each.success for each in verdicts)
        return s2u.MessageEntered(accepted=accepted, reason=next(reasons, None))


@asynccontextmanager
async def serving(app: web.Application, *, zero_copy: bool = False) -> AsyncIterator[str]:
    """Serve an application on a free port, with `ZeroCopyProtocol` or without; gives its URL."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        if zero_copy:
            async with await listen(runner, "127.0.0.1", 0) as server:
                yield "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
        else:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


@dataclass
class Stage:
    """Everything that a test looks at."""

    emulator: Emulator
    manager: Manager
    session: aiohttp.ClientSession
    url: str
    link: ManagerLink
    service: UploadService
    stop: Callable[[], Coroutine[Any, Any, None]]

    async def configure(self, **changes: Any) -> Boolean:
        """Lease all webhooks of the emulator to the slot."""
        return await self.link.ask(self.configuration(**changes))

    def configuration(self, **changes: Any) -> s2u.WebhookConfiguration:
        """A configuration that leases all webhooks of the emulator."""
        leases = tuple(
            s2u.WebhookLease(id=str(one.id), token=one.token, channel_id=str(one.channel_id))
            for one in self.emulator.webhooks
        )
        fields: dict[str, Any] = {
            "webhooks": leases,
            "api_url": f"{self.emulator.base_url}/api/v10",
            "requests_per_s": 50,
        }
        return s2u.WebhookConfiguration(**{**fields, **changes})

    async def start(self, size: int, *, name: str = "file.bin", **changes: Any) -> str:
        """Start an upload; gives its id."""
        upload_id = str(uuid4())
        answer = await self.link.ask(self.order(upload_id, size, name=name, **changes))
        assert answer.success, answer.message
        return upload_id

    async def resume(
        self,
        upload_id: str,
        size: int,
        missing: Sequence[tuple[int, int]],
        *,
        mime_type: str | None = None,
        **changes: Any,
    ) -> Boolean:
        """Go on with an upload of which only the chunks in these ranges are missing."""
        start = self.order(upload_id, size, **changes)
        ranges = tuple(ChunkRange(first=first, last=last) for first, last in missing)
        packet = s2u.UploadContinue(missing=ranges, type=mime_type, **asdict(start))
        return await self.link.ask(packet)

    def order(self, upload_id: str, size: int, **changes: Any) -> s2u.UploadStartWithKey:
        """The packet that starts an upload."""
        fields: dict[str, Any] = {
            "name": "file.bin",
            "path": "/",
            "client": str(uuid4()),
            "chunk_size": CHUNK,
            "object_key": object_key(upload_id),
        }
        return s2u.UploadStartWithKey(upload_id=upload_id, size=size, **{**fields, **changes})

    async def send(self, upload_id: str, index: object, data: bytes) -> tuple[int, str]:
        """Send a chunk as a client does; gives the status and the body's text."""
        form = aiohttp.FormData()
        form.add_field("id", upload_id)
        form.add_field("chunk", str(index))
        form.add_field("file", io.BytesIO(data), filename="blob")
        async with self.session.post(self.url, data=form) as response:
            return response.status, await response.text()

    @asynccontextmanager
    async def sending(
        self, upload_id: str, index: object, *, length: int
    ) -> AsyncIterator["HalfSent"]:
        """Begin to send a chunk whose file is said to have `length` bytes; its bytes follow."""
        head, tail = form_around(upload_id, index)
        total = len(head) + length + len(tail)
        async with raw_request(self.url, total) as request:
            await request.write(head)
            yield HalfSent(request, tail)

    async def metric(self, name: str) -> float:
        """The value of one of the service's metrics."""
        headers = {"Authorization": f"Bearer {PASSWORD}"}
        async with self.session.get(f"{self.url}/metrics", headers=headers) as response:
            assert response.status == 200
            lines = (await response.text()).splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))

    async def until_receiving(self, bodies: int) -> None:
        """Wait until the service receives this many bodies."""
        while await self.metric("upload_receiving") != bodies:
            pass

    def stored(self, report: u2s.ChunkStored, count: int) -> bytes:
        """The plain bytes of a reported chunk, from what lies on Discord."""
        message = next(one for one in self.emulator.messages() if str(one.id) == report.message_id)
        ids = [str(attachment.id) for attachment in message.attachments]
        attachment = self.emulator.content(message, ids.index(report.attachment_id or ""))
        sealed = bytearray(attachment[report.offset : report.offset + report.stored_size])
        assert len(sealed) == report.stored_size
        find_key = KeyRing(MASTER_KEY).object_key
        plain = open_chunk(sealed, find_key, UUID(report.upload_id), report.index, count)
        assert hashlib.sha256(plain).hexdigest() == report.digest
        return bytes(plain)


@asynccontextmanager
async def staged(
    folder: Path,
    *,
    mounted_at: str | None = None,
    zero_copy: bool = True,
    grants: str = GRANTS,
    **changes: Any,
) -> AsyncIterator[Stage]:
    """A service with one slot, linked and configured, at a manager that grants some extensions."""
    manager = Manager(grants)
    app = web.Application()
    app.router.add_get("/", manager.accept)
    async with (
        running_emulator(folder, limits="off", channels=2) as emulator,
        serving(app) as manager.url,
    ):
        settings = service_settings(manager.url, folder, **changes)
        service = UploadService(settings, backoff=lambda: Backoff(first_s=0.001, cap_s=0.01))
        async with (
            serving(_mounted(service.intake, mounted_at), zero_copy=zero_copy) as url,
            AsyncExitStack() as running,
            aiohttp.ClientSession() as session,
        ):
            await running.enter_async_context(service.run())
            link = await manager.links.get()
            stage = Stage(emulator, manager, session, url, link, service, stop=running.aclose)
            assert (await stage.configure()).success
            yield stage


def _mounted(app: web.Application, prefix: str | None) -> web.Application:
    if prefix is None:
        return app
    outer = web.Application()
    outer.add_subapp(prefix, app)
    return outer


def service_settings(manager_url: str, folder: Path, **changes: Any) -> UploadServiceSettings:
    """Settings that no environment can change."""
    fields: dict[str, Any] = {
        "manager_address": manager_url,
        "service_password": SecretStr(PASSWORD),
        "own_address": "http://127.0.0.1:1",
        "slots": 1,
        "drain_grace_s": 5.0,
        "reports_folder": folder / "reports",
        "_env_file": None,
    }
    return UploadServiceSettings(**{**fields, **changes})


class RawRequest:
    """A request whose body is written by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def write(self, data: bytes) -> None:
        """Send some bytes of the body."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, str]:
        """The status and the body of the answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        body = await self.reader.readexactly(length)
        return int(head.split()[1]), body.decode()


class HalfSent:
    """A chunk that is being sent."""

    def __init__(self, request: RawRequest, tail: bytes) -> None:
        self.request = request
        self._tail = tail

    async def write(self, data: bytes) -> None:
        """Send some bytes of the file."""
        await self.request.write(data)

    async def finish(self, data: bytes = b"") -> tuple[int, str]:
        """Send the last bytes and the end of the form; gives the answer."""
        await self.request.write(data + self._tail)
        return await self.request.answer()


@asynccontextmanager
async def raw_request(url: str, length: int, path: str = "/") -> AsyncIterator[RawRequest]:
    """Open a request with a body of `length` bytes, in the form that `form_around` makes."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n".encode()
        )
        yield RawRequest(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def form_around(upload_id: str, index: object) -> tuple[bytes, bytes]:
    """What stands before and behind a file that is sent last."""
    fields = part("id", upload_id.encode()) + part("chunk", str(index).encode())
    return fields + part("file", b"", "blob")[:-2], f"\r\n--{BOUNDARY}--\r\n".encode()


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    """One part of a form, with the line break behind it."""
    file = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def file_first(upload_id: str, index: object, data: bytes) -> bytes:
    """A whole form that begins with the file."""
    return b"".join(
        [
            part("file", data, "blob"),
            part("chunk", str(index).encode()),
            part("id", upload_id.encode()),
            f"--{BOUNDARY}--\r\n".encode(),
        ]
    )
