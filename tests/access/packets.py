"""Tries packets on connections of every kind, whoever may send them."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiohttp import ClientWebSocketResponse, WSMsgType

from catalog.records import KeptUpload
from manager.app_keys import METRICS, TICKET_UPLOADS
from manager.tickets.issuing import TicketRequest
from protocol import c2s
from protocol.codec import encode
from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    CHANNEL_DEMAND,
    COPY,
    LARGE_CHUNKS,
    MESSAGE_LIMITS,
    MESSAGES,
    MODIFICATION_TIMES,
    OBJECT_KEYS,
    ORGANISE,
    OVERVIEW,
    PROCESSING,
    REJECTIONS,
    RESUME,
    SEARCH,
    STARS,
    TICKET_HOLDERS,
    TICKETS,
    WEBHOOKS,
)
from protocol.packet import Packet
from tests.access.callers import CLIENTS, FOLDER, Caller, Scene
from tests.access.trying import new_address

SERVICE_EXTENSIONS = {
    Caller.UPLOAD: (
        *(WEBHOOKS, CHANNEL_DEMAND, MESSAGE_LIMITS, MESSAGES, OBJECT_KEYS, RESUME, BUNDLE),
        *(TICKETS, TICKET_HOLDERS),
    ),
    Caller.PROCESSING: (PROCESSING,),
    Caller.THUMBNAIL: (),
}
CLIENT_EXTENSIONS = (
    *(ADMINISTER, BUNDLE, COPY, LARGE_CHUNKS, MODIFICATION_TIMES, ORGANISE, OVERVIEW),
    *(REJECTIONS, RESUME, SEARCH, STARS),
)
SILENT = frozenset(
    {
        "c2s:ping-services",
        "u2s:upload-finish",
        "u2s:bundle-finish",
        "u2s:webhook-lost",
        "u2s:message-too-large",
        "u2s:uncertain-posts",
        "u2s:channel-demand",
        "t2s:thumbnail-data",
    }
)
"""Packets that are not answered when all is well."""
PATIENCE_S = 10.0


class RawPeer:
    """A connection that sends any packet."""

    def __init__(self, scene: Scene, socket: ClientWebSocketResponse, *, caller: Caller) -> None:
        self._is_client = caller in CLIENTS
        self.may_book = self._is_client and caller is not Caller.READER
        self._metrics = scene.cloud.app[METRICS]
        self._socket = socket
        self._answers: dict[str, dict[str, Any]] = {}
        self._pongs = 0
        self._other: list[dict[str, Any]] = []

    async def outcome(self, packet: Packet) -> str:
        """What the manager makes of a packet: `ignored`, `unknown`, `taken`, `refused` or `ok`."""
        return await self._outcome(packet.id, lambda uuid: encode(packet, uuid=uuid))

    async def outcome_of_empty(self, packet_id: str) -> str:
        """What it makes of a packet that has no data."""
        return await self._outcome(
            packet_id, lambda uuid: json.dumps({"id": packet_id, "uuid": uuid, "data": {}})
        )

    async def _outcome(self, packet_id: str, frame: Callable[[str], str]) -> str:
        before, uuid = self._counted(), str(uuid4())
        await self._socket.send_str(frame(uuid))
        await self._read()
        counted = {
            label for label, number in self._counted().items() if number > before.get(label, 0)
        }
        if counted & {"wrong_namespace", "unsolicited"}:
            assert uuid not in self._answers
            return "ignored"
        if "unknown_packet" in counted:
            return "unknown"
        assert not counted, counted
        if packet_id in SILENT:
            await self._handled()
            return "taken" if uuid not in self._answers else _word_of(self._answers[uuid])
        return _word_of(await self._answer(uuid))

    async def ask(self, packet: Packet) -> dict[str, Any]:
        """The data of the answer to a packet."""
        data: dict[str, Any] = (await self._answer(await self._send(packet)))["data"]
        return data

    async def book(self) -> None:
        """Books one service, and waits until there is one."""
        booked = await self.ask(c2s.UploadBookingRequest(desired_amount=1))
        while booked["amount"] == 0:
            await self._receive()
            if any(each["id"] == "s2c:upload-booking-modify" for each in self._other):
                return

    async def begin_upload(self, scene: Scene) -> str:
        """Begins an upload into the folder; returns its id."""
        await self.book()
        name = scene.new_name()
        answer = await self.ask(c2s.UploadRequest(name=name, path=FOLDER, size=9, is_public=False))
        assert answer.get("accepted"), answer
        return str(answer["upload_id"])

    async def _send(self, packet: Packet) -> str:
        uuid = str(uuid4())
        await self._socket.send_str(encode(packet, uuid=uuid))
        return uuid

    async def _read(self) -> None:
        """Returns once the manager has read all that was sent."""
        pongs = self._pongs
        await self._socket.ping()
        while self._pongs == pongs:
            await self._receive()

    async def _handled(self) -> None:
        """Returns once what was sent before has been handled, unless that takes very long."""
        if self._is_client:
            await self.ask(c2s.FolderStatusRequest(path=FOLDER))
        else:
            await self._read()

    async def _answer(self, uuid: str) -> dict[str, Any]:
        while uuid not in self._answers:
            await self._receive()
        return self._answers[uuid]

    async def _receive(self) -> None:
        message = await self._socket.receive(timeout=PATIENCE_S)
        match message.type:
            case WSMsgType.PONG:
                self._pongs += 1
            case WSMsgType.PING:
                await self._socket.pong(message.data)
            case WSMsgType.TEXT:
                frame = json.loads(message.data)
                if (answered := frame.get("reply_uuid")) is not None:
                    self._answers[answered] = frame
                else:
                    self._other.append(frame)
            case _:
                raise AssertionError(f"the manager ended the connection: {message}")

    def _counted(self) -> dict[str, float]:
        (family,) = self._metrics.ignored_frames.collect()
        return {
            next(iter(sample.labels.values())): sample.value
            for sample in family.samples
            if sample.name.endswith("_total")
        }


def _word_of(frame: dict[str, Any]) -> str:
    data = frame["data"]
    assert "the manager failed" not in data.get("message", ""), data
    is_refused = (
        data.get("success") is False
        or data.get("accepted") in (False, [False])
        or frame["id"] == "s2c:upload-rejection"
        or (frame["id"] == "s2c:signed-download" and "payload" not in data)
    )
    return "refused" if is_refused else "ok"


@asynccontextmanager
async def connected(scene: Scene, caller: Caller, key: str | None = None) -> AsyncIterator[RawPeer]:
    """A connection of a caller, with all extensions there are for one of that kind."""
    key = key or await scene.key(caller)
    extensions = SERVICE_EXTENSIONS.get(caller, CLIENT_EXTENSIONS)
    query = {"key": key or "", "extensions": ",".join(extensions)}
    if caller is Caller.UPLOAD:
        query |= {"type": "upload", "address": "http://a.test", "process": str(uuid4())}
    else:
        query["type"] = "thumbnail" if caller in SERVICE_EXTENSIONS else "client"
    async with scene.cloud.client.ws_connect(
        "/", params=query, headers=new_address(), autoping=False
    ) as socket:
        yield RawPeer(scene, socket, caller=caller)


async def parked_upload(scene: Scene) -> str:
    """The id of an upload of the owner's into the folder, that is kept and runs nowhere."""
    content = await scene.cloud.stored(b"content")
    draft = content.id
    await scene.cloud.catalog.keep_upload(
        KeptUpload(
            object_id=draft,
            owner_id=scene.owner.id,
            folder=(FOLDER[1:],),
            name=scene.new_name(),
            is_public=False,
            do_overwrite=False,
            fingerprint="f",
            created_at=0.0,
            expires_at=time.time() + 1000.0,
            size=content.size,
            chunk_size=content.chunk_size,
            chunk_count=content.chunk_count,
        ),
        limits=None,
    )
    return str(draft)


async def ticket(scene: Scene) -> str:
    """A ticket of the owner's."""
    request = TicketRequest(mime_type="text/plain", size=7)
    form = await scene.cloud.app[TICKET_UPLOADS].open(
        f"user:{scene.owner.id}", request, is_service=False
    )
    return dict(form.fields)["ticket"]
