"""A scripted manager: a real server on 127.0.0.1 that speaks packets by the real codec.

Left alone it books, takes uploads, lists and serves downloads as a manager would, with small
chunks. A test changes single answers with `on`, loses answers with `lose`, and waits for what came
in with `seen`.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web

from client_sdk.client import Client
from client_sdk.link import EXTENSIONS
from client_sdk.settings import ClientSettings
from protocol import c2s, codec, generic, s2c
from protocol.chunks import chunk_count, chunk_length
from protocol.codec import Frame
from protocol.extensions import format_extensions
from protocol.packet import Packet
from tests.client_sdk.running import registered, running_cloud

TOKEN = "header.payload.signature"
CHUNK_SIZE = 1000

P = TypeVar("P", bound=Packet)
DownloadFault = web.StreamResponse | Awaitable[web.StreamResponse]
FileStream = Callable[[int, str, bytes], bytes | None]
"""Makes the frame of a file, of its place, path and content; None breaks the connection."""
Handler = Callable[["Peer", Frame, Any], Awaitable[None]]


class Peer:
    """One connected client, as the manager sees it."""

    def __init__(self, manager: "ScriptedManager", socket: web.WebSocketResponse) -> None:
        self.manager = manager
        self.socket = socket
        self.held = 0

    async def send(self, packet: Packet, to: Frame | None = None) -> None:
        """Send a packet, as the answer to a frame if one is given, unless it is to be lost."""
        if self.manager.losses[type(packet)] > 0:
            self.manager.losses[type(packet)] -= 1
            return
        await self.socket.send_str(codec.encode(packet, reply_uuid=to.uuid if to else None))

    async def drop(self) -> None:
        """Cut the connection."""
        await self.socket.close()


@dataclass
class RunningUpload:
    """An upload that was accepted."""

    peer: Peer
    upload_id: str
    packet: c2s.UploadRequest
    chunks: dict[int, bytes] = field(default_factory=dict)
    is_stored: bool = False

    @property
    def content(self) -> bytes:
        """What has come in, in order."""
        return b"".join(self.chunks[index] for index in sorted(self.chunks))

    @property
    def full_path(self) -> str:
        """Folder and name."""
        return f"{self.packet.path.rstrip('/')}/{self.packet.name}"


class ScriptedManager:
    """See the module."""

    def __init__(self) -> None:
        self.url = ""
        self.token = TOKEN
        self.granted: frozenset[str] = frozenset()
        self.services = 2
        self.hangs_up = False
        self.unavailable = 0
        self.turned_away: list[str] = []
        self.hang_ups = 0
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = {"/"}
        self.uploads: dict[str, RunningUpload] = {}
        self.received: list[Packet] = []
        self.peers: list[Peer] = []
        self.losses: Counter[type[Packet]] = Counter()
        self.chunk_faults: list[Callable[[int], web.Response | None]] = []
        self.download_faults: list[Callable[[web.Request], DownloadFault]] = []
        self.chunk_fields: list[list[str]] = []
        self.chunk_size = CHUNK_SIZE
        self.unread_chunks = 0
        self.chunk_gate = asyncio.Event()
        self.chunk_gate.set()
        self.chunks_now = 0
        self.chunks_peak = 0
        self.downloads: list[dict[str, str]] = []
        self.file_streams: FileStream | None = None
        self.streamed: list[list[str]] = []
        self.stored_chunk_size: int | None = None
        self.etag = '"one"'
        self.users = {"alice": "password1"}
        self.status: dict[str, Any] = {}
        self.handlers: dict[type[Packet], Handler] = {
            c2s.UploadBookingRequest: self._book,
            c2s.UploadBookingClear: self._clear,
            c2s.UploadRequest: self._accept,
            c2s.UploadAbortRequest: self._abort,
            c2s.UploadOverwriteResponse: self._overwrite,
            c2s.EmptyFileUpload: self._empty,
            c2s.FolderStatusRequest: self._folder_status,
            c2s.ListRequest: self._list,
            c2s.FolderSizeRequest: self._folder_size,
            c2s.CreateFolder: self._create_folder,
            c2s.DeleteFile: self._delete,
            c2s.RenameFile: self._rename,
        }
        self._news = asyncio.Condition()

    def on(
        self, packet_type: type[P], handler: Callable[[Peer, Frame, P], Awaitable[None]]
    ) -> None:
        """Answer this packet otherwise from now on."""
        self.handlers[packet_type] = handler

    def lose(self, packet_type: type[Packet], times: int = 1) -> None:
        """Lose the next packets of this type on their way to the client."""
        self.losses[packet_type] += times

    def count(self, packet_type: type[Packet]) -> int:
        """How many packets of this type have come in."""
        return sum(isinstance(packet, packet_type) for packet in self.received)

    async def seen(self, packet_type: type[P], times: int = 1) -> P:
        """Wait until so many packets of a type have come in; returns the last of them."""
        async with self._news:
            await self._news.wait_for(lambda: self.count(packet_type) >= times)
        return [packet for packet in self.received if isinstance(packet, packet_type)][times - 1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds; looked at again after every packet and chunk."""
        async with self._news:
            await self._news.wait_for(condition)

    async def broadcast(self, packet: Packet) -> None:
        """Send a packet to everybody."""
        for peer in self.peers:
            await peer.send(packet)

    async def drop_all(self) -> None:
        """Cut all connections."""
        for peer in list(self.peers):
            await peer.drop()

    async def finish(self, upload: RunningUpload, *, rename_target: str | None = None) -> None:
        """Commit an upload."""
        del self.uploads[upload.upload_id]
        folder = upload.packet.path.rstrip("/")
        self.files[f"{folder}/{rename_target or upload.packet.name}"] = upload.content
        await upload.peer.send(
            s2c.UploadFinishInfo(
                success=True, upload_id=upload.upload_id, rename_target=rename_target
            )
        )

    async def fail(self, upload: RunningUpload, reason: str) -> None:
        """End an upload without success."""
        del self.uploads[upload.upload_id]
        await upload.peer.send(
            s2c.UploadFinishInfo(success=False, upload_id=upload.upload_id, reason=reason)
        )

    async def lose_service(self, upload: RunningUpload) -> None:
        """The service of an upload goes away."""
        upload.peer.held -= 1
        await upload.peer.send(
            s2c.UploadStageFinish(upload_id=upload.upload_id, service_disconnect=True)
        )
        await self.fail(upload, "the service disconnected")
        await upload.peer.send(s2c.UploadBookingModify(effective_change=-1))

    @property
    def running(self) -> list[RunningUpload]:
        """Uploads that occupy a service."""
        return [upload for upload in self.uploads.values() if not upload.is_stored]

    def app(self) -> web.Application:
        """The server's routes."""

        @web.middleware
        async def turn_away(request: web.Request, handler: Any) -> web.StreamResponse:
            """While `unavailable`, requests are answered as by a manager without its catalog."""
            if self.unavailable <= 0:
                answer: web.StreamResponse = await handler(request)
                return answer
            self.unavailable -= 1
            self.turned_away.append(f"{request.method} {request.path}")
            response = _error(503, "the catalog is not available: try again shortly")
            response.headers["Retry-After"] = "0"
            return response

        app = web.Application(client_max_size=1 << 30, middlewares=[turn_away])
        app.router.add_get("/", self._socket)
        app.router.add_post("/chunks", self._chunk)
        app.router.add_post("/login", self._login)
        app.router.add_post("/register", self._register)
        app.router.add_get("/status", self._status)
        app.router.add_get("/download", self._download)
        app.router.add_post("/download-files", self._download_files)
        return app

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if request.query.get("key") != self.token or request.query.get("type") != "client":
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.hangs_up:
            self.hang_ups += 1
            await self._tell()
            await socket.close()
            return socket
        peer = Peer(self, socket)
        if self.granted:
            await peer.send(generic.Primitives(string_value=format_extensions(self.granted)))
        self.peers.append(peer)
        try:
            async for message in socket:
                await self._receive(peer, message.data)
        finally:
            self.peers.remove(peer)
            self.uploads = {k: v for k, v in self.uploads.items() if v.peer is not peer}
            await self._tell()
        return socket

    async def _receive(self, peer: Peer, text: str) -> None:
        accepts = frozenset({"c2s", "generic"})
        frame = codec.decode(text, accepts=accepts, extensions=EXTENSIONS)
        self.received.append(frame.packet)
        handler = self.handlers.get(type(frame.packet))
        if handler is not None:
            await handler(peer, frame, frame.packet)
        await self._tell()

    async def _book(self, peer: Peer, frame: Frame, packet: c2s.UploadBookingRequest) -> None:
        peer.held = min(packet.desired_amount, self.services)
        await peer.send(s2c.UploadBooking(amount=peer.held), frame)

    async def _clear(self, peer: Peer, frame: Frame, _: c2s.UploadBookingClear) -> None:
        is_idle = peer.held > 0 and not self.running
        peer.held = 0 if is_idle else peer.held
        await peer.send(generic.Boolean(success=is_idle), frame)

    async def _accept(self, peer: Peer, frame: Frame, packet: c2s.UploadRequest) -> None:
        if len(self.running) >= peer.held:
            await self.reject(peer, frame, packet, "no booked service is free")
            return
        upload = RunningUpload(peer, str(uuid4()), packet)
        self.uploads[upload.upload_id] = upload
        response = s2c.UploadResponse(
            name=packet.name,
            path=packet.path,
            accepted=True,
            chunk_size=self.chunk_size,
            upload_id=upload.upload_id,
            upload_address=f"{self.url}/chunks",
        )
        await peer.send(response, frame)

    async def reject(
        self, peer: Peer, frame: Frame, packet: c2s.UploadRequest, reason: str
    ) -> None:
        """Reject an upload request."""
        response = s2c.UploadResponse(
            name=packet.name,
            path=packet.path,
            accepted=False,
            chunk_size=self.chunk_size,
            upload_id=str(uuid4()),
            rejection_reason=reason,
        )
        await peer.send(response, frame)

    async def _abort(self, peer: Peer, frame: Frame, packet: c2s.UploadAbortRequest) -> None:
        upload = self.uploads.get(packet.upload_id)
        await peer.send(generic.Boolean(success=upload is not None), frame)
        if upload is not None:
            await self.fail(upload, "aborted")

    async def _overwrite(self, _: Peer, __: Frame, packet: c2s.UploadOverwriteResponse) -> None:
        upload = self.uploads[packet.upload_id]
        if packet.action == "skip":
            await self.fail(upload, "skipped")
            return
        is_renamed = packet.action == "rename"
        stem, _dot, suffix = upload.packet.name.partition(".")
        await self.finish(upload, rename_target=f"{stem} (1).{suffix}" if is_renamed else None)

    async def _empty(self, peer: Peer, frame: Frame, packet: c2s.EmptyFileUpload) -> None:
        full_path = f"{packet.path.rstrip('/')}/{packet.name}"
        is_new = full_path not in self.files
        self.files.setdefault(full_path, b"")
        message = None if is_new else "the name is taken"
        await peer.send(generic.Boolean(success=is_new, message=message), frame)

    async def _delete(self, peer: Peer, frame: Frame, packet: c2s.DeleteFile) -> None:
        del self.files[f"/{packet.name}"]
        await peer.send(generic.Boolean(success=True), frame)

    async def _rename(self, peer: Peer, frame: Frame, packet: c2s.RenameFile) -> None:
        folder = packet.path.rstrip("/")
        is_free = f"{folder}/{packet.target_name}" not in self.files
        if is_free:
            self.files[f"{folder}/{packet.target_name}"] = self.files.pop(f"{folder}/{packet.name}")
        message = None if is_free else "the name is taken"
        await peer.send(generic.Boolean(success=is_free, message=message), frame)

    def _inside(self, folder: str, names: set[str]) -> list[str]:
        prefix = folder.rstrip("/") + "/"
        inside = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
        return sorted(name for name in inside if name and "/" not in name)

    async def _folder_status(
        self, peer: Peer, frame: Frame, packet: c2s.FolderStatusRequest
    ) -> None:
        exists = packet.path in self.folders
        status = s2c.FolderStatus(
            path=packet.path,
            folder_id=7 if exists and packet.path != "/" else None,
            exists=exists,
            file_count=len(self._inside(packet.path, set(self.files))),
            subfolder_count=len(self._inside(packet.path, self.folders)),
            page_size=2,
        )
        await peer.send(status, frame)

    async def _list(self, peer: Peer, frame: Frame, packet: c2s.ListRequest) -> None:
        page = slice(packet.page * 2, packet.page * 2 + 2)
        answer: Packet
        if packet.type == "files":
            names = self._inside(packet.path, set(self.files))[page]
            listed = tuple(self.listed(packet.path, name) for name in names)
            answer = s2c.ListFiles(path=packet.path, page=packet.page, files=listed, success=True)
        else:
            names = self._inside(packet.path, self.folders)[page]
            handles = tuple(
                s2c.FolderHandle(id=index, name=name, parent_folder=None)
                for index, name in enumerate(names)
            )
            answer = s2c.ListFolders(
                path=packet.path, page=packet.page, folders=handles, success=True
            )
        await peer.send(answer, frame)

    def listed(self, folder: str, name: str) -> s2c.ListedFileHandle:
        """A file as a listing tells of it."""
        return s2c.ListedFileHandle(
            id=1,
            name=name,
            type="text/plain",
            has_thumbnail=False,
            ownership=s2c.ListedOwnership(status="owned", can="rw"),
            created_at="2026-01-01T00:00:00Z",
            updated_at="2026-01-02T00:00:00Z",
            size=len(self.files[f"{folder.rstrip('/')}/{name}"]),
        )

    async def _folder_size(self, peer: Peer, frame: Frame, packet: c2s.FolderSizeRequest) -> None:
        total = sum(map(len, self.files.values()))
        size = s2c.FolderSize(
            total_size=total, folder_id=packet.folder_id, types={"text/plain": total}
        )
        await peer.send(size, frame)

    async def _create_folder(self, peer: Peer, frame: Frame, packet: c2s.CreateFolder) -> None:
        self.folders.add(packet.path)
        await peer.send(generic.Boolean(success=True), frame)

    async def _chunk(self, request: web.Request) -> web.Response:
        self.chunks_now += 1
        self.chunks_peak = max(self.chunks_peak, self.chunks_now)
        try:
            if self.unread_chunks:
                self.unread_chunks -= 1
                await asyncio.Event().wait()
            fields = await _read_fields(request)
            self.chunk_fields.append(list(fields))
            await self._tell()
            await self.chunk_gate.wait()
            return await self._store(fields)
        finally:
            self.chunks_now -= 1

    async def _store(self, fields: dict[str, bytes]) -> web.Response:
        index = int(fields["chunk"])
        fault = self.chunk_faults.pop(0)(index) if self.chunk_faults else None
        if fault is not None and fault.status != 200:
            return fault
        upload = self.uploads.get(fields["id"].decode())
        if upload is None:
            return web.json_response({"error": "there is no such upload"}, status=404)
        length = chunk_length(upload.packet.size, self.chunk_size, index)
        if len(fields["file"]) != length:
            return web.json_response({"error": "wrong size"}, status=400)
        upload.chunks[index] = fields["file"]
        if len(upload.chunks) == chunk_count(upload.packet.size, self.chunk_size):
            await self._stored(upload)
        return fault or web.Response(text=str(index))

    async def _stored(self, upload: RunningUpload) -> None:
        if upload.is_stored:
            return
        upload.is_stored = True
        await upload.peer.send(s2c.UploadStageFinish(upload_id=upload.upload_id))
        if upload.full_path in self.files and not upload.packet.do_overwrite:
            prompt = s2c.UploadOverwriteRequest(
                upload_id=upload.upload_id,
                file_name=upload.packet.name,
                file_path=upload.packet.path,
            )
            await upload.peer.send(prompt)
        else:
            await self.finish(upload)

    async def _login(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.users.get(body["username"]) != body["password"]:
            return _error(403, "wrong user name or password")
        return web.json_response({"error": False, "token": self.token})

    async def _register(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.users and body.get("adminToken") != self.token:
            return _error(403, "an administrator's token is needed")
        self.users[body["username"]] = body["password"]
        return web.json_response({"error": False})

    async def _status(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "log in first")
        return web.json_response({"error": False, **self.status})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _error(401, "log in first")
        self.downloads.append(dict(request.headers))
        async with self._news:
            self._news.notify_all()
        if self.download_faults:
            answer = self.download_faults.pop(0)(request)
            return await answer if isawaitable(answer) else answer
        full_path = f"{request.query['path'].rstrip('/')}/{request.query['name']}"
        content = self.files.get(full_path)
        if content is None:
            return _error(404, "there is no such file")
        return self._part(request, content)

    async def _download_files(self, request: web.Request) -> web.StreamResponse:
        if self.file_streams is None:
            return _error(404, "there is no such route")
        paths = (await request.json())["files"]
        self.streamed.append(paths)
        response = web.StreamResponse()
        await response.prepare(request)
        for index, path in enumerate(paths):
            frame = self.file_streams(index, path, self.files[path])
            if frame is None:
                assert request.transport is not None
                request.transport.abort()
                break
            await response.write(frame)
        return response

    def _part(self, request: web.Request, content: bytes) -> web.Response:
        headers = {"ETag": self.etag, "Accept-Ranges": "bytes"}
        if self.stored_chunk_size is not None:
            headers["Discord-Cloud-Chunk-Size"] = str(self.stored_chunk_size)
        asked = request.headers.get("Range")
        if asked is None or request.headers.get("If-Range", self.etag) != self.etag:
            return web.Response(body=content, headers=headers)
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(content)) + 1, len(content))
        if start >= len(content):
            headers["Content-Range"] = f"bytes */{len(content)}"
            return web.Response(status=416, headers=headers)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        return web.Response(status=206, body=content[start:end], headers=headers)


async def _read_fields(request: web.Request) -> dict[str, bytes]:
    fields: dict[str, bytes] = {}
    async for part in await request.multipart():
        assert isinstance(part, aiohttp.BodyPartReader)
        fields[str(part.name)] = bytes(await part.read())
    return fields


def _error(status: int, reason: str) -> web.Response:
    body = json.dumps({"error": True, "error_details": reason})
    return web.Response(status=status, text=body, content_type="application/json")


Script = TypeVar("Script", bound=ScriptedManager)


@asynccontextmanager
async def running_script(manager: Script) -> AsyncIterator[Script]:
    """A scripted manager that runs."""
    runner = web.AppRunner(manager.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    manager.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield manager
    manager.chunk_gate.set()
    await manager.drop_all()
    await runner.cleanup()


@pytest.fixture
async def manager() -> AsyncIterator[ScriptedManager]:
    """A running scripted manager."""
    async with running_script(ScriptedManager()) as manager:
        yield manager


@pytest.fixture
def make_client(manager: ScriptedManager) -> Callable[..., Client]:
    """Makes clients whose delays take no time and whose patience is short."""

    def make(**changes: Any) -> Client:
        options = {"retry_first_s": 0.0, "reply_timeout_s": 0.2, **changes}
        return Client(manager.url, manager.token, settings=ClientSettings(**options))

    return make


@pytest.fixture(scope="module")
def cloud_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a discord-cloud that runs for the tests of a module."""
    with running_cloud(tmp_path_factory.mktemp("cloud")) as url:
        yield url


@pytest.fixture(scope="module")
def tokens(cloud_url: str) -> dict[str, str]:
    """Tokens of its users; alice is the administrator."""
    return registered(cloud_url, "alice", "bob", "bobby", "carl")


@pytest.fixture
async def alice(cloud_url: str, tokens: dict[str, str]) -> AsyncIterator[Client]:
    """The administrator's client."""
    async with Client(cloud_url, tokens["alice"]) as client:
        yield client


@pytest.fixture
async def bob(cloud_url: str, tokens: dict[str, str]) -> AsyncIterator[Client]:
    """Another user's client."""
    async with Client(cloud_url, tokens["bob"]) as client:
        yield client
