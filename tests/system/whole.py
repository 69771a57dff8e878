"""Manager, upload service and Discord emulator in one process, as `discord-cloud up` puts them together."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from cli.servers.http_serving import listen, serving, url_of
from common.retry import Backoff
from discord_emulator.emulator import Emulator
from discord_emulator.faults import Fault
from discord_emulator.testing import running_emulator
from manager.app import create_app
from manager.app_keys import ACCOUNTS, CATALOG
from protocol import c2s, s2c
from protocol.chunks import chunk_count
from tests.manager.sockets.peers import ClientPeer, client_query
from tests.manager.sockets.stage import (
    PASSWORD,
    SERVICE_PASSWORD,
    cheap_passwords,
    settings_for,
)
from tests.manager.sockets.watching import WatchedCounters, messages_left
from upload_service.app import UploadService
from upload_service.settings import UploadServiceSettings

CHUNK_SIZE = 1000


def pieces_of(content: bytes, size: int) -> list[bytes]:
    """The chunks of a content."""
    return [content[at : at + size] for at in range(0, len(content), size)]


def content_of(size: int) -> bytes:
    """Bytes in which no two chunks are the same."""
    return hashlib.shake_256(str(size).encode()).digest(size)


async def send_chunk(
    http: aiohttp.ClientSession, response: s2c.UploadResponse, index: int, content: bytes
) -> tuple[int, str]:
    """Posts one chunk as a plain HTTP client does; returns status and body."""
    form = aiohttp.FormData()
    form.add_field("id", response.upload_id)
    form.add_field("chunk", str(index))
    form.add_field("file", io.BytesIO(content), filename="blob")
    assert response.upload_address is not None
    async with http.post(response.upload_address, data=form) as answer:
        return answer.status, await answer.text()


class User:
    """A client, with what it needs to send and to fetch whole files."""

    def __init__(self, peer: ClientPeer, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self.peer = peer
        self.http = http
        self._url = url
        self._token = token

    async def request(self, name: str, size: int, **fields: Any) -> s2c.UploadResponse:
        """Asks for an upload, which has to be accepted."""
        response = await self.peer.request_upload(name, size=size, **fields)
        assert response.accepted, response.rejection_reason
        return response

    async def send(self, response: s2c.UploadResponse, index: int, content: bytes) -> None:
        """Sends one chunk of a content, which has to be taken."""
        piece = pieces_of(content, response.chunk_size)[index]
        assert await send_chunk(self.http, response, index, piece) == (200, str(index))

    async def finished(self, response: s2c.UploadResponse) -> s2c.UploadFinishInfo:
        """How the upload ended."""
        return await self.peer.next(s2c.UploadFinishInfo, upload_id=response.upload_id)

    async def put(self, name: str, content: bytes, **fields: Any) -> None:
        """Uploads a file, chunk by chunk."""
        response = await self.request(name, len(content), **fields)
        for index in range(chunk_count(len(content), response.chunk_size)):
            await self.send(response, index, content)
        assert (await self.finished(response)).success

    async def abort(self, response: s2c.UploadResponse) -> None:
        """Takes an upload back."""
        answer = await self.peer.order(c2s.UploadAbortRequest(upload_id=response.upload_id))
        assert answer.success, answer.message

    async def booking_changed(self, change: int) -> None:
        """Returns once the booking has changed by one."""
        await self.peer.next(s2c.UploadBookingModify, effective_change=change)

    async def put_empty(self, name: str) -> None:
        """Makes an empty file."""
        assert (await self.peer.order(c2s.EmptyFileUpload(path="/", name=name))).success

    async def get(self, name: str, *, path: str = "/", byte_range: str | None = None) -> bytes:
        """Downloads a file, or a range of it."""
        headers = {"Range": f"bytes={byte_range}"} if byte_range else {}
        async with self.http.get(self.download_url(name, path), headers=headers) as response:
            assert response.status == (206 if byte_range else 200), await response.text()
            return await response.read()

    def download_url(self, name: str, path: str = "/") -> str:
        """Where a file is downloaded."""
        query = urlencode({"path": path, "name": name, "auth": self._token})
        return f"{self._url}/download?{query}"


@asynccontextmanager
async def visiting_user(url: str, token: str) -> AsyncIterator[User]:
    """A connected client."""
    async with (
        aiohttp.ClientSession() as http,
        ClientPeer.connected(url.replace("http", "ws", 1), "s2c", client_query(token)) as peer,
    ):
        yield User(peer, http, url, token)


@dataclass
class Whole:
    """Everything, running."""

    url: str
    app: web.Application
    emulator: Emulator
    users: AsyncExitStack

    async def token(self, name: str) -> str:
        """A user's token; registers the user before."""
        if await self.app[CATALOG].user_by_name(name) is None:
            await self.app[CATALOG].create_user(name, await cheap_passwords().hash(PASSWORD))
        return (await self.app[ACCOUNTS].login(name, PASSWORD)).token

    async def user(self, name: str = "alice", *, booked: int = 0) -> User:
        """Lets a user in, with services booked."""
        user = await self.users.enter_async_context(self.visiting_user(name))
        if booked:
            assert await user.peer.book(booked) == booked
        return user

    @asynccontextmanager
    async def visiting_user(self, name: str) -> AsyncIterator[User]:
        """A user for the length of the context."""
        async with visiting_user(self.url, await self.token(name)) as user:
            yield user

    async def quarantined(self) -> list[str]:
        """Ids of the webhooks that are not used any more."""
        headers = {"Authorization": f"Bearer {await self.token('observer')}"}
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.url}/status", headers=headers) as response,
        ):
            shown = await response.json()
        return [webhook["id"] for webhook in shown["webhooks"]["quarantined"]]

    async def messages_left(self, number: int) -> None:
        """Returns once so many messages lie on Discord."""
        await messages_left(self.emulator, number)


def _at_once() -> Backoff:
    return Backoff(first_s=0.01, cap_s=0.01)


@asynccontextmanager
async def running_whole(
    folder: Path,
    *,
    slots: int = 2,
    channels: int = 2,
    faults: Sequence[Fault] = (),
    upload: dict[str, Any] | None = None,
    wait: bool = True,
    prepare: Callable[[Emulator], None] = lambda _emulator: None,
    create: dict[str, Any] | None = None,
    emulator_settings: dict[str, Any] | None = None,
    **settings: object,
) -> AsyncIterator[Whole]:
    """Runs everything; a second run on the folder finds everything again.

    Args:
        folder: where all data is kept.
        slots: upload slots.
        channels: channels on Discord, each with a webhook.
        faults: what goes wrong on Discord from before the start.
        upload: settings of the upload service.
        wait: whether to return only when all slots can be booked.
        prepare: changes the emulator before the manager is configured.
        create: arguments of the manager's composition root, such as its clock.
        emulator_settings: settings of the emulator.
        settings: settings of the manager.
    """
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(
            running_emulator(
                folder / "discord",
                **{"limits": "off", "channels": channels, **(emulator_settings or {})},
            )
        )
        emulator.requests = WatchedCounters()
        prepare(emulator)
        for fault in faults:
            emulator.faults.add(fault)
        listening = stack.enter_context(listen("127.0.0.1", 0))
        url = url_of(listening)
        manager_settings = settings_for(emulator, folder, **{"chunk_size": CHUNK_SIZE, **settings})
        app = create_app(manager_settings, passwords=cheap_passwords(), **(create or {}))
        service = upload_service_at(url, folder, slots, **(upload or {}))
        app.add_subapp("/upload", service.intake)
        await stack.enter_async_context(serving(app, listening))
        await stack.enter_async_context(service.run())
        users = await stack.enter_async_context(AsyncExitStack())
        whole = Whole(url, app, emulator, users)
        if wait:
            await until_booked(whole, slots)
        yield whole


def upload_service_at(url: str, folder: Path, slots: int, **chosen: Any) -> UploadService:
    """An upload service of the manager at the URL, with its data in the folder, for its `run`."""
    settings = UploadServiceSettings.model_validate(
        {
            "manager_address": url,
            "service_password": SecretStr(SERVICE_PASSWORD),
            "own_address": f"{url}/upload",
            "slots": slots,
            "drain_grace_s": 1,
            "reports_folder": folder / "reports",
            **chosen,
        }
    )
    return UploadService(settings, backoff=_at_once)


async def until_booked(whole: Whole, slots: int) -> None:
    """Returns once so many slots can be booked, and none is."""
    async with visiting_user(whole.url, await whole.token("observer")) as observer:
        missing = slots - await observer.peer.book(slots)
        async with asyncio.timeout(10):
            for _ in range(missing):
                await observer.peer.next(s2c.UploadBookingModify, effective_change=1)
        assert (await observer.peer.order(c2s.UploadBookingClear())).success
