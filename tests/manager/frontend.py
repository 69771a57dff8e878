"""A web frontend as the base protocol describes it: plain JSON, and strict about what comes in."""

import json
from typing import Any
from uuid import uuid4

from aiohttp import ClientWebSocketResponse, WSMsgType

from catalog.records import User
from tests.manager.base_frames import checked

PATIENCE_S = 10.0
"""Nothing that a test waits for takes this long; it fails then instead of hanging."""


class Frontend:
    """One connection of a user. Every frame that comes in is checked."""

    def __init__(
        self, socket: ClientWebSocketResponse, user: User, *, extension: str | None = None
    ) -> None:
        self._extension = extension
        self.user = user
        self.socket = socket
        self.received: set[str] = set()
        self._news: list[dict[str, Any]] = []

    async def send(self, packet_id: str, **data: Any) -> str:
        """Sends a packet; returns the uuid of its frame."""
        uuid = str(uuid4())
        await self.socket.send_str(json.dumps({"id": packet_id, "uuid": uuid, "data": data}))
        return uuid

    async def ask(self, packet_id: str, **data: Any) -> dict[str, Any]:
        """Sends a packet and returns the frame that answers it."""
        uuid = await self.send(packet_id, **data)
        while True:
            frame = await self._receive()
            if frame.get("reply_uuid") == uuid:
                return frame
            self._news.append(frame)

    async def get(self, packet_id: str, answer_id: str, **data: Any) -> dict[str, Any]:
        """The fields of the answer, which must be that packet."""
        frame = await self.ask(packet_id, **data)
        assert frame["id"] == answer_id, frame
        fields: dict[str, Any] = frame["data"]
        return fields

    async def order(self, packet_id: str, **data: Any) -> str | None:
        """Orders something that is done; returns the message that came with it."""
        answer = await self.get(packet_id, "generic:boolean", **data)
        assert answer["success"], answer
        message: str | None = answer.get("message")
        return message

    async def refusal(self, packet_id: str, **data: Any) -> str:
        """Orders something that is refused; returns the reason."""
        answer = await self.get(packet_id, "generic:boolean", **data)
        assert not answer["success"], answer
        reason: str = answer["message"]
        return reason

    async def news(self) -> list[dict[str, Any]]:
        """Everything that came unasked since the last call, once all of it is here."""
        await self.ask("c2s:folder-status-request", path="/")
        news, self._news = self._news, []
        for frame in news:
            assert "reply_uuid" not in frame
        return [{"id": frame["id"], **frame["data"]} for frame in news]

    async def next(self, packet_id: str, **fields: Any) -> dict[str, Any]:
        """Waits for a packet with these fields; what came before it is gone."""
        while True:
            frame = self._news.pop(0) if self._news else await self._receive()
            data: dict[str, Any] = frame["data"]
            if frame["id"] == packet_id and fields.items() <= data.items():
                return data

    async def next_of(self, *packet_ids: str) -> dict[str, Any]:
        """Waits for one of these packets; what came before it is gone."""
        while True:
            frame = self._news.pop(0) if self._news else await self._receive()
            if frame["id"] in packet_ids:
                return {"id": frame["id"], **frame["data"]}

    async def _receive(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=PATIENCE_S)
        assert message.type is WSMsgType.TEXT, message
        frame = checked(message.data, namespace="s2c", extension=self._extension)
        self.received.add(frame["id"])
        return frame
