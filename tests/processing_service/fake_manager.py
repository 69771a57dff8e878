"""A fake manager: gives jobs, serves their files, and takes their views."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import BodyPartReader, web
from PIL import Image
from pydantic import SecretStr

from common.retry import RetryPolicy
from processing_service.app import ProcessingService
from processing_service.settings import ProcessingServiceSettings
from protocol import codec, s2t, t2s
from protocol.extensions import PROCESSING
from protocol.generic import Boolean, Primitives
from protocol.packet import Packet

PASSWORD = "a service password"
TICKET = "a ticket"
Report = t2s.JobDone | t2s.JobFailed


@dataclass
class StoredView:
    """A view as it was posted."""

    type: str
    content: bytes

    def picture(self, path: Path) -> Image.Image:
        """The view, decoded. The path may be written to."""
        path.write_bytes(self.content)
        with Image.open(path) as image:
            image.load()
            return image


@dataclass
class FakeManager:
    """What a test arranges, and what it looks at.

    Attributes:
        lease_s: seconds that the service is given for a job.
        cuts: how many bytes each of the next answers with content is cut to.
        ranges: the ranges that content was asked for with.
        statuses: the statuses of the next posts; 204 when there are none.
        content_status: the status of answers with content when it is not to be served.
        refused_views: views for which no ticket is given.
        is_ours: what renewals of leases are answered with.
        grants: whether it knows the extension.
        refusals: set when a service showed a wrong password.
    """

    lease_s: int = 60
    cuts: list[int] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    content_status: int | None = None
    refused_views: set[str] = field(default_factory=set)
    is_ours: bool = True
    grants: bool = True
    refusals: asyncio.Event = field(default_factory=asyncio.Event)
    views: dict[tuple[str, str], StoredView] = field(default_factory=dict)
    posts: int = 0
    queries: list[dict[str, str]] = field(default_factory=list)
    requests: asyncio.Queue[t2s.JobRequest] = field(default_factory=asyncio.Queue)
    renewals: asyncio.Queue[t2s.JobAlive] = field(default_factory=asyncio.Queue)
    configured: asyncio.Queue[Boolean] = field(default_factory=asyncio.Queue)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    url: str = ""
    _jobs: list[s2t.Job] = field(default_factory=list)
    _contents: dict[str, bytes] = field(default_factory=dict)
    _tickets: dict[str, t2s.ViewRequest] = field(default_factory=dict)
    _reports: asyncio.Queue[Report] = field(default_factory=asyncio.Queue)

    async def give(self, content: bytes, kind: str, **fields: Any) -> str:
        """Have a job for a file of this content and type. Returns its id."""
        job_id = str(uuid4())
        defaults: dict[str, Any] = {
            "size": len(content),
            "views": (),
            "content_url": f"/files/{job_id}?q=a%2Fb",
        }
        self._contents[job_id] = content
        self._jobs.append(s2t.Job(job_id=job_id, type=kind, **(defaults | fields)))
        for socket in self.sockets:
            await socket.send_str(codec.encode(s2t.JobAvailable()))
        return job_id

    async def report(self) -> Report:
        """The next report on a job."""
        return await self._reports.get()

    async def result(self, content: bytes, kind: str, **fields: Any) -> Report:
        """The report on a file of this content and type."""
        job_id = await self.give(content, kind, **fields)
        report = await self.report()
        assert report.job_id == job_id
        return report

    def names(self, job_id: str) -> set[str]:
        """The views that are stored of a job's file."""
        return {name for job, name in self.views if job == job_id}

    def application(self) -> web.Application:
        """The HTTP side."""
        app = web.Application()
        app.router.add_get("/", self._socket)
        app.router.add_get("/files/{id}", self._content)
        app.router.add_post("/ticket", self._form)
        return app

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        self.queries.append(dict(request.query))
        if request.query["key"] != PASSWORD:
            self.refusals.set()
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(codec.encode(Primitives(string_value=PROCESSING * self.grants)))
        await socket.send_str(codec.encode(self._configuration()))
        self.sockets.append(socket)
        # A service may leave while it is answered.
        with suppress(ConnectionError):
            async for message in socket:
                await self._receive(socket, message.data)
        if socket in self.sockets:
            self.sockets.remove(socket)
        return socket

    async def _receive(self, socket: web.WebSocketResponse, text: str) -> None:
        frame = codec.decode(
            text, accepts=frozenset({"t2s", "generic"}), extensions=frozenset({PROCESSING})
        )
        answer = self._answer(frame.packet)
        if answer is not None:
            await socket.send_str(codec.encode(answer, reply_uuid=frame.uuid))

    async def cut(self) -> None:
        """Close the connection of a service; it is sent no jobs over it any more."""
        await self.sockets.pop(0).close()

    def _configuration(self) -> Packet:
        if self.grants:
            return s2t.ProcessingConfiguration(lease_s=self.lease_s)
        return s2t.ThumbnailServiceConfiguration(
            discord_bot_token="token", image_quality=50, image_width=100, image_type="avif"
        )

    def _answer(self, packet: Packet) -> Packet | None:
        match packet:
            case Boolean():
                self.configured.put_nowait(packet)
                return None
            case t2s.JobRequest():
                self.requests.put_nowait(packet)
                return self._jobs.pop(0) if self._jobs else Boolean(success=False)
            case t2s.ViewRequest():
                return self._ticket(packet)
            case t2s.JobAlive():
                self.renewals.put_nowait(packet)
                return Boolean(success=self.is_ours)
            case t2s.JobDone() | t2s.JobFailed():
                self._reports.put_nowait(packet)
                return Boolean(success=True)
        raise AssertionError(packet.id)

    def _ticket(self, packet: t2s.ViewRequest) -> Packet:
        if packet.view in self.refused_views:
            return Boolean(success=False, message="no ticket today")
        ticket = str(uuid4())
        self._tickets[ticket] = packet
        fields = (
            s2t.FormField(name="ticket", value=ticket),
            s2t.FormField(name="Content-Type", value=packet.type),
        )
        return s2t.ViewTicket(url=f"{self.url}/ticket", fields=fields)

    async def _content(self, request: web.Request) -> web.StreamResponse:
        if self.content_status is not None:
            return web.Response(status=self.content_status)
        assert request.raw_path.endswith("?q=a%2Fb")
        content = self._contents[request.match_info["id"]]
        asked = request.http_range
        self.ranges.append(request.headers["Range"])
        begin, end = asked.start or 0, min(asked.stop or len(content), len(content))
        headers = {"Content-Range": f"bytes {begin}-{end - 1}/{len(content)}"}
        headers["Content-Length"] = str(end - begin)
        response = web.StreamResponse(status=206, headers=headers)
        await response.prepare(request)
        if self.cuts:
            await response.write(content[begin : begin + self.cuts.pop(0)])
            assert request.transport is not None
            request.transport.close()
        else:
            await response.write(content[begin:end])
        return response

    async def _form(self, request: web.Request) -> web.Response:
        """Takes a form as an upload service does: the fields, then the file, of the exact size."""
        self.posts += 1
        fields: dict[str, str] = {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            assert "file" not in fields, "the file comes last"
            if part.name != "file":
                fields[str(part.name)] = await part.text()
                continue
            content = await part.read(decode=False)
            fields["file"] = ""
        asked = self._tickets.pop(fields["ticket"])
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), text="not now")
        assert (fields["Content-Type"], len(content)) == (asked.type, asked.size)
        self.views[asked.job_id, asked.view] = StoredView(asked.type, bytes(content))
        return web.Response(status=204)


@asynccontextmanager
async def running_fake_manager() -> AsyncIterator[FakeManager]:
    """A fake manager that serves on a free port."""
    manager = FakeManager()
    runner = web.AppRunner(manager.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        manager.url = "http://{}:{}".format(*runner.addresses[0][:2])
        yield manager
    finally:
        for socket in list(manager.sockets):
            await socket.close()
        await runner.cleanup()


async def _at_once(_seconds: float) -> None:
    """Waits for nothing but its turn."""
    await asyncio.sleep(0)


WITHOUT_DELAY = RetryPolicy(sleep=_at_once)
"""Delays that take no time."""


def settings(manager: FakeManager, folder: Path, **changes: Any) -> ProcessingServiceSettings:
    """The settings of a service of this manager."""
    chosen: dict[str, Any] = {
        "manager_address": manager.url,
        "service_password": SecretStr(PASSWORD),
        "workers": 1,
        "temp_folder": folder,
        "_env_file": None,
    }
    return ProcessingServiceSettings(**(chosen | changes))


@asynccontextmanager
async def running_service(
    manager: FakeManager, folder: Path, **changes: Any
) -> AsyncIterator[None]:
    """A service at work for this manager."""
    service = ProcessingService(
        settings(manager, folder, **changes),
        backoff=WITHOUT_DELAY.backoff,
        retry=WITHOUT_DELAY,
    )
    async with service.run():
        yield
